#ifndef CLI_WAITING_H
#define CLI_WAITING_H

/* What wait and expect share. */

#include "cli/app.h"

/* The row's detail and arguments of both. */
#define WAITING_DETAIL                                                     \
	"It looks from just behind the last event that was matched, so "   \
	"what came before it\nwas reached is seen. Operators: = != < > ~ " \
	"(extended regular expression)."
#define WAITING_ARGS                                                       \
	{                                                                  \
		{ "EVENT", ARG_EVENT, ARG_REQUIRED, "its name", 0, 0,      \
		  NULL },                                                  \
		{ "KEY=VALUE", ARG_MATCH, ARG_REPEATED,                    \
		  "what it must have; header.NAME reaches into the "       \
		  "message", 0, 0, NULL },                                 \
		{ "--timeout", ARG_DURATION, 0, "how long", 0, 0, NULL },  \
		{ "--new", ARG_FLAG, 0, "ignore what came already", 0, 0,  \
		  NULL },                                                  \
	}

/* Waits for the event that args name; failure is the class of one that does
 * not come in time. */
enum run waiting_run(struct app *app, struct item *item,
                     const struct args *args, enum error_class failure);

#endif
