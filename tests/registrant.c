/* A registration on an endpoint that is played by the test. */

#include "tests/registrant.h"

#include <stdio.h>

struct endpoint ep;

static void keep(char *to, struct slice s)
{
	snprintf(to, REGISTRANT_TEXT_MAX, "%.*s", SLICE_ARG(s));
}

struct env *endpoint_env(struct endpoint *e)
{
	return &e->env;
}

struct keepalive_set *endpoint_keepalives(struct endpoint *e)
{
	return &e->keepalives;
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

struct registrant_seen seen;
struct registration *reg;
bool free_when_told;

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

void on_report(struct registration *r,
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

const struct registration_params plain = {
	.registrar = SLICE_INIT("sip:example.com"),
	.aor = SLICE_INIT("sip:alice@example.com"),
	.expires_s = 600,
};

void set_up(void)
{
	ep = (struct endpoint){ .closed = 0 };
	memset(&seen, 0, sizeof(seen));
	free_when_told = false;
	env_init(&ep.env, 1000000, 0, octets, NULL);
	keepalive_set_init(&ep.keepalives, &ep.env);
	ep.leg.ops = &ops;
	ep.leg.transport = TRANSPORT_UDP;
	ck_assert(addr_parse(SLICE("192.0.2.1:5062"), &ep.leg.local));
	ep.flow.leg = &ep.leg;
	ck_assert(addr_parse(SLICE("192.0.2.9:5060"), &ep.flow.remote));
	reg = NULL;
}

void tear_down(void)
{
	registration_free(reg);
}

void begin(const struct registration_params *p)
{
	enum error err;

	reg = registration_new(&ep, p, on_report, &seen, &err);
	ck_assert_ptr_nonnull(reg);
	ck_assert_uint_eq(ep.sent, 0);
}

void advance_ms(uint64_t ms)
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

void answer_short_of_memory(const char *status_line, const char *headers,
                            uint32_t cseq, long nth)
{
	struct buf wire = { 0 };
	struct message m;
	struct fault fault;

	buf_printf(&wire, "SIP/2.0 %s\r\n%s\r\n", status_line, headers);
	message_init(&m);
	ck_assert_int_eq(message_parse(&m, buf_view(&wire),
	                               &message_limits_default, &fault), OK);
	m.via = (struct via){ .host = SLICE_EMPTY };
	if (nth >= 0)
		test_alloc_fail((size_t)nth);
	tell(&(struct outcome){
		.response = &m, .final = m.status >= 200, .text = "",
		.cseq = cseq,
	});
	message_deinit(&m);
	buf_deinit(&wire);
}

void answer_as(const char *status_line, const char *headers, uint32_t cseq)
{
	answer_short_of_memory(status_line, headers, cseq, -1);
}

void answer(const char *status_line, const char *headers)
{
	answer_as(status_line, headers, 0);
}

void fail_with(enum error err)
{
	tell(&(struct outcome){
		.final = true, .err = err, .text = error_text(err),
	});
}

void register_for(uint32_t granted_s)
{
	char contact[REGISTRANT_TEXT_MAX];

	snprintf(contact, sizeof(contact), "Contact: " OWN ";expires=%u\r\n",
	         granted_s);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	answer("200 OK", contact);
	ck_assert_int_eq(seen.event, REGISTRATION_OK);
}
