/* The command line of the program itself. */

#include <check.h>
#include <stdlib.h>

#include "cli/options.h"
#include "tests/helpers.h"

enum { WORDS_MAX = 80 };

/* argv of a line whose words blanks separate; the line is cut up. */
struct argv {
	char line[512];
	char *words[WORDS_MAX + 1];
	int n;
};

static void split(struct argv *a, const char *line)
{
	*a = (struct argv){ 0 };
	ck_assert_uint_lt(strlen(line), sizeof(a->line));
	memcpy(a->line, line, strlen(line));
	a->words[a->n++] = a->line;
	for (char *p = a->line; *p != '\0'; p++) {
		if (*p != ' ')
			continue;
		*p = '\0';
		ck_assert_int_lt(a->n, WORDS_MAX);
		a->words[a->n++] = p + 1;
	}
}

/* Options of a line; fails the test when they are wrong. */
static void parse(struct options *o, struct argv *a, const char *line)
{
	struct buf why = { 0 };

	split(a, line);
	ck_assert_msg(options_parse(o, a->n, a->words, &why), "%s",
	              buf_cstr(&why));
	buf_deinit(&why);
}

START_TEST(nothing_is_asked_for_when_nothing_is_given)
{
	struct options o;
	struct argv a;

	unsetenv("SIPSH_PASSWORD");
	parse(&o, &a, "sipsh");
	ck_assert_ptr_null(o.account);
	ck_assert_int_eq(o.password_fd, -1);
	ck_assert_ptr_null(o.password);
	ck_assert_uint_eq(o.jobs, 1);
	ck_assert_uint_eq(o.nwords, 0);
	ck_assert_uint_eq(o.timeout_ms, 0);
	ck_assert_ptr_null(o.trace);
	ck_assert_int_eq(o.color, COLOR_AUTO);
	options_deinit(&o);
}
END_TEST

START_TEST(every_option_arrives)
{
	struct options o;
	struct argv a;

	parse(&o, &a, "sipsh -a sip:a@b --user u --password-file p "
	      "--credentials R=u:f --credentials S=v:g -r sip:r -P sip:p "
	      "-l udp:127.0.0.1 --listen tcp::1 -t udp,tcp -4 "
	      "--timeout 1500ms -j -q --trace=t.txt --jobs 7 --keep "
	      "--dns 127.0.0.1:53 --show-secrets -f script --color never "
	      "--no-rc one two");
	ck_assert_str_eq(o.account, "sip:a@b");
	ck_assert_str_eq(o.user, "u");
	ck_assert_str_eq(o.password_file, "p");
	ck_assert_uint_eq(o.ncredentials, 2);
	ck_assert_str_eq(o.credentials[1], "S=v:g");
	ck_assert_str_eq(o.registrar, "sip:r");
	ck_assert_str_eq(o.proxy, "sip:p");
	ck_assert_uint_eq(o.nlisten, 2);
	ck_assert_str_eq(o.listen[0], "udp:127.0.0.1");
	ck_assert_str_eq(o.listen[1], "tcp::1");
	ck_assert_str_eq(o.transports, "udp,tcp");
	ck_assert(o.ipv4_only);
	ck_assert(!o.ipv6_only);
	ck_assert_uint_eq(o.timeout_ms, 1500);
	ck_assert(o.json);
	ck_assert(o.quiet);
	ck_assert_str_eq(o.trace, "t.txt");
	ck_assert_uint_eq(o.jobs, 7);
	ck_assert(o.keep);
	ck_assert_str_eq(o.dns, "127.0.0.1:53");
	ck_assert(o.show_secrets);
	ck_assert_str_eq(o.script, "script");
	ck_assert_int_eq(o.color, COLOR_NEVER);
	ck_assert(o.no_rc);
	ck_assert_uint_eq(o.nwords, 2);
	ck_assert_str_eq(o.words[1], "two");
	options_deinit(&o);
}
END_TEST

START_TEST(what_follows_the_command_is_the_commands)
{
	struct options o;
	struct argv a;

	parse(&o, &a, "sipsh -v register --expires 60 -j");
	ck_assert(o.verbose);
	ck_assert(!o.json);
	ck_assert_uint_eq(o.nwords, 4);
	ck_assert_str_eq(o.words[0], "register");
	options_deinit(&o);
	parse(&o, &a, "sipsh -- -v");
	ck_assert(!o.verbose);
	ck_assert_uint_eq(o.nwords, 1);
	options_deinit(&o);
}
END_TEST

START_TEST(commands_keep_their_order)
{
	struct options o;
	struct argv a;

	parse(&o, &a, "sipsh -c one -j -c two --command=three");
	ck_assert_uint_eq(o.ncommands, 3);
	ck_assert_str_eq(o.commands[0], "one");
	ck_assert_str_eq(o.commands[1], "two");
	ck_assert_str_eq(o.commands[2], "three");
	options_deinit(&o);
}
END_TEST

START_TEST(a_trace_without_a_file_goes_to_stderr)
{
	struct options o;
	struct argv a;

	parse(&o, &a, "sipsh --trace quit");
	ck_assert_str_eq(o.trace, "");
	ck_assert_uint_eq(o.nwords, 1);
	options_deinit(&o);
}
END_TEST

START_TEST(a_password_of_the_environment_is_taken_out_of_it)
{
	struct options o;
	struct argv a;

	setenv("SIPSH_PASSWORD", "secret", 1);
	parse(&o, &a, "sipsh");
	ck_assert_str_eq(o.password, "secret");
	ck_assert_ptr_null(getenv("SIPSH_PASSWORD"));
	options_deinit(&o);
	ck_assert_ptr_null(o.password);
}
END_TEST

static const struct {
	const char *line, *why;
} wrong[] = {
	{ "sipsh -x", "unknown option '-x'" },
	{ "sipsh --nonsense", "unknown option '--nonsense'" },
	{ "sipsh --password secret", "unknown option '--password'" },
	{ "sipsh -a", "option -a needs a value" },
	{ "sipsh --dns", "option --dns needs a value" },
	{ "sipsh --json=1", "option --json takes no value" },
	{ "sipsh --timeout 5x",
	  "--timeout: expected a duration like 500ms or 5s, got '5x'" },
	{ "sipsh --timeout 0",
	  "--timeout: expected a duration like 500ms or 5s, got '0'" },
	{ "sipsh --jobs 0",
	  "--jobs: expected a number from 1 to 1000, got '0'" },
	{ "sipsh --jobs many",
	  "--jobs: expected a number from 1 to 1000, got 'many'" },
	{ "sipsh --password-fd 1024",
	  "--password-fd: expected a number from 0 to 1023, got '1024'" },
	{ "sipsh --color blue",
	  "--color: expected auto, always or never, got 'blue'" },
	{ "sipsh -4 -6", "-4 and -6 exclude each other" },
	{ "sipsh -q -v", "-q and -v exclude each other" },
	{ "sipsh -c a -f b", "-c and -f exclude each other" },
	{ "sipsh -c a b", "-c and a COMMAND exclude each other" },
	{ "sipsh --password-file a --password-fd 3",
	  "--password-file and --password-fd exclude each other" },
};

START_TEST(a_wrong_option_is_told_with_what_was_expected)
{
	struct buf why = { 0 };
	struct options o;
	struct argv a;

	split(&a, wrong[_i].line);
	ck_assert(!options_parse(&o, a.n, a.words, &why));
	ck_assert_str_eq(buf_cstr(&why), wrong[_i].why);
	options_deinit(&o);
	buf_deinit(&why);
}
END_TEST

START_TEST(a_list_has_an_end)
{
	struct buf why = { 0 }, line = { 0 };
	struct options o;
	struct argv a;

	buf_str(&line, "sipsh");
	for (int i = 0; i <= OPTIONS_LIST_MAX; i++)
		buf_str(&line, " -c x");
	split(&a, buf_cstr(&line));
	ck_assert(!options_parse(&o, a.n, a.words, &why));
	ck_assert_str_eq(buf_cstr(&why), "--command: at most 32 of them");
	options_deinit(&o);
	buf_deinit(&line);
	buf_deinit(&why);
}
END_TEST

START_TEST(the_help_names_every_option)
{
	struct buf out = { 0 }, name = { 0 };

	options_help(&out);
	for (size_t i = 0; option_table[i].name != NULL; i++) {
		buf_reset(&name);
		buf_printf(&name, "--%s", option_table[i].name);
		ck_assert_ptr_nonnull(strstr(buf_cstr(&out),
		                             buf_cstr(&name)));
	}
	buf_deinit(&name);
	buf_deinit(&out);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("options", &t);

	tcase_add_test(t, nothing_is_asked_for_when_nothing_is_given);
	tcase_add_test(t, every_option_arrives);
	tcase_add_test(t, what_follows_the_command_is_the_commands);
	tcase_add_test(t, commands_keep_their_order);
	tcase_add_test(t, a_trace_without_a_file_goes_to_stderr);
	tcase_add_test(t, a_password_of_the_environment_is_taken_out_of_it);
	tcase_add_loop_test(t, a_wrong_option_is_told_with_what_was_expected,
	                    0, (int)ARRAY_LEN(wrong));
	tcase_add_test(t, a_list_has_an_end);
	tcase_add_test(t, the_help_names_every_option);
	return s;
}

int main(void)
{
	return test_main(suite());
}
