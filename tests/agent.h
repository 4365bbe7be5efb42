#ifndef TESTS_AGENT_H
#define TESTS_AGENT_H

/*
 * A user agent in the rig's world: an endpoint at 192.0.2.1 that remembers
 * all it was told. Its peer is played by the test, at 192.0.2.9, or is
 * another agent.
 */

#include "core/ua/endpoint.h"
#include "tests/helpers.h"
#include "tests/rig.h"

enum { AGENT_HEARD = 64 };

struct agent_outcome {
	unsigned status;                /* 0: no response */
	enum error err;
	bool final, repeated, unwanted;
	enum method method;
	uint32_t cseq;
	unsigned authorised, retransmits;
	uint64_t rtt_us, context;
	char text[160];
	char remote_tag[32];            /* of its dialog; "": none */
};

struct agent_incoming {
	uint64_t id, context;
	enum method method;
	bool in_dialog;
};

struct agent_ending {
	bool by_remote, was_up;
	const char *cause;
	unsigned status;
	enum error err;
};

struct agent {
	struct rig *rig;
	struct rig_party party;
	struct endpoint *ep;
	struct endpoint_settings settings;
	struct agent_outcome outcomes[AGENT_HEARD];
	size_t noutcomes;
	struct agent_incoming incoming[AGENT_HEARD];
	size_t nincoming;
	struct agent_ending endings[AGENT_HEARD];
	size_t nendings, nclosed;
	struct ack_parts ack;           /* what ACKs get */
	/* What it does when told: */
	void (*on_outcome)(struct agent *a, struct context *ctx,
	                   const struct outcome *o);
	void (*on_incoming)(struct agent *a, struct context *ctx,
	                    const struct incoming *in);
	void (*on_ending)(struct agent *a, struct context *ctx);
};

void agent_init(struct agent *a, struct rig *r, const char *ip,
                unsigned transports);
/* The rig ends the party. */
void agent_deinit(struct agent *a);

/* The response_fn and context_fn of whatever a sends; arg is a. */
response_fn agent_hear;
context_fn agent_watch;

/* An INVITE to sip:bob@192.0.2.9, with an offer; watched. */
struct context *agent_call(struct agent *a);
/* Any request to there outside a dialog. */
struct context *agent_request(struct agent *a, const char *method);
/* One in ctx's dialog. */
enum error agent_send(struct agent *a, struct context *ctx,
                      const char *method);
/* A call that is up: ours, answered by the peer with the tag "peer" and
 * Contact sip:bob@192.0.2.9. What was sent for it is forgotten. */
struct context *agent_talk(struct agent *a);
/* A call of the peer's, answered and ACKed, the same way. */
struct context *agent_be_called(struct agent *a);
/* An INVITE of the peer's, with an offer; its context. */
struct context *agent_ring(struct agent *a);
/* Answers the last incoming request. */
enum error agent_answer(struct agent *a, unsigned status);

/* The last that a heard; fails the test when there is none. */
const struct agent_outcome *agent_last(const struct agent *a);
const struct agent_incoming *agent_last_incoming(const struct agent *a);
const struct agent_ending *agent_ending(const struct agent *a);

/* How many messages of a begin so ("ACK ", "SIP/2.0 200"), and the nth. */
size_t agent_count(const struct agent *a, const char *start);
const struct rig_sent *agent_sent(const struct agent *a, const char *start,
                                  size_t nth);
/* One header of the nth: parsed by the rig, until the next. */
struct slice agent_header(const struct agent *a, const char *start,
                          size_t nth, enum header_id id);

/* A request of the peer's in d. q's other fields count. */
void agent_peer_sends(struct agent *a, const struct dialog *d,
                      const char *method, unsigned cseq,
                      const struct rig_request *q);
/* The peer's ACK of our last 2xx to INVITE. */
void agent_peer_acks(struct agent *a);

extern const char agent_offer[];

#endif
