/*
 * What an endpoint keeps for each transaction and dialog that is open, and
 * what one more costs then. Core alone, on a clock that is moved:
 *     tests/bench/scale COUNT
 * prints a line for each figure: octets of heap an item, and nanoseconds of
 * CPU for a new OPTIONS transaction while 10 and while COUNT are open.
 */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/ua/endpoint.h"

enum { NEW_ONES = 20000, FEW = 10, T1_64_MS = 32000, ANSWER_MAX = 2048 };

/* A leg that keeps the last datagram. */
struct sink_leg {
	struct leg leg;
	char wire[ANSWER_MAX];
	size_t len;
};

static struct env env;
static struct sink_leg *leg;
static struct endpoint *endpoint;
static struct dispatcher *dispatcher;
static struct addr peer;
static uint64_t now_us = 1000000;
static bool is_answering;

static enum error sink_send(struct leg *base, struct flow *flow,
                            struct slice name, struct slice wire)
{
	(void)base;
	(void)flow;
	(void)name;
	if (wire.len > sizeof(leg->wire))
		return ERR_LIMIT;
	memcpy(leg->wire, wire.p, wire.len);
	leg->len = wire.len;
	return OK;
}

static enum error sink_source(struct leg *base, const struct addr *remote,
                              struct addr *out)
{
	(void)remote;
	*out = base->local;
	return OK;
}

static void sink_close(struct leg *base)
{
	free(CONTAINER_OF(base, struct sink_leg, leg));
}

static void fill(void *out, size_t n, void *arg)
{
	static uint64_t state = 1;
	unsigned char *p = out;

	(void)arg;
	while (n-- > 0) {
		state = state * UINT64_C(6364136223846793005) + 1;
		*p++ = (unsigned char)(state >> 56);
	}
}

static void pass(uint64_t ms)
{
	now_us += ms * 1000;
	env_advance(&env, now_us, 0);
}

static size_t heap(void)
{
	return mallinfo2().uordblks;
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void send_request(enum method method)
{
	const struct context_params params = {
		.from = SLICE("<sip:alice@example.com>"),
		.to = SLICE("<sip:bob@192.0.2.2>"),
	};
	const struct request_params req = {
		.method = method_name(method),
		.content_type = SLICE("application/sdp"),
		.body = SLICE("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
		              "c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		              "m=audio 6000 RTP/AVP 0\r\n"),
	};
	enum error err;

	if (endpoint_new_request(endpoint, NULL, &params, &req, &err) == NULL)
		abort();
}

/* The last request comes back as its 200. */
static void answer_last(void)
{
	static const struct field contact = {
		SLICE_INIT("Contact"), SLICE_INIT("<sip:bob@192.0.2.2>"),
	};
	struct response_parts parts = {
		.status = 200,
		.to_tag = SLICE("k4gq2x7mzc5vwa6p"),
		.fields = &contact,
		.nfields = 1,
	};
	const struct flow from = { .leg = &leg->leg, .remote = peer };
	struct buf text = { 0 };
	struct message m;
	struct fault fault;

	message_init(&m);
	if (message_parse(&m, slice_make(leg->wire, leg->len),
	                  &message_limits_default, &fault) != OK
	    || !message_check(&m, &fault))
		abort();
	response_print(&text, &m, &leg->leg.local, &parts);
	dispatcher_receive(dispatcher, &from, buf_view(&text));
	buf_deinit(&text);
	message_deinit(&m);
}

/* Octets of the last request's text as it was sent, and of its draft, which
 * is kept for a second try: what sealing adds is not in that. */
static size_t text_len(void)
{
	static const enum header_id sealed[] = {
		HEADER_VIA, HEADER_CSEQ, HEADER_CONTACT,
	};
	struct message m;
	struct fault fault;
	size_t n = 2 * leg->len;

	message_init(&m);
	if (message_parse(&m, slice_make(leg->wire, leg->len),
	                  &message_limits_default, &fault) != OK)
		abort();
	for (size_t i = 0; i < ARRAY_LEN(sealed); i++)
		if (message_has(&m, sealed[i]))
			n -= header_table[sealed[i]].name.len + 4
			     + message_header(&m, sealed[i], 0).len;
	message_deinit(&m);
	return n;
}

/* Heap octets for each of n requests of method, ms later. */
static void measure(const char *what, enum method method, size_t n,
                    uint64_t ms)
{
	size_t before = heap(), text = 0;

	for (size_t i = 0; i < n; i++) {
		send_request(method);
		if (i == 0)
			text = text_len();
		if (is_answering)
			answer_last();
	}
	pass(ms);
	if (what != NULL)
		printf("%s %.0f octets, texts %zu\n", what,
		       (double)(heap() - before) / (double)n, text);
}

/* CPU of one more, from its begin to its answer. */
static double new_ones_ns(void)
{
	double began = cpu_ns();

	is_answering = true;
	for (unsigned i = 0; i < NEW_ONES; i++) {
		send_request(METHOD_OPTIONS);
		answer_last();
	}
	is_answering = false;
	return (cpu_ns() - began) / NEW_ONES;
}

static void open_endpoint(void)
{
	static const struct leg_ops ops = {
		sink_send, sink_source, sink_close,
	};
	struct locator *locator;
	struct transactions *transactions;

	env_init(&env, now_us, 0, fill, NULL);
	locator = locator_new(&env, NULL, NULL);
	leg = calloc(1, sizeof(*leg));
	if (locator == NULL || leg == NULL)
		abort();
	leg->leg.ops = &ops;
	leg->leg.transport = TRANSPORT_UDP;
	(void)addr_parse(SLICE("192.0.2.1:5060"), &leg->leg.local);
	(void)addr_parse(SLICE("192.0.2.2:5060"), &peer);
	dispatcher = dispatcher_new(&env, locator, &message_limits_default);
	if (dispatcher == NULL)
		abort();
	dispatcher_add_leg(dispatcher, &leg->leg);
	transactions = transactions_new(dispatcher,
	                                &transaction_settings_default);
	if (transactions == NULL)
		abort();
	endpoint = endpoint_new(transactions, &endpoint_settings_default);
	if (endpoint == NULL)
		abort();
	/* what is made once is no part of an item */
	is_answering = true;
	measure(NULL, METHOD_OPTIONS, 1, 0);
	is_answering = false;
}

static void close_endpoint(void)
{
	struct transactions *transactions = endpoint_transactions(endpoint);
	struct locator *locator = dispatcher_locator(dispatcher);

	endpoint_free(endpoint);
	transactions_free(transactions);
	dispatcher_free(dispatcher);
	locator_free(locator);
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 50000;
	double few, many;

	open_endpoint();
	measure(NULL, METHOD_INVITE, FEW, 0);
	few = new_ones_ns();
	close_endpoint();

	open_endpoint();
	measure("pending", METHOD_INVITE, count, 0);
	many = new_ones_ns();
	close_endpoint();

	open_endpoint();
	is_answering = true;
	measure("finished", METHOD_OPTIONS, count, 0);
	pass(T1_64_MS);
	measure("dialog", METHOD_INVITE, count, T1_64_MS + 1);
	is_answering = false;
	close_endpoint();
	printf("new %.0f ns with %u open, %.0f ns with %zu\n", few, FEW, many,
	       count);
	return 0;
}
