/* What a registration sends, and in which order. */

#include <stdio.h>

#include "tests/registrant.h"

/* --- what is sent --- */

START_TEST(a_register_asks_for_the_legs_contact)
{
	struct registration_params p = plain;

	p.registrar = SLICE("sip:user@example.com:5070;transport=tcp");
	p.contact_params = SLICE(";q=0.5");
	begin(&p);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	ck_assert_uint_eq(ep.sent, 1);
	/* 10.2: no user part; where it goes is kept. */
	ck_assert_str_eq(ep.uri, "sip:example.com:5070;transport=tcp");
	ck_assert_str_eq(ep.from, "sip:alice@example.com");
	ck_assert_str_eq(ep.fields, "Expires: 600");
	ck_assert(ep.with_contact);
	ck_assert_str_eq(ep.contact_params, ";q=0.5");
	ck_assert(registration_is_busy(reg));
	ck_assert(!registration_is_active(reg));
}
END_TEST

static const struct {
	const char *why, *given, *sent;
} contacts[] = {
	{ "a URI keeps its parameters inside", "sip:a@192.0.2.7;transport=tcp",
	  "<sip:a@192.0.2.7;transport=tcp>" },
	{ "a name-addr keeps its own", "\"A\" <sip:a@192.0.2.7>;q=0.5",
	  "\"A\" <sip:a@192.0.2.7>;q=0.5" },
	{ "a time of its own", "<sip:a@192.0.2.7>;expires=30;q=1",
	  "<sip:a@192.0.2.7>;q=1;expires=30" },
	{ "a quoted parameter", "<sip:a@h>;+sip.instance=\"<urn:x>\";ob",
	  "<sip:a@h>;+sip.instance=\"<urn:x>\";ob" },
};

START_TEST(a_contact_that_is_given_is_sent)
{
	struct slice given = slice_str(contacts[_i].given);
	struct registration_params p = plain;
	char want[REGISTRANT_TEXT_MAX];

	p.contacts = &given;
	p.ncontacts = 1;
	begin(&p);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	snprintf(want, sizeof(want), "Contact: %s|Expires: 600",
	         contacts[_i].sent);
	ck_assert_msg(strcmp(ep.fields, want) == 0, "%s: %s",
	              contacts[_i].why, ep.fields);
}
END_TEST

START_TEST(the_users_fields_win)
{
	const struct field fields[] = {
		{ SLICE_INIT("Subject"), SLICE_INIT("hi") },
		{ SLICE_INIT("expires"), SLICE_INIT("7") },
		{ SLICE_INIT("m"), { NULL, 0 } },
	};
	const struct slice contact = SLICE_INIT("sip:a@192.0.2.7");
	struct registration_params p = plain;

	p.contacts = &contact;
	p.ncontacts = 1;
	p.fields = fields;
	p.nfields = ARRAY_LEN(fields);
	begin(&p);
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	ck_assert_str_eq(ep.fields, "Subject: hi|expires: 7|m: ");
}
END_TEST

static const struct {
	const char *why, *registrar, *aor, *contact;
} unfit[] = {
	{ "no registrar", "", "sip:a@b", "sip:a@h" },
	{ "another scheme", "tel:+1", "sip:a@b", "sip:a@h" },
	{ "no AOR", "sip:b", "", "sip:a@h" },
	{ "a wildcard AOR", "sip:b", "*", "sip:a@h" },
	{ "no contact", "sip:b", "sip:a@b", "" },
	{ "* is registration_remove_all()", "sip:b", "sip:a@b", "*" },
	{ "q over 1", "sip:b", "sip:a@b", "<sip:a@h>;q=2" },
};

START_TEST(unfit_parameters_are_refused)
{
	struct slice contact = slice_str(unfit[_i].contact);
	const struct registration_params p = {
		.registrar = slice_str(unfit[_i].registrar),
		.aor = slice_str(unfit[_i].aor),
		.contacts = &contact,
		.ncontacts = 1,
	};
	enum error err = OK;

	ck_assert_msg(registration_new(&ep, &p, on_report, &seen, &err)
	              == NULL, "%s", unfit[_i].why);
	ck_assert_int_eq(err, ERR_SYNTAX);
}
END_TEST

START_TEST(call_id_stays_and_cseq_rises_10_2_4)
{
	char call_id[REGISTRANT_TEXT_MAX];

	begin(&plain);
	registration_register(reg, NULL);
	ck_assert_uint_eq(ep.cseq, 1);
	memcpy(call_id, ep.call_id, sizeof(call_id));
	ck_assert_uint_ge(strlen(call_id), 13);
	/* The endpoint answered a challenge, with the next number. */
	answer_as("200 OK", "Contact: " OWN ";expires=100\r\n", 2);
	advance_ms(90000);
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert_uint_eq(ep.cseq, 3);
	ck_assert_str_eq(ep.call_id, call_id);
	ck_assert_str_eq(ep.fields, "Expires: 600");
	answer("200 OK", "");
	registration_query(reg);
	ck_assert_uint_eq(ep.cseq, 4);
	ck_assert_str_eq(ep.call_id, call_id);
}
END_TEST

START_TEST(a_query_touches_nothing)
{
	begin(&plain);
	register_for(100);
	registration_query(reg);
	ck_assert_str_eq(ep.fields, "");
	ck_assert(!ep.with_contact);
	answer("200 OK", "");
	ck_assert_int_eq(seen.event, REGISTRATION_BINDINGS);
	ck_assert(registration_is_active(reg));
	advance_ms(90000);
	ck_assert_uint_eq(ep.sent, 3);
	ck_assert_str_eq(ep.fields, "Expires: 600");
}
END_TEST

/* --- removing --- */

START_TEST(unregister_removes_what_was_registered)
{
	begin(&plain);
	register_for(100);
	registration_unregister(reg);
	ck_assert_str_eq(ep.fields, "Contact: " OWN ";expires=0|Expires: 0");
	answer("200 OK", "Contact: <sip:other@h>;expires=5\r\n");
	ck_assert_int_eq(seen.event, REGISTRATION_REMOVED);
	ck_assert_str_eq(seen.bindings, "sip:other@h,5");
	ck_assert(!registration_is_active(reg));
	advance_ms(10000000);
	ck_assert_uint_eq(ep.sent, 2);
}
END_TEST

START_TEST(unregister_without_a_registration_removes_the_legs_contact)
{
	begin(&plain);
	registration_unregister(reg);
	ck_assert(ep.with_contact);
	ck_assert_str_eq(ep.fields, "Expires: 0");
}
END_TEST

START_TEST(unregister_without_a_registration_removes_what_was_given)
{
	const struct slice two[] = {
		SLICE_INIT("<sip:a@192.0.2.7>;q=1"),
		SLICE_INIT("sip:a@192.0.2.8"),
	};
	struct registration_params p = plain;

	p.contacts = two;
	p.ncontacts = 2;
	begin(&p);
	registration_unregister(reg);
	ck_assert_str_eq(ep.fields, "Contact: <sip:a@192.0.2.7>;expires=0, "
	                 "<sip:a@192.0.2.8>;expires=0|Expires: 0");
}
END_TEST

START_TEST(unregister_stops_refreshes_though_it_fails)
{
	begin(&plain);
	register_for(100);
	registration_unregister(reg);
	fail_with(ERR_TIMEOUT);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.next_try_ms, -1);
	ck_assert(registration_is_active(reg));
	advance_ms(100000);
	ck_assert(!registration_is_active(reg));
	ck_assert_uint_eq(ep.sent, 2);
}
END_TEST

START_TEST(a_refresh_that_waited_behind_unregister_is_not_sent)
{
	begin(&plain);
	register_for(100);
	registration_query(reg);
	registration_unregister(reg);
	advance_ms(90000);
	answer("200 OK", "");
	advance_ms(0);
	ck_assert_uint_eq(ep.sent, 3);
	answer("200 OK", "");
	advance_ms(10000);
	ck_assert_uint_eq(ep.sent, 3);
	ck_assert(!registration_is_busy(reg));
}
END_TEST

START_TEST(all_bindings_are_removed_with_a_star)
{
	begin(&plain);
	registration_remove_all(reg);
	ck_assert_str_eq(ep.fields, "Contact: *|Expires: 0");
	answer("200 OK", "");
	ck_assert_int_eq(seen.event, REGISTRATION_REMOVED);
}
END_TEST

START_TEST(one_contact_is_removed_and_not_refreshed)
{
	const struct slice two[] = {
		SLICE_INIT("sip:a@192.0.2.7"), SLICE_INIT("sip:a@192.0.2.8"),
	};
	struct registration_params p = plain;

	p.contacts = two;
	p.ncontacts = 2;
	begin(&p);
	registration_register(reg, NULL);
	answer("200 OK", "Expires: 100\r\n");
	ck_assert_int_eq(registration_remove(reg, SLICE("SIP:a@192.0.2.7")),
	                 OK);
	ck_assert_str_eq(ep.fields,
	                 "Contact: <SIP:a@192.0.2.7>;expires=0|Expires: 0");
	answer("200 OK", "");
	ck_assert_int_eq(seen.event, REGISTRATION_REMOVED);
	ck_assert(registration_is_active(reg));
	advance_ms(90000);
	ck_assert_str_eq(ep.fields, "Contact: <sip:a@192.0.2.8>|Expires: 600");
	answer("200 OK", "");
	registration_remove(reg, two[1]);
	answer("200 OK", "");
	ck_assert(!registration_is_active(reg));
	/* The user may change his mind. */
	registration_register(reg, NULL);
	ck_assert_str_eq(ep.fields, "Contact: <sip:a@192.0.2.7>, "
	                 "<sip:a@192.0.2.8>|Expires: 600");
}
END_TEST

START_TEST(a_contact_to_be_removed_must_be_a_uri)
{
	begin(&plain);
	ck_assert_int_eq(registration_remove(reg, SLICE("*")), ERR_SYNTAX);
	ck_assert_uint_eq(ep.sent, 0);
}
END_TEST

/* --- one after another --- */

START_TEST(operations_wait_for_each_other_in_order)
{
	begin(&plain);
	registration_register(reg, NULL);
	registration_query(reg);
	registration_remove_all(reg);
	ck_assert_uint_eq(ep.sent, 1);
	answer("100 Trying", "");
	advance_ms(1000);
	ck_assert_uint_eq(ep.sent, 1);
	answer("200 OK", "");
	ck_assert_uint_eq(ep.sent, 1);
	advance_ms(0);
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert_str_eq(ep.fields, "");
	answer("403 Forbidden", "");
	advance_ms(0);
	ck_assert_str_eq(ep.fields, "Contact: *|Expires: 0");
	answer("200 OK", "");
	ck_assert(!registration_is_busy(reg));
	ck_assert_uint_eq(seen.count, 3);
}
END_TEST

START_TEST(the_queue_has_an_end)
{
	enum error err = OK;
	unsigned n = 0;

	begin(&plain);
	while (err == OK && n < 1000) {
		err = registration_query(reg);
		n++;
	}
	ck_assert_int_eq(err, ERR_LIMIT);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

START_TEST(an_operation_that_cannot_be_sent_is_told_once)
{
	begin(&plain);
	ep.refuse = ERR_SYNTAX;
	ck_assert_int_eq(registration_register(reg, NULL), ERR_SYNTAX);
	ck_assert(!registration_is_busy(reg));
	registration_register(reg, NULL);
	registration_query(reg);
	answer("200 OK", "");
	ep.refuse = ERR_NOMEM;
	advance_ms(0);
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.err, ERR_NOMEM);
}
END_TEST

START_TEST(new_parameters_are_for_the_next_register)
{
	struct registration_params p = plain;

	begin(&plain);
	register_for(100);
	p.expires_s = 7;
	p.aor = SLICE("sip:bob@example.com");
	ck_assert_int_eq(registration_register(reg, &p), OK);
	ck_assert_str_eq(ep.fields, "Expires: 7");
	ck_assert_str_eq(ep.from, "sip:bob@example.com");
	ck_assert_slice_eq(registration_aor(reg), "sip:bob@example.com");
	p.aor = SLICE("");
	ck_assert_int_eq(registration_register(reg, &p), ERR_SYNTAX);
	ck_assert_slice_eq(registration_aor(reg), "sip:bob@example.com");
	ck_assert_slice_eq(registration_registrar(reg), "sip:example.com");
}
END_TEST

/* --- ends --- */

START_TEST(a_registration_may_be_freed_when_it_reports)
{
	begin(&plain);
	registration_register(reg, NULL);
	registration_query(reg);
	free_when_told = true;
	answer("200 OK", "Contact: " OWN ";expires=60\r\n");
	ck_assert_ptr_null(reg);
	advance_ms(100000);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

START_TEST(freeing_stops_what_is_on_its_way)
{
	begin(&plain);
	registration_register(reg, NULL);
	registration_free(reg);
	reg = NULL;
	ck_assert_uint_eq(ep.closed, 1);
}
END_TEST

/* The last step is refused, so that all before it is seen to have worked. */
START_TEST(memory_that_runs_out_is_an_ordinary_error)
{
	const struct slice contact = SLICE_INIT("<sip:a@192.0.2.7>;q=1");
	const struct field field = {
		SLICE_INIT("Subject"), SLICE_INIT("hi"),
	};
	struct registration_params p = plain;

	p.contacts = p.routes = &contact;
	p.ncontacts = p.nroutes = 1;
	p.fields = &field;
	p.nfields = 1;
	for (size_t n = 0, failed = 1; failed; n++) {
		enum error err = OK;

		ep.refuse = ERR_BAD_STATE;
		test_alloc_fail(n);
		reg = registration_new(&ep, &p, on_report, &seen, &err);
		if (reg != NULL)
			err = registration_register(reg, NULL);
		failed = test_alloc_restore();
		ck_assert_int_eq(err, failed ? ERR_NOMEM : ERR_BAD_STATE);
		registration_free(reg);
	}
	reg = NULL;
}
END_TEST

START_TEST(an_answer_that_memory_is_too_short_for_is_a_failure)
{
	seen.ran_out = true;
	for (long n = 0; seen.ran_out; n++) {
		begin(&plain);
		registration_register(reg, NULL);
		answer_short_of_memory("200 OK", "Contact: " OWN
		                       ";expires=60;reg-id=1\r\n"
		                       "Service-Route: <sip:p;lr>\r\n", 0, n);
		ck_assert_int_eq(seen.event, seen.ran_out
		                 ? REGISTRATION_FAILED : REGISTRATION_OK);
		ck_assert_int_eq(seen.err, seen.ran_out ? ERR_NOMEM : OK);
		registration_free(reg);
		ep.sent = 0;
	}
	reg = NULL;
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("registration", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_register_asks_for_the_legs_contact);
	tcase_add_loop_test(t, a_contact_that_is_given_is_sent, 0,
	                    ARRAY_LEN(contacts));
	tcase_add_test(t, the_users_fields_win);
	tcase_add_loop_test(t, unfit_parameters_are_refused, 0,
	                    ARRAY_LEN(unfit));
	tcase_add_test(t, call_id_stays_and_cseq_rises_10_2_4);
	tcase_add_test(t, a_query_touches_nothing);
	tcase_add_test(t, unregister_removes_what_was_registered);
	tcase_add_test(t,
		unregister_without_a_registration_removes_the_legs_contact);
	tcase_add_test(t,
		unregister_without_a_registration_removes_what_was_given);
	tcase_add_test(t, unregister_stops_refreshes_though_it_fails);
	tcase_add_test(t,
		a_refresh_that_waited_behind_unregister_is_not_sent);
	tcase_add_test(t, all_bindings_are_removed_with_a_star);
	tcase_add_test(t, one_contact_is_removed_and_not_refreshed);
	tcase_add_test(t, a_contact_to_be_removed_must_be_a_uri);
	tcase_add_test(t, operations_wait_for_each_other_in_order);
	tcase_add_test(t, the_queue_has_an_end);
	tcase_add_test(t, an_operation_that_cannot_be_sent_is_told_once);
	tcase_add_test(t, new_parameters_are_for_the_next_register);
	tcase_add_test(t, a_registration_may_be_freed_when_it_reports);
	tcase_add_test(t, freeing_stops_what_is_on_its_way);
	tcase_add_test(t, memory_that_runs_out_is_an_ordinary_error);
	tcase_add_test(t,
		an_answer_that_memory_is_too_short_for_is_a_failure);
	return s;
}

int main(void)
{
	return test_main(suite());
}
