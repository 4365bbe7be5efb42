/* U10: every event in every state of a registration, on a real endpoint
 * (RFC 3261 10.2). */

#include <stdio.h>

#include "core/ua/registration.h"
#include "tests/agent.h"

enum state {
	IDLE,                   /* nothing was asked for */
	REGISTERING,            /* the first REGISTER is out */
	UP,
	REFRESHING,             /* a REGISTER of its own accord is out */
	RETRYING,               /* that failed; it waits */
	UNREGISTERING,
	REMOVED,
	QUERYING,
	STATES
};

enum event {
	GETS_100, GETS_200, GETS_200_WITHOUT_US, GETS_401, GETS_403,
	GETS_423, GETS_423_FOR_NOTHING, GETS_503,
	REGISTERS, UNREGISTERS, REMOVES_ONE, REMOVES_ALL, QUERIES,
	SILENCE,                /* of 64*T1 */
	TIME,                   /* until just before it would expire */
	EVENTS
};

static const char *const state_names[STATES] = {
	"idle", "registering", "up", "refreshing", "retrying",
	"unregistering", "removed", "querying",
};

static const char *const event_names[EVENTS] = {
	"100", "200", "200 without us", "401", "403", "423",
	"423 without Min-Expires", "503", "register", "unregister",
	"remove one", "remove all", "query", "silence", "time",
};

/*
 * A cell lists what is told ("ok", "failed", "removed", "bindings"), then what
 * was sent ("REGISTER 600" asks for so many seconds, "0" removes ours, "*"
 * all, "-" asks), and behind ">" where it leads. A cell that is missing:
 * nothing happens.
 */
static const char *const expected[STATES][EVENTS] = {
	[IDLE] = {
		[REGISTERS] = "REGISTER 600 > down busy",
		[UNREGISTERS] = "REGISTER 0 > down busy",
		[REMOVES_ONE] = "REGISTER 0 > down busy",
		[REMOVES_ALL] = "REGISTER * > down busy",
		[QUERIES] = "REGISTER - > down busy",
	},
	[REGISTERING] = {
		[GETS_200] = "ok > up", [GETS_200_WITHOUT_US] = "ok > up",
		[GETS_401] = "failed > down", [GETS_403] = "failed > down",
		[GETS_423] = "REGISTER 900",
		[GETS_423_FOR_NOTHING] = "failed > down",
		[GETS_503] = "failed > down",
		[SILENCE] = "failed REGISTER 600 > down",
		[TIME] = "failed REGISTER 600 > down",
	},
	[UP] = {
		[REGISTERS] = "REGISTER 600 > up busy",
		[UNREGISTERS] = "REGISTER 0 > up busy",
		[REMOVES_ONE] = "REGISTER 0 > up busy",
		[REMOVES_ALL] = "REGISTER * > up busy",
		[QUERIES] = "REGISTER - > up busy",
		[TIME] = "REGISTER 600 > up busy",
	},
	[REFRESHING] = {
		[GETS_200] = "ok > up", [GETS_200_WITHOUT_US] = "ok > up",
		[GETS_401] = "failed > up", [GETS_403] = "failed > up",
		[GETS_423] = "REGISTER 900",
		[GETS_423_FOR_NOTHING] = "failed > up",
		[GETS_503] = "failed > up",
		[SILENCE] = "failed REGISTER 600 > up",
		[TIME] = "failed failed failed failed "
		         "failed REGISTER 600 > down",
	},
	[RETRYING] = {
		[REGISTERS] = "REGISTER 600 > up busy",
		[UNREGISTERS] = "REGISTER 0 > up busy",
		[REMOVES_ONE] = "REGISTER 0 > up busy",
		[REMOVES_ALL] = "REGISTER * > up busy",
		[QUERIES] = "REGISTER - > up busy",
		[SILENCE] = "REGISTER 600 > up busy",
		[TIME] = "failed failed failed failed REGISTER 600 > down",
	},
	[UNREGISTERING] = {
		[GETS_200] = "removed > down",
		[GETS_200_WITHOUT_US] = "removed > down",
		[GETS_401] = "failed > up", [GETS_403] = "failed > up",
		[GETS_423] = "failed > up",
		[GETS_423_FOR_NOTHING] = "failed > up",
		[GETS_503] = "failed > up",
		[SILENCE] = "failed REGISTER 0 > up",
		[TIME] = "failed REGISTER 0 > up",
	},
	[REMOVED] = {
		[REGISTERS] = "REGISTER 600 > down busy",
		[UNREGISTERS] = "REGISTER 0 > down busy",
		[REMOVES_ONE] = "REGISTER 0 > down busy",
		[REMOVES_ALL] = "REGISTER * > down busy",
		[QUERIES] = "REGISTER - > down busy",
	},
	[QUERYING] = {
		[GETS_200] = "bindings > down",
		[GETS_200_WITHOUT_US] = "bindings > down",
		[GETS_401] = "failed > down", [GETS_403] = "failed > down",
		[GETS_423] = "failed > down",
		[GETS_423_FOR_NOTHING] = "failed > down",
		[GETS_503] = "failed > down",
		[SILENCE] = "failed REGISTER - > down",
		[TIME] = "failed REGISTER - > down",
	},
};

#define OURS "<sip:alice@192.0.2.1:5060>"

static struct rig rig;
static struct agent alice;
static struct registration *reg;
static char result[400];
static bool playing;

static void note(const char *text)
{
	size_t len = strlen(result);

	snprintf(result + len, sizeof(result) - len, "%s%s",
	         len == 0 ? "" : " ", text);
}

static void on_report(struct registration *r,
                      const struct registration_report *report, void *arg)
{
	ck_assert_ptr_eq(r, reg);
	(void)arg;
	if (!playing)
		return;
	switch (report->event) {
	case REGISTRATION_OK:
		note("ok");
		break;
	case REGISTRATION_FAILED:
		note("failed");
		break;
	case REGISTRATION_REMOVED:
		note("removed");
		break;
	case REGISTRATION_BINDINGS:
		note("bindings");
		break;
	}
}

static void set_up(void)
{
	enum error err;

	rig_init(&rig);
	agent_init(&alice, &rig, "192.0.2.1", RIG_UDP);
	reg = registration_new(alice.ep, &(struct registration_params){
		.registrar = SLICE("sip:192.0.2.9"),
		.aor = SLICE("sip:alice@192.0.2.9"),
		.expires_s = 600,
	}, on_report, NULL, &err);
	ck_assert_ptr_nonnull(reg);
	playing = false;
}

static void tear_down(void)
{
	registration_free(reg);
	agent_deinit(&alice);
	rig_deinit(&rig);
}

/* To the last REGISTER; there may be none. */
static void reply(unsigned status, const char *contact, const char *extra)
{
	if (rig.nsent == 0)
		return;
	rig_reply(&rig, rig_last(&rig), &(struct rig_response){
		.status = status, .contact = contact, .extra = extra,
	});
}

static void enter(enum state s)
{
	if (s == IDLE)
		return;
	if (s == QUERYING) {
		ck_assert_int_eq(registration_query(reg), OK);
		return;
	}
	ck_assert_int_eq(registration_register(reg, NULL), OK);
	if (s == REGISTERING)
		return;
	reply(200, OURS ";expires=600", NULL);
	if (s == REFRESHING || s == RETRYING)
		rig_advance(&rig, 540000);
	if (s == RETRYING)
		reply(500, NULL, NULL);
	if (s == UNREGISTERING || s == REMOVED)
		ck_assert_int_eq(registration_unregister(reg), OK);
	if (s == REMOVED)
		reply(200, NULL, NULL);
}

static void happen(enum event e)
{
	switch (e) {
	case GETS_100:
		reply(100, NULL, NULL);
		break;
	case GETS_200:
		reply(200, OURS ";expires=600, <sip:else@192.0.2.7>", NULL);
		break;
	case GETS_200_WITHOUT_US:
		reply(200, "<sip:else@192.0.2.7>;expires=60", NULL);
		break;
	case GETS_401:
		reply(401, NULL, "WWW-Authenticate: Digest realm=\"r\", "
		                 "nonce=\"n\"\r\n");
		break;
	case GETS_403:
		reply(403, NULL, NULL);
		break;
	case GETS_423:
		reply(423, NULL, "Min-Expires: 900\r\n");
		break;
	case GETS_423_FOR_NOTHING:
		reply(423, NULL, NULL);
		break;
	case GETS_503:
		reply(503, NULL, "Retry-After: 0\r\n");
		break;
	case REGISTERS:
		ck_assert_int_eq(registration_register(reg, NULL), OK);
		break;
	case UNREGISTERS:
		ck_assert_int_eq(registration_unregister(reg), OK);
		break;
	case REMOVES_ONE:
		ck_assert_int_eq(registration_remove(
			reg, SLICE("sip:alice@192.0.2.1:5060")), OK);
		break;
	case REMOVES_ALL:
		ck_assert_int_eq(registration_remove_all(reg), OK);
		break;
	case QUERIES:
		ck_assert_int_eq(registration_query(reg), OK);
		break;
	case SILENCE:
		rig_advance(&rig, 32000);
		break;
	case TIME:
		rig_advance(&rig, 560000);
		break;
	case EVENTS:
		ck_abort();
	}
}

static void print_request(char *out, size_t size, const struct message *m)
{
	struct slice expires = message_header(m, HEADER_EXPIRES, 0);
	struct slice contact = message_header(m, HEADER_CONTACT, 0);

	if (contact.p == NULL)
		snprintf(out, size, "REGISTER -");
	else if (slice_eq(contact, SLICE("*")))
		snprintf(out, size, "REGISTER *");
	else
		snprintf(out, size, "REGISTER %.*s", SLICE_ARG(expires));
}

/* From the one after the first n; copies of the one before count as one. */
static void note_sent(size_t n)
{
	char text[40], before[40] = "";

	for (; n < rig.nsent; n++) {
		print_request(text, sizeof(text),
		              rig_parse(&rig, rig_sent(&rig, n)->wire));
		if (strcmp(text, before) != 0)
			note(text);
		snprintf(before, sizeof(before), "%s", text);
	}
}

static void print_state(char out[16])
{
	snprintf(out, 16, "%s%s", registration_is_active(reg) ? "up" : "down",
	         registration_is_busy(reg) ? " busy" : "");
}

static void play(enum state s, enum event e)
{
	char was[16], is[16];
	size_t nsent;

	enter(s);
	print_state(was);
	nsent = rig.nsent;
	result[0] = '\0';
	playing = true;
	happen(e);
	note_sent(nsent);
	print_state(is);
	if (strcmp(was, is) != 0) {
		note(">");
		note(is);
	}
}

/* One test for each state: a process for each event would take long. */
START_TEST(every_event_in_every_state_of_a_registration_is_answered)
{
	for (enum event e = 0; e < EVENTS; e++) {
		const char *want = expected[_i][e] == NULL ? ""
		                                           : expected[_i][e];

		set_up();
		play((enum state)_i, e);
		ck_assert_msg(strcmp(result, want) == 0,
		              "%s, %s: \"%s\", not \"%s\"", state_names[_i],
		              event_names[e], result, want);
		tear_down();
	}
}
END_TEST

static void check_call_id_and_cseq(void)
{
	struct slice call_id;
	uint32_t cseq = 0;

	if (rig.nsent == 0)
		return;
	call_id = rig_parse(&rig, rig_sent(&rig, 0)->wire)->call_id;
	for (size_t i = 0; i < rig.nsent; i++) {
		const struct message *m = rig_parse(&rig,
		                                    rig_sent(&rig, i)->wire);

		ck_assert(slice_eq(m->call_id, call_id));
		if (i != 0 && m->cseq.number == cseq)
			continue;       /* sent again */
		ck_assert_uint_eq(m->cseq.number, cseq + 1);
		cseq = m->cseq.number;
	}
}

/* 10.2.4: one Call-ID, and each REGISTER with the next CSeq; freed at any
 * moment, nothing is left. */
START_TEST(a_registration_keeps_its_call_id_and_counts_in_every_state)
{
	for (enum event e = 0; e < EVENTS; e++) {
		set_up();
		play((enum state)_i, e);
		rig_advance(&rig, 4000000);
		check_call_id_and_cseq();
		registration_free(reg);
		reg = NULL;
		rig_advance(&rig, 100000);
		ck_assert_uint_eq(endpoint_contexts(alice.ep), 0);
		ck_assert_uint_eq(transactions_count(
			alice.party.transactions), 0);
		tear_down();
	}
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = test_suite("conformance: registration", &tests);

	tcase_add_loop_test(
		tests, every_event_in_every_state_of_a_registration_is_answered,
		0, STATES);
	tcase_add_loop_test(
		tests,
		a_registration_keeps_its_call_id_and_counts_in_every_state, 0,
		STATES);
	return s;
}

int main(void)
{
	return test_main(suite());
}
