/*
 * OPTIONS transactions between two transaction layers in one process, core
 * alone, for callgrind:
 *     valgrind --tool=callgrind tests/bench/transaction 10000
 *     callgrind_annotate --inclusive=yes callgrind.out.* | grep _side
 * and divide by their number. client_side() makes, sends and answers for the
 * request; server_side() takes it and answers; timers_side() ends both.
 */

#include <stdio.h>
#include <stdlib.h>

#include "core/message/request.h"
#include "core/transaction/transaction.h"

enum { WIRE_MAX = 2048, GAP_US = 1000 };

/* A leg whose datagrams wait to be read by whoever is on the other side. */
struct pipe_leg {
	struct leg leg;
	char wire[WIRE_MAX];
	size_t len;
};

struct side {
	struct env env;
	struct dispatcher *dispatcher;
	struct transactions *transactions;
	struct pipe_leg *leg;
};

static struct side client, server;
static unsigned long answered, ended;

static enum error pipe_send(struct leg *base, struct flow *flow,
                            struct slice name, struct slice wire)
{
	struct pipe_leg *leg = CONTAINER_OF(base, struct pipe_leg, leg);

	(void)flow;
	(void)name;
	if (wire.len > sizeof(leg->wire))
		return ERR_LIMIT;
	memcpy(leg->wire, wire.p, wire.len);
	leg->len = wire.len;
	return OK;
}

static enum error pipe_source(struct leg *leg, const struct addr *remote,
                              struct addr *out)
{
	(void)remote;
	*out = leg->local;
	return OK;
}

static void pipe_close(struct leg *leg)
{
	free(CONTAINER_OF(leg, struct pipe_leg, leg));
}

static void fill(void *out, size_t n, void *arg)
{
	uint64_t *state = arg;
	unsigned char *p = out;

	while (n-- > 0) {
		*state = *state * UINT64_C(6364136223846793005) + 1;
		*p++ = (unsigned char)(*state >> 56);
	}
}

static bool side_open(struct side *s, const char *local, uint64_t *seed)
{
	static const struct leg_ops ops = {
		pipe_send, pipe_source, pipe_close,
	};

	env_init(&s->env, 1000000, 0, fill, seed);
	s->leg = calloc(1, sizeof(*s->leg));
	s->dispatcher = dispatcher_new(&s->env, NULL, &message_limits_default);
	if (s->leg == NULL || s->dispatcher == NULL)
		return false;
	s->leg->leg.ops = &ops;
	s->leg->leg.transport = TRANSPORT_UDP;
	addr_parse(slice_str(local), &s->leg->leg.local);
	dispatcher_add_leg(s->dispatcher, &s->leg->leg);
	s->transactions = transactions_new(s->dispatcher,
	                                   &transaction_settings_default);
	return s->transactions != NULL;
}

static void side_close(struct side *s)
{
	transactions_free(s->transactions);
	dispatcher_free(s->dispatcher);
}

static void serve(struct server_transaction *t, const struct message *m,
                  const struct flow *from, void *arg)
{
	static const struct response_parts parts = {
		.status = 200,
		.to_tag = SLICE_INIT("k4gq2x7mzc5vwa6p"),
	};

	(void)m;
	(void)from;
	(void)arg;
	server_transaction_respond(t, &parts);
}

static void note(struct client_transaction *t,
                 const struct client_report *report, void *arg)
{
	(void)t;
	(void)arg;
	answered += report->response != NULL;
	ended += report->gone;
}

static void deliver(struct pipe_leg *from, struct side *to)
{
	const struct flow flow = { &to->leg->leg, from->leg.local, 0 };

	dispatcher_receive(to->dispatcher, &flow,
	                   slice_make(from->wire, from->len));
}

static bool send_request(const struct request_draft *draft, uint32_t cseq)
{
	struct client_request req = {
		.flow = { &client.leg->leg, server.leg->leg.local, 0 },
		.method = METHOD_OPTIONS,
	};
	struct request_seal seal = { .cseq = cseq };
	struct buf via = { 0 }, wire = { 0 };
	char branch[7 + ENV_TOKEN_LEN] = "z9hG4bK";
	struct client_transaction *t;

	env_token(&client.env, branch + 7);
	req.branch = slice_make(branch, sizeof(branch));
	leg_print_via(&via, &client.leg->leg, &client.leg->leg.local,
	              req.branch);
	seal.via = buf_view(&via);
	request_seal(&wire, draft, &seal);
	buf_deinit(&via);
	req.wire = buf_steal(&wire, &req.len);
	return client_transaction_start(client.transactions, &req, note, NULL,
	                                &t) == OK;
}

__attribute__((noinline))
static bool client_side_send(const struct request_draft *draft, uint32_t cseq)
{
	return send_request(draft, cseq);
}

__attribute__((noinline))
static void client_side_receive(void)
{
	deliver(server.leg, &client);
}

__attribute__((noinline))
static void server_side(void)
{
	deliver(client.leg, &server);
}

__attribute__((noinline))
static void timers_side(uint64_t now_us)
{
	env_advance(&client.env, now_us, 0);
	env_advance(&server.env, now_us, 0);
}

static bool make_draft(struct request_draft *draft)
{
	const struct field fields[] = {
		{ SLICE_INIT("Accept"), SLICE_INIT("application/sdp") },
		{ SLICE_INIT("User-Agent"), SLICE_INIT("bench") },
	};
	const struct request_parts parts = {
		.method = SLICE_INIT("OPTIONS"),
		.uri = SLICE_INIT("sip:bob@192.0.2.2"),
		.from = SLICE_INIT("<sip:alice@example.com>;tag=h7w2k4xq"),
		.to = SLICE_INIT("<sip:bob@192.0.2.2>"),
		.call_id = SLICE_INIT("p6n2v7c4k3x5z2qa"),
		.max_forwards = 70,
		.fields = fields,
		.nfields = ARRAY_LEN(fields),
	};

	return request_draft(draft, &parts) == OK;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	uint64_t seed = 1, now_us = 1000000;
	struct request_draft draft;

	if (!side_open(&client, "192.0.2.1:5060", &seed)
	    || !side_open(&server, "192.0.2.2:5060", &seed)
	    || !make_draft(&draft))
		return 1;
	transactions_set_user(server.transactions, serve, NULL, NULL);
	for (unsigned long i = 1; i <= rounds; i++) {
		if (!client_side_send(&draft, (uint32_t)i))
			return 1;
		server_side();
		client_side_receive();
		now_us += GAP_US;
		timers_side(now_us);
	}
	printf("%lu sent, %lu answered, %lu ended, %zu and %zu linger\n",
	       rounds, answered, ended,
	       transactions_count(client.transactions),
	       transactions_count(server.transactions));
	request_draft_deinit(&draft);
	side_close(&client);
	side_close(&server);
	return answered == rounds ? 0 : 1;
}
