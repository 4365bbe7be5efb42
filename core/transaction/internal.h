#ifndef CORE_TRANSACTION_INTERNAL_H
#define CORE_TRANSACTION_INTERNAL_H

/*
 * What the rooms of the transaction layer share: transaction.c (the layer:
 * who gets what arrives), client.c and server.c (two machines each, as
 * tables), server_match.c (whose request is this), peer.c (who goes where).
 * For them and their tests only.
 *
 * Lifetime: a transaction that ends is unlinked at once, so that nothing
 * finds it any more, and freed on the next run of the timers (layer_bury()).
 * So every function here may call out and still look at its transaction.
 */

#include "core/base/buf.h"
#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/base/timer.h"
#include "core/transaction/transaction.h"

/* --- the states of all four machines --- */

enum state {
	STATE_NONE,             /* in a table: the event is ignored */
	CALLING,
	TRYING,
	PROCEEDING,
	ACCEPTED,
	COMPLETED,
	CONFIRMED,
	TERMINATED,
	STATE_COUNT
};

/* "proceeding"; static. */
const char *state_name(enum state s);

/* One cell of a table [state][event]: where to, and what to do. */
struct step {
	unsigned char next;             /* enum state */
	unsigned short actions;
};

/* --- who goes where --- */

/* The client transactions on one connection, or to one remote address. */
struct peer {
	struct hash_node node;
	struct leg *leg;
	uint64_t conn;
	struct addr remote;             /* where conn is 0 */
	struct list members;            /* of struct peer_link */
};

/* The place of a transaction in a peer; zeroed: in none. */
struct peer_link {
	struct list node;
	struct peer *peer;              /* NULL: in none, or already taken */
};

/* Puts l where flow leads, which may be where it is already. When memory is
 * short, l is in no peer: failures of the transport then go unheard, the timers
 * end the transaction all the same. */
void peer_move(struct hash *peers, struct peer_link *l,
               const struct flow *flow);
/* Harmless on a link that is in none. Frees a peer that nobody is in. */
void peer_leave(struct hash *peers, struct peer_link *l);
/* Moves all who go where flow leads to the (uninitialised) list out, and
 * forgets the peer. */
void peer_take(struct hash *peers, const struct flow *flow,
               struct list *out);

/* --- the layer --- */

struct transactions {
	struct dispatcher *dispatcher;
	struct env *env;
	struct transaction_settings settings;
	request_fn *request;
	stray_fn *stray;
	void *user_arg;
	struct hash clients;            /* branch, method */
	struct hash servers;            /* the key of server_mark() */
	struct hash merged;             /* From tag, Call-ID, CSeq: 8.2.2.2 */
	struct hash peers;
	size_t pending_clients, pending_servers;
	struct list finished;           /* servers, the oldest first */
	size_t nfinished;
	struct list dead;
	struct timer reaper;
	struct buf key, text;           /* scratch; no call in between */
	struct message scratch;         /* of a text that we kept */
};

/* free(what) on the next run of the timers. */
struct grave {
	struct list node;
	void *what;
};
void layer_bury(struct transactions *ts, struct grave *g, void *what);

/* Milliseconds since the epoch of env's clock; wraps after 49 days. */
uint32_t layer_now_ms(const struct transactions *ts);
/* 64*T1: timers B, F, H, J, L, M, and D over UDP (17.1.1.2). */
uint64_t layer_64_t1(const struct transactions *ts);

/* A timer that repeats at growing intervals without drifting. */
struct beat {
	struct timer timer;
	uint64_t due_us;
	uint32_t interval_ms;
};
/* The first beat in interval_ms. */
void beat_start(struct beat *b, struct transactions *ts,
                uint32_t interval_ms, timer_fn *fn, void *arg);
/* The next one, interval_ms after the last was due. */
void beat_again(struct beat *b, struct transactions *ts,
                uint32_t interval_ms, timer_fn *fn, void *arg);

/* --- client transactions --- */

enum client_event {
	ON_TIMER_A,
	ON_TIMER_B,
	ON_TIMER_D,
	ON_TIMER_E,
	ON_TIMER_F,
	ON_TIMER_K,
	ON_TIMER_M,
	ON_1XX,
	ON_2XX,
	ON_3XX_6XX,
	ON_SEND_ERROR,
	CLIENT_EVENT_COUNT
};

/* What only an unfinished transaction (or an INVITE that may still have to
 * ACK) needs. */
struct client_detail {
	struct client_transaction *owner;
	struct beat resend;             /* timers A and E */
	struct peer_link link;
	char *wire;                     /* the request; or its ACK */
	size_t len;
	size_t name_len;
	char name[];
};

struct client_transaction {
	struct hash_node node;          /* by branch and method */
	union {
		struct timer life;      /* timers B, D, F, K, M */
		struct grave grave;
	};
	struct transactions *ts;
	struct client_detail *detail;   /* NULL: only absorbs */
	struct flow flow;
	uint64_t identity;              /* of Call-ID and From tag; 0: any */
	client_fn *fn;                  /* NULL: detached */
	void *arg;
	uint32_t started_ms;
	uint16_t retransmits;
	uint16_t branch_len, method_len;
	unsigned char method, state, on_life;
	bool pending;                   /* no outcome yet */
	char key[];                     /* branch; method where OTHER */
};

/* Puts event through t's table. report is what the user gets if the table
 * says so; it may be NULL where the event is a timer's. */
void client_step(struct client_transaction *t, enum client_event event,
                 const struct client_report *report);
struct client_transaction *client_find(struct transactions *ts,
                                       const struct message *response);
void client_receive(struct client_transaction *t, const struct message *m,
                    const struct flow *from);
void client_fail(struct peer_link *l, enum error err, const char *text);
struct slice client_branch(const struct client_transaction *t);
/* For transactions_free(): no calls. */
void client_free(struct client_transaction *t);

/* --- server transactions --- */

enum server_input_event {
	ON_REQUEST,             /* a copy of the request */
	ON_ACK,
	ON_SEND_1XX,            /* the user's responses */
	ON_SEND_2XX,
	ON_SEND_3XX_6XX,
	ON_RESEND,              /* the last one once more */
	ON_TIMER_100,
	ON_TIMER_G,
	ON_TIMER_H,
	ON_TIMER_I,
	ON_TIMER_J,
	ON_TIMER_L,
	ON_UNANSWERED,
	ON_REPLY_ERROR,
	SERVER_EVENT_COUNT
};

/* What a transaction that only replays its answer can do without. */
struct server_detail {
	struct beat resend;             /* timer G */
	struct flow flow;               /* where the request came from */
	const struct message *current;  /* inside request_fn */
	char *request;                  /* a copy, after request_fn */
	size_t request_len;
	server_fn *fn;
	void *arg;
};

struct server_transaction {
	struct hash_node node;          /* by key */
	struct hash_node merged;        /* by From tag, Call-ID and CSeq */
	struct list finished;
	union {
		struct timer life;      /* 100, H, I, J, L */
		struct grave grave;
	};
	struct transactions *ts;
	struct server_detail *detail;   /* NULL: only replays */
	char *response;                 /* the last one; NULL: none to replay */
	uint32_t response_len;
	uint32_t started_ms;
	uint32_t key_len;
	uint16_t retransmits;
	uint16_t final;                 /* status, 0: none yet */
	unsigned char method, state, on_life;
	unsigned char failed;           /* enum error, for ON_REPLY_ERROR */
	char key[];
};

/* What an event brings along; zeroed where it is a timer's. */
struct server_input {
	const struct message *m;        /* the request, or its ACK */
	const struct flow *from;        /* of m */
	enum error err;                 /* ON_REPLY_ERROR */
};

/* Puts event through t's table. ERR_BAD_STATE: it is ignored in this state; else
 * what sending said, if the step sends. */
enum error server_step(struct server_transaction *t,
                       enum server_input_event event,
                       const struct server_input *in);
/* m is a copy of t's request, or an ACK to it. */
void server_receive(struct server_transaction *t, const struct message *m,
                    const struct flow *from);
/* What marks a request: hashed once, on its way through the functions below. */
struct server_mark {
	struct slice key;               /* in ts->key until the next mark; the
	                                 * branch first. Empty: no memory */
	uint64_t hash;
	bool may_merge;
	uint64_t merged;                /* hash; where it may merge */
};
/* Marks m, taking it for a request of this method. */
void server_mark(struct transactions *ts, const struct message *m,
                 enum method method, struct server_mark *out);
/* The transaction that a request marked so belongs to (17.2.3); NULL when it
 * is new. */
struct server_transaction *server_find(struct transactions *ts,
                                       const struct server_mark *mark);
/* The INVITE's that ack is for; NULL when there is none. */
struct server_transaction *server_find_acked(struct transactions *ts,
                                             const struct message *ack);
/* A new request: is there another with its From tag, Call-ID and CSeq
 * (8.2.2.2)? */
bool server_is_merged(struct transactions *ts, struct server_mark *mark,
                      const struct message *m);
/* The same, which is then passed up. */
enum error server_start(struct transactions *ts,
                        const struct server_mark *mark,
                        const struct message *m, const struct flow *from);
struct slice server_branch(const struct server_transaction *t);
/* For transactions_free(): no calls. */
void server_free(struct server_transaction *t);

#endif
