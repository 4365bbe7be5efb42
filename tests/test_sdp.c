/* Session descriptions are read, offered and answered. */

#include "core/message/sdp.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/helpers.h"

static struct sdp sdp;
static struct sdp_local local;
static struct buf out;

static void setup(void)
{
	local = (struct sdp_local){
		.session_id = 4711, .version = 2, .direction = SDP_SENDRECV,
		.codecs = CODEC_PCMU | CODEC_PCMA | CODEC_EVENT,
	};
	ck_assert(addr_parse(SLICE("192.0.2.1:40000"), &local.media));
}

static void teardown(void)
{
	buf_deinit(&out);
}

static void parse(const char *text)
{
	const char *why = "";

	ck_assert_msg(sdp_parse(slice_str(text), &sdp, &why), "%s", why);
}

static void ck_assert_addr_eq(const struct addr *a, const char *text)
{
	char shown[ADDR_TEXT];

	ck_assert_str_eq(addr_text(a, shown), text);
}

#define SESSION "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n"
#define HEAD SESSION "c=IN IP4 192.0.2.9\r\nt=0 0\r\n"

/* --- reading --- */

START_TEST(an_offer_of_rfc3264_10_1_is_read)
{
	parse("v=0\r\n"
	      "o=alice 2890844526 2890844527 IN IP4 host.anywhere.com\r\n"
	      "s=\r\n"
	      "c=IN IP4 192.0.2.5\r\n"
	      "t=0 0\r\n"
	      "m=audio 49170 RTP/AVP 0 97\r\n"
	      "a=rtpmap:0 PCMU/8000\r\n"
	      "a=rtpmap:97 iLBC/8000/1\r\n"
	      "a=fmtp:97 mode=20; x\r\n"
	      "a=ptime:30\r\n"
	      "m=video 51372/2 RTP/AVP 31\r\n"
	      "c=IN IP4 233.252.0.1/127/3\r\n"
	      "a=recvonly\r\n");
	ck_assert_slice_eq(sdp.origin_user, "alice");
	ck_assert_uint_eq(sdp.session_id, 2890844526);
	ck_assert_uint_eq(sdp.session_version, 2890844527);
	ck_assert_addr_eq(&sdp.addr, "192.0.2.5:0");
	ck_assert_uint_eq(sdp.nmedia, 2);

	ck_assert_slice_eq(sdp.media[0].line, "audio 49170 RTP/AVP 0 97");
	ck_assert_slice_eq(sdp.media[0].type, "audio");
	ck_assert_slice_eq(sdp.media[0].protocol, "RTP/AVP");
	ck_assert_addr_eq(&sdp.media[0].addr, "192.0.2.5:49170");
	ck_assert_int_eq(sdp.media[0].direction, SDP_SENDRECV);
	ck_assert_uint_eq(sdp.media[0].ptime_ms, 30);
	ck_assert_uint_eq(sdp.media[0].nformats, 2);
	ck_assert_ptr_null(sdp.media[0].formats[0].fmtp.p);
	ck_assert_uint_eq(sdp.media[0].formats[1].payload_type, 97);
	ck_assert_slice_eq(sdp.media[0].formats[1].encoding, "iLBC");
	ck_assert_uint_eq(sdp.media[0].formats[1].clock_rate, 8000);
	ck_assert_slice_eq(sdp.media[0].formats[1].fmtp, "mode=20; x");

	ck_assert_addr_eq(&sdp.media[1].addr, "233.252.0.1:51372");
	ck_assert_int_eq(sdp.media[1].direction, SDP_RECVONLY);
	ck_assert_uint_eq(sdp.media[1].ptime_ms, 0);
	ck_assert_slice_eq(sdp.media[1].formats[0].encoding, "H261");
	ck_assert_uint_eq(sdp.media[1].formats[0].clock_rate, 90000);
}
END_TEST

START_TEST(what_the_session_says_holds_for_media_that_do_not)
{
	parse(SESSION "c=IN IP6 2001:db8::9\n" "a=sendonly\n" "a=ptime:40\n"
	      "m=audio 1000 RTP/AVP 8\n" "a=inactive\n" "a=ptime:10\n"
	      "m=audio 2000 RTP/AVP 8\n" "c=IN IP4 192.0.2.3\n"
	      "m=audio 3000 RTP/AVP 8");
	ck_assert_uint_eq(sdp.nmedia, 3);
	ck_assert_int_eq(sdp.media[0].direction, SDP_INACTIVE);
	ck_assert_uint_eq(sdp.media[0].ptime_ms, 10);
	ck_assert_addr_eq(&sdp.media[0].addr, "[2001:db8::9]:1000");
	ck_assert_int_eq(sdp.media[1].direction, SDP_SENDONLY);
	ck_assert_uint_eq(sdp.media[1].ptime_ms, 40);
	ck_assert_addr_eq(&sdp.media[1].addr, "192.0.2.3:2000");
	ck_assert_addr_eq(&sdp.media[2].addr, "[2001:db8::9]:3000");
}
END_TEST

static const struct {
	const char *why, *text;
	bool ok;
} parse_cases[] = {
	{ "the least", SESSION, true },
	{ "LF alone", "v=0\no=- 1 1 IN IP4 h\ns=-\n", true },
	{ "unknown lines and junk", HEAD "x=1\r\nhello\r\n\r\n=\r\na\r\na=\r\n"
	  "a=:\r\na=rtpmap:\r\na=rtpmap:0 x\r\n", true },
	{ "attributes of formats that are not there", HEAD
	  "a=rtpmap:0 PCMU/8000\r\nm=audio 1 RTP/AVP 8\r\n"
	  "a=rtpmap:0 PCMU/8000\r\na=fmtp:300 x\r\na=fmtp:-1 x\r\n", true },
	{ "o= numbers beyond 64 bits",
	  "v=0\r\no=- 99999999999999999999999 0 IN IP4 h\r\ns=-\r\n", true },
	{ "nothing", "", false },
	{ "v=1", "v=1\r\no=- 1 1 IN IP4 h\r\ns=-\r\n", false },
	{ "v= not first", "o=- 1 1 IN IP4 h\r\nv=0\r\ns=-\r\n", false },
	{ "no o=", "v=0\r\ns=-\r\n", false },
	{ "no s=", "v=0\r\no=- 1 1 IN IP4 h\r\n", false },
	{ "o= of five words", "v=0\r\no=- 1 1 IN IP4\r\ns=-\r\n", false },
	{ "o= that is no number", "v=0\r\no=- x 1 IN IP4 h\r\ns=-\r\n",
	  false },
	{ "m= of two words", HEAD "m=audio 1\r\n", false },
	{ "m= port 65535", HEAD "m=audio 65535 RTP/AVP 0\r\n", true },
	{ "m= port 65536", HEAD "m=audio 65536 RTP/AVP 0\r\n", false },
	{ "m= port with a sign", HEAD "m=audio -1 RTP/AVP 0\r\n", false },
	{ "m= port missing", HEAD "m=audio RTP/AVP 0\r\n", false },
	{ "payload types that are none", HEAD "m=audio 1 RTP/AVP 128 x -1\r\n",
	  true },
	{ "not RTP", HEAD "m=message 9 TCP/MSRP *\r\n", true },
};

START_TEST(descriptions_are_read_or_refused)
{
	const char *why = NULL;

	ck_assert_msg(sdp_parse(slice_str(parse_cases[_i].text), &sdp, &why)
	              == parse_cases[_i].ok, "%s: %s", parse_cases[_i].why,
	              why);
	ck_assert((why == NULL) == parse_cases[_i].ok);
}
END_TEST

static const struct {
	const char *c, *addr;           /* NULL: none */
} connection_cases[] = {
	{ "IN IP4 192.0.2.7",           "192.0.2.7:0" },
	{ "IN IP4 192.0.2.7/127",       "192.0.2.7:0" },
	{ "IN  ip6 2001:db8::7 ",       "[2001:db8::7]:0" },
	{ "IN IP4 host.example.com",    NULL },
	{ "IN IP4 2001:db8::7",         NULL },
	{ "IN IP6 192.0.2.7",           NULL },
	{ "IN IP4",                     NULL },
	{ "ATM NSAP 47.0091",           NULL },
	{ "",                           NULL },
};

START_TEST(connections_are_addresses_or_nothing)
{
	struct buf text = { 0 };

	buf_printf(&text, SESSION "c=%s\r\n", connection_cases[_i].c);
	parse(buf_cstr(&text));
	if (connection_cases[_i].addr == NULL)
		ck_assert_int_eq(sdp.addr.family, FAMILY_NONE);
	else
		ck_assert_addr_eq(&sdp.addr, connection_cases[_i].addr);
	buf_deinit(&text);
}
END_TEST

START_TEST(sixteen_media_and_thirty_two_formats_are_the_most)
{
	struct buf text = { 0 };
	const char *why = NULL;

	buf_str(&text, HEAD "m=audio 1 RTP/AVP");
	for (unsigned i = 0; i < 100; i++)
		buf_printf(&text, " %u", i);
	for (unsigned i = 1; i < SDP_MEDIA_MAX; i++)
		buf_str(&text, "\r\nm=audio 2 RTP/AVP 0");
	parse(buf_cstr(&text));
	ck_assert_uint_eq(sdp.nmedia, SDP_MEDIA_MAX);
	ck_assert_uint_eq(sdp.media[0].nformats, SDP_FORMATS_MAX);
	buf_str(&text, "\r\nm=audio 2 RTP/AVP 0");
	ck_assert(!sdp_parse(buf_view(&text), &sdp, &why));
	ck_assert_str_eq(why, "too many m= lines");
	buf_deinit(&text);
}
END_TEST

/* Reads one file of tests/corpus/ into octets. */
static void load(const char *path, struct buf *octets)
{
	const char *corpus = getenv("CORPUS");
	struct buf name = { 0 };
	char block[4096];
	size_t n;
	FILE *f;

	buf_printf(&name, "%s/%s",
	           corpus == NULL ? "tests/corpus" : corpus, path);
	f = fopen(buf_cstr(&name), "rb");
	ck_assert_msg(f != NULL, "cannot read %s", buf_cstr(&name));
	buf_reset(octets);
	while ((n = fread(block, 1, sizeof(block), f)) != 0)
		buf_append(octets, block, n);
	fclose(f);
	buf_deinit(&name);
}

/* The description in a message; false when it has none. */
static bool find_sdp(struct slice octets, struct slice *body)
{
	size_t at = slice_find_slice(octets, SLICE("\r\n\r\nv=0"));

	if (at == octets.len)
		return false;
	*body = slice_skip(octets, at + 4);
	return true;
}

START_TEST(the_descriptions_of_the_rfcs_flows_are_read)
{
	struct buf index = { 0 }, octets = { 0 }, path = { 0 };
	struct slice rows, row, file, body;
	unsigned n = 0;

	load("flows/index.tsv", &index);
	rows = buf_view(&index);
	ck_assert(slice_take_line(&rows, &row));
	while (slice_take_line(&rows, &row)) {
		const char *why = "";

		ck_assert(slice_take_until(&row, '\t', &file));
		buf_reset(&path);
		buf_str(&path, "flows/");
		buf_slice(&path, file);
		load(buf_cstr(&path), &octets);
		if (!find_sdp(buf_view(&octets), &body))
			continue;
		ck_assert_msg(sdp_parse(body, &sdp, &why), "%s: %s",
		              buf_cstr(&path), why);
		ck_assert_msg(sdp.nmedia == 1 && sdp.media[0].nformats >= 1,
		              "%s", buf_cstr(&path));
		n++;
	}
	ck_assert_uint_eq(n, 71);
	buf_deinit(&index);
	buf_deinit(&octets);
	buf_deinit(&path);
}
END_TEST

static const struct {
	const char *path;
	const char *addr[2];            /* of its media lines */
} torture_cases[] = {
	{ "rfc4475/sdp01.dat", { "192.0.2.5:49217", "192.0.2.5:3227" } },
	{ "rfc5118/ipv6-in-sdp.dat",
	  { "[2001:db8::20]:6000", "[2001:db8::20]:6024" } },
	{ "rfc5118/mult-ip-in-sdp.dat",
	  { "192.0.2.1:22334", "[2001:db8::1]:6024" } },
};

START_TEST(the_descriptions_of_torture_messages_are_read)
{
	struct buf octets = { 0 };
	struct slice body;
	const char *why = "";

	load(torture_cases[_i].path, &octets);
	ck_assert(find_sdp(buf_view(&octets), &body));
	ck_assert_msg(sdp_parse(body, &sdp, &why), "%s", why);
	ck_assert_uint_eq(sdp.nmedia, 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_addr_eq(&sdp.media[i].addr,
		                  torture_cases[_i].addr[i]);
	buf_deinit(&octets);
}
END_TEST

/* Every way to cut a description short is read or refused, within it. */
START_TEST(a_description_may_end_anywhere)
{
	static const char text[] = HEAD
		"m=audio 49170/2 RTP/AVP 0 101\r\n"
		"a=rtpmap:101 telephone-event/8000/1\r\n"
		"a=fmtp:101 0-15\r\na=ptime:20\r\na=sendonly\r\n";
	const char *why;

	for (size_t len = 0; len < sizeof(text); len++) {
		char *copy = slice_dup(slice_make(text, len));

		ck_assert_ptr_nonnull(copy);
		why = NULL;
		if (!sdp_parse(slice_make(copy, len), &sdp, &why))
			ck_assert_ptr_nonnull(why);
		free(copy);
	}
}
END_TEST

/* --- offering --- */

START_TEST(an_offer_names_the_codecs_in_order)
{
	sdp_print_offer(&out, &local);
	ck_assert_str_eq(buf_cstr(&out),
		"v=0\r\n"
		"o=- 4711 2 IN IP4 192.0.2.1\r\n"
		"s=-\r\n"
		"c=IN IP4 192.0.2.1\r\n"
		"t=0 0\r\n"
		"m=audio 40000 RTP/AVP 0 8 101\r\n"
		"a=rtpmap:0 PCMU/8000\r\n"
		"a=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n"
		"a=fmtp:101 0-15\r\n"
		"a=ptime:20\r\n"
		"a=sendrecv\r\n");
}
END_TEST

START_TEST(an_offer_says_ip6_and_hold)
{
	ck_assert(addr_parse(SLICE("[2001:db8::1]:40000"), &local.media));
	local.codecs = CODEC_PCMA;
	local.direction = SDP_SENDONLY;
	sdp_print_offer(&out, &local);
	ck_assert_str_eq(buf_cstr(&out),
		"v=0\r\n"
		"o=- 4711 2 IN IP6 2001:db8::1\r\n"
		"s=-\r\n"
		"c=IN IP6 2001:db8::1\r\n"
		"t=0 0\r\n"
		"m=audio 40000 RTP/AVP 8\r\n"
		"a=rtpmap:8 PCMA/8000\r\n"
		"a=ptime:20\r\n"
		"a=sendonly\r\n");
}
END_TEST

/* --- answering --- */

static enum error answer(const char *offer, struct sdp_result *result,
                         unsigned *warning)
{
	parse(offer);
	return sdp_answer(&out, &sdp, &local, result, warning);
}

START_TEST(an_answer_has_the_lines_of_its_offer)
{
	struct sdp_result result;
	unsigned warning = 0;

	ck_assert_int_eq(answer(HEAD
		"m=video 51372 RTP/AVP 31 96\r\n"
		"a=rtpmap:96 VP8/90000\r\n"
		"m=audio 49168 RTP/SAVP 0\r\n"
		"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc\r\n"
		"m=audio  49170  RTP/AVP 9 8 0 97\r\n"
		"a=rtpmap:97 telephone-event/8000\r\n"
		"a=fmtp:97 0-16\r\n"
		"a=rtcp-mux\r\n"
		"a=ptime:40\r\n"
		"m=audio 49172 RTP/AVP 0\r\n"
		"m=message 9 TCP/MSRP *\r\n", &result, &warning), OK);
	ck_assert_str_eq(buf_cstr(&out),
		"v=0\r\n"
		"o=- 4711 2 IN IP4 192.0.2.1\r\n"
		"s=-\r\n"
		"c=IN IP4 192.0.2.1\r\n"
		"t=0 0\r\n"
		"m=video 0 RTP/AVP 31 96\r\n"
		"m=audio 0 RTP/SAVP 0\r\n"
		"m=audio 40000 RTP/AVP 8 97\r\n"
		"a=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:97 telephone-event/8000\r\n"
		"a=fmtp:97 0-15\r\n"
		"a=ptime:40\r\n"
		"a=sendrecv\r\n"
		"m=audio 0 RTP/AVP 0\r\n"
		"m=message 0 TCP/MSRP *\r\n");
	ck_assert(result.has_audio);
	ck_assert_uint_eq(result.media_index, 2);
	ck_assert_addr_eq(&result.remote, "192.0.2.9:49170");
	ck_assert_uint_eq(result.payload_type, 8);
	ck_assert_int_eq(result.codec, CODEC_PCMA);
	ck_assert_int_eq(result.event_payload_type, 97);
	ck_assert_uint_eq(result.ptime_ms, 40);
}
END_TEST

START_TEST(a_codec_counts_by_name_whatever_its_number)
{
	struct sdp_result result;
	unsigned warning = 0;

	ck_assert_int_eq(answer(HEAD "m=audio 9 RTP/AVP 0 96 98 99\r\n"
		"a=rtpmap:0 G729/8000\r\n"      /* who would */
		"a=rtpmap:96 telephone-event/48000\r\n"
		"a=rtpmap:98 pcma/8000/1\r\n"
		"a=rtpmap:99 Telephone-Event/8000\r\n",
		&result, &warning), OK);
	ck_assert_int_eq(result.codec, CODEC_PCMA);
	ck_assert_uint_eq(result.payload_type, 98);
	ck_assert_int_eq(result.event_payload_type, 99);
}
END_TEST

START_TEST(events_are_only_ours_when_both_sides_speak_them)
{
	struct sdp_result result;
	unsigned warning = 0;

	ck_assert_int_eq(answer(HEAD "m=audio 9 RTP/AVP 0\r\n", &result,
	                        &warning), OK);
	ck_assert_int_eq(result.event_payload_type, -1);
	local.codecs = CODEC_PCMU;
	ck_assert_int_eq(answer(HEAD "m=audio 9 RTP/AVP 0 101\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n", &result, &warning),
		OK);
	ck_assert_int_eq(result.event_payload_type, -1);
}
END_TEST

static const struct {
	const char *why;
	enum sdp_direction ours;
	const char *connection, *attribute;
	enum sdp_direction agreed;
	bool has_remote;
} direction_cases[] = {
	{ "both ways", SDP_SENDRECV, "192.0.2.9", "", SDP_SENDRECV, true },
	{ "sendonly", SDP_SENDRECV, "192.0.2.9", "a=sendonly\r\n",
	  SDP_RECVONLY, true },
	{ "recvonly", SDP_SENDRECV, "192.0.2.9", "a=recvonly\r\n",
	  SDP_SENDONLY, true },
	{ "inactive", SDP_SENDRECV, "192.0.2.9", "a=inactive\r\n",
	  SDP_INACTIVE, true },
	{ "both hold", SDP_SENDONLY, "192.0.2.9", "a=sendonly\r\n",
	  SDP_INACTIVE, true },
	{ "we hold", SDP_SENDONLY, "192.0.2.9", "a=sendrecv\r\n",
	  SDP_SENDONLY, true },
	{ "we are inactive", SDP_INACTIVE, "192.0.2.9", "", SDP_INACTIVE,
	  true },
	{ "RFC 2543's hold", SDP_SENDRECV, "0.0.0.0", "", SDP_RECVONLY,
	  false },
	{ "both holds at once", SDP_SENDRECV, "0.0.0.0", "a=inactive\r\n",
	  SDP_INACTIVE, false },
	{ "0.0.0.0 and recvonly is nothing", SDP_SENDRECV, "0.0.0.0",
	  "a=recvonly\r\n", SDP_INACTIVE, false },
	{ "a name: nowhere to send", SDP_SENDRECV, "host.example.com", "",
	  SDP_SENDRECV, false },
	{ "multicast: not to everybody", SDP_SENDRECV, "233.252.0.1", "",
	  SDP_SENDRECV, false },
	{ "broadcast: neither", SDP_SENDRECV, "255.255.255.255", "",
	  SDP_SENDRECV, false },
};

START_TEST(directions_are_mirrored)
{
	struct buf offer = { 0 };
	struct sdp_result result;
	unsigned warning = 0;

	local.direction = direction_cases[_i].ours;
	buf_printf(&offer, SESSION "c=IN IP4 %s\r\nt=0 0\r\n"
	           "m=audio 9000 RTP/AVP 0\r\n%s",
	           direction_cases[_i].connection,
	           direction_cases[_i].attribute);
	ck_assert_int_eq(answer(buf_cstr(&offer), &result, &warning), OK);
	ck_assert_msg(result.direction == direction_cases[_i].agreed, "%s",
	              direction_cases[_i].why);
	ck_assert_msg((result.remote.family != FAMILY_NONE)
	              == direction_cases[_i].has_remote, "%s",
	              direction_cases[_i].why);

	/* The same, said in an answer. */
	ck_assert_int_eq(sdp_read_answer(&sdp, &local, &result), OK);
	ck_assert_int_eq(result.direction, direction_cases[_i].agreed);
	buf_deinit(&offer);
}
END_TEST

static const struct {
	const char *text;
	uint32_t ptime_ms;
} ptime_cases[] = {
	{ "", 20 }, { "a=ptime:10\r\n", 10 }, { "a=ptime:200\r\n", 200 },
	{ "a=ptime:0\r\n", 20 }, { "a=ptime:1\r\n", 20 },
	{ "a=ptime:65535\r\n", 20 }, { "a=ptime:4294967295\r\n", 20 },
	{ "a=ptime:-5\r\n", 20 }, { "a=ptime:\r\n", 20 },
};

START_TEST(an_absurd_ptime_is_none)
{
	struct buf offer = { 0 };
	struct sdp_result result;
	unsigned warning = 0;

	buf_printf(&offer, HEAD "m=audio 9 RTP/AVP 0\r\n%s",
	           ptime_cases[_i].text);
	ck_assert_int_eq(answer(buf_cstr(&offer), &result, &warning), OK);
	ck_assert_uint_eq(result.ptime_ms, ptime_cases[_i].ptime_ms);
	buf_deinit(&offer);
}
END_TEST

static const struct {
	const char *why, *media;
	unsigned warning;
} refusal_cases[] = {
	{ "no media", "", 304 },
	{ "video only", "m=video 9 RTP/AVP 31\r\n", 304 },
	{ "audio that is switched off", "m=audio 0 RTP/AVP 0\r\n", 304 },
	{ "no codec of ours", "m=audio 9 RTP/AVP 9 18\r\n", 305 },
	{ "events alone are no audio", "m=audio 9 RTP/AVP 101\r\n"
	  "a=rtpmap:101 telephone-event/8000\r\n", 305 },
	{ "a dynamic type without a name", "m=audio 9 RTP/AVP 96\r\n", 305 },
	{ "no format at all", "m=audio 9 RTP/AVP\r\n", 305 },
	{ "SRTP only", "m=video 9 RTP/AVP 31\r\nm=audio 9 RTP/SAVP 0\r\n",
	  302 },
	{ "IPv6 only", "m=audio 9 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n",
	  300 },
};

START_TEST(what_cannot_be_accepted_is_refused_with_its_warning)
{
	struct buf offer = { 0 };
	struct sdp_result result = { 0 };
	unsigned warning = 0;

	buf_printf(&offer, HEAD "%s", refusal_cases[_i].media);
	ck_assert_int_eq(answer(buf_cstr(&offer), &result, &warning),
	                 ERR_UNSUPPORTED);
	ck_assert_msg(warning == refusal_cases[_i].warning, "%s: %u",
	              refusal_cases[_i].why, warning);
	ck_assert_uint_eq(out.len, 0);
	ck_assert(!result.has_audio);
	buf_deinit(&offer);
}
END_TEST

/* --- reading answers --- */

static const struct {
	const char *why, *media;
	enum error err;
} answer_cases[] = {
	{ "accepted", "m=audio 9 RTP/AVP 8 101\r\n", OK },
	{ "rejected", "m=audio 0 RTP/AVP 0\r\n", ERR_UNSUPPORTED },
	{ "with a codec of its own", "m=audio 9 RTP/AVP 18\r\n",
	  ERR_UNSUPPORTED },
	{ "of another protocol", "m=audio 9 RTP/SAVP 0\r\n", ERR_PROTOCOL },
	{ "of another type", "m=video 9 RTP/AVP 0\r\n", ERR_PROTOCOL },
	{ "without a line", "", ERR_PROTOCOL },
	{ "with a line more", "m=audio 9 RTP/AVP 0\r\n"
	  "m=video 0 RTP/AVP 31\r\n", ERR_PROTOCOL },
};

START_TEST(answers_to_our_offer_are_judged)
{
	struct buf text = { 0 };
	struct sdp_result result = { 0 };

	buf_printf(&text, HEAD "%s", answer_cases[_i].media);
	parse(buf_cstr(&text));
	ck_assert_msg(sdp_read_answer(&sdp, &local, &result)
	              == answer_cases[_i].err, "%s", answer_cases[_i].why);
	ck_assert(result.has_audio == (answer_cases[_i].err == OK));
	if (answer_cases[_i].err == OK) {
		ck_assert_int_eq(result.codec, CODEC_PCMA);
		ck_assert_addr_eq(&result.remote, "192.0.2.9:9");
	}
	buf_deinit(&text);
}
END_TEST

START_TEST(our_offer_and_our_answer_understand_each_other)
{
	struct sdp_local peer = local;
	struct sdp_result theirs, ours;
	struct buf offer = { 0 };
	unsigned warning = 0;

	ck_assert(addr_parse(SLICE("192.0.2.2:50000"), &peer.media));
	local.direction = SDP_SENDONLY;
	sdp_print_offer(&offer, &local);
	parse(buf_cstr(&offer));
	ck_assert_int_eq(sdp_answer(&out, &sdp, &peer, &theirs, &warning),
	                 OK);
	ck_assert_addr_eq(&theirs.remote, "192.0.2.1:40000");
	ck_assert_int_eq(theirs.direction, SDP_RECVONLY);

	parse(buf_cstr(&out));
	ck_assert_int_eq(sdp_read_answer(&sdp, &local, &ours), OK);
	ck_assert_addr_eq(&ours.remote, "192.0.2.2:50000");
	ck_assert_int_eq(ours.direction, SDP_SENDONLY);
	ck_assert_int_eq(ours.codec, theirs.codec);
	ck_assert_int_eq(ours.event_payload_type, theirs.event_payload_type);
	buf_deinit(&offer);
}
END_TEST

static Suite *suite(void)
{
	TCase *t;
	Suite *s = test_suite("sdp", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_offer_of_rfc3264_10_1_is_read);
	tcase_add_test(t, what_the_session_says_holds_for_media_that_do_not);
	tcase_add_loop_test(t, descriptions_are_read_or_refused, 0,
	                    ARRAY_LEN(parse_cases));
	tcase_add_loop_test(t, connections_are_addresses_or_nothing, 0,
	                    ARRAY_LEN(connection_cases));
	tcase_add_test(t, sixteen_media_and_thirty_two_formats_are_the_most);
	tcase_add_test(t, the_descriptions_of_the_rfcs_flows_are_read);
	tcase_add_loop_test(t, the_descriptions_of_torture_messages_are_read,
	                    0, ARRAY_LEN(torture_cases));
	tcase_add_test(t, a_description_may_end_anywhere);
	tcase_add_test(t, an_offer_names_the_codecs_in_order);
	tcase_add_test(t, an_offer_says_ip6_and_hold);
	tcase_add_test(t, an_answer_has_the_lines_of_its_offer);
	tcase_add_test(t, a_codec_counts_by_name_whatever_its_number);
	tcase_add_test(t, events_are_only_ours_when_both_sides_speak_them);
	tcase_add_loop_test(t, directions_are_mirrored, 0,
	                    ARRAY_LEN(direction_cases));
	tcase_add_loop_test(t, an_absurd_ptime_is_none, 0,
	                    ARRAY_LEN(ptime_cases));
	tcase_add_loop_test(t,
	        what_cannot_be_accepted_is_refused_with_its_warning, 0,
	        ARRAY_LEN(refusal_cases));
	tcase_add_loop_test(t, answers_to_our_offer_are_judged, 0,
	                    ARRAY_LEN(answer_cases));
	tcase_add_test(t, our_offer_and_our_answer_understand_each_other);
	return s;
}

int main(void)
{
	return test_main(suite());
}
