#ifndef CLI_APP_H
#define CLI_APP_H

/* Wires everything: the one object that commands see. */

#include <stdbool.h>

#include "cli/accounts.h"
#include "cli/calls.h"
#include "cli/console.h"
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

/* A standing answer to incoming requests (`auto`), or a header of ours that goes into
 * requests (`header add`). */
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
	struct registrar *registrar;    /* `serve registrar`; or NULL */
	struct accounts accounts;
	struct calls calls;
	struct list headers;            /* struct app_header */
	/* what $?, $status, ... are */
	int last_rc;
	unsigned last_status;
	char *last_reason;
	double last_rtt_ms;
	unsigned last_call;
	char *last_wire;                /* of the last response: $hdr_Name */
	size_t last_wire_len;
	bool interactive, ending;
};

/* Runs the program; returns the exit status. */
int app_main(const struct options *options);

/* Opens sockets and builds the stack once. ERR_* with why. */
enum error app_open_network(struct app *app, struct buf *why);
/* Ends calls, removes registrations, waits for their answers, then exits with
 * status. A second call exits at once. */
void app_end(struct app *app, int status);

/* The response to a command's request: sets $status, $reason, $rtt, $hdr_*; fills
 * item->result; emits "response" with the line of text for people. item may be NULL. */
void app_response(struct app *app, struct item *item, struct call *call,
                  const struct outcome *o, struct slice text);
/* The class and words of an outcome that is no success, into item->result (status table of
 * CLI.md section 4). */
enum run app_item_outcome(struct app *app, struct item *item,
                          const struct outcome *o);
/* The user's -H options and the `header` list for a request of method, into
 * out (at most max). */
size_t app_fields(struct app *app, const struct args *args,
                  struct slice method, struct field *out, size_t max);
/* From, routes and credentials of the current account for a request to uri. routes must
 * have room for one. */
void app_context_params(struct app *app, struct context_params *p,
                        struct slice to, struct slice *route);
/* Prompt: "alice [reg 54s][%1 up 0:12]> ". */
void app_update_prompt(struct app *app);

/* What arrives: the endpoint's application (cli/incoming.c). */
application_fn app_incoming;

#endif
