/*
 * Each allocation of a whole flow fails in turn: registering, calling, being
 * called, from the first to the last. Nothing breaks or stays behind, and
 * whoever asked for something is told how it ended.
 */

#include "core/ua/registrar.h"
#include "core/ua/registration.h"
#include "tests/helpers.h"
#include "tests/rig.h"

static const char peer[] = "192.0.2.9:5060";

static struct world {
	struct rig rig;
	struct rig_party party;
	struct endpoint *ep;
	struct endpoint_settings settings;
	struct credentials *credentials;
	struct registration *registration;
	struct registrar *registrar;
	uint64_t incoming;              /* the last that was told */
	unsigned asked, told;           /* requests of ours; their ends */
	unsigned registered;            /* reports of the registration */
} world;

/* --- what is told; nothing in here may allocate --- */

static void hear(struct endpoint *ep, struct context *ctx,
                 const struct outcome *o, void *arg)
{
	(void)ep;
	(void)ctx;
	(void)arg;
	if (o->final && !o->repeated && !o->unwanted)
		world.told++;
}

static void hear_registration(struct registration *r,
                              const struct registration_report *report,
                              void *arg)
{
	(void)r;
	(void)arg;
	world.registered += report->outcome != NULL;
}

static void receive(struct endpoint *ep, struct context *ctx,
                    const struct incoming *in, void *arg)
{
	(void)ctx;
	(void)arg;
	if (in->id == 0)
		return;
	if (world.registrar != NULL
	    && registrar_receive(world.registrar, ep, in))
		return;
	world.incoming = in->id;
}

/* --- steps --- */

/* The last message that we sent and that begins so; NULL: there is none. */
static const struct rig_sent *sent(const char *start)
{
	for (size_t i = world.rig.nsent; i-- > 0;)
		if (slice_starts_with(world.rig.sent[i].wire,
		                      slice_str(start)))
			return &world.rig.sent[i];
	return NULL;
}

static void settle(uint64_t ms)
{
	test_alloc_resume();
	rig_advance(&world.rig, ms);
	test_alloc_pause();
}

static void inject(enum transport t, struct slice wire)
{
	struct flow from = rig_flow(&world.party, t, peer);

	test_alloc_resume();
	rig_inject_over(&world.party, &from, wire);
	test_alloc_pause();
	settle(0);
}

static void respond(const char *start, const struct rig_response *q)
{
	const struct rig_sent *s = sent(start);
	struct flow from;
	struct slice wire;

	if (s == NULL)
		return;
	from = s->flow;
	wire = rig_response(&world.rig, s->wire, q);
	test_alloc_resume();
	rig_inject_over(&world.party, &from, wire);
	test_alloc_pause();
	settle(0);
}

static void respond_status(const char *start, unsigned status)
{
	respond(start, &(struct rig_response){
		.status = status, .contact = "<sip:bob@192.0.2.9>",
	});
}

static void challenge(const char *start)
{
	respond(start, &(struct rig_response){
		.status = 401,
		.extra = "WWW-Authenticate: Digest realm=\"r\",nonce=\"n\","
		         "qop=\"auth\",algorithm=SHA-256\r\n",
	});
}

static void request(const char *method, const char *to, const char *via,
                    unsigned cseq)
{
	inject(TRANSPORT_UDP, rig_request(&world.rig, &(struct rig_request){
		.method = method,
		.via = via,
		.from = "<sip:bob@192.0.2.9>;tag=peer",
		.to = to,
		.cseq = cseq,
		.contact = "<sip:bob@192.0.2.9>",
	}));
}

/* In the dialog that our last 2xx made. */
static void request_within(const char *method, const char *via, unsigned cseq)
{
	const struct rig_sent *ok = sent("SIP/2.0 200");
	struct slice to;
	char text[200];

	if (ok == NULL)
		return;
	to = message_header(rig_parse(&world.rig, ok->wire), HEADER_TO, 0);
	ck_assert_uint_lt(to.len, sizeof(text));
	memcpy(text, to.p, to.len);
	text[to.len] = '\0';
	request(method, text, via, cseq);
}

/* Its context's id; 0: it was not sent. */
static uint64_t ask(const char *method, const char *uri)
{
	struct context *ctx;
	uint64_t id;
	enum error err = OK;

	test_alloc_resume();
	ctx = endpoint_new_request(world.ep, NULL, &(struct context_params){
		.from = SLICE("sip:alice@192.0.2.9"),
		.to = slice_str(uri),
		.credentials = world.credentials,
	}, &(struct request_params){
		.method = slice_str(method), .fn = hear,
		.content_type = SLICE("text/plain"), .body = SLICE("hello"),
	}, &err);
	test_alloc_pause();
	if (ctx == NULL)
		ck_assert_int_eq(err, ERR_NOMEM);
	world.asked += ctx != NULL;
	id = ctx == NULL ? 0 : context_id(ctx);
	settle(0);
	return id;
}

static void answer(unsigned status)
{
	test_alloc_resume();
	(void)endpoint_new_response(world.ep, world.incoming,
	                            &(struct response_parts){
		.status = status,
		.content_type = SLICE("text/plain"),
		.body = SLICE("hello"),
	});
	test_alloc_pause();
	settle(0);
}

static void hang_up(uint64_t id)
{
	struct context *ctx = endpoint_find_context(world.ep, id);

	if (ctx == NULL)
		return;
	test_alloc_resume();
	(void)endpoint_hangup(world.ep, ctx, NULL, NULL);
	test_alloc_pause();
	settle(0);
}

/* --- flows --- */

static void know_secret(void)
{
	test_alloc_resume();
	world.credentials = credentials_new();
	if (world.credentials != NULL) {
		(void)credentials_set_own(world.credentials, SLICE("alice"),
		                          SLICE("secret"));
		(void)credentials_add_host(world.credentials,
		                           SLICE("192.0.2.9"));
	}
	test_alloc_pause();
}

static void registers(void)
{
	enum error err = OK;
	bool started;

	know_secret();
	test_alloc_resume();
	world.registration = registration_new(
		world.ep, &(struct registration_params){
			.registrar = SLICE("sip:192.0.2.9"),
			.aor = SLICE("sip:alice@192.0.2.9"),
			.expires_s = 60,
			.credentials = world.credentials,
		}, hear_registration, NULL, &err);
	started = world.registration != NULL
	          && registration_register(world.registration, NULL) == OK;
	test_alloc_pause();
	settle(0);
	challenge("REGISTER ");
	respond("REGISTER ", &(struct rig_response){
		.status = 200, .contact = "<sip:alice@192.0.2.1:5060>",
		.extra = "Expires: 60\r\nService-Route: <sip:192.0.2.9;lr>\r\n",
	});
	settle(54000);
	respond_status("REGISTER ", 423);
	settle(64000);
	if (started)
		ck_assert_uint_ge(world.registered, 1);
}

static void calls_and_hangs_up(void)
{
	uint64_t call;

	know_secret();
	call = ask("INVITE", "sip:bob@192.0.2.9");
	challenge("INVITE ");
	respond_status("INVITE ", 180);
	respond("INVITE ", &(struct rig_response){
		.status = 200, .contact = "<sip:bob@192.0.2.9>",
		.extra = "Record-Route: <sip:192.0.2.9;lr>\r\n",
	});
	respond("INVITE ", &(struct rig_response){
		.status = 200, .contact = "<sip:bob@192.0.2.9>",
		.to_tag = "fork",
	});
	request_within("OPTIONS", NULL, 1);
	hang_up(call);
	respond_status("BYE ", 200);
}

static void is_redirected_and_refused(void)
{
	ask("INVITE", "sip:bob@192.0.2.9");
	respond("INVITE ", &(struct rig_response){
		.status = 302,
		.contact = "<sip:a@192.0.2.9>;q=0.1, <sip:b@192.0.2.9>",
	});
	respond_status("INVITE ", 486);
	respond_status("INVITE ", 603);
}

static void calls_and_gives_up(void)
{
	uint64_t call = ask("INVITE", "sip:bob@192.0.2.9");

	respond_status("INVITE ", 180);
	hang_up(call);
	respond_status("CANCEL ", 200);
	respond_status("INVITE ", 487);
	settle(64000);
	ck_assert_uint_eq(world.told, world.asked);
}

static void writes_to_a_name_over_tcp(void)
{
	ask("MESSAGE", "sip:bob@example.com;transport=tcp");
	respond_status("MESSAGE ", 200);
	settle(64000);
	ck_assert_uint_eq(world.told, world.asked);
}

static void is_called(void)
{
	request("INVITE", NULL, NULL, 1);
	answer(180);
	answer(200);
	request_within("ACK", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKa", 1);
	request_within("INVITE", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKr", 2);
	answer(200);
	request_within("ACK", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKs", 2);
	request_within("INFO", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKi", 3);
	answer(200);
	request_within("BYE", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKb", 4);
}

static void is_called_and_given_up(void)
{
	request("INVITE", NULL, NULL, 1);
	answer(180);
	request("CANCEL", NULL, NULL, 1);
	request("ACK", NULL, NULL, 1);
}

static void refuses_what_it_must(void)
{
	request("FROB", NULL, NULL, 1);
	request("BYE", NULL, NULL, 1);
	request("INVITE", "<sip:alice@192.0.2.1>;tag=gone", NULL, 1);
	inject(TRANSPORT_UDP, SLICE("OPTIONS sip:a SIP/7.0\r\n"
	                            "Via: SIP/2.0/UDP 192.0.2.9\r\n\r\n"));
}

static void serves_a_registrar(void)
{
	struct registrar_settings s = registrar_settings_default;

	s.realm = SLICE("r");
	test_alloc_resume();
	world.registrar = registrar_new(&world.rig.env, &s);
	if (world.registrar != NULL)
		(void)registrar_add_user(world.registrar, SLICE("carol"),
		                         SLICE("secret"));
	test_alloc_pause();
	request("REGISTER", "<sip:bob@192.0.2.1>", NULL, 1);
	request("MESSAGE", "<sip:bob@192.0.2.1>", NULL, 1);
}

static const struct {
	const char *what;
	void (*run)(void);
} flows[] = {
	{ "registers, and again",       registers },
	{ "calls and hangs up",         calls_and_hangs_up },
	{ "is redirected and refused",  is_redirected_and_refused },
	{ "calls and gives up",         calls_and_gives_up },
	{ "writes over TCP",            writes_to_a_name_over_tcp },
	{ "is called",                  is_called },
	{ "is called and given up",     is_called_and_given_up },
	{ "refuses what it must",       refuses_what_it_must },
	{ "serves a registrar",         serves_a_registrar },
};

/* --- all of them, with every shortage --- */

static void begin(void)
{
	world = (struct world){ .settings = endpoint_settings_default };
	world.settings.redirects = 3;
	world.settings.accept = SLICE("text/plain");
	world.settings.allow = SLICE("INVITE, ACK, BYE, CANCEL, OPTIONS, "
	                             "INFO, MESSAGE, REGISTER");
	rig_init(&world.rig);
	rig_add_address(&world.rig, "example.com", "192.0.2.9");
	rig_join_transactions(&world.rig, &world.party, "192.0.2.1",
	                      RIG_UDP | RIG_TCP);
	world.ep = endpoint_new(world.party.transactions, &world.settings);
	ck_assert_ptr_nonnull(world.ep);
	endpoint_set_application(world.ep, receive, NULL);
}

static void close_context(struct context *ctx, void *arg)
{
	(void)arg;
	endpoint_close_context(world.ep, ctx);
}

static void end(const char *what, size_t nth)
{
	registration_free(world.registration);
	endpoint_each_context(world.ep, close_context, NULL);
	for (unsigned i = 0; i < 4; i++)
		rig_advance(&world.rig, 64000);
	ck_assert_msg(endpoint_contexts(world.ep) == 0,
	              "%s, %zu: a context stays", what, nth);
	ck_assert_msg(transactions_count(world.party.transactions) == 0,
	              "%s, %zu: a transaction stays", what, nth);
	endpoint_free(world.ep);
	registrar_free(world.registrar);
	credentials_free(world.credentials);
	rig_deinit(&world.rig);
}

START_TEST(a_flow_survives_every_shortage_of_memory)
{
	bool failed = true;
	size_t n;

	for (n = 0; failed; n++) {
		begin();
		test_alloc_pause();
		test_alloc_fail(n);
		flows[_i].run();
		failed = test_alloc_restore();
		end(flows[_i].what, n);
	}
	/* it has been somewhere */
	ck_assert_uint_gt(n, 8);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("oom", &tests);

	tcase_add_loop_test(tests, a_flow_survives_every_shortage_of_memory,
	                    0, ARRAY_LEN(flows));
	return s;
}

int main(void)
{
	return test_main(suite());
}
