/* Settings: a row for each. */

#include "cli/settings.h"

#include <stddef.h>

#include "cli/command.h"
#include "core/base/list.h"

enum kind {
	KIND_MS,                /* uint32_t, not 0 */
	KIND_LONG_MS,           /* uint64_t */
	KIND_NUMBER,            /* uint32_t */
	KIND_SIZE,              /* size_t */
	KIND_CHOICE,            /* an enum */
	KIND_BOOL,
	KIND_TEXT               /* char[max] */
};

struct row {
	const char *name;
	enum kind kind;
	size_t offset;          /* in struct settings */
	uint32_t min, max;
	const char *choices;    /* of KIND_CHOICE */
	const char *help;
};

#define AT(member) offsetof(struct settings, member)

static const struct row rows[] = {
	{ "expires", KIND_NUMBER, AT(expires_s), 0, 0,
	  NULL, "what register asks for, in seconds" },
	{ "keepalive", KIND_LONG_MS, AT(keepalive_ms), 0, 0,
	  NULL, "at most so long between pings of a registered flow; 0: none" },
	{ "max-body", KIND_SIZE, AT(limits.body), 1, 1 << 26,
	  NULL, "octets of a body that are taken" },
	{ "max-calls", KIND_NUMBER, AT(endpoint.max_calls), 1, 10000,
	  NULL, "arriving calls that may wait for an answer" },
	{ "max-headers", KIND_NUMBER, AT(limits.headers), 16, 1000,
	  NULL, "header fields of a message that are taken" },
	{ "max-transactions", KIND_NUMBER, AT(transaction.max_incoming),
	  1, 100000, NULL, "arriving requests that may wait for an answer" },
	{ "redirect", KIND_CHOICE, AT(redirect), 0, 0, "show|follow",
	  "what is done with a 3xx" },
	{ "redirect-hops", KIND_NUMBER, AT(redirect_hops), 1, 70,
	  NULL, "redirects that are followed one after the other" },
	{ "ring", KIND_CHOICE, AT(ring), 0, 0, "auto|manual",
	  "whether an arriving call gets its 180 by itself" },
	{ "ring-timeout", KIND_LONG_MS, AT(ring_timeout_ms), 0, 0,
	  NULL, "an unanswered arriving call gets 480 after this" },
	{ "show-secrets", KIND_BOOL, AT(show_secrets), 0, 0, "off|on",
	  "traces and JSON hold secrets" },
	{ "t1", KIND_MS, AT(transaction.t1_ms), 0, 0,
	  NULL, "first retransmission; 64*T1 is a transaction's end" },
	{ "t2", KIND_MS, AT(transaction.t2_ms), 0, 0,
	  NULL, "longest interval between retransmissions" },
	{ "t4", KIND_MS, AT(transaction.t4_ms), 0, 0,
	  NULL, "how long a message may stay in the network" },
	{ "timeout", KIND_LONG_MS, AT(timeout_ms), 0, 0,
	  NULL, "a bound on each command; 0: what the protocol says" },
	{ "user-agent", KIND_TEXT, AT(user_agent), 0,
	  sizeof(((struct settings *)0)->user_agent), NULL,
	  "User-Agent and Server of our messages; empty: none" },
};

const struct slice settings_allow = SLICE_INIT(
	"INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, REFER, UPDATE");
const struct slice settings_allow_registrar = SLICE_INIT(
	"INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, MESSAGE, REFER, REGISTER, "
	"UPDATE");

void settings_init(struct settings *s)
{
	*s = (struct settings){
		.transaction = transaction_settings_default,
		.endpoint = endpoint_settings_default,
		.limits = message_limits_default,
		.redirect = REDIRECT_SHOW,
		.redirect_hops = 5,
		.ring = RING_AUTO,
		.ring_timeout_ms = 180 * 1000,
		.expires_s = 3600,
		.keepalive_ms = 120 * 1000,
		.user_agent = "sipsh/" PACKAGE_VERSION,
	};
	s->endpoint.user_agent = slice_str(s->user_agent);
	s->endpoint.allow = settings_allow;
}

static const struct row *find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_eq(slice_str(rows[i].name), name))
			return &rows[i];
	return NULL;
}

/* Where a number is kept differs in width. */
static uint64_t load(const struct settings *s, const struct row *row)
{
	const char *at = (const char *)s + row->offset;
	uint64_t wide;
	uint32_t narrow;
	size_t size;

	switch (row->kind) {
	case KIND_SIZE:
		memcpy(&size, at, sizeof(size));
		return size;
	case KIND_LONG_MS:
		memcpy(&wide, at, sizeof(wide));
		return wide;
	case KIND_BOOL:
		return *(const bool *)at;
	case KIND_MS:
	case KIND_NUMBER:
	case KIND_CHOICE:
	case KIND_TEXT:
		break;
	}
	memcpy(&narrow, at, sizeof(narrow));
	return narrow;
}

static void store(struct settings *s, const struct row *row, uint64_t value)
{
	char *at = (char *)s + row->offset;
	uint32_t narrow = (uint32_t)value;
	size_t size = value;

	switch (row->kind) {
	case KIND_SIZE:
		memcpy(at, &size, sizeof(size));
		return;
	case KIND_LONG_MS:
		memcpy(at, &value, sizeof(value));
		return;
	case KIND_BOOL:
		*(bool *)at = value != 0;
		return;
	case KIND_MS:
	case KIND_NUMBER:
	case KIND_CHOICE:
	case KIND_TEXT:
		break;
	}
	memcpy(at, &narrow, sizeof(narrow));
}

static bool parse_choice(const struct row *row, struct slice value,
                         uint64_t *out)
{
	struct slice rest = slice_str(row->choices);

	for (uint64_t n = 0; rest.len != 0; n++) {
		size_t end = slice_find(rest, '|');

		if (slice_eq(slice_make(rest.p, end), value)) {
			*out = n;
			return true;
		}
		rest = slice_skip(rest, end == rest.len ? end : end + 1);
	}
	return false;
}

static bool parse_value(const struct row *row, struct slice value,
                        uint64_t *out)
{
	uint32_t n;

	switch (row->kind) {
	case KIND_MS:
		/* a timer of 0 would retransmit without end */
		return duration_parse(value, out) && *out <= UINT32_MAX
		       && *out != 0;
	case KIND_LONG_MS:
		return duration_parse(value, out);
	case KIND_NUMBER:
	case KIND_SIZE:
		if (!slice_to_u32(value, row->max != 0 ? row->max
		                  : UINT32_MAX, &n) || n < row->min)
			return false;
		*out = n;
		return true;
	case KIND_CHOICE:
	case KIND_BOOL:
		return parse_choice(row, value, out);
	case KIND_TEXT:
		return value.len < row->max && slice_is_utf8(value)
		       && slice_find(value, '\r') == value.len
		       && slice_find(value, '\n') == value.len
		       && slice_find(value, '\0') == value.len;
	}
	return false;
}

static void tell_expected(const struct row *row, struct slice got,
                          struct buf *why)
{
	buf_printf(why, "%s: expected ", row->name);
	switch (row->kind) {
	case KIND_MS:
	case KIND_LONG_MS:
		buf_str(why, "a duration like 500ms or 5s");
		break;
	case KIND_NUMBER:
	case KIND_SIZE:
		buf_printf(why, "a number from %u to %u", row->min,
		           row->max != 0 ? row->max : UINT32_MAX);
		break;
	case KIND_CHOICE:
	case KIND_BOOL:
		buf_printf(why, "one of %s", row->choices);
		break;
	case KIND_TEXT:
		buf_printf(why, "a text of less than %u octets", row->max);
		break;
	}
	buf_str(why, ", got '");
	buf_escaped(why, got);
	buf_char(why, '\'');
}

enum error settings_set(struct settings *s, struct slice name,
                        struct slice value, struct buf *why)
{
	const struct row *row = find(name);
	uint64_t number = 0;

	if (row == NULL) {
		buf_str(why, "no setting '");
		buf_escaped(why, name);
		buf_str(why, "'; set without arguments lists them");
		return ERR_NOT_FOUND;
	}
	if (!parse_value(row, value, &number)) {
		tell_expected(row, value, why);
		return ERR_SYNTAX;
	}
	if (row->kind == KIND_TEXT) {
		memcpy((char *)s + row->offset, value.p, value.len);
		((char *)s + row->offset)[value.len] = '\0';
	} else {
		store(s, row, number);
	}
	s->endpoint.user_agent = slice_str(s->user_agent);
	s->endpoint.redirects = s->redirect == REDIRECT_FOLLOW
	                        ? s->redirect_hops : 0;
	return OK;
}

static void print_duration(struct buf *out, uint64_t ms)
{
	buf_u64(out, ms % 1000 == 0 ? ms / 1000 : ms);
	buf_str(out, ms % 1000 == 0 ? "s" : "ms");
}

static void print_choice(struct buf *out, const struct row *row, uint64_t n)
{
	struct slice rest = slice_str(row->choices);

	while (n-- > 0)
		rest = slice_skip(rest, slice_find(rest, '|') + 1);
	buf_slice(out, slice_make(rest.p, slice_find(rest, '|')));
}

bool settings_get(const struct settings *s, size_t n, struct slice *name,
                  struct buf *value, struct slice *help)
{
	const struct row *row = &rows[n];

	if (n >= ARRAY_LEN(rows))
		return false;
	*name = slice_str(row->name);
	*help = slice_str(row->help);
	switch (row->kind) {
	case KIND_MS:
	case KIND_LONG_MS:
		print_duration(value, load(s, row));
		break;
	case KIND_NUMBER:
	case KIND_SIZE:
		buf_u64(value, load(s, row));
		break;
	case KIND_CHOICE:
	case KIND_BOOL:
		print_choice(value, row, load(s, row));
		break;
	case KIND_TEXT:
		buf_str(value, (const char *)s + row->offset);
		break;
	}
	return true;
}
