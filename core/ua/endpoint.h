#ifndef CORE_UA_ENDPOINT_H
#define CORE_UA_ENDPOINT_H

/*
 * The endpoint: a user agent as Perl's Net::SIP::Endpoint describes it, made
 * correct. It sits on the transaction layer, keeps contexts and dialogs, and
 * tells one application of what arrives.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/message/message.h"
#include "core/message/response.h"
#include "core/transaction/transaction.h"
#include "core/ua/context.h"
#include "core/ua/history.h"

struct endpoint;

/* --- what became of a request that we sent --- */

/* The ACK that will go out for a 2xx to INVITE, for the callee to complete:
 * the answer to a late offer. Slices are read when the callback returns. */
struct ack_parts {
	const struct field *fields;
	size_t nfields;
	struct slice content_type, body;
};

struct outcome {
	const struct message *response; /* NULL: none; see err */
	bool final;
	enum error err;                 /* OK: the response says all.
	                                 * ERR_AUTH: a 401 or 407 that cannot be
	                                 * answered, ERR_TIMEOUT, ERR_REFUSED,
	                                 * ERR_DNS, ERR_TLS, ERR_PROTOCOL (a
	                                 * redirection that leads nowhere),
	                                 * ERR_CANCELLED... */
	const char *text;               /* why, for a person; "" when OK */
	const struct flow *flow;        /* of the response, or the last tried;
	                                 * leg NULL when none was */
	struct dialog *dialog;          /* it made or belongs to; or NULL */
	bool repeated;                  /* a response to INVITE seen before:
	                                 * a 1xx that says nothing new, or a
	                                 * 2xx, which was ACKed again; for
	                                 * counting only */
	bool unwanted;                  /* a 2xx to INVITE that came too late,
	                                 * after another fork's or our CANCEL:
	                                 * it is ACKed and BYEd */
	enum method method;
	struct slice method_name;
	uint32_t cseq;
	uint64_t rtt_us;                /* since the (last) request was first
	                                 * sent */
	unsigned retransmits;
	unsigned authorised;            /* answers to challenges given */
	const struct history *history;  /* how it came to this, but for a 2xx
	                                 * itself; dies with the outcome; NULL
	                                 * where nothing was sent */
	struct ack_parts *ack;          /* with a 2xx to INVITE that is not
	                                 * repeated, else NULL */
};

/*
 * Reports on one request: zero or more provisional responses (INVITE: all;
 * others: none but 100 is told), then one final report (response or err); an
 * INVITE that forked may report more 2xx afterwards. What leads to another
 * try does not come here: a challenge that can be answered, a redirection
 * that is followed, a target behind which there is another (RFC 3263 4.3), a
 * 491 that can be waited out (14.1). The outcome dies when this returns.
 * Never called from inside the function that sends. The callee may send
 * further requests on ctx, or close it.
 */
typedef void response_fn(struct endpoint *ep, struct context *ctx,
                         const struct outcome *o, void *arg);

/* --- what arrives --- */

struct incoming {
	uint64_t id;                    /* for endpoint_new_response(); 0 when
	                                 * there is nothing to answer */
	const struct message *request;
	const struct flow *from;        /* leg, and remote address */
	struct dialog *dialog;          /* it belongs to; NULL outside one */
};

/*
 * Called for INVITE and re-INVITE (the application rings and answers; 100
 * goes by itself), for ACK (the call is established), for CANCEL and BYE (to
 * inform: they are answered already), and for any other request of a method
 * in the allow set (the application answers it, now or later by id). What RFC
 * 3261 8.2 answers without asking (400, 405, 415, 416, 420, 481, 482, 491,
 * 500, 501) does not come here. The incoming and its slices die when this
 * returns.
 */
typedef void application_fn(struct endpoint *ep, struct context *ctx,
                            const struct incoming *in, void *arg);

/*
 * A challenge is in scope and no secret is at hand: the application may ask
 * its user, then calls endpoint_retry_auth(ep, id) with the secret set in the
 * context's credentials, or endpoint_give_up_auth(); these two may report the
 * outcome before they return. False: do not wait.
 */
typedef bool ask_fn(struct endpoint *ep, struct context *ctx, uint64_t id,
                    struct slice method, struct slice realm, void *arg);

struct endpoint_settings {
	struct slice user_agent;        /* User-Agent and Server; empty: none */
	struct slice allow;             /* "INVITE, ACK, BYE, ..."; methods that
	                                 * are let through, and the Allow
	                                 * header */
	struct slice supported;         /* option tags; may be empty */
	struct slice accept;            /* of bodies of INVITE; application/sdp,
	                                 * multipart/mixed */
	unsigned redirects;             /* followed for one request; 0: none,
	                                 * the default */
	unsigned max_calls;             /* unanswered incoming calls: 20; more
	                                 * get 486 */
};
extern const struct endpoint_settings endpoint_settings_default;

/* Sets itself as the user of the transaction layer. Settings are read through
 * the pointer and may change; they must outlive ep. */
struct endpoint *endpoint_new(struct transactions *ts,
                              const struct endpoint_settings *settings);
/* Closes all contexts (CONTEXT_CLOSED is told). */
void endpoint_free(struct endpoint *ep);
void endpoint_set_application(struct endpoint *ep, application_fn *fn,
                              void *arg);
void endpoint_set_ask(struct endpoint *ep, ask_fn *fn, void *arg);
void endpoint_retry_auth(struct endpoint *ep, uint64_t id);
void endpoint_give_up_auth(struct endpoint *ep, uint64_t id);
struct env *endpoint_env(struct endpoint *ep);
struct dispatcher *endpoint_dispatcher(struct endpoint *ep);
struct transactions *endpoint_transactions(struct endpoint *ep);
/* dispatcher_keepalives() of its dispatcher. */
struct keepalive_set *endpoint_keepalives(struct endpoint *ep);
const struct endpoint_settings *endpoint_settings(const struct endpoint *ep);

/* --- sending --- */

struct request_params {
	struct slice method;
	struct slice uri;               /* Request-URI; empty: the dialog's
	                                 * remote target, else To's URI */
	const struct field *fields;     /* further ones; they win (request.h) */
	size_t nfields;
	struct slice content_type, body;
	uint32_t cseq;                  /* 0: the next */
	struct slice ready;             /* a whole request as text instead of
	                                 * all above: sent as it is but for a
	                                 * Via */
	const struct target *destination; /* NULL: where route and URI lead */
	const struct message *resp40x;  /* authorise ahead by this challenge */
	bool with_contact;              /* write ours into a request that has
	                                 * none of itself: all but INVITE,
	                                 * SUBSCRIBE, UPDATE, REFER, NOTIFY */
	struct slice contact_params;    /* behind our Contact: ";expires=60" */
	struct dialog *dialog;          /* NULL: context_dialog() */
	bool outside_dialog;            /* send it without one's state */
	response_fn *fn;                /* of this request alone; or NULL */
	void *arg;
};

/*
 * Sends a request: in ctx (its dialog, if there is one), or in a new context
 * made of params where ctx is NULL. Returns the context, or NULL with *err:
 * ERR_SYNTAX (a value that cannot be sent, no From or To), ERR_BAD_STATE (another
 * endpoint's context; a call that has ended, or that we hung up; BYE without a
 * dialog, or where the callee has none yet, 15; an INVITE while one is open,
 * ours or theirs; ACK and CANCEL, which go by themselves), ERR_NOMEM. All else is
 * told to fn. A request in a new context that makes no dialog closes it after
 * its final report.
 */
struct context *endpoint_new_request(struct endpoint *ep,
                                     struct context *ctx,
                                     const struct context_params *params,
                                     const struct request_params *req,
                                     enum error *err);
/* endpoint_new_request() with INVITE. */
struct context *endpoint_invite(struct endpoint *ep, struct context *ctx,
                                const struct context_params *params,
                                const struct request_params *req,
                                enum error *err);

struct register_params {
	struct slice registrar;         /* Request-URI; mandatory */
	struct slice from;              /* the AOR, also To; mandatory */
	struct slice contact;           /* value with parameters, or "*"; empty:
	                                 * a query, but for with_contact */
	bool with_contact;              /* the leg's, where contact is empty */
	struct slice contact_params;    /* behind the leg's: ";q=0.5" */
	uint32_t expires_s;             /* Expires; 900 is Net::SIP's default */
	bool no_expires;                /* write no Expires header */
	struct credentials *credentials;
	struct slice call_id;           /* empty: random */
	uint32_t cseq;                  /* last one used */
	const struct field *fields;
	size_t nfields;
	const struct slice *routes;
	size_t nroutes;
	response_fn *fn;
	void *arg;
};
/* One REGISTER (10.2); registration.h keeps one up. */
struct context *endpoint_register(struct endpoint *ep,
                                  const struct register_params *p,
                                  enum error *err);

/*
 * Cancels the most recent INVITE of ctx that has no final response yet. The
 * CANCEL waits for the first provisional response (9.1); a 2xx that crosses
 * it is ACKed and BYEd; without an end 64*T1 later the INVITE is given up
 * (ERR_CANCELLED). Returns how many: 0 or 1. fn hears of the CANCEL's own
 * outcome, if one is sent; may be NULL.
 */
unsigned endpoint_cancel_invite(struct endpoint *ep, struct context *ctx,
                                response_fn *fn, void *arg);

/* Cancels, refuses (603) or hangs up (BYE on each dialog; where our 2xx still
 * waits for its ACK, behind that, 15), whichever fits; fn hears of the BYE's
 * outcome. False when there is nothing to end. */
bool endpoint_hangup(struct endpoint *ep, struct context *ctx,
                     response_fn *fn, void *arg);

/* Forgets ctx and stops its deliveries; CONTEXT_CLOSED is all that is told.
 * Sends nothing but a 480 for each request that nobody answered. */
void endpoint_close_context(struct endpoint *ep, struct context *ctx);

/*
 * Answers the request with this id. A 2xx to INVITE, and a 1xx with a To tag,
 * get Contact, Allow and Supported; the 2xx is repeated until its ACK comes
 * (13.3.1.4), and the 1xx every minute (13.3.1.1). parts->to_tag is used as
 * it is, another tag making another dialog (empty: ours). ERR_NOT_FOUND: it
 * was answered, cancelled or is gone. ERR_SYNTAX, ERR_NOMEM; ERR_BAD_STATE: a
 * provisional response or a 408 to other than INVITE (RFC 4320).
 */
enum error endpoint_new_response(struct endpoint *ep, uint64_t id,
                                 const struct response_parts *parts);
/* The request of id parsed again into m (message_init()ed by the caller). */
bool endpoint_pending_request(struct endpoint *ep, uint64_t id,
                              struct message *m);

/* What the dispatcher would do: for tests and for Net::SIP's receive. */
void endpoint_receive(struct endpoint *ep, const struct flow *from,
                      struct slice wire);

/* All contexts, oldest first, for tables and for the end of the program. fn
 * may close any. */
typedef void endpoint_each_fn(struct context *ctx, void *arg);
void endpoint_each_context(struct endpoint *ep, endpoint_each_fn *fn,
                           void *arg);
size_t endpoint_contexts(const struct endpoint *ep);
/* By id, or NULL. */
struct context *endpoint_find_context(struct endpoint *ep, uint64_t id);

/* Allow, Accept, Accept-Encoding, Accept-Language and Supported, as 11.2
 * wants them in a 200 to OPTIONS: returns how many of out (at least 5) were
 * set. */
size_t endpoint_capabilities(const struct endpoint *ep, struct field *out);

#endif
