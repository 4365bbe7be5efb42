/* The names: of headers, in one table with a perfect hash, and of methods. */

#include "core/message/header.h"

#include "core/message/scan.h"

#define LIST(text, letter) { SLICE_INIT(text), (letter), true, false }
#define ONCE(text, letter) { SLICE_INIT(text), (letter), false, true }
/* Commas inside, and several fields all the same (7.3.1). */
#define MANY(text, letter) { SLICE_INIT(text), (letter), false, false }

const struct header_info header_table[HEADER_COUNT] = {
	[HEADER_OTHER] = MANY("", 0),
	[HEADER_ACCEPT] = LIST("Accept", 0),
	[HEADER_ACCEPT_ENCODING] = LIST("Accept-Encoding", 0),
	[HEADER_ACCEPT_LANGUAGE] = LIST("Accept-Language", 0),
	[HEADER_ALERT_INFO] = LIST("Alert-Info", 0),
	[HEADER_ALLOW] = LIST("Allow", 0),
	[HEADER_ALLOW_EVENTS] = LIST("Allow-Events", 'u'),
	[HEADER_AUTHENTICATION_INFO] = MANY("Authentication-Info", 0),
	[HEADER_AUTHORIZATION] = MANY("Authorization", 0),
	[HEADER_CALL_ID] = ONCE("Call-ID", 'i'),
	[HEADER_CALL_INFO] = LIST("Call-Info", 0),
	[HEADER_CONTACT] = LIST("Contact", 'm'),
	[HEADER_CONTENT_DISPOSITION] = ONCE("Content-Disposition", 0),
	[HEADER_CONTENT_ENCODING] = LIST("Content-Encoding", 'e'),
	[HEADER_CONTENT_LANGUAGE] = LIST("Content-Language", 0),
	[HEADER_CONTENT_LENGTH] = ONCE("Content-Length", 'l'),
	[HEADER_CONTENT_TYPE] = ONCE("Content-Type", 'c'),
	[HEADER_CSEQ] = ONCE("CSeq", 0),
	[HEADER_DATE] = ONCE("Date", 0),
	[HEADER_ERROR_INFO] = LIST("Error-Info", 0),
	[HEADER_EVENT] = ONCE("Event", 'o'),
	[HEADER_EXPIRES] = ONCE("Expires", 0),
	[HEADER_FROM] = ONCE("From", 'f'),
	[HEADER_IN_REPLY_TO] = LIST("In-Reply-To", 0),
	[HEADER_MAX_FORWARDS] = ONCE("Max-Forwards", 0),
	[HEADER_MIME_VERSION] = ONCE("MIME-Version", 0),
	[HEADER_MIN_EXPIRES] = ONCE("Min-Expires", 0),
	[HEADER_MIN_SE] = ONCE("Min-SE", 0),
	[HEADER_ORGANIZATION] = ONCE("Organization", 0),
	[HEADER_PATH] = LIST("Path", 0),
	[HEADER_PRIORITY] = ONCE("Priority", 0),
	[HEADER_PROXY_AUTHENTICATE] = MANY("Proxy-Authenticate", 0),
	[HEADER_PROXY_AUTHORIZATION] = MANY("Proxy-Authorization", 0),
	[HEADER_PROXY_REQUIRE] = LIST("Proxy-Require", 0),
	[HEADER_P_ASSERTED_IDENTITY] = LIST("P-Asserted-Identity", 0),
	[HEADER_RACK] = ONCE("RAck", 0),
	[HEADER_REASON] = LIST("Reason", 0),
	[HEADER_RECORD_ROUTE] = LIST("Record-Route", 0),
	[HEADER_REFER_SUB] = ONCE("Refer-Sub", 0),
	[HEADER_REFER_TO] = ONCE("Refer-To", 'r'),
	[HEADER_REFERRED_BY] = ONCE("Referred-By", 'b'),
	[HEADER_REPLACES] = ONCE("Replaces", 0),
	[HEADER_REPLY_TO] = ONCE("Reply-To", 0),
	[HEADER_REQUIRE] = LIST("Require", 0),
	[HEADER_RETRY_AFTER] = ONCE("Retry-After", 0),
	[HEADER_ROUTE] = LIST("Route", 0),
	[HEADER_RSEQ] = ONCE("RSeq", 0),
	[HEADER_SERVER] = ONCE("Server", 0),
	[HEADER_SERVICE_ROUTE] = LIST("Service-Route", 0),
	[HEADER_SESSION_EXPIRES] = ONCE("Session-Expires", 'x'),
	[HEADER_SIP_ETAG] = ONCE("SIP-ETag", 0),
	[HEADER_SIP_IF_MATCH] = ONCE("SIP-If-Match", 0),
	[HEADER_SUBJECT] = ONCE("Subject", 's'),
	[HEADER_SUBSCRIPTION_STATE] = ONCE("Subscription-State", 0),
	[HEADER_SUPPORTED] = LIST("Supported", 'k'),
	[HEADER_TIMESTAMP] = ONCE("Timestamp", 0),
	[HEADER_TO] = ONCE("To", 't'),
	[HEADER_UNSUPPORTED] = LIST("Unsupported", 0),
	[HEADER_USER_AGENT] = ONCE("User-Agent", 0),
	[HEADER_USER_TO_USER] = LIST("User-to-User", 0),
	[HEADER_VIA] = LIST("Via", 'v'),
	[HEADER_WARNING] = LIST("Warning", 0),
	[HEADER_WWW_AUTHENTICATE] = MANY("WWW-Authenticate", 0),
};

/*
 * A perfect hash of the names: their length and three of their octets. The
 * 0x20 makes letters lower case; what it does to others is all the same, as
 * the name is compared in the end. Two names in one slot would not compile
 * (-Woverride-init).
 */
#define SLOT(len, first, middle, last) \
	((7 * (len) + 4 * (first) + (middle) + 31 * (last)) & 255)

static const uint8_t name_slots[256] = {
	[SLOT(6, 'a', 'e', 't')] = HEADER_ACCEPT,
	[SLOT(15, 'a', 'e', 'g')] = HEADER_ACCEPT_ENCODING,
	[SLOT(15, 'a', 'l', 'e')] = HEADER_ACCEPT_LANGUAGE,
	[SLOT(10, 'a', '-', 'o')] = HEADER_ALERT_INFO,
	[SLOT(5, 'a', 'l', 'w')] = HEADER_ALLOW,
	[SLOT(12, 'a', 'e', 's')] = HEADER_ALLOW_EVENTS,
	[SLOT(19, 'a', 'a', 'o')] = HEADER_AUTHENTICATION_INFO,
	[SLOT(13, 'a', 'i', 'n')] = HEADER_AUTHORIZATION,
	[SLOT(7, 'c', 'l', 'd')] = HEADER_CALL_ID,
	[SLOT(9, 'c', '-', 'o')] = HEADER_CALL_INFO,
	[SLOT(7, 'c', 't', 't')] = HEADER_CONTACT,
	[SLOT(19, 'c', 'i', 'n')] = HEADER_CONTENT_DISPOSITION,
	[SLOT(16, 'c', 'e', 'g')] = HEADER_CONTENT_ENCODING,
	[SLOT(16, 'c', 'l', 'e')] = HEADER_CONTENT_LANGUAGE,
	[SLOT(14, 'c', '-', 'h')] = HEADER_CONTENT_LENGTH,
	[SLOT(12, 'c', 't', 'e')] = HEADER_CONTENT_TYPE,
	[SLOT(4, 'c', 'e', 'q')] = HEADER_CSEQ,
	[SLOT(4, 'd', 't', 'e')] = HEADER_DATE,
	[SLOT(10, 'e', '-', 'o')] = HEADER_ERROR_INFO,
	[SLOT(5, 'e', 'e', 't')] = HEADER_EVENT,
	[SLOT(7, 'e', 'i', 's')] = HEADER_EXPIRES,
	[SLOT(4, 'f', 'o', 'm')] = HEADER_FROM,
	[SLOT(11, 'i', 'p', 'o')] = HEADER_IN_REPLY_TO,
	[SLOT(12, 'm', 'r', 's')] = HEADER_MAX_FORWARDS,
	[SLOT(12, 'm', 'e', 'n')] = HEADER_MIME_VERSION,
	[SLOT(11, 'm', 'x', 's')] = HEADER_MIN_EXPIRES,
	[SLOT(6, 'm', '-', 'e')] = HEADER_MIN_SE,
	[SLOT(12, 'o', 'z', 'n')] = HEADER_ORGANIZATION,
	[SLOT(4, 'p', 't', 'h')] = HEADER_PATH,
	[SLOT(8, 'p', 'r', 'y')] = HEADER_PRIORITY,
	[SLOT(18, 'p', 'h', 'e')] = HEADER_PROXY_AUTHENTICATE,
	[SLOT(19, 'p', 'h', 'n')] = HEADER_PROXY_AUTHORIZATION,
	[SLOT(13, 'p', 'r', 'e')] = HEADER_PROXY_REQUIRE,
	[SLOT(19, 'p', 'd', 'y')] = HEADER_P_ASSERTED_IDENTITY,
	[SLOT(4, 'r', 'c', 'k')] = HEADER_RACK,
	[SLOT(6, 'r', 's', 'n')] = HEADER_REASON,
	[SLOT(12, 'r', '-', 'e')] = HEADER_RECORD_ROUTE,
	[SLOT(9, 'r', 'r', 'b')] = HEADER_REFER_SUB,
	[SLOT(8, 'r', 'r', 'o')] = HEADER_REFER_TO,
	[SLOT(11, 'r', 'r', 'y')] = HEADER_REFERRED_BY,
	[SLOT(8, 'r', 'a', 's')] = HEADER_REPLACES,
	[SLOT(8, 'r', 'y', 'o')] = HEADER_REPLY_TO,
	[SLOT(7, 'r', 'u', 'e')] = HEADER_REQUIRE,
	[SLOT(11, 'r', '-', 'r')] = HEADER_RETRY_AFTER,
	[SLOT(5, 'r', 'u', 'e')] = HEADER_ROUTE,
	[SLOT(4, 'r', 'e', 'q')] = HEADER_RSEQ,
	[SLOT(6, 's', 'v', 'r')] = HEADER_SERVER,
	[SLOT(13, 's', 'e', 'e')] = HEADER_SERVICE_ROUTE,
	[SLOT(15, 's', '-', 's')] = HEADER_SESSION_EXPIRES,
	[SLOT(8, 's', 'e', 'g')] = HEADER_SIP_ETAG,
	[SLOT(12, 's', '-', 'h')] = HEADER_SIP_IF_MATCH,
	[SLOT(7, 's', 'j', 't')] = HEADER_SUBJECT,
	[SLOT(18, 's', 'i', 'e')] = HEADER_SUBSCRIPTION_STATE,
	[SLOT(9, 's', 'o', 'd')] = HEADER_SUPPORTED,
	[SLOT(9, 't', 's', 'p')] = HEADER_TIMESTAMP,
	[SLOT(2, 't', 'o', 'o')] = HEADER_TO,
	[SLOT(11, 'u', 'p', 'd')] = HEADER_UNSUPPORTED,
	[SLOT(10, 'u', 'a', 't')] = HEADER_USER_AGENT,
	[SLOT(12, 'u', 'o', 'r')] = HEADER_USER_TO_USER,
	[SLOT(3, 'v', 'i', 'a')] = HEADER_VIA,
	[SLOT(7, 'w', 'n', 'g')] = HEADER_WARNING,
	[SLOT(16, 'w', 'e', 'e')] = HEADER_WWW_AUTHENTICATE,
};

static const uint8_t compact_slots[26] = {
	['b' - 'a'] = HEADER_REFERRED_BY,
	['c' - 'a'] = HEADER_CONTENT_TYPE,
	['e' - 'a'] = HEADER_CONTENT_ENCODING,
	['f' - 'a'] = HEADER_FROM,
	['i' - 'a'] = HEADER_CALL_ID,
	['k' - 'a'] = HEADER_SUPPORTED,
	['l' - 'a'] = HEADER_CONTENT_LENGTH,
	['m' - 'a'] = HEADER_CONTACT,
	['o' - 'a'] = HEADER_EVENT,
	['r' - 'a'] = HEADER_REFER_TO,
	['s' - 'a'] = HEADER_SUBJECT,
	['t' - 'a'] = HEADER_TO,
	['u' - 'a'] = HEADER_ALLOW_EVENTS,
	['v' - 'a'] = HEADER_VIA,
	['x' - 'a'] = HEADER_SESSION_EXPIRES,
};

static enum header_id if_folded(enum header_id id, struct slice name)
{
	return slice_eq_nocase(name, header_table[id].name)
	       ? id : HEADER_OTHER;
}

enum header_id header_lookup(struct slice name)
{
	enum header_id id;
	unsigned first, middle, last;

	if (name.len == 0)
		return HEADER_OTHER;
	first = (unsigned char)name.p[0] | 0x20u;
	if (name.len == 1)
		return char_is(name.p[0], CHAR_ALPHA)
		       ? compact_slots[first - 'a'] : HEADER_OTHER;
	middle = (unsigned char)name.p[name.len / 2] | 0x20u;
	last = (unsigned char)name.p[name.len - 1] | 0x20u;
	id = name_slots[SLOT((unsigned)name.len, first, middle, last)];
	if (name.len != header_table[id].name.len)
		return HEADER_OTHER;
	if (scan_same(name.p, header_table[id].name.p, name.len))
		return id;
	return if_folded(id, name);
}

struct slice header_full_name(enum header_id id, struct slice name)
{
	return id == HEADER_OTHER ? name : header_table[id].name;
}

/* --- methods --- */

static const struct slice method_names[METHOD_COUNT] = {
	[METHOD_OTHER] = SLICE_INIT(""),
	[METHOD_ACK] = SLICE_INIT("ACK"),
	[METHOD_BYE] = SLICE_INIT("BYE"),
	[METHOD_CANCEL] = SLICE_INIT("CANCEL"),
	[METHOD_INFO] = SLICE_INIT("INFO"),
	[METHOD_INVITE] = SLICE_INIT("INVITE"),
	[METHOD_MESSAGE] = SLICE_INIT("MESSAGE"),
	[METHOD_NOTIFY] = SLICE_INIT("NOTIFY"),
	[METHOD_OPTIONS] = SLICE_INIT("OPTIONS"),
	[METHOD_PRACK] = SLICE_INIT("PRACK"),
	[METHOD_PUBLISH] = SLICE_INIT("PUBLISH"),
	[METHOD_REFER] = SLICE_INIT("REFER"),
	[METHOD_REGISTER] = SLICE_INIT("REGISTER"),
	[METHOD_SUBSCRIBE] = SLICE_INIT("SUBSCRIBE"),
	[METHOD_UPDATE] = SLICE_INIT("UPDATE"),
};

/* A perfect hash of these, as of the headers' names. */
#define METHOD_SLOT(len, first) ((3 * (first) + (len)) & 31)

static const uint8_t method_slots[32] = {
	[METHOD_SLOT(3, 'A')] = METHOD_ACK,
	[METHOD_SLOT(3, 'B')] = METHOD_BYE,
	[METHOD_SLOT(6, 'C')] = METHOD_CANCEL,
	[METHOD_SLOT(4, 'I')] = METHOD_INFO,
	[METHOD_SLOT(6, 'I')] = METHOD_INVITE,
	[METHOD_SLOT(7, 'M')] = METHOD_MESSAGE,
	[METHOD_SLOT(6, 'N')] = METHOD_NOTIFY,
	[METHOD_SLOT(7, 'O')] = METHOD_OPTIONS,
	[METHOD_SLOT(5, 'P')] = METHOD_PRACK,
	[METHOD_SLOT(7, 'P')] = METHOD_PUBLISH,
	[METHOD_SLOT(5, 'R')] = METHOD_REFER,
	[METHOD_SLOT(8, 'R')] = METHOD_REGISTER,
	[METHOD_SLOT(9, 'S')] = METHOD_SUBSCRIBE,
	[METHOD_SLOT(6, 'U')] = METHOD_UPDATE,
};

enum method method_lookup(struct slice name)
{
	enum method m;

	if (name.len < 2)
		return METHOD_OTHER;
	m = method_slots[METHOD_SLOT((unsigned)name.len,
	                             (unsigned char)name.p[0])];
	return name.len == method_names[m].len
	       && scan_same(name.p, method_names[m].p, name.len)
	       ? m : METHOD_OTHER;
}

struct slice method_name(enum method m)
{
	return method_names[m];
}
