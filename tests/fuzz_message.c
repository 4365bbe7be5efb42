/* What parses prints, and parses again to the same; what can be answered is,
 * and the answer parses; nothing points outside. */

#include "core/message/message.h"
#include "core/message/request.h"
#include "core/message/response.h"
#include "tests/fuzz.h"

static void check_header(const struct message *m, const struct header *h)
{
	PROPERTY(fuzz_within(h->name, m->wire));
	PROPERTY(h->unfolded || fuzz_within(h->value, m->wire));
	PROPERTY(header_lookup(h->name) == h->id);
	PROPERTY(slice_find(h->value, '\r') == h->value.len);
	PROPERTY(slice_find(h->value, '\n') == h->value.len);
	PROPERTY(h->next == 0 || h->next <= m->nheaders);
}

/* Every field is found by its index, and no other. */
static void check_index(const struct message *m)
{
	size_t chained = 0;

	for (size_t i = 1; i <= m->nheaders; i++)
		check_header(m, &m->headers[i]);
	for (enum header_id id = HEADER_OTHER; id < HEADER_COUNT; id++) {
		size_t nth = 0;

		for (uint16_t i = m->first[id]; i != 0;
		     i = m->headers[i].next) {
			PROPERTY(m->headers[i].id == id);
			PROPERTY(message_header(m, id, nth++).p
			         == m->headers[i].value.p);
			chained++;
		}
		PROPERTY(message_header(m, id, nth).p == NULL);
	}
	PROPERTY(chained == m->nheaders);
}

static void check_lists(const struct message *m)
{
	for (enum header_id id = HEADER_OTHER; id < HEADER_COUNT; id++) {
		struct header_iter it = { 0 };
		struct slice value;
		size_t n = 0;

		while (message_next_value(m, id, &it, &value))
			PROPERTY(++n <= m->wire.len);
	}
}

static void check_same(const struct message *a, const struct message *b)
{
	PROPERTY(a->is_request == b->is_request);
	PROPERTY(a->status == b->status);
	PROPERTY(slice_eq(a->start_line, b->start_line));
	PROPERTY(slice_eq(a->body, b->body));
	PROPERTY(a->nheaders == b->nheaders);
	for (size_t i = 1; i <= a->nheaders; i++) {
		PROPERTY(slice_eq(a->headers[i].name, b->headers[i].name));
		PROPERTY(slice_eq(a->headers[i].value, b->headers[i].value));
	}
}

/* Parses what we made; it must be without fault. */
static void parse_again(struct message *m, const struct buf *printed)
{
	struct fault fault;

	message_init(m);
	PROPERTY(buf_error(printed) == OK);
	PROPERTY(message_parse(m, buf_view(printed), &message_limits_default,
	                       &fault) == OK);
	PROPERTY(fault.status == 0);
}

static void check_printing(const struct message *m)
{
	struct buf once = { 0 }, twice = { 0 };
	struct message again;

	message_print(&once, m, slice_make(NULL, 0), NULL, 0);
	parse_again(&again, &once);
	check_same(m, &again);
	message_print(&twice, &again, slice_make(NULL, 0), NULL, 0);
	PROPERTY(slice_eq(buf_view(&once), buf_view(&twice)));
	message_deinit(&again);
	buf_deinit(&once);
	buf_deinit(&twice);
}

static size_t count_fields(const struct message *m, enum header_id id)
{
	size_t n = 0;

	for (uint16_t i = m->first[id]; i != 0; i = m->headers[i].next)
		n++;
	return n;
}

/* An answer goes to the same transaction: branch, and all lower Vias. */
static void check_answer(const struct message *m, unsigned status)
{
	struct addr source = { .family = FAMILY_IPV4, .port = 5070,
	                       .ip = { 192, 0, 2, 1 } };
	struct response_parts parts = {
		.status = status, .to_tag = SLICE_INIT("fuzz"),
	};
	struct buf out = { 0 };
	struct message answer;
	struct addr target;
	struct fault fault;

	response_print(&out, m, &source, &parts);
	parse_again(&answer, &out);
	PROPERTY(!answer.is_request && answer.status == status);
	(void)message_check(&answer, &fault);
	PROPERTY(message_is_answerable(&answer));
	PROPERTY(answer.nvias == m->nvias);
	PROPERTY(slice_eq(answer.via.branch, m->via.branch));
	PROPERTY(slice_eq(answer.via.sent_by, m->via.sent_by));
	PROPERTY(answer.via.rport == (m->via.has_rport ? 5070 : 0));
	PROPERTY(slice_eq(message_header(&answer, HEADER_CALL_ID, 0),
	                  message_header(m, HEADER_CALL_ID, 0)));
	PROPERTY(count_fields(&answer, HEADER_TO) == 1);
	response_target(&m->via, &source, &target);
	PROPERTY(target.family != FAMILY_NONE && target.port != 0);
	message_deinit(&answer);
	buf_deinit(&out);
}

static void check_follower(const struct buf *printed, const struct message *m)
{
	struct message follower;
	struct fault fault;

	parse_again(&follower, printed);
	PROPERTY(message_check(&follower, &fault));
	PROPERTY(follower.nvias == 1);
	PROPERTY(slice_eq(follower.via.branch, m->via.branch));
	PROPERTY(follower.cseq.number == m->cseq.number);
	PROPERTY(slice_eq(follower.uri_text, m->uri_text));
	message_deinit(&follower);
}

static void check_followers(const struct message *m)
{
	struct buf out = { 0 };

	request_print_ack(&out, m, message_header(m, HEADER_TO, 0));
	check_follower(&out, m);
	buf_reset(&out);
	request_print_cancel(&out, m);
	check_follower(&out, m);
	buf_deinit(&out);
}

static void check_message(struct message *m, struct fault *fault)
{
	bool parsed = fault->status == 0;
	bool checked = message_check(m, fault);
	struct slice part;

	PROPERTY(checked || fault->status != 0);
	if (parsed)
		check_printing(m);
	if (m->is_request && message_is_answerable(m)) {
		check_answer(m, 100);
		check_answer(m, 200);
		check_answer(m, 486);
	}
	if (parsed && checked && m->is_request)
		check_followers(m);
	if (message_body_of_type(m, SLICE("application"), SLICE("sdp"), &part))
		PROPERTY(fuzz_within(part, m->body));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct slice input = fuzz_input(octets, len);
	struct fault fault;
	struct message m;

	message_init(&m);
	if (message_parse(&m, input, &message_limits_default, &fault) == OK) {
		PROPERTY(fuzz_within(m.wire, input));
		PROPERTY(fuzz_within(m.body, m.wire));
		PROPERTY(fuzz_within(m.start_line, m.wire));
		check_index(&m);
		check_lists(&m);
		check_message(&m, &fault);
	}
	message_deinit(&m);
	return 0;
}
