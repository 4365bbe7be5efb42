/* A URI is equal to itself, comparing has no order, and what is printed for a
 * Request-URI is one. */

#include "core/message/uri.h"
#include "tests/fuzz.h"

static void check_slices(const struct uri *u, struct slice in)
{
	PROPERTY(fuzz_within(u->text, in));
	PROPERTY(fuzz_within(u->scheme_name, in));
	PROPERTY(fuzz_within(u->user, in));
	PROPERTY(fuzz_within(u->password, in));
	PROPERTY(fuzz_within(u->host, in));
	PROPERTY(fuzz_within(u->params, in));
	PROPERTY(fuzz_within(u->headers, in));
	PROPERTY(fuzz_within(u->opaque, in));
	if (u->scheme == URI_SIP || u->scheme == URI_SIPS)
		PROPERTY(u->host.len != 0);
}

static void check_walks(const struct uri *u)
{
	struct slice rest = u->params, name, value, found;

	while (uri_next_param(&rest, &name, &value)) {
		PROPERTY(fuzz_within(name, u->params));
		PROPERTY(fuzz_within(value, u->params));
		PROPERTY(name.len == 0 || uri_param(u, name, &found));
	}
	rest = u->headers;
	while (uri_next_header(&rest, &name, &value)) {
		PROPERTY(fuzz_within(name, u->headers));
		PROPERTY(fuzz_within(value, u->headers));
	}
	(void)uri_transport(u, NULL);
	(void)uri_is_loose_router(u);
}

static void check_printed(const struct uri *u)
{
	struct buf out = { 0 }, again = { 0 };
	struct uri printed;

	uri_print_request(&out, u);
	PROPERTY(uri_parse(buf_view(&out), &printed));
	PROPERTY(printed.scheme == u->scheme);
	PROPERTY(printed.headers.len == 0 || u->scheme == URI_OTHER);
	uri_print_request(&again, &printed);
	PROPERTY(slice_eq(buf_view(&out), buf_view(&again)));
	buf_deinit(&out);
	buf_deinit(&again);
}

static void check_uri(struct slice in)
{
	struct uri u;

	if (!uri_parse(in, &u))
		return;
	check_slices(&u, in);
	check_walks(&u);
	check_printed(&u);
	PROPERTY(uri_equal(&u, &u));
}

/* What is escaped and unescaped again is what it was. */
static void check_escapes(struct slice in)
{
	struct buf escaped = { 0 }, back = { 0 };

	uri_escape(&escaped, in, CHAR_USER);
	PROPERTY(slice_find(buf_view(&escaped), ' ') == escaped.len);
	uri_unescape(&back, buf_view(&escaped));
	PROPERTY(slice_eq(buf_view(&back), in));
	buf_deinit(&escaped);
	buf_deinit(&back);
}

/* Two URIs with an LF between them. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct slice second = fuzz_input(octets, len), first;

	check_uri(second);
	check_escapes(second);
	if (!slice_take_until(&second, '\n', &first))
		return 0;
	second = slice_skip(second, 1);
	check_uri(first);
	check_uri(second);
	PROPERTY(uri_text_equal(first, second)
	         == uri_text_equal(second, first));
	return 0;
}
