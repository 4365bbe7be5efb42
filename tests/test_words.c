/* The grammar of a command line. */

#include <check.h>

#include "cli/words.h"
#include "core/base/list.h"
#include "tests/helpers.h"

static void variable(struct slice name, struct buf *out, void *arg)
{
	(void)arg;
	if (slice_eq(name, SLICE("status")))
		buf_str(out, "200 OK");
	else if (slice_eq(name, SLICE("?")))
		buf_str(out, "7");
	else if (slice_eq(name, SLICE("1")))
		buf_str(out, "first");
}

/* All commands of a line: words joined by |, commands by newline; a leading
 * ! for ignore_failure, a trailing & for background. */
static void split(struct slice line, struct buf *out, struct words *w)
{
	struct slice rest = line;
	enum error err;

	while ((err = words_next(w, line, &rest, variable, NULL)) == OK) {
		if (w->n == 0)
			continue;
		if (w->ignore_failure)
			buf_char(out, '!');
		for (size_t i = 0; i < w->n; i++) {
			if (i > 0)
				buf_char(out, '|');
			buf_slice(out, w->words[i].text);
		}
		if (w->background)
			buf_char(out, '&');
		buf_char(out, '\n');
	}
	if (err == ERR_SYNTAX)
		buf_printf(out, "%u: %s", w->why_column, w->why);
}

static const struct {
	const char *why, *line, *want;
} cases[] = {
	{ "plain", "invite bob", "invite|bob\n" },
	{ "nothing", "   ", "" },
	{ "a comment", "bye # now", "bye\n" },
	{ "# inside a word stays", "echo a#b", "echo|a#b\n" },
	{ "two commands", "register; bye", "register\nbye\n" },
	{ "; inside a URI needs no quotes",
	  "options sip:bob@example.com;transport=tcp; bye",
	  "options|sip:bob@example.com;transport=tcp\nbye\n" },
	{ "; at the end", "bye;", "bye\n" },
	{ "; behind a space", "bye ; ring", "bye\nring\n" },
	{ "only separators", " ; ; ", "" },
	{ "double quotes", "send \"a b\" c", "send|a b|c\n" },
	{ "single quotes keep all", "echo '$status \"x\" \\'",
	  "echo|$status \"x\" \\\n" },
	{ "an empty word", "echo ''", "echo|\n" },
	{ "quotes join", "echo a'b c'\"d\"", "echo|ab cd\n" },
	{ "backslash", "echo a\\ b \\; \\$x", "echo|a b|;|$x\n" },
	{ "backslash in quotes", "echo \"\\\"\\\\\\n\"", "echo|\"\\\\n\n" },
	{ "a variable is one word", "echo $status", "echo|200 OK\n" },
	{ "in braces", "echo ${status}x $?", "echo|200 OKx|7\n" },
	{ "an unset one is empty", "echo [$nothing]", "echo|[]\n" },
	{ "a parameter", "echo $1", "echo|first\n" },
	{ "a lone dollar", "echo $ 5$", "echo|$|5$\n" },
	{ "background", "invite bob &", "invite|bob&\n" },
	{ "background, joined", "invite bob& ; bye", "invite|bob&\nbye\n" },
	{ "& inside a URI", "invite sip:b@h?a=b&c=d",
	  "invite|sip:b@h?a=b&c=d\n" },
	{ "ignored failure", "-register; - bye", "!register\n!bye\n" },
	{ "an option is no dash", "bye -x", "bye|-x\n" },
	{ "no closing quote", "echo \"a", "6: no closing \"" },
	{ "no closing single quote", "bye; echo 'a", "bye\n11: no closing '" },
	{ "no closing brace", "echo ${a", "6: no } behind ${" },
	{ "backslash last", "echo \\", "6: nothing behind \\" },
	{ "the rest of a broken line is dropped", "echo 'a; bye",
	  "6: no closing '" },
};

START_TEST(a_line_is_split_as_sh_would)
{
	struct words w = { 0 };
	struct buf out = { 0 };

	split(slice_str(cases[_i].line), &out, &w);
	ck_assert_msg(slice_eq(buf_view(&out), slice_str(cases[_i].want)),
	              "%s: got %s", cases[_i].why, buf_cstr(&out));
	words_deinit(&w);
	buf_deinit(&out);
}
END_TEST

START_TEST(without_variables_words_are_marked_and_left)
{
	struct slice line = SLICE("echo $x y");
	struct slice rest = line;
	struct words w = { 0 };

	ck_assert_int_eq(words_next(&w, line, &rest, NULL, NULL), OK);
	ck_assert_uint_eq(w.n, 3);
	ck_assert(slice_eq(w.words[1].text, SLICE("$x")));
	ck_assert(w.words[1].variable);
	ck_assert(!w.words[2].variable);
	ck_assert_uint_eq(w.words[2].column, 9);
	words_deinit(&w);
}
END_TEST

START_TEST(what_is_quoted_reads_back_as_one_word)
{
	struct slice texts[] = {
		SLICE(""), SLICE("a b"), SLICE("it's; $x & # \"q\" \\"),
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct words w = { 0 };
		struct buf line = { 0 };
		struct slice rest;

		words_quote(&line, texts[i]);
		rest = buf_view(&line);
		ck_assert_int_eq(words_next(&w, rest, &rest, variable, NULL),
		                 OK);
		ck_assert_uint_eq(w.n, 1);
		ck_assert(slice_eq(w.words[0].text, texts[i]));
		words_deinit(&w);
		buf_deinit(&line);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("words");
	TCase *t = tcase_create("words");

	tcase_add_loop_test(t, a_line_is_split_as_sh_would, 0,
	                    (int)ARRAY_LEN(cases));
	tcase_add_test(t, without_variables_words_are_marked_and_left);
	tcase_add_test(t, what_is_quoted_reads_back_as_one_word);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return test_main(suite());
}
