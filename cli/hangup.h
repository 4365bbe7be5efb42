#ifndef CLI_HANGUP_H
#define CLI_HANGUP_H

/* Ending calls at a command's word, and waiting for their ends. */

#include "cli/app.h"

/* What a command may end: */
enum hangup_scope {
	HANGUP_ANY,             /* cancel, reject or BYE, whichever fits */
	HANGUP_UP,              /* what is up: BYE */
	HANGUP_CALLING          /* ours that is not answered: CANCEL */
};
/* Ends the call named by text (empty: the current one), or all that fit; item
 * is done when they are over. */
enum run hangup_calls(struct app *app, struct item *item, struct slice text,
                    enum hangup_scope scope);
/* A call is over: item that waited for it may be done. */
void hangup_call_ended(struct call *call);

#endif
