#ifndef TESTS_RIG_H
#define TESTS_RIG_H

/*
 * A world for core to live in: a clock that moves when told, a wire that
 * loses and repeats as told, names that resolve as told, and a record of
 * every message sent. Nothing here sleeps or is random but by a seed.
 *
 * A party is one SIP element: a dispatcher with a leg for each transport and,
 * if wanted, a transaction layer. What one party sends to another's address
 * arrives there; what it sends elsewhere is recorded and lost, and the test
 * plays the peer with rig_inject() and rig_reply().
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/env.h"
#include "core/message/message.h"
#include "core/transaction/transaction.h"
#include "core/transport/dispatcher.h"
#include "core/transport/locate.h"

struct rig;
struct rig_party;

/* The fake leg of a party. */
struct rig_leg {
	struct leg leg;
	struct rig_party *party;
	struct addr source;             /* what ops->source() says: local,
	                                 * unless the test changes it */
	enum error send_error;          /* every send fails so; OK: none */
};

struct rig_party {
	struct rig *rig;
	struct locator *locator;
	struct dispatcher *dispatcher;
	struct transactions *transactions;
	struct rig_leg *legs[TRANSPORT_COUNT];  /* NULL: none */
	struct rig_party *next;
};

/* One message that a leg sent. */
struct rig_sent {
	uint64_t at_ms;                 /* of rig_now_ms() */
	struct rig_party *party;
	struct flow flow;               /* conn as it was used */
	struct slice name;
	struct slice wire;
};

/* What becomes of a message under way between two parties. */
struct rig_fate {
	unsigned copies;                /* 1; 0: lost */
	uint32_t delay_ms[8];           /* of each copy: 0 */
};
/* Called for each message sent over UDP, nth counting from 0. */
typedef void rig_fate_fn(const struct rig_sent *sent, size_t nth,
                         struct rig_fate *fate, void *arg);

/* A fate_fn for seeded noise: arg is one of these. */
struct rig_noise {
	uint64_t state;                 /* the seed; not 0 */
	unsigned loss_percent, repeat_percent;
	uint32_t delay_max_ms;          /* reorders */
};
rig_fate_fn rig_noise_fate;

/* One end of a stream between two addresses. */
struct rig_conn {
	uint64_t id, other;             /* other 0: nobody is there */
	struct leg *leg;
	struct addr remote;
	bool open;
};

struct rig_record {
	struct slice owner;
	struct record record;
	enum error err;
	const char *text;
	bool silent;                    /* it is never answered */
};

enum { RIG_RECORDS = 64, RIG_CONNS = 256, RIG_DEAF = 16 };

struct rig {
	struct env env;
	uint64_t start_us, random;
	struct arena arena;             /* of all texts; until rig_deinit() */
	struct rig_party *parties;
	struct rig_sent *sent;
	size_t nsent, sent_capacity;
	size_t nfated;
	struct list underway, lookups;
	rig_fate_fn *fate;
	void *fate_arg;
	struct rig_conn conns[RIG_CONNS];
	size_t nconns;
	struct addr refusing[RIG_DEAF];
	size_t nrefusing;
	struct rig_record records[RIG_RECORDS];
	size_t nrecords;
	uint32_t lookup_delay_ms;
	uint64_t last_lookup;
	unsigned lookups_cancelled;
	struct message message;         /* of rig_parse() */
};

/* The clock stands at 0 ms; nobody is there. */
void rig_init(struct rig *r);
/* Ends all parties as well. */
void rig_deinit(struct rig *r);

/* --- time --- */

uint64_t rig_now_ms(const struct rig *r);
/* Moves the clock by ms, stopping at every instant at which something is due,
 * and runs all that is due at the end as well. */
void rig_advance(struct rig *r, uint64_t ms);
/* The same up to an instant of rig_now_ms(). */
void rig_advance_to(struct rig *r, uint64_t at_ms);
/* Runs what is due now; the clock stands. */
void rig_settle(struct rig *r);

/* --- parties --- */

enum {
	RIG_UDP = 1 << TRANSPORT_UDP,
	RIG_TCP = 1 << TRANSPORT_TCP,
	RIG_TLS = 1 << TRANSPORT_TLS,
	RIG_WS  = 1 << TRANSPORT_WS,
	RIG_WSS = 1 << TRANSPORT_WSS
};
/* A dispatcher with these legs at ip ("192.0.2.1", "2001:db8::1"), at their
 * default ports. p stays where it is until rig_deinit(). */
void rig_join(struct rig *r, struct rig_party *p, const char *ip,
              unsigned transports);
/* The same, with a transaction layer of default settings. */
void rig_join_transactions(struct rig *r, struct rig_party *p,
                           const char *ip, unsigned transports);
/* Before its turn comes with rig_deinit(). */
void rig_leave(struct rig_party *p);
/* Another leg of p, at an address of its own ("192.0.2.1:5070"). */
struct rig_leg *rig_add_leg(struct rig_party *p, enum transport t,
                            const char *addr);
/* A flow of p's leg to remote ("192.0.2.9:5060"). */
struct flow rig_flow(struct rig_party *p, enum transport t,
                     const char *remote);
struct addr rig_addr(const char *text);

/* --- the wire --- */

void rig_set_fate(struct rig *r, rig_fate_fn *fn, void *arg);
/* What goes there comes back as an error, at the next run of the timers. */
void rig_refuse(struct rig *r, const char *addr);
void rig_accept(struct rig *r, const char *addr);
/* Closes all streams of p; tell: p hears of it by dispatcher_failed(). */
void rig_break(struct rig_party *p, bool tell);

/* The nth message sent, by all parties, in order; fails the test when there
 * is none. */
const struct rig_sent *rig_sent(const struct rig *r, size_t nth);
const struct rig_sent *rig_last(const struct rig *r);
size_t rig_sent_by(const struct rig *r, const struct rig_party *p);
/* Forgets what was sent so far. */
void rig_forget(struct rig *r);
/* Parsed and checked; until the next call. Fails the test on a fault. */
const struct message *rig_parse(struct rig *r, struct slice wire);

/* p receives text now, as from remote. */
void rig_inject(struct rig_party *p, enum transport t, const char *remote,
                struct slice text);
void rig_inject_over(struct rig_party *p, const struct flow *from,
                     struct slice text);

/* --- texts --- */

/* Zeroed fields get a default. Whole header values; extra: lines, each with
 * CRLF. */
struct rig_request {
	const char *method, *uri, *via, *from, *to, *call_id;
	unsigned cseq;                  /* 1 */
	const char *cseq_method;        /* method */
	const char *contact;            /* none */
	const char *extra;
	const char *content_type, *body;
};
struct slice rig_request(struct rig *r, const struct rig_request *q);

struct rig_response {
	unsigned status;
	const char *reason;             /* "R" */
	const char *to_tag;             /* "peer"; "": none */
	const char *contact, *extra, *content_type, *body;
};
struct slice rig_response(struct rig *r, struct slice request,
                          const struct rig_response *q);
/* The response comes from where that request was sent to. */
void rig_reply(struct rig *r, const struct rig_sent *request,
               const struct rig_response *q);
/* The same with a status alone. */
void rig_reply_status(struct rig *r, const struct rig_sent *request,
                      unsigned status);

/* --- names --- */

/* arg is the rig; what nobody added is NXDOMAIN. */
extern const struct lookup_ops rig_lookup_ops;
void rig_add_address(struct rig *r, const char *name, const char *ip);
void rig_add_record(struct rig *r, const char *name,
                    const struct record *record);
void rig_add_failure(struct rig *r, enum record_kind kind, const char *name,
                     enum error err, const char *text);
void rig_add_silence(struct rig *r, enum record_kind kind, const char *name);

#endif
