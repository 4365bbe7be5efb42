/*
 * Load on real sockets of loopback, made and taken by core and net alone:
 *     tests/bench/load serve ADDR:PORT
 *     tests/bench/load options|call|register ADDR:PORT COUNT OPEN
 * The first answers until SIGTERM. The others make COUNT transactions (calls:
 * INVITE, ACK, BYE; registrations: with a challenge), OPEN at a time.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/ua/endpoint.h"
#include "net/loop.h"
#include "net/udp.h"

struct load {
	struct env env;
	struct loop *loop;
	struct locator *locator;
	struct dispatcher *dispatcher;
	struct transactions *transactions;
	struct endpoint *endpoint;
	struct transaction_settings transaction;
	struct endpoint_settings settings;
	bool (*start_one)(struct load *l);
	struct slice peer;              /* its URI */
	unsigned long count, started, over, good;
};

static const struct slice sdp = SLICE_INIT(
	"v=0\r\n"
	"o=bench 1 1 IN IP4 127.0.0.1\r\n"
	"s=-\r\n"
	"c=IN IP4 127.0.0.1\r\n"
	"t=0 0\r\n"
	"m=audio 6000 RTP/AVP 0\r\n"
	"a=rtpmap:0 PCMU/8000\r\n");

/* --- the client --- */

static void start_next(struct load *l)
{
	if (l->started < l->count && l->start_one(l))
		l->started++;
	else if (l->over == l->count)
		loop_stop(l->loop);
}

static void one_is_over(struct load *l, const struct outcome *o)
{
	l->over++;
	l->good += o->err == OK && o->response != NULL
	           && o->response->status == 200;
	start_next(l);
}

static void ended(struct endpoint *ep, struct context *ctx,
                  const struct outcome *o, void *arg)
{
	(void)ep;
	(void)ctx;
	if (o->final)
		one_is_over(arg, o);
}

static void call_answered(struct endpoint *ep, struct context *ctx,
                          const struct outcome *o, void *arg)
{
	if (!o->final || o->repeated)
		return;
	if (o->response == NULL || o->response->status >= 300
	    || !endpoint_hangup(ep, ctx, ended, arg))
		one_is_over(arg, o);
}

static bool request(struct load *l, const struct request_params *req)
{
	const struct context_params params = {
		.from = SLICE("<sip:bench@127.0.0.1>"),
		.to = l->peer,
	};
	enum error err;

	return endpoint_new_request(l->endpoint, NULL, &params, req, &err)
	       != NULL;
}

static bool start_options(struct load *l)
{
	return request(l, &(struct request_params){
		.method = SLICE("OPTIONS"), .fn = ended, .arg = l,
	});
}

static bool start_call(struct load *l)
{
	return request(l, &(struct request_params){
		.method = SLICE("INVITE"),
		.content_type = SLICE("application/sdp"),
		.body = sdp,
		.fn = call_answered,
		.arg = l,
	});
}

static void free_credentials(struct context *ctx, enum context_event ev,
                             const struct context_ending *ending, void *arg)
{
	(void)ctx;
	(void)ending;
	if (ev == CONTEXT_CLOSED)
		credentials_free(arg);
}

/* Each has credentials of its own: those that remember would not be
 * challenged again. */
static bool start_registration(struct load *l)
{
	struct credentials *c = credentials_new();
	struct register_params p = {
		.registrar = l->peer,
		.from = SLICE("<sip:bench@127.0.0.1>"),
		.with_contact = true,
		.expires_s = 900,
		.credentials = c,
		.fn = ended,
		.arg = l,
	};
	struct context *ctx = NULL;
	enum error err;

	if (c != NULL
	    && credentials_set_own(c, SLICE("bench"), SLICE("secret")) == OK
	    && credentials_add_host(c, SLICE("127.0.0.1")) == OK)
		ctx = endpoint_register(l->endpoint, &p, &err);
	if (ctx == NULL) {
		credentials_free(c);
		return false;
	}
	context_watch(ctx, free_credentials, c);
	return true;
}

static bool run_client(struct load *l, const char *what, const char *open)
{
	unsigned long n = strtoul(open, NULL, 10);

	if (strcmp(what, "options") == 0)
		l->start_one = start_options;
	else if (strcmp(what, "call") == 0)
		l->start_one = start_call;
	else if (strcmp(what, "register") == 0)
		l->start_one = start_registration;
	else
		return false;
	while (n-- > 0 && l->started < l->count)
		start_next(l);
	loop_run(l->loop);
	printf("%lu started, %lu good\n", l->started, l->good);
	return l->good == l->count;
}

/* --- the server --- */

static void answer(struct load *l, const struct incoming *in,
                   const struct response_parts *parts)
{
	(void)endpoint_new_response(l->endpoint, in->id, parts);
}

static void serve_request(struct endpoint *ep, struct context *ctx,
                          const struct incoming *in, void *arg)
{
	static const struct response_parts ringing = { .status = 180 };
	static const struct field challenge = {
		SLICE_INIT("WWW-Authenticate"),
		SLICE_INIT("Digest realm=\"bench\", algorithm=MD5, "
		           "qop=\"auth\", "
		           "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\""),
	};
	static const struct response_parts who = {
		.status = 401, .fields = &challenge, .nfields = 1,
	};
	/* as SIPp does in the same place */
	static const struct field allow = {
		SLICE_INIT("Allow"),
		SLICE_INIT("INVITE, ACK, CANCEL, BYE, OPTIONS"),
	};
	struct response_parts ok = { .status = 200 };

	(void)ep;
	(void)ctx;
	if (in->id == 0)
		return;
	if (in->request->method == METHOD_OPTIONS) {
		ok.fields = &allow;
		ok.nfields = 1;
	} else if (in->request->method == METHOD_INVITE) {
		answer(arg, in, &ringing);
		ok.content_type = SLICE("application/sdp");
		ok.body = sdp;
	} else if (in->request->method == METHOD_REGISTER
	           && !message_has(in->request, HEADER_AUTHORIZATION)) {
		answer(arg, in, &who);
		return;
	}
	answer(arg, in, &ok);
}

static void on_signal(int signo, void *arg)
{
	struct load *l = arg;

	(void)signo;
	loop_stop(l->loop);
}

static bool run_server(struct load *l)
{
	endpoint_set_application(l->endpoint, serve_request, l);
	(void)loop_on_signal(l->loop, SIGTERM, on_signal, l);
	loop_run(l->loop);
	return true;
}

/* --- both --- */

static bool open_stack(struct load *l, const struct addr *local)
{
	struct leg *leg;
	const char *why;

	l->transaction = transaction_settings_default;
	l->settings = endpoint_settings_default;
	l->settings.allow = SLICE("INVITE, ACK, CANCEL, BYE, OPTIONS, "
	                          "REGISTER");
	l->loop = loop_new(&l->env);
	l->locator = locator_new(&l->env, NULL, NULL);
	if (l->loop == NULL || l->locator == NULL)
		return false;
	l->dispatcher = dispatcher_new(&l->env, l->locator,
	                               &message_limits_default);
	if (l->dispatcher == NULL
	    || udp_leg_open(l->loop, l->dispatcher, local, &leg, &why) != OK)
		return false;
	dispatcher_add_leg(l->dispatcher, leg);
	l->transactions = transactions_new(l->dispatcher, &l->transaction);
	if (l->transactions == NULL)
		return false;
	l->endpoint = endpoint_new(l->transactions, &l->settings);
	return l->endpoint != NULL;
}

static void close_stack(struct load *l)
{
	endpoint_free(l->endpoint);
	transactions_free(l->transactions);
	dispatcher_free(l->dispatcher);
	locator_free(l->locator);
	loop_free(l->loop);
}

int main(int argc, char **argv)
{
	static struct load l;
	struct addr at, local = { .family = FAMILY_IPV4 };
	struct buf uri = { 0 };
	bool serves = argc == 3 && strcmp(argv[1], "serve") == 0;
	bool good = false;

	if (!serves && argc != 5) {
		fputs("usage: load serve ADDR:PORT\n"
		      "       load options|call|register ADDR:PORT COUNT "
		      "OPEN\n", stderr);
		return 2;
	}
	if (!addr_parse(slice_str(argv[2]), &at))
		return 2;
	if (serves)
		local = at;
	else
		(void)addr_parse(SLICE("127.0.0.1:0"), &local);
	buf_str(&uri, "sip:");
	addr_print(&uri, &at);
	l.peer = buf_view(&uri);
	if (open_stack(&l, &local)) {
		l.count = serves ? 0 : strtoul(argv[3], NULL, 10);
		good = serves ? run_server(&l)
		              : run_client(&l, argv[1], argv[4]);
	}
	close_stack(&l);
	buf_deinit(&uri);
	return good ? 0 : 1;
}
