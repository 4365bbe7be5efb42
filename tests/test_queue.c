/* The command queue, with commands and an application that are made up. */

#include <check.h>
#include <stdlib.h>

#include "cli/queue.h"
#include "tests/helpers.h"

enum { PENDING_MAX = 16 };

/* The application: notes what happened. */
struct app {
	struct buf said;                /* "echo a\n", "done echo 0\n" */
	struct item *pending[PENDING_MAX];
	size_t npending;
	struct env env;
	struct queue *queue;
	unsigned drained, given_up, freed;
	bool prepare_fails;
};

static struct app app;

/* --- commands --- */

static enum run echo_run(struct app *a, struct item *item,
                         const struct args *args)
{
	struct slice text = args_text(args, "TEXT");

	buf_str(&a->said, "echo ");
	buf_slice(&a->said, text);
	buf_char(&a->said, '\n');
	return item_ok(item);
}

static enum run fail_run(struct app *a, struct item *item,
                         const struct args *args)
{
	uint64_t status = args_number(args, "STATUS", 0);

	(void)a;
	item_fail(item, status == 1 ? CLASS_REFUSED : CLASS_TIMEOUT,
	          "failed with %u", (unsigned)status);
	item_set_status(item, 486, SLICE("Busy Here"));
	return RUN_DONE;
}

static void stop_waiting(struct item *item, enum error why)
{
	app.given_up++;
	item_fail(item, error_class(why), "given up");
	if (why == ERR_CANCELLED)
		item->result.rc = 130;
	queue_done(item);
}

static void free_state(void *state)
{
	app.freed++;
	free(state);
}

static enum run pend_run(struct app *a, struct item *item,
                         const struct args *args)
{
	buf_str(&a->said, "pend ");
	buf_slice(&a->said, args_text(args, "NAME"));
	buf_char(&a->said, '\n');
	ck_assert_uint_lt(a->npending, PENDING_MAX);
	a->pending[a->npending++] = item;
	if (args_has(args, "--give-up"))
		item->give_up = stop_waiting;
	if (args_has(args, "--nowait"))
		item_background(item);
	item->state = malloc(1);
	item->free_state = free_state;
	return RUN_PENDING;
}

/* It is done before run() returns, as one whose event is there already. */
static enum run early_run(struct app *a, struct item *item,
                          const struct args *args)
{
	(void)a;
	(void)args;
	item_ok(item);
	queue_done(item);
	return RUN_PENDING;
}

static enum run source_run(struct app *a, struct item *item,
                           const struct args *args)
{
	struct origin origin = { .name = "sourced", .line = 1 };

	(void)args;
	queue_insert_begin(a->queue);
	(void)queue_insert(a->queue, SLICE("echo one"), &origin);
	origin.line++;
	(void)queue_insert(a->queue, SLICE("echo two"), &origin);
	return item_ok(item);
}

static const struct command cmd_early = {
	.name = "early", .summary = "", .run = early_run,
	.flags = COMMAND_OFFLINE,
};
static const struct command cmd_echo = {
	.name = "echo", .summary = "", .run = echo_run,
	.flags = COMMAND_OFFLINE,
	.args = { { "TEXT", ARG_TEXT, ARG_JOINED, "", 0, 0, NULL } },
};
static const struct command cmd_fail = {
	.name = "fail", .summary = "", .run = fail_run,
	.flags = COMMAND_OFFLINE,
	.args = { { "STATUS", ARG_NUMBER, ARG_REQUIRED, "", 0, 0, NULL } },
};
static const struct command cmd_line = {
	.name = "line", .summary = "needs sockets", .run = early_run,
};
static const struct command cmd_pend = {
	.name = "pend", .summary = "", .run = pend_run,
	.flags = COMMAND_OFFLINE,
	.args = {
		{ "NAME", ARG_WORD, ARG_REQUIRED, "", 0, 0, NULL },
		{ "--give-up", ARG_FLAG, 0, "", 0, 0, NULL },
		{ "--nowait", ARG_FLAG, 0, "", 0, 0, NULL },
	},
};
static const struct command cmd_source = {
	.name = "source", .summary = "", .run = source_run,
	.flags = COMMAND_OFFLINE,
};
static const struct command cmd_wall = {
	.name = "wall", .summary = "", .run = echo_run,
	.flags = COMMAND_OFFLINE | COMMAND_BARRIER,
	.args = { { "TEXT", ARG_TEXT, ARG_JOINED, "", 0, 0, NULL } },
};

const struct command *const command_table[] = {
	&cmd_early, &cmd_echo, &cmd_fail, &cmd_line, &cmd_pend, &cmd_source,
	&cmd_wall, NULL,
};

/* --- the application --- */

static bool prepare(struct app *a, struct item *item)
{
	if (a->prepare_fails)
		item_fail(item, CLASS_NETWORK, "no sockets");
	return !a->prepare_fails;
}

static void finished(struct app *a, struct item *item)
{
	buf_printf(&a->said, "done %s %d\n", item->command->name,
	           item->result.rc);
	for (size_t i = 0; i < a->npending; i++)
		if (a->pending[i] == item)
			a->pending[i] = NULL;
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
	a->drained++;
}

static void variable(struct slice name, struct buf *out, void *arg)
{
	const struct app *a = arg;

	if (slice_eq(name, SLICE("?")))
		buf_u64(out, (uint64_t)queue_status(a->queue));
}

static const struct queue_ops ops = {
	.prepare = prepare,
	.finished = finished,
	.misused = misused,
	.drained = drained,
	.variable = variable,
};

static void fill(void *out, size_t n, void *arg)
{
	(void)arg;
	memset(out, 7, n);
}

static void open_queue(bool interactive, unsigned jobs)
{
	app = (struct app){ 0 };
	env_init(&app.env, 1000000, 0, fill, NULL);
	app.queue = queue_new(&app, &app.env, &ops, interactive, jobs);
	ck_assert_ptr_nonnull(app.queue);
}

static void advance(unsigned ms)
{
	env_advance(&app.env, env_now_us(&app.env) + ms * UINT64_C(1000), 0);
}

static void close_queue(void)
{
	queue_free(app.queue);
	buf_deinit(&app.said);
}

/* Each line of text is one of the script "s". */
static void run(const char *text)
{
	struct slice rest = slice_str(text), line;
	struct origin origin = { .name = "s", .line = 0 };

	while (slice_take_line(&rest, &line)) {
		origin.line++;
		ck_assert_int_eq(queue_add(app.queue, line, &origin), OK);
	}
	advance(0);
}

static void said(const char *want)
{
	ck_assert_str_eq(buf_cstr(&app.said), want);
	buf_reset(&app.said);
}

/* Ends the nth that pended, from 0. */
static void end(size_t n, enum error_class class)
{
	struct item *item = app.pending[n];

	ck_assert_ptr_nonnull(item);
	if (class == CLASS_NONE)
		item_ok(item);
	else
		item_fail(item, class, "it failed");
	queue_done(item);
	advance(0);
}

/* --- tests --- */

START_TEST(commands_run_in_order_and_the_queue_tells_when_none_is_left)
{
	open_queue(false, 1);
	run("echo a; echo b\n\n# nothing\necho c");
	said("echo a\ndone echo 0\necho b\ndone echo 0\n"
	     "echo c\ndone echo 0\n");
	ck_assert(queue_is_idle(app.queue));
	ck_assert(queue_is_drained(app.queue));
	ck_assert_uint_eq(app.drained, 1);
	ck_assert_int_eq(queue_status(app.queue), 0);
	close_queue();
}
END_TEST

START_TEST(the_next_command_waits_for_the_one_that_is_pending)
{
	open_queue(false, 1);
	run("pend a; echo b");
	said("pend a\n");
	ck_assert(!queue_is_drained(app.queue));
	ck_assert_ptr_eq(queue_foreground(app.queue), app.pending[0]);
	end(0, CLASS_NONE);
	said("done pend 0\necho b\ndone echo 0\n");
	ck_assert_ptr_null(queue_foreground(app.queue));
	ck_assert_uint_eq(app.freed, 1);
	close_queue();
}
END_TEST

START_TEST(at_the_prompt_every_command_starts_at_once)
{
	open_queue(true, 1);
	run("pend a\npend b\necho c");
	said("pend a\npend b\necho c\ndone echo 0\n");
	end(0, CLASS_NONE);
	end(1, CLASS_REFUSED);
	said("done pend 0\ndone pend 1\n");
	close_queue();
}
END_TEST

START_TEST(who_is_done_before_it_pends_is_done)
{
	open_queue(false, 1);
	run("early; echo b");
	said("done early 0\necho b\ndone echo 0\n");
	close_queue();
}
END_TEST

START_TEST(the_first_failure_ends_a_script_and_is_its_status)
{
	open_queue(false, 1);
	run("echo a; fail 1; echo b\necho c");
	said("echo a\ndone echo 0\ndone fail 1\n");
	ck_assert(queue_has_failed(app.queue));
	ck_assert_int_eq(queue_status(app.queue), 1);
	run("echo d");
	said("");
	ck_assert(queue_is_idle(app.queue));
	close_queue();
}
END_TEST

START_TEST(a_leading_dash_ignores_the_failure)
{
	open_queue(false, 1);
	run("-fail 1; - nonsense; echo b; fail 3");
	said("done fail 1\ns:1:12: unknown command 'nonsense'\n"
	     "echo b\ndone echo 0\ndone fail 3\n");
	ck_assert_int_eq(queue_status(app.queue), 3);
	close_queue();
}
END_TEST

START_TEST(at_the_prompt_a_failure_ends_nothing_but_counts)
{
	open_queue(true, 1);
	run("fail 3\nfail 1\necho b");
	said("done fail 3\ndone fail 1\necho b\ndone echo 0\n");
	ck_assert(!queue_has_failed(app.queue));
	ck_assert_int_eq(queue_status(app.queue), 3);
	close_queue();
}
END_TEST

START_TEST(what_runs_in_the_background_is_not_waited_for_but_counts)
{
	open_queue(false, 1);
	run("pend a & ; echo b");
	said("pend a\necho b\ndone echo 0\n");
	ck_assert(queue_is_drained(app.queue));
	ck_assert(!queue_is_idle(app.queue));
	ck_assert_ptr_null(queue_foreground(app.queue));
	end(0, CLASS_TIMEOUT);
	said("done pend 3\n");
	ck_assert_int_eq(queue_status(app.queue), 3);
	ck_assert(queue_is_idle(app.queue));
	close_queue();
}
END_TEST

START_TEST(a_command_may_put_itself_into_the_background)
{
	open_queue(false, 1);
	run("pend a --nowait\necho b");
	said("pend a\necho b\ndone echo 0\n");
	end(0, CLASS_NONE);
	said("done pend 0\n");
	ck_assert(queue_is_idle(app.queue));
	close_queue();
}
END_TEST

START_TEST(so_many_jobs_are_in_flight_and_no_more)
{
	open_queue(false, 2);
	run("pend a\npend b\npend c");
	said("pend a\npend b\n");
	end(1, CLASS_NONE);
	said("done pend 0\npend c\n");
	end(0, CLASS_NONE);
	end(2, CLASS_NONE);
	said("done pend 0\ndone pend 0\n");
	close_queue();
}
END_TEST

START_TEST(a_barrier_waits_for_all_before_it)
{
	open_queue(false, 3);
	run("pend a\npend b\nwall c\npend d");
	said("pend a\npend b\n");
	end(0, CLASS_NONE);
	said("done pend 0\n");
	end(1, CLASS_NONE);
	said("done pend 0\necho c\ndone wall 0\npend d\n");
	end(2, CLASS_NONE);
	close_queue();
}
END_TEST

START_TEST(words_are_expanded_when_their_turn_comes)
{
	open_queue(true, 1);
	run("echo $?; fail 3; echo $?");
	said("echo 0\ndone echo 0\ndone fail 3\necho 3\ndone echo 0\n");
	close_queue();
}
END_TEST

START_TEST(a_sourced_script_comes_before_what_waits)
{
	open_queue(false, 1);
	run("source; echo three\necho four");
	said("done source 0\necho one\ndone echo 0\necho two\ndone echo 0\n"
	     "echo three\ndone echo 0\necho four\ndone echo 0\n");
	close_queue();
}
END_TEST

START_TEST(a_command_that_takes_too_long_is_given_up)
{
	open_queue(false, 1);
	queue_set_timeout(app.queue, 500);
	run("pend a --give-up; echo b");
	said("pend a\n");
	advance(499);
	said("");
	advance(1);
	said("done pend 3\n");
	ck_assert_uint_eq(app.given_up, 1);
	ck_assert_int_eq(queue_status(app.queue), 3);
	close_queue();
}
END_TEST

START_TEST(who_cannot_give_up_is_ended_at_once)
{
	open_queue(false, 1);
	run("pend a");
	queue_give_up(app.pending[0], ERR_TIMEOUT);
	said("pend a\ndone pend 3\n");
	ck_assert_int_eq(queue_status(app.queue), 3);
	close_queue();
}
END_TEST

START_TEST(an_interrupt_gives_up_all_and_forgets_the_rest)
{
	open_queue(false, 2);
	run("pend a --give-up & ; pend b --give-up; pend c --give-up; "
	    "echo d");
	said("pend a\npend b\npend c\n");
	queue_abandon(app.queue, ERR_CANCELLED);
	advance(0);
	said("done pend 130\ndone pend 130\ndone pend 130\n");
	ck_assert_uint_eq(app.given_up, 3);
	ck_assert_int_eq(queue_status(app.queue), 130);
	ck_assert(queue_is_idle(app.queue));
	close_queue();
}
END_TEST

START_TEST(a_stop_forgets_what_waits_and_lets_go_on_what_is_pending)
{
	open_queue(false, 1);
	run("pend a; echo b");
	queue_stop(app.queue);
	said("pend a\n");
	end(0, CLASS_NONE);
	said("done pend 0\n");
	ck_assert(queue_is_idle(app.queue));
	close_queue();
}
END_TEST

START_TEST(an_item_that_is_held_outlives_its_end)
{
	struct item *item;

	open_queue(false, 1);
	run("pend a");
	item = app.pending[0];
	item_hold(item);
	end(0, CLASS_NONE);
	ck_assert_uint_eq(app.freed, 0);
	ck_assert(queue_is_idle(app.queue));
	item_drop(item);
	advance(0);
	ck_assert_uint_eq(app.freed, 1);
	close_queue();
}
END_TEST

START_TEST(a_second_end_is_ignored)
{
	struct item *item;

	open_queue(false, 1);
	run("pend a");
	item = app.pending[0];
	item_ok(item);
	queue_done(item);
	queue_done(item);
	said("pend a\ndone pend 0\n");
	close_queue();
}
END_TEST

START_TEST(without_sockets_only_offline_commands_run)
{
	open_queue(false, 1);
	app.prepare_fails = true;
	run("echo a; line; echo b");
	said("echo a\ndone echo 0\ndone line 4\n");
	ck_assert_int_eq(queue_status(app.queue), 4);
	close_queue();
}
END_TEST

static const struct {
	const char *line, *want;
} wrong[] = {
	{ "nonsense", "s:1:1: unknown command 'nonsense'\n" },
	{ "echo a; nonsense", "s:1:9: unknown command 'nonsense'\n" },
	{ "ech a", "s:1:1: unknown command 'ech'\n" },
	{ "fail", "s:1:1: STATUS is missing; usage: fail STATUS\n" },
	{ "fail x",
	  "s:1:6: STATUS: expected a number from 0 to 4294967295, got 'x'\n" },
	{ "pend 'a", "s:1:6: no closing '\n" },
	{ "pend a --loud", "s:1:8: pend has no option '--loud'\n" },
};

START_TEST(a_script_is_checked_before_it_runs)
{
	const struct origin origin = { .name = "s", .line = 1 };

	open_queue(false, 1);
	ck_assert(!queue_precheck(app.queue, slice_str(wrong[_i].line),
	                          &origin));
	said(wrong[_i].want);
	ck_assert_int_eq(queue_status(app.queue), 2);
	close_queue();
}
END_TEST

START_TEST(a_line_that_is_wrong_when_its_turn_comes_is_misuse)
{
	open_queue(false, 1);
	run(wrong[_i].line);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&app.said), wrong[_i].want));
	ck_assert_int_eq(queue_status(app.queue), 2);
	ck_assert(queue_has_failed(app.queue));
	close_queue();
}
END_TEST

START_TEST(the_check_waits_for_variables)
{
	const struct origin origin = { .name = "s", .line = 1 };

	open_queue(false, 1);
	ck_assert(queue_precheck(app.queue, SLICE("fail $?; echo a"),
	                         &origin));
	said("");
	ck_assert_int_eq(queue_status(app.queue), 0);
	close_queue();
}
END_TEST

START_TEST(prefixes_are_for_the_prompt)
{
	open_queue(true, 1);
	run("ec a");
	said("echo a\ndone echo 0\n");
	close_queue();
}
END_TEST

START_TEST(reading_stops_while_many_lines_wait)
{
	const struct origin origin = { .name = "s", .line = 1 };
	unsigned n = 0;

	open_queue(false, 1);
	run("pend a");
	while (queue_has_room(app.queue) && n < 1000) {
		ck_assert_int_eq(queue_add(app.queue, SLICE("echo x"),
		                           &origin), OK);
		n++;
	}
	ck_assert_uint_gt(n, 1);
	ck_assert_uint_lt(n, 100);
	end(0, CLASS_NONE);
	ck_assert(queue_has_room(app.queue));
	close_queue();
}
END_TEST

START_TEST(what_runs_is_freed_with_the_queue)
{
	open_queue(false, 1);
	run("pend a & ; pend b; echo c");
	close_queue();
	ck_assert_uint_eq(app.freed, 2);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("queue", &t);

	tcase_add_test(t,
		commands_run_in_order_and_the_queue_tells_when_none_is_left);
	tcase_add_test(t, the_next_command_waits_for_the_one_that_is_pending);
	tcase_add_test(t, at_the_prompt_every_command_starts_at_once);
	tcase_add_test(t, who_is_done_before_it_pends_is_done);
	tcase_add_test(t, the_first_failure_ends_a_script_and_is_its_status);
	tcase_add_test(t, a_leading_dash_ignores_the_failure);
	tcase_add_test(t, at_the_prompt_a_failure_ends_nothing_but_counts);
	tcase_add_test(t,
		what_runs_in_the_background_is_not_waited_for_but_counts);
	tcase_add_test(t, a_command_may_put_itself_into_the_background);
	tcase_add_test(t, so_many_jobs_are_in_flight_and_no_more);
	tcase_add_test(t, a_barrier_waits_for_all_before_it);
	tcase_add_test(t, words_are_expanded_when_their_turn_comes);
	tcase_add_test(t, a_sourced_script_comes_before_what_waits);
	tcase_add_test(t, a_command_that_takes_too_long_is_given_up);
	tcase_add_test(t, who_cannot_give_up_is_ended_at_once);
	tcase_add_test(t, an_interrupt_gives_up_all_and_forgets_the_rest);
	tcase_add_test(t,
		a_stop_forgets_what_waits_and_lets_go_on_what_is_pending);
	tcase_add_test(t, an_item_that_is_held_outlives_its_end);
	tcase_add_test(t, a_second_end_is_ignored);
	tcase_add_test(t, without_sockets_only_offline_commands_run);
	tcase_add_loop_test(t, a_script_is_checked_before_it_runs, 0,
	                    (int)ARRAY_LEN(wrong));
	tcase_add_loop_test(t,
		a_line_that_is_wrong_when_its_turn_comes_is_misuse, 0,
		(int)ARRAY_LEN(wrong));
	tcase_add_test(t, the_check_waits_for_variables);
	tcase_add_test(t, prefixes_are_for_the_prompt);
	tcase_add_test(t, reading_stops_while_many_lines_wait);
	tcase_add_test(t, what_runs_is_freed_with_the_queue);
	return s;
}

int main(void)
{
	return test_main(suite());
}
