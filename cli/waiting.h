#ifndef CLI_WAITING_H
#define CLI_WAITING_H

/* What wait and expect share. */

#include "cli/app.h"

/* Waits for the event that args name; failure is the class of one that does
 * not come in time. */
enum run waiting_run(struct app *app, struct item *item,
                     const struct args *args, enum error_class failure);

#endif
