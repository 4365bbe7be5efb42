/* The trace: what it keeps, what it hides, and where it goes. */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/trace.h"
#include "tests/helpers.h"
#include "tests/rig.h"

static const char request[] =
	"REGISTER sip:example.com SIP/2.0\r\n"
	"Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n"
	"Max-Forwards: 70\r\n"
	"From: \"A\033[2J\" <sip:alice@example.com>;tag=1\r\n"
	"To: <sip:alice@example.com>\r\n"
	"Call-ID: one\r\n"
	"CSeq: 1 REGISTER\r\n"
	"Authorization: Digest username=\"alice\", response=\"0123abcd\"\r\n"
	"Content-Length: 0\r\n"
	"\r\n";

static struct rig rig;
static struct rig_party us;
static struct loop *loop;
static struct console *console;
static struct trace *trace;
static struct env env;
static bool show_secrets;
static int saved_stderr;
static FILE *captured;

static void setup(void)
{
	rig_init(&rig);
	rig_join(&rig, &us, "192.0.2.1", RIG_UDP | RIG_TCP);
	loop = loop_new(&env);
	ck_assert_ptr_nonnull(loop);
	console = console_new(loop, COLOR_NEVER);
	ck_assert_ptr_nonnull(console);
	show_secrets = false;
	trace = trace_new(console, us.dispatcher, &show_secrets);
	ck_assert_ptr_nonnull(trace);
	saved_stderr = dup(STDERR_FILENO);
	captured = tmpfile();
	ck_assert_ptr_nonnull(captured);
	ck_assert_int_eq(dup2(fileno(captured), STDERR_FILENO),
	                 STDERR_FILENO);
}

static void teardown(void)
{
	trace_free(trace);
	console_free(console);
	loop_free(loop);
	rig_deinit(&rig);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	fclose(captured);
}

/* What stands in the file behind fd. */
static void read_fd(int fd, struct buf *out)
{
	char text[8192];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	ck_assert_int_ge(n, 0);
	buf_append(out, text, (size_t)n);
}

static void inject(enum transport t, const char *text)
{
	rig_inject(&us, t, "192.0.2.9:5060", slice_str(text));
}

static void has(struct buf *text, const char *part)
{
	ck_assert_msg(strstr(buf_cstr(text), part) != NULL, "no %s in %s",
	              part, buf_cstr(text));
}

static void lacks(struct buf *text, const char *part)
{
	ck_assert_msg(strstr(buf_cstr(text), part) == NULL, "%s in %s", part,
	              buf_cstr(text));
}

/* --- secrets --- */

static const struct {
	const char *why, *wire, *want;
} redactions[] = {
	{ "a response", "A b\r\nAuthorization: Digest u=\"a\", "
	  "response=\"0123\", nc=1\r\n\r\n",
	  "A b\r\nAuthorization: Digest u=\"a\", "
	  "response=\"xxxx\", nc=1\r\n\r\n" },
	{ "of a proxy, any case, unquoted",
	  "A b\r\nPROXY-authorization :digest Response = 0123,x=y\r\n\r\n",
	  "A b\r\nPROXY-authorization :digest Response = xxxx,x=y\r\n\r\n" },
	{ "on a folded line",
	  "A b\r\nAuthorization: Digest a=b,\r\n response=\"01\"\r\n\r\n",
	  "A b\r\nAuthorization: Digest a=b,\r\n response=\"xx\"\r\n\r\n" },
	{ "no closing quote",
	  "A b\r\nAuthorization: Digest response=\"01\r\nX: y\r\n\r\n",
	  "A b\r\nAuthorization: Digest response=\"xx\r\nX: y\r\n\r\n" },
	{ "a token of its own scheme",
	  "A b\r\nAuthorization: Bearer abc.def\r\n\r\n",
	  "A b\r\nAuthorization: Bearer xxxxxxx\r\n\r\n" },
	{ "Basic", "A b\r\nAuthorization: Basic YTpi\r\n\r\n",
	  "A b\r\nAuthorization: Basic xxxx\r\n\r\n" },
	{ "a challenge is no secret",
	  "A b\r\nWWW-Authenticate: Digest nonce=\"0123\"\r\n\r\n",
	  "A b\r\nWWW-Authenticate: Digest nonce=\"0123\"\r\n\r\n" },
	{ "nor is another header's response",
	  "A b\r\nX-Authorization: Digest response=\"0123\"\r\n\r\n",
	  "A b\r\nX-Authorization: Digest response=\"0123\"\r\n\r\n" },
	{ "a key in SDP", "A b\r\n\r\na=crypto:1 AES inline:c2VjcmV0|2^20\r\n",
	  "A b\r\n\r\na=crypto:1 AES inline:xxxxxxxx|2^20\r\n" },
	{ "two keys", "A b\r\n\r\ninline:ab\r\ninline:cd",
	  "A b\r\n\r\ninline:xx\r\ninline:xx" },
	{ "a header that ends the wire", "A b\r\nAuthorization: Digest "
	  "response=\"01", "A b\r\nAuthorization: Digest response=\"xx" },
	{ "an empty value", "A b\r\nAuthorization:\r\n\r\n",
	  "A b\r\nAuthorization:\r\n\r\n" },
	{ "bare line feeds", "A b\nAuthorization: Digest response=01\n\nx",
	  "A b\nAuthorization: Digest response=xx\n\nx" },
};

START_TEST(secrets_are_masked_and_nothing_else_is)
{
	struct buf out = { 0 };

	buf_str(&out, "before");
	trace_redact(&out, slice_str(redactions[_i].wire));
	ck_assert_msg(strncmp(buf_cstr(&out), "before", 6) == 0
	              && strcmp(buf_cstr(&out) + 6, redactions[_i].want) == 0,
	              "%s: %s", redactions[_i].why, buf_cstr(&out));
	buf_deinit(&out);
}
END_TEST

/* --- where it goes --- */

START_TEST(messages_go_to_stderr_redacted_and_escaped)
{
	struct buf why = { 0 }, out = { 0 };

	ck_assert_int_eq(trace_start(trace, "", &why), OK);
	ck_assert(trace_is_on(trace));
	inject(TRANSPORT_UDP, request);
	console_flush(console, 1000);
	read_fd(fileno(captured), &out);
	has(&out, " udp 192.0.2.1:5060 <- 192.0.2.9:5060, ");
	has(&out, "\n  REGISTER sip:example.com SIP/2.0\n");
	has(&out, "response=\"xxxxxxxx\"");
	has(&out, "A\\x1b[2J");
	lacks(&out, "0123abcd");
	lacks(&out, "\033");
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

START_TEST(secrets_are_shown_where_they_may_be)
{
	struct buf out = { 0 };

	inject(TRANSPORT_UDP, request);
	show_secrets = true;
	ck_assert(trace_show(trace, 1, SLICE_EMPTY, &out));
	has(&out, "0123abcd");
	buf_deinit(&out);
}
END_TEST

START_TEST(a_stopped_trace_writes_nothing_but_remembers)
{
	struct buf why = { 0 }, out = { 0 };

	ck_assert_int_eq(trace_start(trace, NULL, &why), OK);
	trace_stop(trace);
	ck_assert(!trace_is_on(trace));
	inject(TRANSPORT_UDP, request);
	console_flush(console, 1000);
	read_fd(fileno(captured), &out);
	ck_assert_str_eq(buf_cstr(&out), "");
	ck_assert(trace_show(trace, 1, SLICE_EMPTY, &out));
	has(&out, "REGISTER");
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

START_TEST(messages_go_to_a_file_behind_what_is_there)
{
	char path[] = "/tmp/sipsh-trace-XXXXXX";
	struct buf why = { 0 }, out = { 0 };
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "old\n", 4), 4);
	ck_assert_int_eq(trace_start(trace, path, &why), OK);
	inject(TRANSPORT_TCP, request);
	trace_stop(trace);
	read_fd(fd, &out);
	ck_assert_int_eq(strncmp(buf_cstr(&out), "old\n", 4), 0);
	has(&out, " tcp 192.0.2.1:5060 <- 192.0.2.9:5060, ");
	close(fd);
	ck_assert_int_eq(unlink(path), 0);
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_is_told)
{
	struct buf why = { 0 };

	ck_assert_int_eq(trace_start(trace, "/nonexistent/trace", &why),
	                 ERR_IO);
	ck_assert_str_eq(buf_cstr(&why),
	                 "/nonexistent/trace: No such file or directory");
	ck_assert(!trace_is_on(trace));
	buf_deinit(&why);
}
END_TEST

START_TEST(a_full_disk_is_told_once_and_ends_the_trace)
{
	struct buf why = { 0 }, out = { 0 };

	ck_assert_int_eq(trace_start(trace, "/dev/full", &why), OK);
	inject(TRANSPORT_UDP, request);
	inject(TRANSPORT_UDP, request);
	ck_assert(!trace_is_on(trace));
	console_flush(console, 1000);
	read_fd(fileno(captured), &out);
	ck_assert_str_eq(buf_cstr(&out), "sipsh: trace stopped: /dev/full: "
	                 "No space left on device\n");
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

/* --- what it remembers --- */

static void inject_options(unsigned cseq, const char *call_id)
{
	struct buf wire = { 0 };

	buf_printf(&wire, "OPTIONS sip:b@c SIP/2.0\r\n"
	           "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK%u\r\n"
	           "Max-Forwards: 70\r\nFrom: <sip:a@c>;tag=1\r\n"
	           "To: <sip:b@c>\r\nCall-ID: %s\r\nCSeq: %u OPTIONS\r\n"
	           "Content-Length: 0\r\n\r\n", cseq, call_id, cseq);
	inject(TRANSPORT_UDP, buf_cstr(&wire));
	buf_deinit(&wire);
}

START_TEST(the_last_messages_can_be_shown)
{
	struct buf out = { 0 };

	ck_assert(!trace_show(trace, 1, SLICE_EMPTY, &out));
	inject_options(1, "one");
	inject_options(2, "two");
	ck_assert(trace_show(trace, 1, SLICE_EMPTY, &out));
	has(&out, "CSeq: 2 ");
	lacks(&out, "CSeq: 1 ");
	buf_reset(&out);
	ck_assert(trace_show(trace, 2, SLICE_EMPTY, &out));
	has(&out, "CSeq: 1 ");
	ck_assert(!trace_show(trace, 3, SLICE_EMPTY, &out));
	ck_assert(!trace_show(trace, 0, SLICE_EMPTY, &out));
	buf_deinit(&out);
}
END_TEST

START_TEST(those_of_one_call_can_be_shown_in_their_order)
{
	struct buf out = { 0 };

	inject_options(1, "one");
	inject_options(2, "two");
	inject_options(3, "one");
	ck_assert(trace_show(trace, 0, SLICE("one"), &out));
	has(&out, "CSeq: 1 ");
	lacks(&out, "CSeq: 2 ");
	has(&out, "CSeq: 3 ");
	ck_assert(strstr(buf_cstr(&out), "CSeq: 1 ")
	          < strstr(buf_cstr(&out), "CSeq: 3 "));
	buf_reset(&out);
	ck_assert(!trace_show(trace, 0, SLICE("three"), &out));
	buf_deinit(&out);
}
END_TEST

START_TEST(the_past_is_bounded)
{
	struct buf out = { 0 };
	size_t n = 0;

	for (unsigned i = 1; i <= 600; i++)
		inject_options(i, "one");
	while (trace_show(trace, n + 1, SLICE_EMPTY, &out)) {
		buf_reset(&out);
		n++;
	}
	ck_assert_uint_ge(n, 100);
	ck_assert_uint_lt(n, 600);
	ck_assert(trace_show(trace, 1, SLICE_EMPTY, &out));
	has(&out, "CSeq: 600 ");
	buf_deinit(&out);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("trace", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, secrets_are_masked_and_nothing_else_is, 0,
	                    (int)ARRAY_LEN(redactions));
	tcase_add_test(t, messages_go_to_stderr_redacted_and_escaped);
	tcase_add_test(t, secrets_are_shown_where_they_may_be);
	tcase_add_test(t, a_stopped_trace_writes_nothing_but_remembers);
	tcase_add_test(t, messages_go_to_a_file_behind_what_is_there);
	tcase_add_test(t, a_file_that_cannot_be_opened_is_told);
	tcase_add_test(t, a_full_disk_is_told_once_and_ends_the_trace);
	tcase_add_test(t, the_last_messages_can_be_shown);
	tcase_add_test(t, those_of_one_call_can_be_shown_in_their_order);
	tcase_add_test(t, the_past_is_bounded);
	return s;
}

int main(void)
{
	return test_main(suite());
}
