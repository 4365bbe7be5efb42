#ifndef CLI_APP_H
#define CLI_APP_H

/* Wires everything: the one object that commands see. */

#include <stdbool.h>

#include "cli/accounts.h"
#include "cli/calls.h"
#include "cli/console.h"
#include "cli/explanation.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/queue.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/trace.h"
#include "core/ua/endpoint.h"
#include "core/ua/registrar.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "net/tls.h"
#include "net/ws.h"

/* A header of the user's that goes into requests (`header add`). */
struct app_header {
	struct list node;
	char *name, *value;
	char *method;                   /* NULL: all */
};

struct app {
	struct env env;
	const struct options *options;
	struct settings settings;
	struct loop *loop;
	struct console *console;
	struct report *report;
	struct queue *queue;
	struct input *input;
	/* opened by app_open_network(), when first needed */
	struct resolver *resolver;
	struct locator *locator;
	struct dispatcher *dispatcher;
	struct transactions *transactions;
	struct endpoint *endpoint;
	struct trace *trace;
	struct tls_setup tls;           /* own: of the command line */
	struct ws_setup ws;             /* with the same */
	struct registrar *registrar;    /* `serve registrar`; or NULL */
	struct accounts accounts;
	struct calls calls;
	struct list headers;            /* struct app_header */
	/* what $?, $status, ... are */
	int last_rc;
	unsigned last_status;
	char *last_reason;
	double last_rtt_ms;
	struct buf last_wire;           /* of the last response: $hdr_Name */
	struct explanation explanation; /* of the last outcome */
	/* a password question: of which account, for which exchange */
	struct account *asked_account;
	uint64_t asked_id;
	bool interactive;
	bool input_over;                /* no further command will come */
	bool ending;
	bool closing;                   /* being taken apart */
	struct buf rc_path;
	int status;                     /* to exit with, when ending */
	struct timer end_bound, prompt_tick;
};

/* Runs the program; returns the exit status. */
int app_main(const struct options *options);

/* Reads the configuration, makes the account, starts the input. False: that
 * was told, and the queue has its status. (cli/start.c) */
bool app_start(struct app *app);
/* Opens sockets and builds the stack, once. False with why. (cli/network.c) */
bool app_open_network(struct app *app, struct buf *why);
void app_close_network(struct app *app);
/* (cli/hooks.c) */
extern const struct queue_ops app_queue_ops;
/* A line that cannot be run: to stderr, or as an "error" event. */
void app_tell_misuse(struct app *app, const struct origin *origin,
                     unsigned column, const char *why);
/* Hands changed settings to what runs already. */
void app_apply_settings(struct app *app);
/* Whether REGISTER is let through to the registrar that we serve. */
void app_allow_register(struct app *app, bool allowed);
/* Redraws the prompt where its state changed: "alice [reg 54s][%1 up 0:12]> ". */
void app_update_prompt(struct app *app);

/* --- the end (cli/ending.c) --- */

/* Takes no more commands; ends calls, removes registrations, waits for their
 * answers, then leaves the loop. status -1: the queue's. A second call leaves
 * at once. */
void app_end(struct app *app, int status);
/* Something that the end may wait for is over. */
void app_check_end(struct app *app);

/* --- what arrives (cli/incoming.c) --- */

application_fn app_incoming;
context_fn app_context_event;
/* Answers a call's pending INVITE; a 2xx carries our SDP. False with why. */
bool app_answer(struct app *app, struct call *call, unsigned status,
                struct slice reason, const struct field *fields,
                size_t nfields, struct buf *why);

/* --- completion (cli/completion.c) --- */

console_complete_fn app_complete;

#endif
