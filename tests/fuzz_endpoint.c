/*
 * The whole endpoint in the rig's world, its peer gone mad: messages from a
 * grammar, commands of the user and ticks of the clock, mixed by the input.
 * Nothing breaks; our requests are well formed, and no credentials go to a
 * host that is not the account's; at the end nothing is left.
 */

#include "core/ua/registrar.h"
#include "core/ua/registration.h"
#include "tests/fuzz.h"
#include "tests/fuzz_grammar.h"
#include "tests/rig.h"

/* The rig's checks, without Check. */
void _mark_point(const char *file, int line);
void _ck_assert_failed(const char *file, int line, const char *expr,
                       const char *msg, ...);

void _mark_point(const char *file, int line)
{
	(void)file;
	(void)line;
}

void _ck_assert_failed(const char *file, int line, const char *expr,
                       const char *msg, ...)
{
	fprintf(stderr, "%s:%d: %s %s\n", file, line, expr,
	        msg == NULL ? "" : msg);
	abort();
}

enum {
	STEPS_MAX = 400,
	KEPT = 32,              /* requests of ours that may be answered */
	REPEATED = 8,           /* messages of the peer's that may come again */
	ASKED = 8,
	SENT_MAX = 2000         /* messages sent in one step: 5 min and dozens
	                         * of transactions; a loop makes more */
};

struct world {
	struct rig rig;
	struct rig_party party;
	struct endpoint *ep;
	struct endpoint_settings settings;
	struct credentials *credentials;
	struct registration *registration;
	struct registrar *registrar;
	struct tape tape;
	struct rig_sent ours[KEPT];
	size_t nours;
	struct slice theirs[REPEATED];
	size_t ntheirs;
	uint64_t asked[ASKED], incoming[ASKED];
	size_t nasked, nincoming;
	unsigned reactions;             /* bounds what callbacks start */
};

static const struct slice secret = SLICE_INIT("correct horse battery");
static const char home[] = "192.0.2.9:5060";

/* --- what is always true --- */

static bool carries_answer(const struct message *m)
{
	return message_header(m, HEADER_AUTHORIZATION, 0).p != NULL
	       || message_header(m, HEADER_PROXY_AUTHORIZATION, 0).p != NULL;
}

static void check_request(const struct rig_sent *s)
{
	const struct addr own = rig_addr(home);
	struct fault fault = { 0 };
	struct message m;

	message_init(&m);
	PROPERTY(message_parse(&m, s->wire, &message_limits_default, &fault)
	         == OK);
	PROPERTY(fault.status == 0);
	PROPERTY(message_check(&m, &fault));
	if (carries_answer(&m))
		PROPERTY(addr_same_ip(&s->flow.remote, &own));
	message_deinit(&m);
}

/* Looks at what one step sent, and keeps requests for the peer to answer. */
static void check_sent(struct world *w)
{
	PROPERTY(w->rig.nsent < SENT_MAX);
	for (size_t i = 0; i < w->rig.nsent; i++) {
		const struct rig_sent *s = &w->rig.sent[i];

		PROPERTY(slice_find_slice(s->wire, secret) == s->wire.len);
		if (slice_starts_with(s->wire, SLICE("SIP/2.0 ")))
			continue;
		check_request(s);
		w->ours[w->nours++ % KEPT] = *s;
	}
	rig_forget(&w->rig);
}

/* --- what the application does when told --- */

static void hear(struct endpoint *ep, struct context *ctx,
                 const struct outcome *o, void *arg);

static void command(struct world *w, struct context *ctx);

static void react(struct world *w, struct context *ctx)
{
	if (w->reactions++ > 64 || tape_below(&w->tape, 4) != 1)
		return;
	command(w, ctx);
}

static void hear(struct endpoint *ep, struct context *ctx,
                 const struct outcome *o, void *arg)
{
	struct world *w = arg;

	(void)ep;
	PROPERTY(slice_find_slice(slice_str(o->text), secret)
	         == strlen(o->text));
	PROPERTY(o->err == OK || *o->text != '\0');
	react(w, ctx);
}

static void watch(struct context *ctx, enum context_event ev,
                  const struct context_ending *ending, void *arg)
{
	PROPERTY((ev == CONTEXT_CALL_ENDED) == (ending != NULL));
	if (ev == CONTEXT_CALL_ENDED)
		react(arg, ctx);
}

static void receive(struct endpoint *ep, struct context *ctx,
                    const struct incoming *in, void *arg)
{
	struct world *w = arg;

	if (in->id != 0 && registrar_receive(w->registrar, ep, in))
		return;
	if (in->id != 0)
		w->incoming[w->nincoming++ % ASKED] = in->id;
	context_watch(ctx, watch, w);
	react(w, ctx);
}

static bool ask(struct endpoint *ep, struct context *ctx, uint64_t id,
                struct slice method, struct slice realm, void *arg)
{
	struct world *w = arg;

	(void)ep;
	(void)ctx;
	(void)method;
	(void)realm;
	w->asked[w->nasked++ % ASKED] = id;
	return tape_below(&w->tape, 2) == 0;
}

static void registered(struct registration *r,
                       const struct registration_report *report, void *arg)
{
	struct world *w = arg;

	PROPERTY(r == w->registration);
	PROPERTY(report->outcome != NULL);
	if (tape_below(&w->tape, 16) != 1)
		return;
	registration_free(w->registration);
	w->registration = NULL;
}

/* --- commands --- */

static struct context *last_context;    /* by each_context */

static void nth_context(struct context *ctx, void *arg)
{
	unsigned *left = arg;

	if ((*left)-- == 0)
		last_context = ctx;
}

static struct context *any_context(struct world *w)
{
	size_t n = endpoint_contexts(w->ep);
	unsigned nth;

	last_context = NULL;
	if (n == 0)
		return NULL;
	nth = tape_below(&w->tape, n > 255 ? 255 : (unsigned)n);
	endpoint_each_context(w->ep, nth_context, &nth);
	return last_context;
}

static void send_request(struct world *w, struct context *ctx)
{
	static const char *const uris[] = {
		"sip:bob@192.0.2.9", "sip:bob@192.0.2.66",
		"sips:bob@192.0.2.9", "sip:bob@evil.example",
		"sip:192.0.2.9;transport=tcp",
	};
	const struct context_params params = {
		.from = SLICE("\"Alice\" <sip:alice@192.0.2.9>"),
		.to = slice_str(uris[tape_below(&w->tape, ARRAY_LEN(uris))]),
		.credentials = w->credentials,
	};
	const struct request_params req = {
		.method = slice_str(grammar_method(&w->tape)),
		.content_type = SLICE("text/plain"),
		.body = SLICE("x"),
		.with_contact = tape_below(&w->tape, 2) == 0,
		.outside_dialog = tape_below(&w->tape, 8) == 1,
		.fn = hear,
		.arg = w,
	};
	enum error err;

	if (endpoint_contexts(w->ep) > 40)
		return;
	if (tape_below(&w->tape, 2) == 0)
		ctx = NULL;
	ctx = endpoint_new_request(w->ep, ctx, ctx == NULL ? &params : NULL,
	                           &req, &err);
	if (ctx != NULL)
		context_watch(ctx, watch, w);
}

static void answer(struct world *w)
{
	static const unsigned statuses[] = {
		200, 180, 486, 183, 202, 100, 302, 408, 401, 603, 699, 99,
	};
	uint64_t id = w->incoming[tape_below(&w->tape, ASKED)];
	unsigned nth = tape_below(&w->tape, ARRAY_LEN(statuses));

	(void)endpoint_new_response(w->ep, id, &(struct response_parts){
		.status = statuses[nth],
		.to_tag = tape_below(&w->tape, 8) == 1 ? SLICE("mine")
		                                       : SLICE_EMPTY,
	});
}

static void register_ours(struct world *w)
{
	static const struct slice contact = SLICE_INIT("<sip:alice@192.0.2.1>");
	const struct registration_params p = {
		.registrar = SLICE("sip:192.0.2.9"),
		.aor = SLICE("sip:alice@192.0.2.9"),
		.contacts = &contact,
		.ncontacts = tape_below(&w->tape, 2),
		.expires_s = 300,
		.once = tape_below(&w->tape, 4) == 1,
		.credentials = w->credentials,
	};
	enum error err;

	if (w->registration == NULL)
		w->registration = registration_new(w->ep, &p, registered, w,
		                                   &err);
	if (w->registration == NULL)
		return;
	switch (tape_below(&w->tape, 8)) {
	case 1:
		(void)registration_unregister(w->registration);
		break;
	case 2:
		(void)registration_remove_all(w->registration);
		break;
	case 3:
		(void)registration_query(w->registration);
		break;
	case 4:
		(void)registration_remove(w->registration, contact);
		break;
	default:
		(void)registration_register(w->registration, &p);
	}
}

static void command(struct world *w, struct context *ctx)
{
	uint64_t id = w->asked[tape_below(&w->tape, ASKED)];

	switch (tape_below(&w->tape, 8)) {
	case 0:
		send_request(w, ctx);
		break;
	case 1:
		answer(w);
		break;
	case 2:
		if (ctx != NULL)
			(void)endpoint_cancel_invite(w->ep, ctx, hear, w);
		break;
	case 3:
		if (ctx != NULL)
			(void)endpoint_hangup(w->ep, ctx, hear, w);
		break;
	case 4:
		if (ctx != NULL)
			endpoint_close_context(w->ep, ctx);
		break;
	case 5:
		endpoint_retry_auth(w->ep, id);
		break;
	case 6:
		endpoint_give_up_auth(w->ep, id);
		break;
	case 7:
		send_request(w, NULL);
		break;
	}
}

/* --- the peer and the network --- */

static const char *remote(struct world *w)
{
	static const char *const remotes[] = {
		home, home, home, "192.0.2.66:5060",
	};

	return remotes[tape_below(&w->tape, ARRAY_LEN(remotes))];
}

/* A copy in memory of its own size, for the sanitizer. */
static void deliver(struct world *w, const struct flow *from,
                    struct slice text)
{
	char *copy = malloc(text.len != 0 ? text.len : 1);

	if (copy == NULL)
		return;
	memcpy(copy, text.p, text.len);
	rig_inject_over(&w->party, from, slice_make(copy, text.len));
	free(copy);
}

static void keep_theirs(struct world *w, struct slice text)
{
	struct slice kept = arena_copy(&w->rig.arena, text);

	if (kept.p != NULL)
		w->theirs[w->ntheirs++ % REPEATED] = kept;
}

static void peer_requests(struct world *w)
{
	struct context *ctx = any_context(w);
	struct dialog *d = ctx == NULL ? NULL
	                   : context_nth_dialog(ctx, tape_below(&w->tape, 3));
	struct buf text = { 0 };
	struct flow from;

	grammar_request(&w->tape, d, &text);
	grammar_mutate(&w->tape, &text);
	from = rig_flow(&w->party, TRANSPORT_UDP, remote(w));
	keep_theirs(w, buf_view(&text));
	deliver(w, &from, buf_view(&text));
	buf_deinit(&text);
}

static void peer_responds(struct world *w)
{
	size_t n = w->nours < KEPT ? w->nours : KEPT;
	const struct rig_sent *s;
	struct buf text = { 0 };
	struct message m;
	struct fault fault;

	if (n == 0)
		return;
	s = &w->ours[(w->nours - 1 - tape_below(&w->tape, (unsigned)n))
	             % KEPT];
	message_init(&m);
	if (message_parse(&m, s->wire, &message_limits_default, &fault) == OK
	    && message_check(&m, &fault)) {
		grammar_response(&w->tape, &m, &text);
		grammar_mutate(&w->tape, &text);
		keep_theirs(w, buf_view(&text));
		deliver(w, &s->flow, buf_view(&text));
	}
	message_deinit(&m);
	buf_deinit(&text);
}

static void peer_repeats(struct world *w)
{
	struct slice text = w->theirs[tape_below(&w->tape, REPEATED)];
	struct flow from = rig_flow(&w->party, TRANSPORT_UDP, remote(w));

	if (text.p != NULL)
		deliver(w, &from, text);
}

static void raw_octets(struct world *w)
{
	struct tape *t = &w->tape;
	size_t n = tape_take(t), left;
	struct flow from = rig_flow(&w->party, TRANSPORT_UDP, remote(w));

	left = (size_t)(t->end - t->p);
	if (n > left)
		n = left;
	deliver(w, &from, fuzz_input(t->p, n));
	t->p += n;
}

static void trouble(struct world *w)
{
	static const enum error errors[] = {
		OK, ERR_AGAIN, ERR_NOMEM, ERR_UNREACHABLE, ERR_NETWORK,
	};

	switch (tape_below(&w->tape, 4)) {
	case 0:
		rig_break(&w->party, tape_below(&w->tape, 2) == 0);
		break;
	case 1:
		rig_refuse(&w->rig, home);
		rig_settle(&w->rig);
		rig_accept(&w->rig, home);
		break;
	default:
		w->party.legs[TRANSPORT_UDP]->send_error =
			errors[tape_below(&w->tape, ARRAY_LEN(errors))];
	}
}

static void tick(struct world *w)
{
	static const unsigned ms[] = {
		0, 1, 200, 500, 4000, 5000, 32000, 60000, 180000, 300000,
	};

	rig_advance(&w->rig, ms[tape_below(&w->tape, ARRAY_LEN(ms))]);
}

static void step(struct world *w)
{
	switch (tape_below(&w->tape, 16)) {
	case 0: case 1: case 2: case 3: case 4:
		peer_responds(w);
		break;
	case 5: case 6: case 7:
		peer_requests(w);
		break;
	case 8:
		peer_repeats(w);
		break;
	case 9:
		raw_octets(w);
		break;
	case 10:
		trouble(w);
		break;
	case 11: case 12:
		tick(w);
		break;
	case 13:
		register_ours(w);
		break;
	default:
		command(w, any_context(w));
	}
	rig_settle(&w->rig);
	check_sent(w);
}

/* --- beginning and end --- */

static void begin(struct world *w)
{
	struct registrar_settings served = registrar_settings_default;

	rig_init(&w->rig);
	rig_add_address(&w->rig, "evil.example", "192.0.2.66");
	rig_join_transactions(&w->rig, &w->party, "192.0.2.1",
	                      RIG_UDP | RIG_TCP | RIG_TLS);
	w->settings = endpoint_settings_default;
	w->settings.redirects = tape_below(&w->tape, 6);
	w->ep = endpoint_new(w->party.transactions, &w->settings);
	endpoint_set_application(w->ep, receive, w);
	endpoint_set_ask(w->ep, ask, w);
	served.realm = SLICE("home");
	w->registrar = registrar_new(&w->rig.env, &served);
	w->credentials = credentials_new();
	PROPERTY(w->ep != NULL && w->registrar != NULL
	         && w->credentials != NULL);
	PROPERTY(credentials_set_own(w->credentials, SLICE("alice"), secret)
	         == OK);
	PROPERTY(credentials_add_host(w->credentials, SLICE("192.0.2.9"))
	         == OK);
	if (tape_below(&w->tape, 2) == 1)
		PROPERTY(registrar_add_user(w->registrar, SLICE("bob"),
		                            SLICE("pw")) == OK);
}

static void close_context(struct context *ctx, void *arg)
{
	struct world *w = arg;

	endpoint_close_context(w->ep, ctx);
}

static void end(struct world *w)
{
	w->reactions = 1000;
	registration_free(w->registration);
	w->registration = NULL;
	endpoint_each_context(w->ep, close_context, w);
	w->party.legs[TRANSPORT_UDP]->send_error = OK;
	for (unsigned i = 0; i < 4; i++)
		rig_advance(&w->rig, 64000);
	PROPERTY(endpoint_contexts(w->ep) == 0);
	PROPERTY(transactions_count(w->party.transactions) == 0);
	endpoint_free(w->ep);
	registrar_free(w->registrar);
	credentials_free(w->credentials);
	rig_deinit(&w->rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	static struct world w;

	w = (struct world){ .tape = { octets, octets + len } };
	begin(&w);
	for (unsigned i = 0; i < STEPS_MAX && w.tape.p != w.tape.end
	     && w.rig.nconns < RIG_CONNS / 2; i++)
		step(&w);
	end(&w);
	return 0;
}
