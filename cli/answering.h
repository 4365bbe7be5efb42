#ifndef CLI_ANSWERING_H
#define CLI_ANSWERING_H

/* What ring, answer, reject, redirect and reply share. */

#include "cli/request.h"

/* The call that an argument names, with an INVITE that waits for our
 * response. NULL: item has failed. */
struct call *answering_call(struct app *app, struct item *item,
                            struct slice name);
/* Sends a response with the command's -H fields and these. */
enum run answering_respond(struct app *app, struct item *item,
                           struct call *call, unsigned status,
                           struct slice reason, const struct field *extra,
                           size_t nextra);

#endif
