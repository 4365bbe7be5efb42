/* The parts of a multipart body lie within it, in order, and end. */

#include "core/message/multipart.h"
#include "tests/fuzz.h"

static void check_parts(struct slice body, struct slice boundary)
{
	struct slice rest = body, headers, content;
	const char *behind = body.p;

	while (multipart_next(&rest, boundary, &headers, &content)) {
		PROPERTY(fuzz_within(headers, body));
		PROPERTY(fuzz_within(content, body));
		PROPERTY(headers.p >= behind);
		PROPERTY(content.p >= headers.p + headers.len);
		PROPERTY(rest.p >= content.p + content.len);
		PROPERTY(rest.p + rest.len == body.p + body.len);
		PROPERTY(rest.p > behind);
		behind = rest.p;
	}
}

/* A line with a boundary, one with a Content-Type, and the body. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct slice rest = fuzz_input(octets, len);
	struct slice boundary, type, found;

	if (!slice_take_line(&rest, &boundary)
	    || !slice_take_line(&rest, &type))
		return 0;
	check_parts(rest, boundary);
	if (multipart_find(type, rest, SLICE("application"), SLICE("sdp"),
	                   &found))
		PROPERTY(fuzz_within(found, rest));
	return 0;
}
