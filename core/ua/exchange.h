#ifndef CORE_UA_EXCHANGE_H
#define CORE_UA_EXCHANGE_H

/*
 * One request of the user's, from where it goes to its one final outcome:
 * through lookups, further targets (RFC 3263 4.3), challenges (RFC 3261 22),
 * redirections (8.1.3.4), and the wait after a 491 (14.1). The request is
 * kept as a draft and sealed anew for each try.
 */

#include "core/message/request.h"
#include "core/ua/history.h"
#include "core/ua/internal.h"
#include "core/ua/redirect.h"

struct exchange;

/* As response_fn, but before the user is told: o may be completed, and is
 * passed on with exchange_tell(). o NULL: the transaction of an INVITE that was
 * answered is over, and no further 2xx can come. */
typedef void exchange_fn(struct exchange *x, struct outcome *o);

enum exchange_phase {
	EXCHANGE_NEW,
	EXCHANGE_LOCATING,
	EXCHANGE_SENT,          /* a transaction is under way */
	EXCHANGE_ASKING,        /* the user is asked for a secret */
	EXCHANGE_WAITING,       /* after a 491 */
	EXCHANGE_FAILING,       /* failed; to be told from the timers */
	EXCHANGE_ENDED          /* a final outcome was told; an INVITE's
	                         * transaction may still see a further 2xx */
};

struct exchange {
	struct list node;               /* of its context, or of the dead */
	struct hash_node by_id;
	uint64_t id;
	struct context *ctx;
	struct dialog *dialog;          /* it was sent in; NULL: outside */
	struct dialog *winner;          /* of an INVITE: its first 2xx's */
	enum exchange_phase phase;
	enum method method;
	struct request_draft draft;     /* text NULL: a CANCEL */
	struct slice host;              /* of the next hop; in draft */
	bool strict, with_contact, as_is;
	char *contact_params;           /* owned, or NULL */
	uint32_t cseq;

	struct target *targets;
	size_t ntargets, target;
	uint64_t lookup, lookup_us;     /* began then; 0: it took no time */
	struct client_transaction *transaction;
	struct client_transaction *left;        /* of the target before: an
	                                 * INVITE may still be answered */
	struct flow flow;
	char branch[40];
	bool over_tcp, tcp_refused;     /* 18.1.1: too large for UDP */
	bool alive;                     /* the present target has answered */
	struct timer patience;          /* with it, while there are others */
	bool is_special;                /* its wire alone tells its CSeq and
	                                 * tag, or what credentials it has */
	uint64_t sent_us;
	uint64_t heard;                 /* hash of the last 1xx without a tag */
	unsigned retransmits, authorised, glares;
	struct redirect *redirect;
	struct history history;

	bool cancelled, cancel_sent;
	response_fn *cancel_fn;
	void *cancel_arg;

	struct timer timer;             /* FAILING, WAITING, or the CANCEL's */
	enum error err;                 /* FAILING */
	char *text;                     /* of err; owned, or NULL */
	char *challenge;                /* ASKING: the 401 or 407; owned */
	size_t challenge_len;

	exchange_fn *report;
	response_fn *fn;                /* the user's */
	void *arg;
};

/* Makes an exchange in ctx; draft passes into it, on failure too. next_cseq
 * is taken where cseq is 0. Nothing is sent before exchange_start(). */
struct exchange_params {
	struct dialog *dialog;
	bool strict, with_contact;
	bool as_is;                     /* without credentials ahead */
	struct slice contact_params;
	uint32_t cseq;                  /* 0: the next */
	const struct target *destination;
	const struct message *resp40x;
	exchange_fn *report;
	response_fn *fn;
	void *arg;
};
enum error exchange_new(struct context *ctx, struct request_draft *draft,
                        const struct exchange_params *p,
                        struct exchange **out);
/* Never calls report from inside. */
void exchange_start(struct exchange *x);
/* Gives an INVITE up: CANCEL goes out when it may. False: it is no INVITE,
 * has a final outcome, or was given up before. */
bool exchange_cancel(struct exchange *x, response_fn *fn, void *arg);
/* Gives an INVITE that is on the wire up, without CANCEL, when it has no final
 * response 64*T1 from now (ERR_CANCELLED). */
void exchange_expect_end(struct exchange *x);
/* The user has set a secret, or has not. */
void exchange_resume(struct exchange *x, bool with_secret);
/* Forgets x without telling; it is freed later. */
void exchange_end(struct exchange *x);
void exchange_free(struct exchange *x);

/* No final outcome yet. */
bool exchange_is_open(const struct exchange *x);
/* It is on the wire, and no final response came. */
bool exchange_is_in_flight(const struct exchange *x);
/* The request as it was last sent, parsed into the scratch message; NULL
 * when the transaction keeps it no more. */
const struct message *exchange_request(struct exchange *x);
/* Passes o on to the user. */
void exchange_tell(struct exchange *x, const struct outcome *o);
/* What a dialog of x has from it. False when it is not kept any more. */
bool exchange_origin(struct exchange *x, struct dialog_origin *out);

/* --- between exchange.c and exchange_answer.c --- */

/* Looks for the next hop of the draft, and sends. */
void exchange_locate(struct exchange *x);
/* Sends to the present target, or those behind it, as a new transaction. */
void exchange_send(struct exchange *x);
/* Sends again after a while, if its dialog is still there. */
void exchange_wait(struct exchange *x, uint64_t delay_ms);
/* For the next try of a request whose answer asks for one: false when the
 * user gave its CSeq himself. */
bool exchange_take_next_cseq(struct exchange *x);
/* Will be told as failed, from the timers. text is copied. */
void exchange_postpone(struct exchange *x, enum error err, const char *text);
/* Lets go of everything outside; abort: the transaction's work too. */
void exchange_release(struct exchange *x, bool abort);
/* Nothing more is sent to the target that was left. */
void exchange_forget_left(struct exchange *x);
/* The CANCEL that had to wait for a provisional response. */
void exchange_send_cancel(struct exchange *x);
/* The request as credentials have to know it; borrowed from the draft. */
struct auth_request exchange_auth_request(struct exchange *x);
struct slice exchange_method_name(const struct exchange *x);

void exchange_take_answer(struct exchange *x, const struct message *response);
/* A transaction failed; there may be other targets. */
void exchange_take_failure(struct exchange *x, enum error err,
                           const char *text);
/* The present target does not answer, and another one may. */
void exchange_leave_target(struct exchange *x);
/* One that was left answers an INVITE after all. */
void exchange_take_late_success(struct exchange *x,
                                const struct message *response);
/* The end, without a response. */
void exchange_fail(struct exchange *x, enum error err, const char *text);

/* --- exchange_history.c: what did not go well --- */

void exchange_note_names(struct exchange *x, const struct planned *plan,
                         size_t n);
void exchange_note_unlocated(struct exchange *x, enum error err,
                             const char *text);
/* It could not even be sent there. */
void exchange_note_unsent(struct exchange *x, const struct target *target,
                          enum error err);
/* The present transaction has failed. */
void exchange_note_failure(struct exchange *x, enum error err,
                           const char *text);
/* A final response, but no 2xx. */
void exchange_note_refusal(struct exchange *x,
                           const struct message *response);
/* err OK: it is answered; else text says why it is not. */
void exchange_note_challenge(struct exchange *x,
                             const struct message *response, enum error err,
                             const char *text);
/* The same of a redirection that is followed, or is not. */
void exchange_note_redirect(struct exchange *x, struct slice uri,
                            enum error err, const char *text);

#endif
