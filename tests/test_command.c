/* Rows of commands: finding one, checking its arguments, showing it. */

#include <check.h>
#include <stdlib.h>

#include "cli/command.h"
#include "tests/helpers.h"

static enum run run(struct app *app, struct item *item,
                    const struct args *args)
{
	(void)app;
	(void)item;
	(void)args;
	return RUN_DONE;
}

/* One option of every kind. */
static const struct command cmd_all = {
	.name = "all",
	.summary = "takes everything",
	.detail = "And a detail.",
	.args = {
		{ "--flag", ARG_FLAG, 0, "a flag", 0, 0, NULL },
		{ "--duration", ARG_DURATION, 0, "how long", 0, 0, NULL },
		{ "--number", ARG_NUMBER, 0, "how many", 3, 70, NULL },
		{ "--any", ARG_NUMBER, 0, "a number", 0, 0, NULL },
		{ "--q", ARG_Q, 0, "a q", 0, 0, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a header", 0, 0, NULL },
		{ "--method", ARG_METHOD, 0, "a method", 0, 0, NULL },
		{ "--code", ARG_CODE, 0, "a code", 180, 199, NULL },
		{ "--status", ARG_CODE, 0, "a status", 0, 0, NULL },
		{ "--call", ARG_CALL, 0, "a call", 0, 0, NULL },
		{ "--calls", ARG_CALL_OR_ALL, 0, "calls", 0, 0, NULL },
		{ "--mode", ARG_CHOICE, 0, "a mode", 0, 0, "on|off|show" },
		{ "--match", ARG_MATCH, 0, "a match", 0, 0, NULL },
		{ "--word", ARG_WORD, 0, "a word", 0, 0, NULL },
		{ "--text", ARG_TEXT, 0, "a text", 0, 0, NULL },
	},
	.run = run,
};

static const struct command cmd_invite = {
	.name = "invite",
	.summary = "call URI",
	.args = {
		{ "URI", ARG_URI, ARG_REQUIRED, "whom", 0, 0, NULL },
		{ "--timeout", ARG_DURATION, 0, "a bound", 0, 0, NULL },
	},
	.run = run,
};

static const struct command cmd_info = {
	.name = "info",
	.summary = "nothing",
	.run = run,
};

static const struct command cmd_reject = {
	.name = "reject",
	.summary = "refuse a call",
	.args = {
		{ "%N", ARG_CALL, 0, "which", 0, 0, NULL },
		{ "CODE", ARG_CODE, 0, "status", 300, 699, NULL },
		{ "REASON", ARG_TEXT, ARG_JOINED, "phrase", 0, 0, NULL },
	},
	.run = run,
};

static const struct command cmd_text = {
	.name = "text",
	.summary = "a text",
	.args = {
		{ "TEXT", ARG_TEXT, ARG_JOINED, "what", 0, 0, NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a header", 0, 0, NULL },
		{ "--type", ARG_WORD, 0, "its type", 0, 0, NULL },
	},
	.run = run,
};

static const struct command cmd_wait = {
	.name = "wait",
	.summary = "wait for an event",
	.args = {
		{ "EVENT", ARG_EVENT, ARG_REQUIRED, "which", 0, 0, NULL },
		{ "MATCH", ARG_MATCH, ARG_REPEATED, "what", 0, 0, NULL },
		{ "--new", ARG_FLAG, 0, "not the past", 0, 0, NULL },
	},
	.run = run,
};

const struct command *const command_table[] = {
	&cmd_all, &cmd_info, &cmd_invite, &cmd_reject, &cmd_text, &cmd_wait,
	NULL,
};

/* --- finding --- */

static const struct {
	const char *name;
	bool prefixes;
	const struct command *want;
	const char *why;
} names[] = {
	{ "invite", false, &cmd_invite, "" },
	{ "invite", true, &cmd_invite, "" },
	{ "inv", true, &cmd_invite, "" },
	{ "inv", false, NULL, "unknown command 'inv'" },
	{ "in", true, NULL, "'in' is short for info, invite" },
	{ "invites", true, NULL, "unknown command 'invites'" },
	{ "Invite", true, NULL, "unknown command 'Invite'" },
	{ "x\033[2J", true, NULL, "unknown command 'x\\x1b[2J'" },
};

START_TEST(a_name_or_a_unique_prefix_finds_its_row)
{
	struct buf why = { 0 };

	ck_assert_ptr_eq(command_find(slice_str(names[_i].name),
	                              names[_i].prefixes, &why),
	                 names[_i].want);
	ck_assert_str_eq(buf_cstr(&why), names[_i].why);
	buf_deinit(&why);
}
END_TEST

/* --- durations --- */

static const struct {
	const char *text;
	bool ok;
	uint64_t ms;
} durations[] = {
	{ "500ms", true, 500 },
	{ "5s", true, 5000 },
	{ "2m", true, 120000 },
	{ "1h", true, 3600000 },
	{ "5", true, 5000 },
	{ "0", true, 0 },
	{ "1.5s", true, 1500 },
	{ "0.25", true, 250 },
	{ "720h", true, UINT64_C(2592000000) },
	{ "721h", false, 0 },
	{ "18446744073709551615s", false, 0 },
	{ "", false, 0 },
	{ "s", false, 0 },
	{ "-5s", false, 0 },
	{ "5 s", false, 0 },
	{ "5d", false, 0 },
	{ "5sec", false, 0 },
	{ "1.", false, 0 },
	{ ".5s", false, 0 },
};

START_TEST(a_duration_has_a_unit_or_means_seconds)
{
	uint64_t ms = 77;

	ck_assert_msg(duration_parse(slice_str(durations[_i].text), &ms)
	              == durations[_i].ok, "%s", durations[_i].text);
	ck_assert_uint_eq(ms, durations[_i].ok ? durations[_i].ms : 77);
}
END_TEST

/* --- arguments --- */

struct parsed {
	struct args args;
	struct words words;
	struct buf why;
	unsigned column;
	enum error err;
};

static void parse_checked(struct parsed *p, const char *text,
                          arg_check_fn *check, void *arg)
{
	struct slice line = slice_str(text), rest = line;
	const struct command *cmd;

	*p = (struct parsed){ 0 };
	ck_assert_int_eq(words_next(&p->words, line, &rest, NULL, NULL), OK);
	cmd = command_find(p->words.words[0].text, false, &p->why);
	ck_assert_ptr_nonnull(cmd);
	p->err = args_parse(&p->args, cmd, &p->words, check, arg, &p->why,
	                    &p->column);
}

static void parse(struct parsed *p, const char *text)
{
	parse_checked(p, text, NULL, NULL);
}

static void parsed_deinit(struct parsed *p)
{
	args_deinit(&p->args);
	words_deinit(&p->words);
	buf_deinit(&p->why);
}

static const struct {
	const char *line;
	unsigned column;
	const char *why;
} misuses[] = {
	{ "invite", 1, "URI is missing; usage: invite URI "
	  "[--timeout DURATION]" },
	{ "invite ''", 8, "URI: expected URI, got ''" },
	{ "invite a b", 10, "invite takes no further argument 'b'" },
	{ "invite a --timeout 5x", 10,
	  "--timeout: expected a duration like 500ms, 5s or 2m, got '5x'" },
	{ "invite a --timeout=", 10,
	  "--timeout: expected a duration like 500ms, 5s or 2m, got ''" },
	{ "invite a --timeout", 10, "--timeout needs a value: DURATION" },
	{ "invite a --timeout 1 --timeout 2", 22,
	  "--timeout is given twice" },
	{ "invite a --loud", 10, "invite has no option '--loud'" },
	{ "  invite a -x", 12, "invite has no option '-x'" },
	{ "all --flag=1", 5, "--flag takes no value" },
	{ "all --number 2", 5,
	  "--number: expected a number from 3 to 70, got '2'" },
	{ "all --number 71", 5,
	  "--number: expected a number from 3 to 70, got '71'" },
	{ "all --any 4294967296", 5, "--any: expected a number from 0 to "
	  "4294967295, got '4294967296'" },
	{ "all --code 200", 5,
	  "--code: expected a number from 180 to 199, got '200'" },
	{ "all --status 99", 5,
	  "--status: expected a number from 100 to 699, got '99'" },
	{ "all --q 1.1", 5, "--q: expected a number from 0 to 1 with three "
	  "decimals, got '1.1'" },
	{ "all --method 'A B'", 5, "--method: expected a token, got 'A B'" },
	{ "all --call 1", 5, "--call: expected a call like %1, %% or %-, "
	  "got '1'" },
	{ "all --call %0", 5, "--call: expected a call like %1, %% or %-, "
	  "got '%0'" },
	{ "all --calls every", 5, "--calls: expected a call like %1, or "
	  "all, got 'every'" },
	{ "all --mode maybe", 5,
	  "--mode: expected one of on|off|show, got 'maybe'" },
	{ "all --mode o", 5,
	  "--mode: expected one of on|off|show, got 'o'" },
	{ "all --match key", 5, "--match: expected KEY=VALUE (or != < > ~), "
	  "got 'key'" },
	{ "all --match =value", 5, "--match: expected KEY=VALUE (or != < > "
	  "~), got '=value'" },
	{ "all -H Subject", 5, "-H: expected 'NAME: VALUE', got 'Subject'" },
	{ "all -H 'a b: c'", 5, "-H: expected 'NAME: VALUE', got 'a b: c'" },
	{ "all -H 'X: a\nVia: b'", 5,
	  "-H: expected 'NAME: VALUE', got 'X: a\\x0aVia: b'" },
	{ "all --word ''", 5, "--word: expected WORD, got ''" },
	{ "info now", 6, "info takes no further argument 'now'" },
	{ "reject 200", 8, "CODE: expected a number from 300 to 699, got "
	  "'200'" },
};

START_TEST(misuse_is_told_with_its_column_and_what_was_expected)
{
	struct parsed p;

	parse(&p, misuses[_i].line);
	ck_assert_int_eq(p.err, ERR_SYNTAX);
	ck_assert_str_eq(buf_cstr(&p.why), misuses[_i].why);
	ck_assert_msg(p.column == misuses[_i].column, "%s: column %u",
	              misuses[_i].line, p.column);
	parsed_deinit(&p);
}
END_TEST

START_TEST(values_arrive_checked)
{
	struct parsed p;

	parse(&p, "all --flag --duration 2m --number=70 --q 0.5 "
	      "--method INVITE --code 183 --call %% --calls all --mode show "
	      "--text ''");
	ck_assert_int_eq(p.err, OK);
	ck_assert(args_has(&p.args, "--flag"));
	ck_assert(!args_has(&p.args, "--word"));
	ck_assert_uint_eq(args_number(&p.args, "--duration", 0), 120000);
	ck_assert_uint_eq(args_number(&p.args, "--number", 0), 70);
	ck_assert_uint_eq(args_number(&p.args, "--any", 9), 9);
	ck_assert_uint_eq(args_number(&p.args, "--q", 0), 500);
	ck_assert_uint_eq(args_number(&p.args, "--code", 0), 183);
	ck_assert_uint_eq(args_number(&p.args, "--mode", 9), 2);
	ck_assert_slice_eq(args_text(&p.args, "--method"), "INVITE");
	ck_assert_slice_eq(args_text(&p.args, "--call"), "%%");
	ck_assert_slice_eq(args_text(&p.args, "--calls"), "all");
	ck_assert(args_has(&p.args, "--text"));
	ck_assert_uint_eq(args_text(&p.args, "--text").len, 0);
	ck_assert_ptr_null(args_text(&p.args, "--word").p);
	parsed_deinit(&p);
}
END_TEST

START_TEST(headers_keep_their_order_and_know_what_is_removed)
{
	const struct value *v;
	struct parsed p;

	parse(&p, "all -H 'Subject:  a: b ' -H 'X-Gone:' -H 'Y : z'");
	ck_assert_int_eq(p.err, OK);
	ck_assert_uint_eq(args_count(&p.args, "-H"), 3);
	v = args_value(&p.args, "-H", 0);
	ck_assert_slice_eq(v->name, "Subject");
	ck_assert_slice_eq(v->rest, "a: b");
	v = args_value(&p.args, "-H", 1);
	ck_assert_slice_eq(v->name, "X-Gone");
	ck_assert_ptr_null(v->rest.p);
	v = args_value(&p.args, "-H", 2);
	ck_assert_slice_eq(v->name, "Y");
	ck_assert_slice_eq(v->rest, "z");
	ck_assert_ptr_null(args_value(&p.args, "-H", 3));
	parsed_deinit(&p);
}
END_TEST

static const struct {
	const char *text, *name;
	char op;
	const char *rest;
} matches[] = {
	{ "status=200", "status", '=', "200" },
	{ "status!=200", "status", '!', "200" },
	{ "rtt_ms<50", "rtt_ms", '<', "50" },
	{ "rtt_ms>50", "rtt_ms", '>', "50" },
	{ "header.Subject~^a=b", "header.Subject", '~', "^a=b" },
	{ "reason=", "reason", '=', "" },
	{ "a!b=c", "a!b", '=', "c" },
};

START_TEST(a_match_is_split_at_its_first_operator)
{
	struct buf line = { 0 };
	const struct value *v;
	struct parsed p;

	buf_str(&line, "wait x ");
	words_quote(&line, slice_str(matches[_i].text));
	parse(&p, buf_cstr(&line));
	ck_assert_int_eq(p.err, OK);
	v = args_value(&p.args, "MATCH", 0);
	ck_assert_ptr_nonnull(v);
	ck_assert_slice_eq(v->name, matches[_i].name);
	ck_assert_int_eq(v->op, matches[_i].op);
	ck_assert_slice_eq(v->rest, matches[_i].rest);
	parsed_deinit(&p);
	buf_deinit(&line);
}
END_TEST

START_TEST(an_optional_call_in_front_may_be_left_out)
{
	struct parsed p;

	parse(&p, "reject 486 Busy   'right now'");
	ck_assert_int_eq(p.err, OK);
	ck_assert(!args_has(&p.args, "%N"));
	ck_assert_uint_eq(args_number(&p.args, "CODE", 0), 486);
	ck_assert_slice_eq(args_text(&p.args, "REASON"), "Busy right now");
	parsed_deinit(&p);
	parse(&p, "reject %2");
	ck_assert_int_eq(p.err, OK);
	ck_assert_slice_eq(args_text(&p.args, "%N"), "%2");
	ck_assert(!args_has(&p.args, "CODE"));
	parsed_deinit(&p);
}
END_TEST

START_TEST(a_text_goes_up_to_an_option_of_the_command)
{
	struct parsed p;

	parse(&p, "text a -b --c -H 'X: y'");
	ck_assert_int_eq(p.err, OK);
	ck_assert_slice_eq(args_text(&p.args, "TEXT"), "a -b --c");
	ck_assert_uint_eq(args_count(&p.args, "-H"), 1);
	parsed_deinit(&p);
	parse(&p, "text a --type=b");
	ck_assert_int_eq(p.err, OK);
	ck_assert_slice_eq(args_text(&p.args, "TEXT"), "a");
	ck_assert_slice_eq(args_text(&p.args, "--type"), "b");
	parsed_deinit(&p);
	parse(&p, "text -- a -H b --");
	ck_assert_int_eq(p.err, OK);
	ck_assert_slice_eq(args_text(&p.args, "TEXT"), "a -H b --");
	parsed_deinit(&p);
	parse(&p, "text a --type b c");
	ck_assert_int_eq(p.err, ERR_SYNTAX);
	ck_assert_str_eq(buf_cstr(&p.why),
	                 "text takes no further argument 'c'");
	parsed_deinit(&p);
}
END_TEST

START_TEST(the_last_positional_may_take_all_that_follow)
{
	struct parsed p;

	parse(&p, "wait call.ended by=local --new cause=bye");
	ck_assert_int_eq(p.err, OK);
	ck_assert_uint_eq(args_count(&p.args, "MATCH"), 2);
	ck_assert(args_has(&p.args, "--new"));
	ck_assert_slice_eq(args_value(&p.args, "MATCH", 1)->name, "cause");
	parsed_deinit(&p);
}
END_TEST

START_TEST(a_double_dash_ends_the_options)
{
	struct parsed p;

	parse(&p, "invite -- --timeout");
	ck_assert_int_eq(p.err, OK);
	ck_assert_slice_eq(args_text(&p.args, "URI"), "--timeout");
	parsed_deinit(&p);
	parse(&p, "reject -- 486 --");
	ck_assert_int_eq(p.err, OK);
	ck_assert_slice_eq(args_text(&p.args, "REASON"), "--");
	parsed_deinit(&p);
	parse(&p, "invite -");
	ck_assert_int_eq(p.err, OK);
	parsed_deinit(&p);
}
END_TEST

/* The application's part: "bob" becomes sip:bob@example.com. */
static bool check(const struct arg_spec *spec, struct value *v,
                  struct buf *scratch, struct buf *why, void *arg)
{
	unsigned *asked = arg;

	(*asked)++;
	if (slice_eq(v->text, SLICE("nobody"))) {
		buf_str(why, "nobody is there");
		return false;
	}
	if (spec->kind == ARG_URI) {
		buf_str(scratch, "sip:");
		buf_slice(scratch, v->text);
		buf_str(scratch, "@example.com");
	}
	return true;
}

START_TEST(the_application_completes_and_refuses_values)
{
	unsigned asked = 0;
	struct parsed p;

	parse_checked(&p, "invite bob --timeout 5s", check, &asked);
	ck_assert_int_eq(p.err, OK);
	ck_assert_uint_eq(asked, 2);
	ck_assert_slice_eq(args_text(&p.args, "URI"), "sip:bob@example.com");
	ck_assert_slice_eq(args_text(&p.args, "--timeout"), "5s");
	ck_assert_uint_eq(args_number(&p.args, "--timeout", 0), 5000);
	parsed_deinit(&p);

	parse_checked(&p, "invite nobody", check, &asked);
	ck_assert_int_eq(p.err, ERR_SYNTAX);
	ck_assert_str_eq(buf_cstr(&p.why), "nobody is there");
	ck_assert_uint_eq(p.column, 8);
	parsed_deinit(&p);
}
END_TEST

START_TEST(arguments_outlive_their_line)
{
	char line[] = "all -H 'Subject: x' --match key=value";
	struct slice rest = slice_str(line);
	struct words w = { 0 };
	struct buf why = { 0 };
	struct args a;
	unsigned column;

	ck_assert_int_eq(words_next(&w, rest, &rest, NULL, NULL), OK);
	ck_assert_int_eq(args_parse(&a, &cmd_all, &w, NULL, NULL, &why,
	                            &column), OK);
	words_deinit(&w);
	memset(line, '!', sizeof(line) - 1);
	ck_assert_slice_eq(args_value(&a, "-H", 0)->rest, "x");
	ck_assert_slice_eq(args_value(&a, "--match", 0)->name, "key");
	ck_assert_slice_eq(args_value(&a, "--match", 0)->rest, "value");
	args_deinit(&a);
	buf_deinit(&why);
}
END_TEST

START_TEST(short_memory_is_an_ordinary_error)
{
	struct slice line = SLICE("reject %1 486 Busy Here"), rest = line;
	struct words w = { 0 };
	bool failed = true;

	ck_assert_int_eq(words_next(&w, line, &rest, NULL, NULL), OK);
	for (size_t n = 0; failed; n++) {
		struct buf why = { 0 };
		struct args a;
		unsigned column;
		enum error err;

		test_alloc_fail(n);
		err = args_parse(&a, &cmd_reject, &w, NULL, NULL, &why,
		                 &column);
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : OK);
		if (err == OK)
			args_deinit(&a);
		buf_deinit(&why);
	}
	words_deinit(&w);
}
END_TEST

/* --- showing --- */

START_TEST(usage_and_help_come_from_the_row)
{
	struct buf out = { 0 };

	command_usage(&out, &cmd_wait);
	ck_assert_str_eq(buf_cstr(&out),
	                 "usage: wait EVENT [MATCH]... [--new]");
	buf_reset(&out);
	command_usage(&out, &cmd_info);
	ck_assert_str_eq(buf_cstr(&out), "usage: info");
	buf_reset(&out);
	command_help(&out, &cmd_invite);
	ck_assert_str_eq(buf_cstr(&out),
	                 "invite: call URI\n"
	                 "usage: invite URI [--timeout DURATION]\n"
	                 "  URI                      whom\n"
	                 "  --timeout DURATION       a bound\n");
	buf_reset(&out);
	command_help(&out, &cmd_all);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "\nAnd a detail.\n"));
	ck_assert_ptr_nonnull(strstr(buf_cstr(&out), "[--mode on|off|show]"));
	buf_deinit(&out);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("command", &t);

	tcase_add_loop_test(t, a_name_or_a_unique_prefix_finds_its_row, 0,
	                    (int)ARRAY_LEN(names));
	tcase_add_loop_test(t, a_duration_has_a_unit_or_means_seconds, 0,
	                    (int)ARRAY_LEN(durations));
	tcase_add_loop_test(t,
		misuse_is_told_with_its_column_and_what_was_expected, 0,
		(int)ARRAY_LEN(misuses));
	tcase_add_test(t, values_arrive_checked);
	tcase_add_test(t, headers_keep_their_order_and_know_what_is_removed);
	tcase_add_loop_test(t, a_match_is_split_at_its_first_operator, 0,
	                    (int)ARRAY_LEN(matches));
	tcase_add_test(t, an_optional_call_in_front_may_be_left_out);
	tcase_add_test(t, a_text_goes_up_to_an_option_of_the_command);
	tcase_add_test(t, the_last_positional_may_take_all_that_follow);
	tcase_add_test(t, a_double_dash_ends_the_options);
	tcase_add_test(t, the_application_completes_and_refuses_values);
	tcase_add_test(t, arguments_outlive_their_line);
	tcase_add_test(t, short_memory_is_an_ordinary_error);
	tcase_add_test(t, usage_and_help_come_from_the_row);
	return s;
}

int main(void)
{
	return test_main(suite());
}
