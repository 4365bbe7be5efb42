#ifndef CLI_REGISTERING_H
#define CLI_REGISTERING_H

/* What register, unregister and bindings share: an account's registration,
 * and the commands that wait for its operations. */

#include "cli/app.h"

/* The account that an argument names (empty: the current one), with its
 * registration made. NULL: item has failed. */
struct account *registering_account(struct app *app, struct item *item,
                                    struct slice name);
/* Makes the account's registration of p where there is none. */
bool registering_prepare(struct app *app, struct item *item,
                         struct account *a);
/* An operation was started with err for item: waits for its report, which ends
 * item. */
enum run registering_wait(struct account *a, struct item *item,
                          enum error err);

#endif
