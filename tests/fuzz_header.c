/* Every parser of a header value takes every value: what it gives lies within
 * and keeps to the RFC's bounds. */

#include "core/message/header.h"
#include "tests/fuzz.h"

static void check_via(struct slice in)
{
	struct via v;

	if (!via_parse(in, &v))
		return;
	PROPERTY(v.host.len != 0);
	PROPERTY(fuzz_within(v.protocol, in));
	PROPERTY(fuzz_within(v.transport_name, in));
	PROPERTY(fuzz_within(v.host, v.sent_by));
	PROPERTY(fuzz_within(v.sent_by, in));
	PROPERTY(fuzz_within(v.params, in));
	PROPERTY(fuzz_within(v.branch, v.params));
	PROPERTY(fuzz_within(v.received, v.params));
	PROPERTY(fuzz_within(v.maddr, v.params));
	PROPERTY(v.has_rport || v.rport == 0);
	(void)via_branch_is_rfc3261(&v);
}

static void check_name_addr(const struct name_addr *a, struct slice in)
{
	struct slice value;

	PROPERTY(fuzz_within(a->display, in));
	PROPERTY(fuzz_within(a->uri_text, in));
	PROPERTY(fuzz_within(a->uri.text, a->uri_text));
	PROPERTY(fuzz_within(a->params, in));
	PROPERTY(fuzz_within(a->tag, a->params));
	PROPERTY(a->star == (a->uri.scheme == URI_NONE));
	if (a->tag.p != NULL)
		PROPERTY(params_find(a->params, SLICE("TAG"), &value));
}

static void check_addresses(struct slice in)
{
	struct name_addr a;
	struct contact c;

	if (name_addr_parse(in, &a))
		check_name_addr(&a, in);
	if (contact_parse(in, &c)) {
		check_name_addr(&c.addr, in);
		PROPERTY(c.q_thousandths <= 1000 || !c.has_q);
	}
}

static void check_numbers(struct slice in)
{
	struct cseq cseq;
	uint32_t n;

	if (cseq_parse(in, &cseq)) {
		PROPERTY(cseq.number <= INT32_MAX);
		PROPERTY(slice_all(cseq.method_name, CHAR_TOKEN));
		PROPERTY(method_lookup(cseq.method_name) == cseq.method);
	}
	if (max_forwards_parse(in, &n))
		PROPERTY(n <= 255);
	if (delta_seconds_parse(in, &n))
		PROPERTY(slice_all(in, CHAR_DIGIT));
	(void)retry_after_parse(in, &n);
	(void)call_id_valid(in);
}

static void check_others(struct slice in)
{
	struct media_type type;
	struct warning warning;

	if (media_type_parse(in, &type)) {
		PROPERTY(slice_all(type.type, CHAR_TOKEN));
		PROPERTY(slice_all(type.subtype, CHAR_TOKEN));
		PROPERTY(media_type_is(&type, type.type, type.subtype));
	}
	if (warning_parse(in, &warning)) {
		PROPERTY(warning.code <= 999);
		PROPERTY(fuzz_within(warning.agent, in));
		PROPERTY(fuzz_within(warning.text, in));
	}
}

static void check_lookup(struct slice in)
{
	enum header_id id = header_lookup(in);

	PROPERTY(id == HEADER_OTHER
	         || header_lookup(header_full_name(id, in)) == id);
	PROPERTY(id != HEADER_OTHER
	         || slice_eq(header_full_name(id, in), in));
}

static void check_lists(struct slice in)
{
	struct slice rest = in, element;

	while (slice_take_element(&rest, &element)) {
		PROPERTY(element.len != 0);
		PROPERTY(fuzz_within(element, in));
		check_addresses(element);
		check_via(element);
	}
	PROPERTY(fuzz_within(rest, in));
}

static void check_unquote(struct slice in)
{
	struct buf scratch = { 0 };
	struct slice plain = unquote(in, &scratch);

	PROPERTY(fuzz_within(plain, in)
	         || fuzz_within(plain, buf_view(&scratch)));
	PROPERTY(plain.len <= in.len);
	buf_deinit(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct slice in = fuzz_input(octets, len);

	/* The message parser leaves none in a value. */
	if (slice_find(in, '\r') != len || slice_find(in, '\n') != len)
		return 0;
	check_via(in);
	check_addresses(in);
	check_numbers(in);
	check_others(in);
	check_lookup(in);
	check_lists(in);
	check_unquote(in);
	return 0;
}
