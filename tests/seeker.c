/* The zone and the outcome of tests that look for targets. */

#include "tests/seeker.h"

#include <stdio.h>

#include "tests/helpers.h"

struct seeker seeker;

static void note(enum error err, const char *text,
                 const struct target *targets, size_t n, void *arg)
{
	(void)arg;
	seeker.calls++;
	seeker.err = err;
	snprintf(seeker.text, sizeof(seeker.text), "%s", text);
	seeker.n = n;
	for (size_t i = 0; i < n; i++)
		seeker.targets[i] = targets[i];
}

/* The same of locate_plan(); names are the rig's to keep. */
static void note_plan(enum error err, const char *text,
                      const struct planned *rows, size_t n, void *arg)
{
	note(err, text, NULL, 0, arg);
	seeker.n = n;
	for (size_t i = 0; i < n; i++) {
		seeker.plan[i] = rows[i];
		seeker.plan[i].name = arena_copy(&seeker.rig.arena,
		                                 rows[i].name);
		seeker.targets[i] = rows[i].target;
	}
}

void seeker_prefer(bool ipv4, bool ipv6)
{
	const struct locate_preferences p = {
		.transports = { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS,
		                TRANSPORT_WSS },
		.ntransports = 4,
		.ipv4 = ipv4,
		.ipv6 = ipv6,
	};

	locator_set_preferences(seeker.locator, &p);
}

void seeker_prefer_only(unsigned transports)
{
	struct locate_preferences p = { .ipv4 = true, .ipv6 = true };

	for (enum transport t = TRANSPORT_UDP; t < TRANSPORT_COUNT; t++)
		if (transports & 1u << t)
			p.transports[p.ntransports++] = t;
	if (transports != 0)
		locator_set_preferences(seeker.locator, &p);
}

void seeker_restart(const struct lookup_ops *ops)
{
	locator_free(seeker.locator);
	seeker.locator = locator_new(&seeker.rig.env, ops, &seeker.rig);
	ck_assert_ptr_nonnull(seeker.locator);
	seeker_prefer(true, true);
	seeker.calls = 0;
	seeker.n = 0;
}

void seeker_set_up(void)
{
	memset(&seeker, 0, sizeof(seeker));
	rig_init(&seeker.rig);
	seeker_restart(&rig_lookup_ops);
}

void seeker_tear_down(void)
{
	locator_free(seeker.locator);
	rig_deinit(&seeker.rig);
}

uint64_t seeker_locate(const char *text)
{
	struct uri uri;

	ck_assert_msg(uri_parse(slice_str(text), &uri), "%s", text);
	return locate_start(seeker.locator, &uri, note, NULL);
}

void seeker_find(const char *text)
{
	seeker_locate(text);
	rig_settle(&seeker.rig);
}

/* No ck_assert() in here: it allocates, which a test may have forbidden. */
void seeker_plan(const char *text)
{
	struct uri uri;

	if (uri_parse(slice_str(text), &uri))
		locate_plan(seeker.locator, &uri, note_plan, NULL);
	rig_settle(&seeker.rig);
}

uint64_t seeker_lookups(const char *text)
{
	uint64_t before = seeker.rig.last_lookup;

	seeker_find(text);
	return seeker.rig.last_lookup - before;
}

void seeker_check(const char *want, const char *why)
{
	struct buf got = { 0 };

	ck_assert_msg(seeker.err == OK, "%s: %s", why, seeker.text);
	for (size_t i = 0; i < seeker.n; i++) {
		char text[ADDR_TEXT];

		buf_printf(&got, "%s%s %s", i == 0 ? "" : ", ",
		           transport_name(seeker.targets[i].transport),
		           addr_text(&seeker.targets[i].addr, text));
	}
	ck_assert_msg(strcmp(buf_cstr(&got), want) == 0, "%s: got %s", why,
	              buf_cstr(&got));
	buf_deinit(&got);
}

void seeker_mark_failed(const char *addr)
{
	const struct target t = { TRANSPORT_UDP, rig_addr(addr) };

	locate_failed(seeker.locator, &t);
}

void seeker_add_srv(const char *owner, uint16_t priority, uint16_t weight,
                    uint16_t port, const char *target)
{
	const struct record r = {
		.kind = RECORD_SRV, .ttl_s = 300, .priority = priority,
		.weight = weight, .port = port, .name = slice_str(target),
	};

	rig_add_record(&seeker.rig, owner, &r);
}

void seeker_add_rule(const char *owner, uint16_t order, uint16_t preference,
                     const char *flags, const char *service,
                     const char *replacement)
{
	const struct record r = {
		.kind = RECORD_NAPTR, .ttl_s = 600, .priority = order,
		.weight = preference, .flags = slice_str(flags),
		.service = slice_str(service),
		.name = slice_str(replacement),
	};

	rig_add_record(&seeker.rig, owner, &r);
}
