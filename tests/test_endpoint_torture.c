/* What the endpoint answers to the messages of RFC 4475 and RFC 5118, by the
 * column udp_outcome of their index (F8). */

#include <stdio.h>
#include <stdlib.h>

#include "tests/agent.h"

static struct rig rig;
static struct agent alice;

static void set_up(void)
{
	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP);
	alice.settings.allow = SLICE("INVITE, ACK, CANCEL, BYE, OPTIONS, "
	                             "MESSAGE, REGISTER");
}

static void tear_down(void)
{
	agent_deinit(&alice);
	rig_deinit(&rig);
}

static struct slice load(const char *folder, struct slice name)
{
	const char *top = getenv("srcdir");
	struct buf path = { 0 }, text = { 0 };
	char chunk[4096];
	struct slice kept;
	size_t n;
	FILE *f;

	buf_printf(&path, "%s/tests/corpus/%s/%.*s",
	           top == NULL ? "." : top, folder, SLICE_ARG(name));
	f = fopen(buf_cstr(&path), "rb");
	ck_assert_msg(f != NULL, "%s", buf_cstr(&path));
	while ((n = fread(chunk, 1, sizeof(chunk), f)) != 0)
		buf_append(&text, chunk, n);
	fclose(f);
	kept = arena_copy(&rig.arena, buf_view(&text));
	ck_assert_ptr_nonnull(kept.p);
	buf_deinit(&text);
	buf_deinit(&path);
	return kept;
}

static struct slice column(struct slice line, unsigned nth)
{
	struct slice value;

	for (; slice_take_until(&line, '\t', &value); nth--) {
		if (nth == 0)
			return value;
		(void)slice_take_char(&line, '\t');
	}
	return nth == 0 ? line : SLICE_EMPTY;
}

/* wanted: "400,drop", "200", "400,lenient" (as if nothing were wrong). */
static bool is_wanted(struct slice wanted, unsigned status)
{
	struct slice one;
	uint32_t code;

	while (slice_take_element(&wanted, &one)) {
		if (slice_to_u32(one, 699, &code) ? code == status
		    : slice_starts_with(one, SLICE("drop")) ? status == 0
		    : status >= 180 && status < 300)
			return true;
	}
	return false;
}

static void answer(struct agent *a, struct context *ctx,
                   const struct incoming *in)
{
	(void)ctx;
	if (in->id != 0)
		(void)endpoint_new_response(a->ep, in->id,
		                            &(struct response_parts){
			.status = 200,
		});
}

/* Of the first thing that we sent, which may repeat what was malformed. */
static unsigned answer_to(struct slice wire)
{
	struct slice sent, version;
	uint32_t status;

	rig_forget(&rig);
	alice.nincoming = 0;
	rig_inject(&alice.party, TRANSPORT_UDP, "192.0.2.9:5060", wire);
	if (rig.nsent == 0)
		return 0;
	sent = rig_sent(&rig, 0)->wire;
	ck_assert(slice_take_until(&sent, ' ', &version));
	ck_assert_slice_eq(version, "SIP/2.0");
	ck_assert(slice_to_u32(slice_make(sent.p + 1, 3), 699, &status));
	return status;
}

static const struct {
	const char *folder;
	unsigned outcome;               /* its column */
} indexes[] = {
	{ "rfc4475", 5 },
	{ "rfc5118", 3 },
};

START_TEST(each_message_gets_an_answer_its_rfc_allows)
{
	const char *folder = indexes[_i].folder;
	struct slice index = load(folder, SLICE("index.tsv")), line;
	unsigned rows = 0;

	alice.on_incoming = answer;
	ck_assert(slice_take_line(&index, &line));      /* the heading */
	while (slice_take_line(&index, &line)) {
		struct slice name = column(line, 0);
		struct slice wanted = column(line, indexes[_i].outcome);
		unsigned status = answer_to(load(folder, name));

		ck_assert_msg(is_wanted(wanted, status),
		              "%.*s: %u, not %.*s", SLICE_ARG(name), status,
		              SLICE_ARG(wanted));
		rows++;
	}
	ck_assert_uint_gt(rows, 4);
}
END_TEST

/* Cut anywhere, and answered or not: nothing is left in the end. */
START_TEST(no_piece_of_a_message_stays)
{
	const char *folder = indexes[_i].folder;
	struct slice index = load(folder, SLICE("index.tsv")), line;

	alice.on_incoming = answer;
	ck_assert(slice_take_line(&index, &line));
	while (slice_take_line(&index, &line)) {
		struct slice wire = load(folder, column(line, 0));

		for (size_t len = 0; len <= wire.len; len += 7)
			(void)answer_to(slice_make(wire.p, len));
		rig_advance(&rig, 100000);
		ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
		ck_assert_uint_eq(transactions_count(
			alice.party.transactions), 0);
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("endpoint_torture", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, each_message_gets_an_answer_its_rfc_allows, 0,
	                    ARRAY_LEN(indexes));
	tcase_add_loop_test(tests, no_piece_of_a_message_stays, 0,
	                    ARRAY_LEN(indexes));
	return s;
}

int main(void)
{
	return test_main(suite());
}
