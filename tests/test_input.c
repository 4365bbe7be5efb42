/* Lines of a pipe or a script, and files that hold secrets. */

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/input.h"
#include "tests/helpers.h"

/* The application: one command, which notes its text and its line. */
struct app {
	struct buf said;
	unsigned ended;
	struct queue *queue;
	struct input *input;
	struct item *pending;
};

static struct app app;
static struct env env;
static struct loop *loop;

static enum run say_run(struct app *a, struct item *item,
                        const struct args *args)
{
	buf_printf(&a->said, "%s:%u ", item->origin.name == NULL ? "-"
	           : item->origin.name, item->origin.line);
	buf_slice(&a->said, args_text(args, "TEXT"));
	buf_char(&a->said, '\n');
	return item_ok(item);
}

static enum run pend_run(struct app *a, struct item *item,
                         const struct args *args)
{
	(void)args;
	a->pending = item;
	return RUN_PENDING;
}

static const struct command cmd_pend = {
	.name = "pend", .summary = "", .run = pend_run,
	.flags = COMMAND_OFFLINE,
};
static const struct command cmd_say = {
	.name = "say", .summary = "", .run = say_run,
	.flags = COMMAND_OFFLINE,
	.args = { { "TEXT", ARG_TEXT, ARG_JOINED, "", 0, 0, NULL } },
};

const struct command *const command_table[] = { &cmd_pend, &cmd_say, NULL };

static void finished(struct app *a, struct item *item)
{
	(void)a;
	(void)item;
}

static void misused(struct app *a, const struct origin *origin,
                    unsigned column, const char *text)
{
	buf_printf(&a->said, "%s:%u:%u: %s\n",
	           origin->name == NULL ? "-" : origin->name, origin->line,
	           column, text);
}

static void drained(struct app *a)
{
	input_resume(a->input);
}

static const struct queue_ops ops = {
	.finished = finished,
	.misused = misused,
	.drained = drained,
};

static void ended(void *arg)
{
	struct app *a = arg;

	a->ended++;
}

static void setup(void)
{
	app = (struct app){ 0 };
	loop = loop_new(&env);
	ck_assert_ptr_nonnull(loop);
	app.queue = queue_new(&app, &env, &ops, false, 1);
	ck_assert_ptr_nonnull(app.queue);
}

static void teardown(void)
{
	input_free(app.input);
	queue_free(app.queue);
	loop_free(loop);
	buf_deinit(&app.said);
}

static void turn(void)
{
	for (int i = 0; i < 20; i++)
		loop_turn(loop, 0);
}

static void said(const char *want)
{
	ck_assert_str_eq(buf_cstr(&app.said), want);
	buf_reset(&app.said);
}

/* --- a stream --- */

/* A pipe that input reads; its other end is returned. */
static int open_pipe(int *reader)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	*reader = ends[0];
	app.input = input_new_stream(loop, app.queue, ends[0], "in", ended,
	                             &app);
	ck_assert_ptr_nonnull(app.input);
	return ends[1];
}

static void put(int fd, const char *text)
{
	ck_assert_int_eq(write(fd, text, strlen(text)),
	                 (ssize_t)strlen(text));
	turn();
}

START_TEST(lines_run_as_they_come_and_the_last_needs_no_newline)
{
	int reader, writer = open_pipe(&reader);

	put(writer, "say a\nsay b");
	said("in:1 a\n");
	put(writer, "c\n\n# no\n");
	said("in:2 bc\n");
	ck_assert_uint_eq(app.ended, 0);
	put(writer, "say d\r\nsay e");
	close(writer);
	turn();
	said("in:5 d\nin:6 e\n");
	ck_assert_uint_eq(app.ended, 1);
	close(reader);
}
END_TEST

START_TEST(a_line_goes_on_behind_a_backslash)
{
	int reader, writer = open_pipe(&reader);

	put(writer, "say a\\\nb \\\n c\nsay 'x\\\\'\nsay y\n");
	said("in:1 ab c\nin:4 x\\\\\nin:5 y\n");
	close(writer);
	turn();
	ck_assert_uint_eq(app.ended, 1);
	close(reader);
}
END_TEST

START_TEST(nothing_is_read_while_a_command_is_pending)
{
	int reader, writer = open_pipe(&reader);

	put(writer, "pend\n");
	for (int i = 0; i < 300; i++)
		put(writer, "say x\n");
	ck_assert(!queue_has_room(app.queue));
	said("");
	close(writer);
	turn();
	ck_assert_uint_eq(app.ended, 0);
	item_ok(app.pending);
	queue_done(app.pending);
	for (int i = 0; i < 300; i++)
		loop_turn(loop, 0);
	ck_assert_uint_eq(app.ended, 1);
	ck_assert_uint_eq(app.said.len, 8 * strlen("in:2 x\n")
	                  + 90 * strlen("in:10 x\n")
	                  + 202 * strlen("in:100 x\n"));
	close(reader);
}
END_TEST

START_TEST(no_input_at_all_is_an_end)
{
	int fd = open("/dev/null", O_RDONLY);

	app.input = input_new_stream(loop, app.queue, fd, "in", ended, &app);
	turn();
	ck_assert_uint_eq(app.ended, 1);
	close(fd);
}
END_TEST

START_TEST(a_closed_descriptor_is_an_end)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	app.input = input_new_stream(loop, app.queue, fd, "in", ended, &app);
	turn();
	ck_assert_uint_eq(app.ended, 1);
}
END_TEST

START_TEST(a_line_without_end_is_misuse_and_no_part_of_it_runs)
{
	int reader, writer = open_pipe(&reader);
	char text[1001];

	put(writer, "say ");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 70 && app.ended == 0; i++)
		put(writer, text);
	said("in:1:1: a line is longer than 65536 octets\n");
	ck_assert_uint_eq(app.ended, 1);
	ck_assert_int_eq(queue_status(app.queue), 2);
	close(writer);
	close(reader);
}
END_TEST

/* --- scripts --- */

START_TEST(a_script_is_checked_with_the_lines_it_has)
{
	ck_assert(input_check_script(app.queue, SLICE("say a\n\nsay b \\\n"
	                                              "c\nsay d"), "s"));
	ck_assert(!input_check_script(app.queue, SLICE("say a\n\nsay b \\\n"
	                                               "c\n  sya d\nx"),
	                              "s"));
	said("s:5:3: unknown command 'sya'\n");
}
END_TEST

START_TEST(a_script_is_queued_line_by_line)
{
	ck_assert(input_queue_script(app.queue, SLICE("#!/usr/bin/sipsh\n"
	                                              "say a; say b\n"
	                                              "say c\\\nd\nsay e"),
	                             "s"));
	turn();
	said("s:2 a\ns:2 b\ns:3 cd\ns:5 e\n");
}
END_TEST

/* --- files --- */

static char path[64];

static void make_file(const char *text, size_t n, mode_t mode)
{
	int fd;

	memcpy(path, "/tmp/sipsh-input-XXXXXX", 24);
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

START_TEST(a_whole_file_is_read_up_to_a_bound)
{
	struct buf out = { 0 }, why = { 0 };

	make_file("one\0two\n", 8, 0600);
	ck_assert_int_eq(input_read_file(path, 8, &out, &why), OK);
	ck_assert_uint_eq(out.len, 8);
	ck_assert_int_eq(memcmp(out.p, "one\0two\n", 8), 0);
	buf_reset(&out);
	ck_assert_int_eq(input_read_file(path, 7, &out, &why), ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why),
	                             ": longer than 7 octets"));
	unlink(path);
	buf_reset(&why);
	ck_assert_int_eq(input_read_file(path, 8, &out, &why),
	                 ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why),
	                             ": No such file or directory"));
	buf_reset(&why);
	ck_assert_int_eq(input_read_file("/tmp", 8, &out, &why), ERR_IO);
	ck_assert_str_eq(buf_cstr(&why), "/tmp: Is a directory");
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

static const struct {
	const char *text;
	mode_t mode;
	enum error err;
	const char *secret, *why;
} secrets[] = {
	{ "secret\n", 0600, OK, "secret", "" },
	{ "secret", 0400, OK, "secret", "" },
	{ "secret\r\nmore\n", 0600, OK, "secret", "" },
	{ " a b ", 0600, OK, " a b ", "" },
	{ "secret\n", 0640, ERR_IO, "", ": others may read it (chmod 600 " },
	{ "secret\n", 0604, ERR_IO, "", ": others may read it (chmod 600 " },
	{ "", 0600, ERR_IO, "", ": the password is empty" },
	{ "\nsecret\n", 0600, ERR_IO, "", ": the password is empty" },
};

START_TEST(a_secret_is_the_first_line_of_a_file_of_our_own)
{
	struct buf out = { 0 }, why = { 0 };

	make_file(secrets[_i].text, strlen(secrets[_i].text),
	          secrets[_i].mode);
	ck_assert_int_eq(input_read_secret(path, &out, &why),
	                 secrets[_i].err);
	ck_assert_str_eq(secrets[_i].err == OK ? buf_cstr(&out) : "",
	                 secrets[_i].secret);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why), secrets[_i].why));
	unlink(path);
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

START_TEST(a_secret_that_is_not_there_or_too_long_is_told)
{
	struct buf out = { 0 }, why = { 0 };
	char text[2000];

	ck_assert_int_eq(input_read_secret("/nonexistent", &out, &why),
	                 ERR_IO);
	ck_assert_str_eq(buf_cstr(&why),
	                 "/nonexistent: No such file or directory");
	buf_reset(&why);
	memset(text, 'x', sizeof(text));
	make_file(text, sizeof(text), 0600);
	ck_assert_int_eq(input_read_secret(path, &out, &why), ERR_LIMIT);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why),
	                             ": longer than 1024 octets"));
	unlink(path);
	buf_deinit(&out);
	buf_deinit(&why);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("input", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t,
		lines_run_as_they_come_and_the_last_needs_no_newline);
	tcase_add_test(t, a_line_goes_on_behind_a_backslash);
	tcase_add_test(t, nothing_is_read_while_a_command_is_pending);
	tcase_add_test(t, no_input_at_all_is_an_end);
	tcase_add_test(t, a_closed_descriptor_is_an_end);
	tcase_add_test(t,
		a_line_without_end_is_misuse_and_no_part_of_it_runs);
	tcase_add_test(t, a_script_is_checked_with_the_lines_it_has);
	tcase_add_test(t, a_script_is_queued_line_by_line);
	tcase_add_test(t, a_whole_file_is_read_up_to_a_bound);
	tcase_add_loop_test(t, a_secret_is_the_first_line_of_a_file_of_our_own,
	                    0, (int)ARRAY_LEN(secrets));
	tcase_add_test(t, a_secret_that_is_not_there_or_too_long_is_told);
	return s;
}

int main(void)
{
	return test_main(suite());
}
