/* Whatever a server asks, the answer is whole header lines that parse, and
 * tells nothing of the secret. */

#include "core/message/credentials.h"
#include "core/message/digest.h"
#include "tests/fuzz.h"

static const struct slice secret = SLICE_INIT("correct horse battery");

static void fill(void *out, size_t n, void *arg)
{
	(void)arg;
	memset(out, 7, n);
}

static bool is_from(struct slice s, struct slice in, const struct buf *b)
{
	return fuzz_within(s, in) || fuzz_within(s, buf_view(b));
}

static void check_challenge(struct slice in)
{
	struct buf scratch = { 0 };
	struct challenge c;

	if (challenge_parse(in, &scratch, &c)) {
		PROPERTY(is_from(c.scheme, in, &scratch));
		PROPERTY(is_from(c.realm, in, &scratch));
		PROPERTY(is_from(c.nonce, in, &scratch));
		PROPERTY(is_from(c.opaque, in, &scratch));
		PROPERTY(is_from(c.domain, in, &scratch));
	}
	buf_deinit(&scratch);
}

static void check_authorization(struct slice in)
{
	static const unsigned char key[16] = { 1 };
	struct buf scratch = { 0 };
	struct authorization a;

	if (authorization_parse(in, &scratch, &a)) {
		PROPERTY(is_from(a.user, in, &scratch));
		PROPERTY(is_from(a.nonce, in, &scratch));
		PROPERTY(is_from(a.uri, in, &scratch));
		PROPERTY(is_from(a.response, in, &scratch));
		PROPERTY(digest_check(&a, secret, SLICE("INVITE"), a.uri,
		                      SLICE_EMPTY, key, 1000000, 60)
		         != DIGEST_GOOD);
	}
	buf_deinit(&scratch);
}

/* All of lines are Authorization or Proxy-Authorization fields. */
static void check_lines(struct slice lines)
{
	struct message m;
	struct buf wire = { 0 };
	struct fault fault;

	PROPERTY(slice_find_slice(lines, secret) == lines.len);
	buf_str(&wire, "ACK sip:a SIP/2.0\r\n");
	buf_slice(&wire, lines);
	buf_str(&wire, "\r\n");
	message_init(&m);
	PROPERTY(message_parse(&m, buf_view(&wire), &message_limits_default,
	                       &fault) == OK);
	PROPERTY(fault.status == 0 || fault.status == 513);
	for (size_t i = 1; i <= m.nheaders; i++)
		PROPERTY(m.headers[i].id == HEADER_AUTHORIZATION
		         || m.headers[i].id == HEADER_PROXY_AUTHORIZATION);
	PROPERTY(m.body.len == 0);
	message_deinit(&m);
	buf_deinit(&wire);
}

static void answer(struct credentials *c, const struct message *response)
{
	const struct auth_request req = {
		.method = SLICE("INVITE"), .uri = SLICE("sip:example.com"),
		.request_host = SLICE("example.com"),
		.next_hop_host = SLICE("example.com"),
	};
	struct buf why = { 0 }, lines = { 0 };
	struct env env;

	env_init(&env, 0, 0, fill, NULL);
	for (unsigned tried = 0; tried < 3; tried++) {
		if (credentials_challenged(c, response, &req, tried, &why)
		    != AUTH_OK)
			break;
		buf_reset(&lines);
		if (credentials_authorize(c, &env, &req, &lines) == OK)
			check_lines(buf_view(&lines));
	}
	PROPERTY(slice_find_slice(buf_view(&why), secret) == why.len);
	PROPERTY(slice_find(buf_view(&why), '\033') == why.len);
	credentials_authentication_info(c, response);
	buf_deinit(&why);
	buf_deinit(&lines);
}

/* A 401 with the lines of the input as challenges. */
static bool make_response(struct slice in, struct buf *wire, struct message *m)
{
	struct fault fault;
	struct slice line;

	buf_str(wire, "SIP/2.0 401 Unauthorized\r\n"
	        "Via: SIP/2.0/UDP a;branch=z9hG4bKa\r\n"
	        "From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\n"
	        "Call-ID: c\r\nCSeq: 1 INVITE\r\n");
	while (slice_take_line(&in, &line)) {
		buf_str(wire, "WWW-Authenticate: ");
		buf_slice(wire, line);
		buf_str(wire, "\r\n");
	}
	buf_str(wire, "\r\n");
	return message_parse(m, buf_view(wire), &message_limits_default,
	                     &fault) == OK
	       && message_check(m, &fault);
}

/* An input that holds the secret, whatever it escapes of it, proves nothing
 * by its being told again; \x9c is told with the c that may be its first. */
static bool holds_secret(struct slice in)
{
	struct buf plain = { 0 };
	bool holds;

	for (size_t i = 0; i < in.len; i++)
		if (in.p[i] != '\\')
			buf_char(&plain, in.p[i]);
	holds = slice_find_slice(buf_view(&plain), slice_skip(secret, 1))
	        != plain.len;
	buf_deinit(&plain);
	return holds;
}

static void check_exchange(struct slice in)
{
	struct credentials *c = credentials_new();
	struct message response;
	struct buf wire = { 0 };

	message_init(&response);
	if (c != NULL
	    && credentials_set_own(c, SLICE("alice"), secret) == OK
	    && credentials_add_host(c, SLICE("example.com")) == OK
	    && make_response(in, &wire, &response))
		answer(c, &response);
	credentials_free(c);
	message_deinit(&response);
	buf_deinit(&wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct slice in = fuzz_input(octets, len);

	/* A server that knows the secret may well be told it. */
	if (slice_find_slice(in, secret) != len)
		return 0;
	if (slice_find(in, '\r') == len && slice_find(in, '\n') == len) {
		check_challenge(in);
		check_authorization(in);
	}
	if (!holds_secret(in))
		check_exchange(in);
	return 0;
}
