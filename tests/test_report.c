/* What happened, told to people and programs, and to those who wait. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/report.h"
#include "tests/helpers.h"

/* A report whose stdout and stderr are files. */
static struct {
	struct env env;
	struct loop *loop;
	struct console *console;
	struct report *report;
	int saved[3];
	FILE *files[3];
} rig;

static void capture(int fd)
{
	rig.saved[fd] = dup(fd);
	rig.files[fd] = tmpfile();
	ck_assert_int_ge(rig.saved[fd], 0);
	ck_assert_ptr_nonnull(rig.files[fd]);
	ck_assert_int_eq(dup2(fileno(rig.files[fd]), fd), fd);
}

static void open_report(enum report_mode mode, enum report_level level)
{
	rig.loop = loop_new(&rig.env);
	ck_assert_ptr_nonnull(rig.loop);
	rig.console = console_new(rig.loop, COLOR_NEVER);
	ck_assert_ptr_nonnull(rig.console);
	rig.report = report_new(rig.console, &rig.env, mode, level);
	ck_assert_ptr_nonnull(rig.report);
	fflush(stdout);
	capture(STDOUT_FILENO);
	capture(STDERR_FILENO);
}

/* What was written to fd, into out. */
static void restore(int fd, struct buf *out)
{
	char text[4096];
	ssize_t n;

	dup2(rig.saved[fd], fd);
	close(rig.saved[fd]);
	n = pread(fileno(rig.files[fd]), text, sizeof(text), 0);
	if (n > 0)
		buf_append(out, text, (size_t)n);
	fclose(rig.files[fd]);
}

/* Ends it all and compares the outputs. */
static void close_report(const char *out, const char *err)
{
	struct buf got_out = { 0 }, got_err = { 0 };

	report_free(rig.report);
	console_free(rig.console);
	loop_free(rig.loop);
	restore(STDOUT_FILENO, &got_out);
	restore(STDERR_FILENO, &got_err);
	ck_assert_str_eq(buf_cstr(&got_out), out);
	ck_assert_str_eq(buf_cstr(&got_err), err);
	buf_deinit(&got_out);
	buf_deinit(&got_err);
}

static void emit(const char *name, int64_t status, const char *text)
{
	struct event *e = event_new(name);

	event_integer(e, "status", status);
	report_event(rig.report, e, text == NULL ? (struct slice){ NULL, 0 }
	             : slice_str(text), status >= 300);
}

/* --- telling --- */

START_TEST(people_read_lines)
{
	open_report(REPORT_TEXT, REPORT_NORMAL);
	emit("response", 180, "180 Ringing");
	emit("call.ringing", 180, NULL);
	emit("response", 486, "486 Busy Here");
	report_text(rig.report, SLICE("help"));
	report_problem(rig.report, "it failed");
	close_report("180 Ringing\n486 Busy Here\nhelp\n",
	             "sipsh: it failed\n");
}
END_TEST

START_TEST(the_quiet_read_what_is_important)
{
	open_report(REPORT_TEXT, REPORT_QUIET);
	emit("response", 180, "180 Ringing");
	emit("response", 486, "486 Busy Here");
	close_report("486 Busy Here\n", "");
}
END_TEST

START_TEST(programs_read_objects_numbered_without_a_gap)
{
	open_report(REPORT_JSON, REPORT_QUIET);
	rig.env.wall_us = 1000001;
	emit("response", 180, "180 Ringing");
	emit("call.ringing", 180, NULL);
	report_text(rig.report, SLICE("help"));
	close_report("{\"v\":1,\"seq\":1,\"t\":\"1970-01-01T00:00:01.000001Z"
	             "\",\"event\":\"response\",\"status\":180}\n"
	             "{\"v\":1,\"seq\":2,\"t\":\"1970-01-01T00:00:01.000001Z"
	             "\",\"event\":\"call.ringing\",\"status\":180}\n", "");
}
END_TEST

/* --- tables --- */

static const struct table_column columns[] = {
	{ "contact", EVENT_TEXT },
	{ "q", EVENT_NUMBER },
	{ "expires_s", EVENT_INTEGER },
	{ "self", EVENT_BOOL },
	{ "path", EVENT_TEXT },
};

static void print_table(void)
{
	struct table *t = table_new("bindings", columns, ARRAY_LEN(columns));

	table_text(t, SLICE("sip:a@192.0.2.1"));
	table_number(t, 0.5);
	table_integer(t, 3600);
	table_bool(t, true);
	table_text(t, SLICE("<sip:p;lr>"));
	table_text(t, SLICE("sip:\033b@h"));
	table_null(t);
	table_integer(t, -1);
	table_bool(t, false);
	table_text(t, SLICE(""));
	report_table(rig.report, t, 7);
}

START_TEST(a_table_is_aligned_for_people)
{
	open_report(REPORT_TEXT, REPORT_QUIET);
	print_table();
	close_report("CONTACT            Q  EXPIRES S  SELF  PATH\n"
	             "sip:a@192.0.2.1  0.5       3600  yes   <sip:p;lr>\n"
	             "sip:\\x1bb@h                  -1\n", "");
}
END_TEST

START_TEST(a_table_is_one_event_for_programs)
{
	open_report(REPORT_JSON, REPORT_NORMAL);
	rig.env.wall_us = 0;
	print_table();
	close_report("{\"v\":1,\"seq\":1,\"t\":\"1970-01-01T00:00:00.000000Z"
	             "\",\"event\":\"table\",\"cmd\":7,"
	             "\"table\":\"bindings\",\"rows\":["
	             "{\"contact\":\"sip:a@192.0.2.1\",\"q\":0.5,"
	             "\"expires_s\":3600,\"self\":true,"
	             "\"path\":\"<sip:p;lr>\"},"
	             "{\"contact\":\"sip:\\u001Bb@h\",\"q\":null,"
	             "\"expires_s\":-1,\"self\":false,\"path\":\"\"}]}\n", "");
}
END_TEST

START_TEST(a_table_without_rows_has_its_headings)
{
	open_report(REPORT_TEXT, REPORT_NORMAL);
	report_table(rig.report, table_new("t", columns, 1), 0);
	close_report("CONTACT\n", "");
}
END_TEST

/* --- waiting --- */

struct seen {
	unsigned count;
	int64_t status;
};

static void note(const struct event *e, void *arg)
{
	struct seen *seen = arg;

	seen->count++;
	seen->status = e->fields[0].integer;
}

static struct event_wait *wait_for(const char *name, const char *key,
                                   char op, const char *value, bool only_new,
                                   struct seen *seen)
{
	struct match m = { slice_str(key), slice_str(value), op };
	struct buf why = { 0 };
	struct event_wait *w;

	ck_assert_int_eq(report_wait(rig.report, slice_str(name), &m,
	                             key == NULL ? 0 : 1, only_new, note,
	                             seen, &w, &why), OK);
	return w;
}

START_TEST(an_event_that_came_before_is_still_seen)
{
	struct seen seen = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	emit("response", 180, NULL);
	emit("response", 200, NULL);
	ck_assert_ptr_null(wait_for("response", NULL, 0, NULL, false,
	                            &seen));
	ck_assert_int_eq(seen.status, 180);
	ck_assert_ptr_null(wait_for("response", NULL, 0, NULL, false,
	                            &seen));
	ck_assert_int_eq(seen.status, 200);
	ck_assert_ptr_nonnull(wait_for("response", NULL, 0, NULL, false,
	                               &seen));
	ck_assert_uint_eq(seen.count, 2);
	close_report("", "");
}
END_TEST

START_TEST(what_was_passed_over_is_behind_us)
{
	struct seen seen = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	emit("response", 180, NULL);
	emit("response", 200, NULL);
	wait_for("response", "status", '=', "200", false, &seen);
	ck_assert_int_eq(seen.status, 200);
	ck_assert_ptr_nonnull(wait_for("response", "status", '=', "180",
	                               false, &seen));
	close_report("", "");
}
END_TEST

START_TEST(only_new_ignores_the_past)
{
	struct seen seen = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	emit("response", 180, NULL);
	ck_assert_ptr_nonnull(wait_for("response", NULL, 0, NULL, true,
	                               &seen));
	ck_assert_uint_eq(seen.count, 0);
	emit("request", 0, NULL);
	emit("response", 200, NULL);
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_int_eq(seen.status, 200);
	emit("response", 202, NULL);
	ck_assert_uint_eq(seen.count, 1);
	close_report("", "");
}
END_TEST

START_TEST(one_event_is_one_match_for_who_waits_longest)
{
	struct seen first = { 0 }, second = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	wait_for("response", NULL, 0, NULL, false, &first);
	wait_for("response", NULL, 0, NULL, false, &second);
	emit("response", 180, NULL);
	ck_assert_uint_eq(first.count, 1);
	ck_assert_uint_eq(second.count, 0);
	emit("response", 200, NULL);
	ck_assert_uint_eq(second.count, 1);
	close_report("", "");
}
END_TEST

START_TEST(who_gave_up_is_not_called)
{
	struct seen seen = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	report_wait_cancel(wait_for("response", NULL, 0, NULL, false,
	                            &seen));
	report_wait_cancel(NULL);
	emit("response", 200, NULL);
	ck_assert_uint_eq(seen.count, 0);
	close_report("", "");
}
END_TEST

static const struct {
	char op;
	const char *value;
	bool holds;
} conditions[] = {
	{ '=', "200", true },
	{ '=', "200.0", false },
	{ '=', "20", false },
	{ '!', "200", false },
	{ '!', "180", true },
	{ '<', "201", true },
	{ '<', "200", false },
	{ '>', "199.5", true },
	{ '>', "x", false },
	{ '<', "", false },
	{ '~', "^2..$", true },
	{ '~', "^(180|200)$", true },
	{ '~', "^1", false },
	{ '~', "", true },
};

START_TEST(a_condition_compares_values_as_they_are_written)
{
	struct seen seen = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	emit("response", 200, NULL);
	wait_for("response", "status", conditions[_i].op,
	         conditions[_i].value, false, &seen);
	close_report("", "");
	ck_assert_msg(seen.count == conditions[_i].holds, "%c%s",
	              conditions[_i].op, conditions[_i].value);
}
END_TEST

START_TEST(a_key_that_is_not_there_is_no_match_not_even_for_unequal)
{
	struct seen seen = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	emit("response", 200, NULL);
	wait_for("response", "cause", '!', "bye", false, &seen);
	ck_assert_uint_eq(seen.count, 0);
	close_report("", "");
}
END_TEST

START_TEST(a_wrong_expression_is_told)
{
	struct match m = { SLICE("reason"), SLICE("(a"), '~' };
	struct buf why = { 0 };
	struct event_wait *w;

	open_report(REPORT_TEXT, REPORT_NORMAL);
	ck_assert_int_eq(report_wait(rig.report, SLICE("response"), &m, 1,
	                             false, note, NULL, &w, &why),
	                 ERR_SYNTAX);
	ck_assert_ptr_null(w);
	ck_assert_ptr_nonnull(strstr(buf_cstr(&why),
	                             "reason: not a regular expression: "));
	buf_deinit(&why);
	close_report("", "");
}
END_TEST

START_TEST(expect_shows_the_last_event_since_the_match)
{
	const struct event *last;
	struct seen seen = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	ck_assert_ptr_null(report_last(rig.report, SLICE("response")));
	emit("response", 180, NULL);
	emit("response", 486, NULL);
	emit("request", 0, NULL);
	last = report_last(rig.report, SLICE("response"));
	ck_assert_ptr_nonnull(last);
	ck_assert_int_eq(last->fields[0].integer, 486);
	wait_for("request", NULL, 0, NULL, false, &seen);
	ck_assert_ptr_null(report_last(rig.report, SLICE("response")));
	close_report("", "");
}
END_TEST

START_TEST(a_flood_keeps_a_bounded_past)
{
	struct seen seen = { 0 };

	open_report(REPORT_TEXT, REPORT_NORMAL);
	for (unsigned i = 0; i < 5000; i++)
		emit("request", i, NULL);
	wait_for("request", NULL, 0, NULL, false, &seen);
	ck_assert_int_gt(seen.status, 3000);
	close_report("", "");
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("report", &t);

	tcase_add_test(t, people_read_lines);
	tcase_add_test(t, the_quiet_read_what_is_important);
	tcase_add_test(t, programs_read_objects_numbered_without_a_gap);
	tcase_add_test(t, a_table_is_aligned_for_people);
	tcase_add_test(t, a_table_is_one_event_for_programs);
	tcase_add_test(t, a_table_without_rows_has_its_headings);
	tcase_add_test(t, an_event_that_came_before_is_still_seen);
	tcase_add_test(t, what_was_passed_over_is_behind_us);
	tcase_add_test(t, only_new_ignores_the_past);
	tcase_add_test(t, one_event_is_one_match_for_who_waits_longest);
	tcase_add_test(t, who_gave_up_is_not_called);
	tcase_add_loop_test(t, a_condition_compares_values_as_they_are_written,
	                    0, (int)ARRAY_LEN(conditions));
	tcase_add_test(t,
		a_key_that_is_not_there_is_no_match_not_even_for_unequal);
	tcase_add_test(t, a_wrong_expression_is_told);
	tcase_add_test(t, expect_shows_the_last_event_since_the_match);
	tcase_add_test(t, a_flood_keeps_a_bounded_past);
	return s;
}

int main(void)
{
	return test_main(suite());
}
