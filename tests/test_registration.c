/* Registrations, on an endpoint that is played by this file. */

#include <stdio.h>
#include <stdlib.h>

#include "core/ua/registration.h"
#include "tests/helpers.h"

/* --- the endpoint --- */

enum { TEXT_MAX = 2000 };

struct context {
	uint64_t id;
};

/* Keeps the last request, and who wants to hear of it. */
struct endpoint {
	struct env env;
	struct leg leg;
	struct flow flow;
	struct context context;
	unsigned sent, closed;
	enum error refuse;              /* what the next sending fails with */
	char uri[TEXT_MAX], from[TEXT_MAX], call_id[TEXT_MAX];
	char fields[TEXT_MAX];          /* "Name: value|Name: value" */
	char contact_params[TEXT_MAX];
	bool with_contact;
	uint32_t cseq;
	struct credentials *credentials;
	response_fn *fn;
	void *arg;
};

static struct endpoint ep;

static void keep(char *to, struct slice s)
{
	snprintf(to, TEXT_MAX, "%.*s", SLICE_ARG(s));
}

struct env *endpoint_env(struct endpoint *e)
{
	return &e->env;
}

struct context *endpoint_find_context(struct endpoint *e, uint64_t id)
{
	return e->context.id == id ? &e->context : NULL;
}

void endpoint_close_context(struct endpoint *e, struct context *ctx)
{
	ck_assert_ptr_eq(ctx, &e->context);
	e->context.id = 0;
	e->closed++;
}

uint64_t context_id(const struct context *ctx)
{
	return ctx->id;
}

struct context *endpoint_new_request(struct endpoint *e, struct context *ctx,
                                     const struct context_params *params,
                                     const struct request_params *req,
                                     enum error *err)
{
	struct buf fields = { 0 };

	if (e->refuse != OK) {
		*err = e->refuse;
		e->refuse = OK;
		return NULL;
	}
	ck_assert_ptr_null(ctx);
	ck_assert_slice_eq(req->method, "REGISTER");
	ck_assert(slice_eq(params->from, params->to));
	for (size_t i = 0; i < req->nfields; i++) {
		buf_str(&fields, i == 0 ? "" : "|");
		buf_slice(&fields, req->fields[i].name);
		buf_str(&fields, ": ");
		buf_slice(&fields, req->fields[i].value);
	}
	keep(e->fields, buf_view(&fields));
	buf_deinit(&fields);
	keep(e->uri, req->uri);
	keep(e->from, params->from);
	keep(e->call_id, params->call_id);
	keep(e->contact_params, req->contact_params);
	e->with_contact = req->with_contact;
	e->credentials = params->credentials;
	e->cseq = params->cseq + 1;
	e->fn = req->fn;
	e->arg = req->arg;
	e->sent++;
	e->context.id = e->sent;
	return &e->context;
}

static enum error source(struct leg *leg, const struct addr *remote,
                         struct addr *out)
{
	(void)remote;
	*out = leg->local;
	return OK;
}

static void octets(void *out, size_t n, void *arg)
{
	static unsigned char next;

	(void)arg;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)out)[i] = next++;
}

/* --- what the registration says --- */

static struct {
	unsigned count;
	enum registration_event event;
	unsigned status;
	enum error err;
	char text[TEXT_MAX];
	uint32_t expires_s;
	bool refresh;
	int64_t next_try_ms;
	char bindings[TEXT_MAX];
	bool ran_out;                   /* an allocation was made to fail */
} seen;

static struct registration *reg;
static bool free_when_told;

static void print_binding(struct buf *out, const struct binding *b)
{
	buf_str(out, out->len == 0 ? "" : " ");
	buf_slice(out, b->contact);
	buf_printf(out, ",%u", b->expires_s);
	if (b->has_q)
		buf_printf(out, ",q%u", b->q_thousandths);
	if (b->self)
		buf_str(out, ",self");
	if (b->instance.p != NULL)
		buf_printf(out, ",i=%.*s", SLICE_ARG(b->instance));
	if (b->reg_id.p != NULL)
		buf_printf(out, ",r=%.*s", SLICE_ARG(b->reg_id));
}

static void on_report(struct registration *r,
                      const struct registration_report *report, void *arg)
{
	struct buf bindings = { 0 };

	seen.ran_out = test_alloc_restore();
	ck_assert_ptr_eq(arg, &seen);
	seen.count++;
	seen.event = report->event;
	seen.status = report->outcome->response == NULL
	              ? 0 : report->outcome->response->status;
	seen.err = report->outcome->err;
	keep(seen.text, slice_str(report->outcome->text));
	seen.expires_s = report->expires_s;
	seen.refresh = report->refresh;
	seen.next_try_ms = report->next_try_ms;
	for (size_t i = 0; i < report->nbindings; i++)
		print_binding(&bindings, &report->bindings[i]);
	keep(seen.bindings, buf_view(&bindings));
	buf_deinit(&bindings);
	if (free_when_told) {
		registration_free(r);
		reg = NULL;
	}
}

/* --- playing --- */

static struct leg_ops ops = { .source = source };

static const struct registration_params plain = {
	.registrar = SLICE_INIT("sip:example.com"),
	.aor = SLICE_INIT("sip:alice@example.com"),
	.expires_s = 600,
};

static void set_up(void)
{
	ep = (struct endpoint){ .closed = 0 };
	memset(&seen, 0, sizeof(seen));
	free_when_told = false;
	env_init(&ep.env, 1000000, 0, octets, NULL);
	ep.leg.ops = &ops;
	ep.leg.transport = TRANSPORT_UDP;
	ck_assert(addr_parse(SLICE("192.0.2.1:5062"), &ep.leg.local));
	ep.flow.leg = &ep.leg;
	ck_assert(addr_parse(SLICE("192.0.2.9:5060"), &ep.flow.remote));
	reg = NULL;
}

static void tear_down(void)
{
	registration_free(reg);
}

static void begin(const struct registration_params *p)
{
	enum error err;

	reg = registration_new(&ep, p, on_report, &seen, &err);
	ck_assert_ptr_nonnull(reg);
	ck_assert_uint_eq(ep.sent, 0);
}

static void advance_ms(uint64_t ms)
{
	for (uint64_t end = ep.env.timers.now_us + ms * 1000;;) {
		int64_t next = env_advance(&ep.env, ep.env.timers.now_us, 0);

		if (next < 0 || ep.env.timers.now_us + (uint64_t)next > end) {
			env_advance(&ep.env, end, 0);
			return;
		}
		env_advance(&ep.env, ep.env.timers.now_us + (uint64_t)next,
		            0);
	}
}

static void tell(struct outcome *o)
{
	response_fn *fn = ep.fn;

	o->flow = &ep.flow;
	o->method = METHOD_REGISTER;
	o->cseq = o->cseq == 0 ? ep.cseq : o->cseq;
	if (o->final) {
		ep.fn = NULL;
		ep.context.id = 0;
	}
	fn(&ep, &ep.context, o, ep.arg);
}

/* The nth allocation from here on fails, and none when nth is -1. */
static void answer_short_of_memory(const char *status_line,
                                   const char *headers, uint32_t cseq,
                                   long nth)
{
	struct buf wire = { 0 };
	struct message m;
	struct fault fault;

	buf_printf(&wire, "SIP/2.0 %s\r\n%s\r\n", status_line, headers);
	message_init(&m);
	ck_assert_int_eq(message_parse(&m, buf_view(&wire),
	                               &message_limits_default, &fault), OK);
	if (nth >= 0)
		test_alloc_fail((size_t)nth);
	tell(&(struct outcome){
		.response = &m, .final = m.status >= 200, .text = "",
		.cseq = cseq,
	});
	message_deinit(&m);
	buf_deinit(&wire);
}

static void answer_as(const char *status_line, const char *headers,
                      uint32_t cseq)
{
	answer_short_of_memory(status_line, headers, cseq, -1);
}

static void answer(const char *status_line, const char *headers)
{
	answer_as(status_line, headers, 0);
}

static void fail_with(enum error err)
{
	tell(&(struct outcome){
		.final = true, .err = err, .text = error_text(err),
	});
}

#define OWN "<sip:alice@192.0.2.1:5062>"

static void register_for(uint32_t granted_s)
{
	char contact[TEXT_MAX];

	snprintf(contact, sizeof(contact), "Contact: " OWN ";expires=%u\r\n",
	         granted_s);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	answer("200 OK", contact);
	ck_assert_int_eq(seen.event, REGISTRATION_OK);
}

/* --- what is sent --- */

START_TEST(a_register_asks_for_the_legs_contact)
{
	struct registration_params p = plain;

	p.registrar = SLICE("sip:user@example.com:5070;transport=tcp");
	p.contact_params = SLICE(";q=0.5");
	begin(&p);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	ck_assert_uint_eq(ep.sent, 1);
	/* 10.2: no user part; where it goes is kept. */
	ck_assert_str_eq(ep.uri, "sip:example.com:5070;transport=tcp");
	ck_assert_str_eq(ep.from, "sip:alice@example.com");
	ck_assert_str_eq(ep.fields, "Expires: 600");
	ck_assert(ep.with_contact);
	ck_assert_str_eq(ep.contact_params, ";q=0.5");
	ck_assert(registration_is_busy(reg));
	ck_assert(!registration_is_active(reg));
}
END_TEST

static const struct {
	const char *why, *given, *sent;
} contacts[] = {
	{ "a URI keeps its parameters inside", "sip:a@192.0.2.7;transport=tcp",
	  "<sip:a@192.0.2.7;transport=tcp>" },
	{ "a name-addr keeps its own", "\"A\" <sip:a@192.0.2.7>;q=0.5",
	  "\"A\" <sip:a@192.0.2.7>;q=0.5" },
	{ "a time of its own", "<sip:a@192.0.2.7>;expires=30;q=1",
	  "<sip:a@192.0.2.7>;q=1;expires=30" },
	{ "a quoted parameter", "<sip:a@h>;+sip.instance=\"<urn:x>\";ob",
	  "<sip:a@h>;+sip.instance=\"<urn:x>\";ob" },
};

START_TEST(a_contact_that_is_given_is_sent)
{
	struct slice given = slice_str(contacts[_i].given);
	struct registration_params p = plain;
	char want[TEXT_MAX];

	p.contacts = &given;
	p.ncontacts = 1;
	begin(&p);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	snprintf(want, sizeof(want), "Contact: %s|Expires: 600",
	         contacts[_i].sent);
	ck_assert_msg(strcmp(ep.fields, want) == 0, "%s: %s",
	              contacts[_i].why, ep.fields);
}
END_TEST

START_TEST(the_users_fields_win)
{
	const struct field fields[] = {
		{ SLICE_INIT("Subject"), SLICE_INIT("hi") },
		{ SLICE_INIT("expires"), SLICE_INIT("7") },
		{ SLICE_INIT("m"), { NULL, 0 } },
	};
	const struct slice contact = SLICE_INIT("sip:a@192.0.2.7");
	struct registration_params p = plain;

	p.contacts = &contact;
	p.ncontacts = 1;
	p.fields = fields;
	p.nfields = ARRAY_LEN(fields);
	begin(&p);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	ck_assert_str_eq(ep.fields, "Subject: hi|expires: 7|m: ");
}
END_TEST

static const struct {
	const char *why, *registrar, *aor, *contact;
} unfit[] = {
	{ "no registrar", "", "sip:a@b", "sip:a@h" },
	{ "another scheme", "tel:+1", "sip:a@b", "sip:a@h" },
	{ "no AOR", "sip:b", "", "sip:a@h" },
	{ "a wildcard AOR", "sip:b", "*", "sip:a@h" },
	{ "no contact", "sip:b", "sip:a@b", "" },
	{ "* is registration_remove_all()", "sip:b", "sip:a@b", "*" },
	{ "q over 1", "sip:b", "sip:a@b", "<sip:a@h>;q=2" },
};

START_TEST(unfit_parameters_are_refused)
{
	struct slice contact = slice_str(unfit[_i].contact);
	const struct registration_params p = {
		.registrar = slice_str(unfit[_i].registrar),
		.aor = slice_str(unfit[_i].aor),
		.contacts = &contact,
		.ncontacts = 1,
	};
	enum error err = OK;

	ck_assert_msg(registration_new(&ep, &p, on_report, &seen, &err)
	              == NULL, "%s", unfit[_i].why);
	ck_assert_int_eq(err, ERR_SYNTAX);
}
END_TEST

START_TEST(call_id_stays_and_cseq_rises_10_2_4)
{
	char call_id[TEXT_MAX];

	begin(&plain);
	registration_register(reg, NULL);
	ck_assert_uint_eq(ep.cseq, 1);
	memcpy(call_id, ep.call_id, sizeof(call_id));
	ck_assert_uint_ge(strlen(call_id), 13);
	/* The endpoint answered a challenge, with the next number. */
	answer_as("200 OK", "Contact: " OWN ";expires=100\r\n", 2);
	advance_ms(90000);
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert_uint_eq(ep.cseq, 3);
	ck_assert_str_eq(ep.call_id, call_id);
	ck_assert_str_eq(ep.fields, "Expires: 600");
	answer("200 OK", "");
	registration_query(reg);
	ck_assert_uint_eq(ep.cseq, 4);
	ck_assert_str_eq(ep.call_id, call_id);
}
END_TEST

/* --- what is answered --- */

static const struct {
	const char *why, *headers;
	uint32_t expires_s;
} grants[] = {
	{ "of our contact", "Contact: " OWN ";expires=77\r\nExpires: 5\r\n",
	  77 },
	{ "not of another's", "Contact: <sip:alice@192.0.2.8>;expires=9, "
	  OWN ";expires=60\r\n", 60 },
	{ "in another field", "Contact: <sip:alice@192.0.2.8>;expires=9\r\n"
	  "Contact: " OWN ";expires=61\r\n", 61 },
	{ "host without regard to case, 19.1.4",
	  "Contact: <SIP:alice@192.0.2.1:5062>;expires=62\r\n", 62 },
	{ "user with regard to case, 19.1.4",
	  "Contact: <sip:Alice@192.0.2.1:5062>;expires=63\r\n", 600 },
	{ "of the header, for ours", "Contact: " OWN "\r\nExpires: 64\r\n",
	  64 },
	{ "of the header, ours rewritten",
	  "Contact: <sip:x@203.0.113.1>;expires=9\r\nExpires: 65\r\n", 65 },
	{ "as asked", "", 600 },
	{ "a header that is no number", "Expires: soon\r\n", 600 },
};

START_TEST(the_time_granted_is_found_10_2_4)
{
	begin(&plain);
	registration_register(reg, NULL);
	answer("200 OK", grants[_i].headers);
	ck_assert_msg(seen.expires_s == grants[_i].expires_s, "%s: %u",
	              grants[_i].why, seen.expires_s);
	ck_assert_uint_eq(registration_left_s(reg), grants[_i].expires_s);
	ck_assert(registration_is_active(reg));
}
END_TEST

START_TEST(the_shortest_of_our_contacts_counts)
{
	const struct slice two[] = {
		SLICE_INIT("sip:a@192.0.2.7"), SLICE_INIT("sip:a@192.0.2.8"),
	};
	struct registration_params p = plain;

	p.contacts = two;
	p.ncontacts = 2;
	begin(&p);
	registration_register(reg, NULL);
	ck_assert_str_eq(ep.fields, "Contact: <sip:a@192.0.2.7>, "
	                 "<sip:a@192.0.2.8>|Expires: 600");
	answer("200 OK", "Contact: <sip:a@192.0.2.7>;expires=300\r\n"
	       "Contact: <sip:a@192.0.2.8>;expires=200\r\n");
	ck_assert_uint_eq(seen.expires_s, 200);
}
END_TEST

START_TEST(every_binding_is_told)
{
	begin(&plain);
	registration_query(reg);
	answer("200 OK",
	       "m: <sip:a@h1>;q=0.25;expires=10,\"A, B\" <sip:b@h2>\r\n"
	       "Expires: 99\r\n"
	       "Contact: " OWN ";expires=7;+sip.instance=\"<urn:uuid:1>\""
	       ";reg-id=2, <sip:bad@>, *\r\n");
	ck_assert_int_eq(seen.event, REGISTRATION_BINDINGS);
	ck_assert_str_eq(seen.bindings, "sip:a@h1,10,q250 sip:b@h2,99 "
	                 "sip:alice@192.0.2.1:5062,7,self,i=<urn:uuid:1>,r=2");
}
END_TEST

START_TEST(a_query_touches_nothing)
{
	begin(&plain);
	register_for(100);
	registration_query(reg);
	ck_assert_str_eq(ep.fields, "");
	ck_assert(!ep.with_contact);
	answer("200 OK", "");
	ck_assert_int_eq(seen.event, REGISTRATION_BINDINGS);
	ck_assert(registration_is_active(reg));
	advance_ms(90000);
	ck_assert_uint_eq(ep.sent, 3);
	ck_assert_str_eq(ep.fields, "Expires: 600");
}
END_TEST

START_TEST(service_routes_are_those_of_the_last_2xx_rfc3608)
{
	struct slice route;

	begin(&plain);
	registration_register(reg, NULL);
	answer("200 OK", "Service-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
	       "Service-Route: <sip:p3;lr>\r\n");
	ck_assert(registration_service_route(reg, 2, &route));
	ck_assert_slice_eq(route, "<sip:p3;lr>");
	ck_assert(!registration_service_route(reg, 3, &route));
	registration_register(reg, NULL);
	answer("200 OK", "");
	ck_assert(!registration_service_route(reg, 0, &route));
}
END_TEST

/* --- time --- */

static const struct {
	uint32_t granted_s;
	uint64_t after_ms;
} moments[] = {
	{ 3600, 3240000 },      /* a tenth before */
	{ 60, 54000 },
	{ 50, 45000 },
	{ 30, 25000 },          /* 5 s before */
	{ 10, 5000 },
	{ 8, 4000 },            /* half of it */
	{ 2, 1000 },
	{ 1, 500 },
};

START_TEST(a_registration_is_refreshed_before_it_expires)
{
	begin(&plain);
	register_for(moments[_i].granted_s);
	advance_ms(moments[_i].after_ms - 1);
	ck_assert_uint_eq(ep.sent, 1);
	advance_ms(1);
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert(registration_is_active(reg));
	answer("200 OK", "Contact: " OWN ";expires=60\r\n");
	ck_assert_uint_eq(seen.count, 2);
	ck_assert(seen.refresh);
	ck_assert_uint_eq(registration_left_s(reg), 60);
}
END_TEST

START_TEST(a_single_register_is_left_to_expire)
{
	struct registration_params p = plain;

	p.once = true;
	begin(&p);
	register_for(60);
	advance_ms(59999);
	ck_assert_uint_eq(registration_left_s(reg), 1);
	ck_assert(registration_is_active(reg));
	advance_ms(1);
	ck_assert(!registration_is_active(reg));
	ck_assert_uint_eq(registration_left_s(reg), 0);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

START_TEST(a_binding_granted_no_time_is_none)
{
	begin(&plain);
	register_for(0);
	ck_assert(!registration_is_active(reg));
	advance_ms(10000000);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

/* RFC 5626 4.5: 30 s, doubling up to 1800 s, each cut by up to a half. */
START_TEST(a_refresh_that_fails_is_tried_ever_more_seldom)
{
	static const int64_t upper_s[] = {
		30, 60, 120, 240, 480, 960, 1800, 1800,
	};

	begin(&plain);
	register_for(3600);
	advance_ms(3240000);
	for (size_t i = 0; i < ARRAY_LEN(upper_s); i++) {
		ck_assert_uint_eq(ep.sent, i + 2);
		fail_with(ERR_TIMEOUT);
		ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
		ck_assert_int_eq(seen.err, ERR_TIMEOUT);
		ck_assert(seen.refresh);
		ck_assert_int_le(seen.next_try_ms, upper_s[i] * 1000);
		ck_assert_int_ge(seen.next_try_ms, upper_s[i] * 500);
		advance_ms((uint64_t)seen.next_try_ms - 1);
		ck_assert_uint_eq(ep.sent, i + 2);
		advance_ms(1);
	}
	ck_assert(!registration_is_active(reg));
	answer("200 OK", "Contact: " OWN ";expires=3600\r\n");
	advance_ms(3240000);
	fail_with(ERR_REFUSED);
	ck_assert_int_le(seen.next_try_ms, 30000);
}
END_TEST

static const struct {
	const char *why, *header;
	int64_t least_ms, most_ms;
} retry_afters[] = {
	{ "later than we would", "Retry-After: 100 (busy);duration=5\r\n",
	  100000, 100000 },
	{ "at once is no storm", "Retry-After: 0\r\n", 15000, 30000 },
	{ "not readable", "Retry-After: soon\r\n", 15000, 30000 },
};

START_TEST(retry_after_is_waited_for_20_33)
{
	begin(&plain);
	register_for(60);
	advance_ms(54000);
	answer("503 Service Unavailable", retry_afters[_i].header);
	ck_assert_int_ge(seen.next_try_ms, retry_afters[_i].least_ms);
	ck_assert_int_le(seen.next_try_ms, retry_afters[_i].most_ms);
}
END_TEST

START_TEST(refused_credentials_are_not_tried_again)
{
	static const char *const refusals[] = {
		"401 Unauthorized", "403 Forbidden",
		"407 Proxy Authentication Required",
	};

	begin(&plain);
	register_for(60);
	advance_ms(54000);
	answer(refusals[_i], "");
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.next_try_ms, -1);
	advance_ms(10000000);
	ck_assert_uint_eq(ep.sent, 2);
}
END_TEST

START_TEST(a_first_register_that_fails_is_not_tried_again)
{
	begin(&plain);
	registration_register(reg, NULL);
	fail_with(ERR_UNREACHABLE);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.next_try_ms, -1);
	ck_assert(!registration_is_busy(reg));
	advance_ms(10000000);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

/* --- 423 --- */

START_TEST(a_423_is_obeyed_once_10_2_8)
{
	begin(&plain);
	registration_register(reg, NULL);
	answer("423 Interval Too Brief", "Min-Expires: 1800\r\n");
	ck_assert_uint_eq(seen.count, 0);
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert_uint_eq(ep.cseq, 2);
	ck_assert_str_eq(ep.fields, "Expires: 1800");
	answer("200 OK", "Contact: " OWN ";expires=1800\r\n");
	ck_assert_int_eq(seen.event, REGISTRATION_OK);
	/* What was learnt is asked for at once. */
	registration_register(reg, NULL);
	ck_assert_str_eq(ep.fields, "Expires: 1800");
}
END_TEST

START_TEST(a_423_for_ever_is_an_error)
{
	begin(&plain);
	registration_register(reg, NULL);
	answer("423 Interval Too Brief", "Min-Expires: 1800\r\n");
	answer("423 Interval Too Brief", "Min-Expires: 3600\r\n");
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_uint_eq(seen.status, 423);
	ck_assert_int_eq(seen.err, ERR_PROTOCOL);
	ck_assert_str_eq(seen.text,
	                 "423 again, for the time that it asked for");
}
END_TEST

START_TEST(a_423_that_asks_for_nothing_is_an_error)
{
	begin(&plain);
	registration_register(reg, NULL);
	answer("423 Interval Too Brief", "");
	ck_assert_uint_eq(ep.sent, 1);
	ck_assert_int_eq(seen.err, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_423_raises_a_contacts_own_time)
{
	const struct slice contact = SLICE_INIT("<sip:a@192.0.2.7>;expires=5");
	struct registration_params p = plain;

	p.contacts = &contact;
	p.ncontacts = 1;
	begin(&p);
	registration_register(reg, NULL);
	answer("423 Interval Too Brief", "Min-Expires: 60\r\n");
	ck_assert_str_eq(ep.fields,
	                 "Contact: <sip:a@192.0.2.7>;expires=60|Expires: 600");
}
END_TEST

/* --- removing --- */

START_TEST(unregister_removes_what_was_registered)
{
	begin(&plain);
	register_for(100);
	registration_unregister(reg);
	ck_assert_str_eq(ep.fields, "Contact: " OWN ";expires=0|Expires: 0");
	answer("200 OK", "Contact: <sip:other@h>;expires=5\r\n");
	ck_assert_int_eq(seen.event, REGISTRATION_REMOVED);
	ck_assert_str_eq(seen.bindings, "sip:other@h,5");
	ck_assert(!registration_is_active(reg));
	advance_ms(10000000);
	ck_assert_uint_eq(ep.sent, 2);
}
END_TEST

START_TEST(unregister_without_a_registration_removes_the_legs_contact)
{
	begin(&plain);
	registration_unregister(reg);
	ck_assert(ep.with_contact);
	ck_assert_str_eq(ep.fields, "Expires: 0");
}
END_TEST

START_TEST(unregister_without_a_registration_removes_what_was_given)
{
	const struct slice two[] = {
		SLICE_INIT("<sip:a@192.0.2.7>;q=1"),
		SLICE_INIT("sip:a@192.0.2.8"),
	};
	struct registration_params p = plain;

	p.contacts = two;
	p.ncontacts = 2;
	begin(&p);
	registration_unregister(reg);
	ck_assert_str_eq(ep.fields, "Contact: <sip:a@192.0.2.7>;expires=0, "
	                 "<sip:a@192.0.2.8>;expires=0|Expires: 0");
}
END_TEST

START_TEST(unregister_stops_refreshes_though_it_fails)
{
	begin(&plain);
	register_for(100);
	registration_unregister(reg);
	fail_with(ERR_TIMEOUT);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.next_try_ms, -1);
	ck_assert(registration_is_active(reg));
	advance_ms(100000);
	ck_assert(!registration_is_active(reg));
	ck_assert_uint_eq(ep.sent, 2);
}
END_TEST

START_TEST(a_refresh_that_waited_behind_unregister_is_not_sent)
{
	begin(&plain);
	register_for(100);
	registration_query(reg);
	registration_unregister(reg);
	advance_ms(90000);
	answer("200 OK", "");
	advance_ms(0);
	ck_assert_uint_eq(ep.sent, 3);
	answer("200 OK", "");
	advance_ms(10000);
	ck_assert_uint_eq(ep.sent, 3);
	ck_assert(!registration_is_busy(reg));
}
END_TEST

START_TEST(all_bindings_are_removed_with_a_star)
{
	begin(&plain);
	registration_remove_all(reg);
	ck_assert_str_eq(ep.fields, "Contact: *|Expires: 0");
	answer("200 OK", "");
	ck_assert_int_eq(seen.event, REGISTRATION_REMOVED);
}
END_TEST

START_TEST(one_contact_is_removed_and_not_refreshed)
{
	const struct slice two[] = {
		SLICE_INIT("sip:a@192.0.2.7"), SLICE_INIT("sip:a@192.0.2.8"),
	};
	struct registration_params p = plain;

	p.contacts = two;
	p.ncontacts = 2;
	begin(&p);
	registration_register(reg, NULL);
	answer("200 OK", "Expires: 100\r\n");
	ck_assert_int_eq(registration_remove(reg, SLICE("SIP:a@192.0.2.7")),
	                 OK);
	ck_assert_str_eq(ep.fields,
	                 "Contact: <SIP:a@192.0.2.7>;expires=0|Expires: 0");
	answer("200 OK", "");
	ck_assert_int_eq(seen.event, REGISTRATION_REMOVED);
	ck_assert(registration_is_active(reg));
	advance_ms(90000);
	ck_assert_str_eq(ep.fields, "Contact: <sip:a@192.0.2.8>|Expires: 600");
	answer("200 OK", "");
	registration_remove(reg, two[1]);
	answer("200 OK", "");
	ck_assert(!registration_is_active(reg));
	/* The user may change his mind. */
	registration_register(reg, NULL);
	ck_assert_str_eq(ep.fields, "Contact: <sip:a@192.0.2.7>, "
	                 "<sip:a@192.0.2.8>|Expires: 600");
}
END_TEST

START_TEST(a_contact_to_be_removed_must_be_a_uri)
{
	begin(&plain);
	ck_assert_int_eq(registration_remove(reg, SLICE("*")), ERR_SYNTAX);
	ck_assert_uint_eq(ep.sent, 0);
}
END_TEST

/* --- one after another --- */

START_TEST(operations_wait_for_each_other_in_order)
{
	begin(&plain);
	registration_register(reg, NULL);
	registration_query(reg);
	registration_remove_all(reg);
	ck_assert_uint_eq(ep.sent, 1);
	answer("100 Trying", "");
	advance_ms(1000);
	ck_assert_uint_eq(ep.sent, 1);
	answer("200 OK", "");
	ck_assert_uint_eq(ep.sent, 1);
	advance_ms(0);
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert_str_eq(ep.fields, "");
	answer("403 Forbidden", "");
	advance_ms(0);
	ck_assert_str_eq(ep.fields, "Contact: *|Expires: 0");
	answer("200 OK", "");
	ck_assert(!registration_is_busy(reg));
	ck_assert_uint_eq(seen.count, 3);
}
END_TEST

START_TEST(the_queue_has_an_end)
{
	enum error err = OK;
	unsigned n = 0;

	begin(&plain);
	while (err == OK && n < 1000) {
		err = registration_query(reg);
		n++;
	}
	ck_assert_int_eq(err, ERR_LIMIT);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

START_TEST(an_operation_that_cannot_be_sent_is_told_once)
{
	begin(&plain);
	ep.refuse = ERR_SYNTAX;
	ck_assert_int_eq(registration_register(reg, NULL), ERR_SYNTAX);
	ck_assert(!registration_is_busy(reg));
	registration_register(reg, NULL);
	registration_query(reg);
	answer("200 OK", "");
	ep.refuse = ERR_NOMEM;
	advance_ms(0);
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.err, ERR_NOMEM);
}
END_TEST

START_TEST(new_parameters_are_for_the_next_register)
{
	struct registration_params p = plain;

	begin(&plain);
	register_for(100);
	p.expires_s = 7;
	p.aor = SLICE("sip:bob@example.com");
	ck_assert_int_eq(registration_register(reg, &p), OK);
	ck_assert_str_eq(ep.fields, "Expires: 7");
	ck_assert_str_eq(ep.from, "sip:bob@example.com");
	ck_assert_slice_eq(registration_aor(reg), "sip:bob@example.com");
	p.aor = SLICE("");
	ck_assert_int_eq(registration_register(reg, &p), ERR_SYNTAX);
	ck_assert_slice_eq(registration_aor(reg), "sip:bob@example.com");
	ck_assert_slice_eq(registration_registrar(reg), "sip:example.com");
}
END_TEST

/* --- ends --- */

START_TEST(a_registration_may_be_freed_when_it_reports)
{
	begin(&plain);
	registration_register(reg, NULL);
	registration_query(reg);
	free_when_told = true;
	answer("200 OK", "Contact: " OWN ";expires=60\r\n");
	ck_assert_ptr_null(reg);
	advance_ms(100000);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

START_TEST(freeing_stops_what_is_on_its_way)
{
	begin(&plain);
	registration_register(reg, NULL);
	registration_free(reg);
	reg = NULL;
	ck_assert_uint_eq(ep.closed, 1);
}
END_TEST

/* The last step is refused, so that all before it is seen to have worked. */
START_TEST(memory_that_runs_out_is_an_ordinary_error)
{
	const struct slice contact = SLICE_INIT("<sip:a@192.0.2.7>;q=1");
	const struct field field = {
		SLICE_INIT("Subject"), SLICE_INIT("hi"),
	};
	struct registration_params p = plain;

	p.contacts = p.routes = &contact;
	p.ncontacts = p.nroutes = 1;
	p.fields = &field;
	p.nfields = 1;
	for (size_t n = 0, failed = 1; failed; n++) {
		enum error err = OK;

		ep.refuse = ERR_STATE;
		test_alloc_fail(n);
		reg = registration_new(&ep, &p, on_report, &seen, &err);
		if (reg != NULL)
			err = registration_register(reg, NULL);
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : ERR_STATE);
		registration_free(reg);
	}
	reg = NULL;
}
END_TEST

START_TEST(an_answer_that_memory_is_too_short_for_is_a_failure)
{
	seen.ran_out = true;
	for (long n = 0; seen.ran_out; n++) {
		begin(&plain);
		registration_register(reg, NULL);
		answer_short_of_memory("200 OK", "Contact: " OWN
		                       ";expires=60;reg-id=1\r\n"
		                       "Service-Route: <sip:p;lr>\r\n", 0, n);
		ck_assert_int_eq(seen.event, seen.ran_out
		                 ? REGISTRATION_FAILED : REGISTRATION_OK);
		ck_assert_int_eq(seen.err, seen.ran_out ? ERR_NOMEM : OK);
		registration_free(reg);
		ep.sent = 0;
	}
	reg = NULL;
}
END_TEST

static void add_requests(TCase *t)
{
	tcase_add_test(t, a_register_asks_for_the_legs_contact);
	tcase_add_loop_test(t, a_contact_that_is_given_is_sent, 0,
	                    ARRAY_LEN(contacts));
	tcase_add_test(t, the_users_fields_win);
	tcase_add_loop_test(t, unfit_parameters_are_refused, 0,
	                    ARRAY_LEN(unfit));
	tcase_add_test(t, call_id_stays_and_cseq_rises_10_2_4);
	tcase_add_test(t, a_query_touches_nothing);
	tcase_add_test(t, unregister_removes_what_was_registered);
	tcase_add_test(t,
		unregister_without_a_registration_removes_the_legs_contact);
	tcase_add_test(t,
		unregister_without_a_registration_removes_what_was_given);
	tcase_add_test(t, unregister_stops_refreshes_though_it_fails);
	tcase_add_test(t,
		a_refresh_that_waited_behind_unregister_is_not_sent);
	tcase_add_test(t, all_bindings_are_removed_with_a_star);
	tcase_add_test(t, one_contact_is_removed_and_not_refreshed);
	tcase_add_test(t, a_contact_to_be_removed_must_be_a_uri);
	tcase_add_test(t, operations_wait_for_each_other_in_order);
	tcase_add_test(t, the_queue_has_an_end);
	tcase_add_test(t, an_operation_that_cannot_be_sent_is_told_once);
	tcase_add_test(t, new_parameters_are_for_the_next_register);
	tcase_add_test(t, a_registration_may_be_freed_when_it_reports);
	tcase_add_test(t, freeing_stops_what_is_on_its_way);
	tcase_add_test(t, memory_that_runs_out_is_an_ordinary_error);
	tcase_add_test(t,
		an_answer_that_memory_is_too_short_for_is_a_failure);
}

static void add_answers(TCase *t)
{
	tcase_add_loop_test(t, the_time_granted_is_found_10_2_4, 0,
	                    ARRAY_LEN(grants));
	tcase_add_test(t, the_shortest_of_our_contacts_counts);
	tcase_add_test(t, every_binding_is_told);
	tcase_add_test(t,
		service_routes_are_those_of_the_last_2xx_rfc3608);
	tcase_add_loop_test(t,
		a_registration_is_refreshed_before_it_expires, 0,
		ARRAY_LEN(moments));
	tcase_add_test(t, a_single_register_is_left_to_expire);
	tcase_add_test(t, a_binding_granted_no_time_is_none);
	tcase_add_test(t, a_refresh_that_fails_is_tried_ever_more_seldom);
	tcase_add_loop_test(t, retry_after_is_waited_for_20_33, 0,
	                    ARRAY_LEN(retry_afters));
	tcase_add_loop_test(t, refused_credentials_are_not_tried_again, 0, 3);
	tcase_add_test(t, a_first_register_that_fails_is_not_tried_again);
	tcase_add_test(t, a_423_is_obeyed_once_10_2_8);
	tcase_add_test(t, a_423_for_ever_is_an_error);
	tcase_add_test(t, a_423_that_asks_for_nothing_is_an_error);
	tcase_add_test(t, a_423_raises_a_contacts_own_time);
}

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("registration", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	add_requests(t);
	add_answers(t);
	return s;
}

int main(void)
{
	return test_main(suite());
}
