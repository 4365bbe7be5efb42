/* What a registration makes of its answers, and what it does when. */

#include "tests/registrant.h"

/* --- what is answered --- */

static const struct {
	const char *why, *headers;
	uint32_t expires_s;
} grants[] = {
	{ "of our contact", "Contact: " OWN ";expires=77\r\nExpires: 5\r\n",
	  77 },
	{ "not of another's", "Contact: <sip:alice@192.0.2.8>;expires=9, "
	  OWN ";expires=60\r\n", 60 },
	{ "in another field", "Contact: <sip:alice@192.0.2.8>;expires=9\r\n"
	  "Contact: " OWN ";expires=61\r\n", 61 },
	{ "host without regard to case, 19.1.4",
	  "Contact: <SIP:alice@192.0.2.1:5062>;expires=62\r\n", 62 },
	{ "user with regard to case, 19.1.4",
	  "Contact: <sip:Alice@192.0.2.1:5062>;expires=63\r\n", 600 },
	{ "of the header, for ours", "Contact: " OWN "\r\nExpires: 64\r\n",
	  64 },
	{ "of the header, ours rewritten",
	  "Contact: <sip:x@203.0.113.1>;expires=9\r\nExpires: 65\r\n", 65 },
	{ "as asked", "", 600 },
	{ "a header that is no number", "Expires: soon\r\n", 600 },
};

START_TEST(the_time_granted_is_found_10_2_4)
{
	begin(&plain);
	registration_register(reg, NULL);
	answer("200 OK", grants[_i].headers);
	ck_assert_msg(seen.expires_s == grants[_i].expires_s, "%s: %u",
	              grants[_i].why, seen.expires_s);
	ck_assert_uint_eq(registration_left_s(reg), grants[_i].expires_s);
	ck_assert(registration_is_active(reg));
}
END_TEST

START_TEST(the_shortest_of_our_contacts_counts)
{
	const struct slice two[] = {
		SLICE_INIT("sip:a@192.0.2.7"), SLICE_INIT("sip:a@192.0.2.8"),
	};
	struct registration_params p = plain;

	p.contacts = two;
	p.ncontacts = 2;
	begin(&p);
	registration_register(reg, NULL);
	ck_assert_str_eq(ep.fields, "Contact: <sip:a@192.0.2.7>, "
	                 "<sip:a@192.0.2.8>|Expires: 600");
	answer("200 OK", "Contact: <sip:a@192.0.2.7>;expires=300\r\n"
	       "Contact: <sip:a@192.0.2.8>;expires=200\r\n");
	ck_assert_uint_eq(seen.expires_s, 200);
}
END_TEST

START_TEST(every_binding_is_told)
{
	begin(&plain);
	registration_query(reg);
	answer("200 OK",
	       "m: <sip:a@h1>;q=0.25;expires=10,\"A, B\" <sip:b@h2>\r\n"
	       "Expires: 99\r\n"
	       "Contact: " OWN ";expires=7;+sip.instance=\"<urn:uuid:1>\""
	       ";reg-id=2, <sip:bad@>, *\r\n");
	ck_assert_int_eq(seen.event, REGISTRATION_BINDINGS);
	ck_assert_str_eq(seen.bindings, "sip:a@h1,10,q250 sip:b@h2,99 "
	                 "sip:alice@192.0.2.1:5062,7,self,i=<urn:uuid:1>,r=2");
}
END_TEST

START_TEST(service_routes_are_those_of_the_last_2xx_rfc3608)
{
	struct slice route;

	begin(&plain);
	registration_register(reg, NULL);
	answer("200 OK", "Service-Route: <sip:p1;lr>, <sip:p2;lr>\r\n"
	       "Service-Route: <sip:p3;lr>\r\n");
	ck_assert(registration_service_route(reg, 2, &route));
	ck_assert_slice_eq(route, "<sip:p3;lr>");
	ck_assert(!registration_service_route(reg, 3, &route));
	registration_register(reg, NULL);
	answer("200 OK", "");
	ck_assert(!registration_service_route(reg, 0, &route));
}
END_TEST

/* --- time --- */

static const struct {
	uint32_t granted_s;
	uint64_t after_ms;
} moments[] = {
	{ 3600, 3240000 },      /* a tenth before */
	{ 60, 54000 },
	{ 50, 45000 },
	{ 30, 25000 },          /* 5 s before */
	{ 10, 5000 },
	{ 8, 4000 },            /* half of it */
	{ 2, 1000 },
	{ 1, 500 },
};

START_TEST(a_registration_is_refreshed_before_it_expires)
{
	begin(&plain);
	register_for(moments[_i].granted_s);
	advance_ms(moments[_i].after_ms - 1);
	ck_assert_uint_eq(ep.sent, 1);
	advance_ms(1);
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert(registration_is_active(reg));
	answer("200 OK", "Contact: " OWN ";expires=60\r\n");
	ck_assert_uint_eq(seen.count, 2);
	ck_assert(seen.refresh);
	ck_assert_uint_eq(registration_left_s(reg), 60);
}
END_TEST

START_TEST(a_single_register_is_left_to_expire)
{
	struct registration_params p = plain;

	p.once = true;
	begin(&p);
	register_for(60);
	advance_ms(59999);
	ck_assert_uint_eq(registration_left_s(reg), 1);
	ck_assert(registration_is_active(reg));
	advance_ms(1);
	ck_assert(!registration_is_active(reg));
	ck_assert_uint_eq(registration_left_s(reg), 0);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

START_TEST(a_binding_granted_no_time_is_none)
{
	begin(&plain);
	register_for(0);
	ck_assert(!registration_is_active(reg));
	advance_ms(10000000);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

/* RFC 5626 4.5: 30 s, doubling up to 1800 s, each cut by up to a half. */
START_TEST(a_refresh_that_fails_is_tried_ever_more_seldom)
{
	static const int64_t upper_s[] = {
		30, 60, 120, 240, 480, 960, 1800, 1800,
	};

	begin(&plain);
	register_for(3600);
	advance_ms(3240000);
	for (size_t i = 0; i < ARRAY_LEN(upper_s); i++) {
		ck_assert_uint_eq(ep.sent, i + 2);
		fail_with(ERR_TIMEOUT);
		ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
		ck_assert_int_eq(seen.err, ERR_TIMEOUT);
		ck_assert(seen.refresh);
		ck_assert_int_le(seen.next_try_ms, upper_s[i] * 1000);
		ck_assert_int_ge(seen.next_try_ms, upper_s[i] * 500);
		advance_ms((uint64_t)seen.next_try_ms - 1);
		ck_assert_uint_eq(ep.sent, i + 2);
		advance_ms(1);
	}
	ck_assert(!registration_is_active(reg));
	answer("200 OK", "Contact: " OWN ";expires=3600\r\n");
	advance_ms(3240000);
	fail_with(ERR_REFUSED);
	ck_assert_int_le(seen.next_try_ms, 30000);
}
END_TEST

static const struct {
	const char *why, *header;
	int64_t least_ms, most_ms;
} retry_afters[] = {
	{ "later than we would", "Retry-After: 100 (busy);duration=5\r\n",
	  100000, 100000 },
	{ "at once is no storm", "Retry-After: 0\r\n", 15000, 30000 },
	{ "not readable", "Retry-After: soon\r\n", 15000, 30000 },
};

START_TEST(retry_after_is_waited_for_20_33)
{
	begin(&plain);
	register_for(60);
	advance_ms(54000);
	answer("503 Service Unavailable", retry_afters[_i].header);
	ck_assert_int_ge(seen.next_try_ms, retry_afters[_i].least_ms);
	ck_assert_int_le(seen.next_try_ms, retry_afters[_i].most_ms);
}
END_TEST

START_TEST(refused_credentials_are_not_tried_again)
{
	static const char *const refusals[] = {
		"401 Unauthorized", "403 Forbidden",
		"407 Proxy Authentication Required",
	};

	begin(&plain);
	register_for(60);
	advance_ms(54000);
	answer(refusals[_i], "");
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.next_try_ms, -1);
	advance_ms(10000000);
	ck_assert_uint_eq(ep.sent, 2);
}
END_TEST

START_TEST(a_first_register_that_fails_is_not_tried_again)
{
	begin(&plain);
	registration_register(reg, NULL);
	fail_with(ERR_UNREACHABLE);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_int_eq(seen.next_try_ms, -1);
	ck_assert(!registration_is_busy(reg));
	advance_ms(10000000);
	ck_assert_uint_eq(ep.sent, 1);
}
END_TEST

/* --- 423 --- */

START_TEST(a_423_is_obeyed_once_10_2_8)
{
	begin(&plain);
	registration_register(reg, NULL);
	answer("423 Interval Too Brief", "Min-Expires: 1800\r\n");
	ck_assert_uint_eq(seen.count, 0);
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert_uint_eq(ep.cseq, 2);
	ck_assert_str_eq(ep.fields, "Expires: 1800");
	answer("200 OK", "Contact: " OWN ";expires=1800\r\n");
	ck_assert_int_eq(seen.event, REGISTRATION_OK);
	/* What was learnt is asked for at once. */
	registration_register(reg, NULL);
	ck_assert_str_eq(ep.fields, "Expires: 1800");
}
END_TEST

START_TEST(a_423_for_ever_is_an_error)
{
	begin(&plain);
	registration_register(reg, NULL);
	answer("423 Interval Too Brief", "Min-Expires: 1800\r\n");
	answer("423 Interval Too Brief", "Min-Expires: 3600\r\n");
	ck_assert_uint_eq(ep.sent, 2);
	ck_assert_int_eq(seen.event, REGISTRATION_FAILED);
	ck_assert_uint_eq(seen.status, 423);
	ck_assert_int_eq(seen.err, ERR_PROTOCOL);
	ck_assert_str_eq(seen.text,
	                 "423 again, for the time that it asked for");
}
END_TEST

START_TEST(a_423_that_asks_for_nothing_is_an_error)
{
	begin(&plain);
	registration_register(reg, NULL);
	answer("423 Interval Too Brief", "");
	ck_assert_uint_eq(ep.sent, 1);
	ck_assert_int_eq(seen.err, ERR_PROTOCOL);
}
END_TEST

START_TEST(a_423_raises_a_contacts_own_time)
{
	const struct slice contact = SLICE_INIT("<sip:a@192.0.2.7>;expires=5");
	struct registration_params p = plain;

	p.contacts = &contact;
	p.ncontacts = 1;
	begin(&p);
	registration_register(reg, NULL);
	answer("423 Interval Too Brief", "Min-Expires: 60\r\n");
	ck_assert_str_eq(ep.fields,
	                 "Contact: <sip:a@192.0.2.7>;expires=60|Expires: 600");
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("registration_time", &t);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, the_time_granted_is_found_10_2_4, 0,
	                    ARRAY_LEN(grants));
	tcase_add_test(t, the_shortest_of_our_contacts_counts);
	tcase_add_test(t, every_binding_is_told);
	tcase_add_test(t,
		service_routes_are_those_of_the_last_2xx_rfc3608);
	tcase_add_loop_test(t,
		a_registration_is_refreshed_before_it_expires, 0,
		ARRAY_LEN(moments));
	tcase_add_test(t, a_single_register_is_left_to_expire);
	tcase_add_test(t, a_binding_granted_no_time_is_none);
	tcase_add_test(t, a_refresh_that_fails_is_tried_ever_more_seldom);
	tcase_add_loop_test(t, retry_after_is_waited_for_20_33, 0,
	                    ARRAY_LEN(retry_afters));
	tcase_add_loop_test(t, refused_credentials_are_not_tried_again, 0, 3);
	tcase_add_test(t, a_first_register_that_fails_is_not_tried_again);
	tcase_add_test(t, a_423_is_obeyed_once_10_2_8);
	tcase_add_test(t, a_423_for_ever_is_an_error);
	tcase_add_test(t, a_423_that_asks_for_nothing_is_an_error);
	tcase_add_test(t, a_423_raises_a_contacts_own_time);
	return s;
}

int main(void)
{
	return test_main(suite());
}
