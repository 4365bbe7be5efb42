/* Whatever is typed: a line is cut into words that read back from their
 * quotes, and a command's arguments are checked by its row. */

#include "cli/command.h"
#include "tests/fuzz.h"

static void variable(struct slice name, struct buf *out, void *arg)
{
	unsigned *asked = arg;

	(*asked)++;
	if (slice_eq(name, SLICE("odd")))
		buf_str(out, "a 'b\" $odd ; # \\ &");
	else
		buf_slice(out, name);
}

static bool is_c_string(struct slice s)
{
	return slice_find(s, '\0') == s.len;
}

/* As one word again, whatever it holds but a NUL or a line's end. */
static void check_quoting(struct slice text)
{
	struct buf quoted = { 0 };
	struct words again = { 0 };
	struct slice rest;

	if (!is_c_string(text) || slice_find(text, '\n') != text.len)
		return;
	words_quote(&quoted, text);
	rest = buf_view(&quoted);
	PROPERTY(words_next(&again, rest, &rest, NULL, NULL) == OK);
	PROPERTY(again.n == 1 && !again.background && !again.ignore_failure);
	PROPERTY(slice_eq(again.words[0].text, text));
	words_deinit(&again);
	buf_deinit(&quoted);
}

static bool accept_all(const struct arg_spec *spec, struct value *v,
                       struct buf *scratch, struct buf *why, void *arg)
{
	(void)scratch;
	(void)why;
	(void)arg;
	PROPERTY(spec->name != NULL && v->text.p != NULL);
	return true;
}

static void check_args(const struct args *a)
{
	for (size_t i = 0; i < COMMAND_ARGS_MAX; i++) {
		const struct arg_spec *spec = &a->command->args[i];

		if (spec->name == NULL)
			break;
		PROPERTY(args_count(a, spec->name) == a->counts[i]);
		PROPERTY(!(spec->flags & ARG_REQUIRED) || a->counts[i] != 0);
		for (size_t n = 0; n < a->counts[i]; n++)
			PROPERTY(args_value(a, spec->name, n)
			         == &a->values[i][n]);
		PROPERTY(args_value(a, spec->name, a->counts[i]) == NULL);
	}
}

static void check_command(const struct words *w)
{
	struct buf why = { 0 };
	const struct command *cmd = command_find(w->words[0].text, true, &why);
	struct args args = { 0 };
	unsigned column = 0;
	enum error err;

	PROPERTY((cmd == NULL) == (why.len != 0));
	if (cmd != NULL) {
		err = args_parse(&args, cmd, w, accept_all, NULL, &why,
		                 &column);
		PROPERTY(err == OK || (why.len != 0 && column != 0));
		if (err == OK)
			check_args(&args);
	}
	args_deinit(&args);
	buf_deinit(&why);
}

static void check_line(struct slice line, variable_fn *fn)
{
	struct words w = { 0 };
	struct slice rest = line;
	unsigned asked = 0;
	size_t left;
	enum error err;

	do {
		left = rest.len;
		err = words_next(&w, line, &rest, fn, &asked);
		PROPERTY(err == ERR_NOT_FOUND || rest.len < left);
		PROPERTY(err != ERR_SYNTAX || w.why_column != 0);
		if (err != OK || w.n == 0)
			continue;
		for (size_t i = 0; i < w.n; i++)
			check_quoting(w.words[i].text);
		check_command(&w);
	} while (err != ERR_NOT_FOUND);
	words_deinit(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct slice in = fuzz_input(octets, len);
	uint64_t ms;

	check_line(in, NULL);
	check_line(in, variable);
	if (duration_parse(in, &ms))
		PROPERTY(len != 0 && ms <= 30ull * 24 * 3600 * 1000);
	return 0;
}
