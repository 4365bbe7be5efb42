#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

/* A command's request: from its options to its outcome, and how that is
 * told. */

#include "cli/app.h"

enum { REQUEST_FIELDS_MAX = 64 };

/* --- making one --- */

/* The header list's fields for method, then the command's -H options: fills
 * out (REQUEST_FIELDS_MAX), returns how many. */
size_t request_fields(struct app *app, const struct args *args,
                      struct slice method, struct field *out);
/* From, route and credentials of the current account, for a request to the URI
 * to. *route is written to where there is a proxy. */
void request_context_params(struct app *app, struct slice to,
                            struct slice *route,
                            struct context_params *out);
/* Reads the file of --body FILE (- is stdin). type: --type, or the default for
 * what is known. False: item has failed. */
bool request_read_body(struct item *item, struct slice path,
                       struct buf *out);

struct request_job {
	struct slice method;
	struct slice uri;               /* out of a dialog */
	struct call *call;              /* or inside this call's */
	struct slice content_type, body;
	uint32_t cseq;                  /* 0: the next */
	const struct target *destination;       /* NULL: by route and URI */
	/* NULL: request_settle() */
	void (*settle)(struct item *item, const struct outcome *o);
	/* NULL: what suits most */
	void (*give_up)(struct item *item, enum error why);
	/* Called for each outcome after it was told; final ones end the item
	 * when it returns true, or when it is NULL. */
	bool (*each)(struct app *app, struct item *item,
	             const struct outcome *o);
};
/* Sends it; the final outcome ends item. NULL: it could not be sent, and
 * item->result says why. */
struct context *request_run(struct app *app, struct item *item,
                            const struct args *args,
                            const struct request_job *job);
/* The call that an INVITE sent so has become. */
void request_set_call(struct item *item, const struct call *call);
struct call *request_call(const struct item *item);
/* item->result of a command that was given up: interrupted, or timed out. */
void request_fail_given_up(struct item *item, enum error why);

/* --- telling what became of it --- */

/* Sets $status, $reason, $rtt, $hdr_*; emits "response". item and call may be
 * NULL. label is the word in front ("invite"; NULL: no line for people); with
 * target the URI follows it; more is text behind the time, or empty. */
struct response_text {
	const char *label;
	struct slice target, more;
};
void request_tell(struct app *app, const struct item *item,
                  const struct call *call, const struct outcome *o,
                  const struct response_text *text);
/* Keeps a final outcome for `why`; call may be NULL. */
void request_explain(struct app *app, struct call *call,
                     const struct outcome *o);
/* Sets item->result from a final outcome (CLI.md section 4). */
void request_settle(struct item *item, const struct outcome *o);
/* cmd, account, call and callid of an event. */
void request_event_keys(struct app *app, struct event *e,
                        const struct item *item, const struct call *call);
/* "203.0.113.7:40000" of via_learnt(), or without a port. */
void request_print_learnt(struct buf *out, const struct addr *learnt);
/* "12 ms", "2.41 s". */
void request_print_time(struct buf *out, uint64_t us);

#endif
