/* Offers and answers of one G.711 stream (RFC 3264). */

#include "core/message/sdp.h"

#include <assert.h>

#include "core/base/list.h"

enum { PTIME_MS = 20, PTIME_MIN_MS = 10, PTIME_MAX_MS = 200 };

enum { CLOCK_RATE = 8000 };

/* Best first, with the payload types of our offers. */
static const struct {
	enum sdp_codec codec;
	uint8_t payload_type;
	struct slice encoding;
} codecs[] = {
	{ CODEC_PCMU,  0,   SLICE_INIT("PCMU") },
	{ CODEC_PCMA,  8,   SLICE_INIT("PCMA") },
	{ CODEC_EVENT, 101, SLICE_INIT("telephone-event") },
};

/* RFC 3261 20.43, warn-codes of session descriptions. */
enum {
	WARN_NETWORK_PROTOCOL = 300,
	WARN_TRANSPORT = 302,
	WARN_MEDIA_TYPE = 304,
	WARN_MEDIA_FORMAT = 305
};

/* --- directions --- */

enum { SENDS = 1, RECEIVES = 2 };

static unsigned ways_of(enum sdp_direction d)
{
	switch (d) {
	case SDP_SENDRECV:
		return SENDS | RECEIVES;
	case SDP_SENDONLY:
		return SENDS;
	case SDP_RECVONLY:
		return RECEIVES;
	case SDP_INACTIVE:
		return 0;
	}
	return 0;
}

static enum sdp_direction direction_of(unsigned ways)
{
	static const enum sdp_direction by_ways[] = {
		[0]                = SDP_INACTIVE,
		[SENDS]            = SDP_SENDONLY,
		[RECEIVES]         = SDP_RECVONLY,
		[SENDS | RECEIVES] = SDP_SENDRECV,
	};

	return by_ways[ways];
}

/* What is left for us of what we would and what the peer would (RFC 3264
 * 6.1). Who gives 0.0.0.0 does not receive: RFC 2543's hold (8.4). */
static enum sdp_direction agree_direction(enum sdp_direction ours,
                                          const struct sdp_media *m)
{
	unsigned theirs = ways_of(m->direction), ways = 0;

	if (addr_is_any(&m->addr))
		theirs &= ~(unsigned)RECEIVES;
	if (theirs & RECEIVES)
		ways |= SENDS;
	if (theirs & SENDS)
		ways |= RECEIVES;
	return direction_of(ways & ways_of(ours));
}

static const char *direction_line(enum sdp_direction d)
{
	switch (d) {
	case SDP_SENDRECV:
		return "a=sendrecv\r\n";
	case SDP_SENDONLY:
		return "a=sendonly\r\n";
	case SDP_RECVONLY:
		return "a=recvonly\r\n";
	case SDP_INACTIVE:
		return "a=inactive\r\n";
	}
	return "";
}

/* --- what a media line has for us --- */

/* 0: none of ours. */
static unsigned codec_of(const struct sdp_format *f)
{
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (f->clock_rate == CLOCK_RATE
		    && slice_eq_nocase(f->encoding, codecs[i].encoding))
			return codecs[i].codec;
	return 0;
}

/* The first of its formats that is among wanted; NULL: none is. */
static const struct sdp_format *find_format(const struct sdp_media *m,
                                            unsigned wanted)
{
	for (unsigned i = 0; i < m->nformats; i++)
		if (codec_of(&m->formats[i]) & wanted)
			return &m->formats[i];
	return NULL;
}

static const struct sdp_format *find_audio(const struct sdp_media *m,
                                           const struct sdp_local *local)
{
	return find_format(m, local->codecs & (CODEC_PCMU | CODEC_PCMA));
}

/* Where media can be sent: neither nowhere nor everywhere. */
static bool is_target(const struct sdp_media *m)
{
	return m->port != 0 && m->addr.family != FAMILY_NONE
	       && !addr_is_any(&m->addr) && !addr_is_multicast(&m->addr);
}

/* What the stream is that m and local make: m has an audio codec of ours. */
static void settle(const struct sdp_media *m, unsigned index,
                   const struct sdp_local *local, struct sdp_result *result)
{
	const struct sdp_format *audio = find_audio(m, local);
	const struct sdp_format *event = find_format(m, local->codecs
	                                                & CODEC_EVENT);

	assert(audio != NULL);
	*result = (struct sdp_result){
		.has_audio = true,
		.media_index = index,
		.payload_type = audio->payload_type,
		.codec = (enum sdp_codec)codec_of(audio),
		.event_payload_type = event == NULL ? -1
		                                    : event->payload_type,
		.direction = agree_direction(local->direction, m),
		.ptime_ms = m->ptime_ms,
	};
	if (is_target(m))
		result->remote = m->addr;
	/* Numbers from elsewhere size our packets: no absurd ones. */
	if (m->ptime_ms < PTIME_MIN_MS || m->ptime_ms > PTIME_MAX_MS)
		result->ptime_ms = PTIME_MS;
}

/* --- printing --- */

static void print_network(struct buf *out, const struct addr *a)
{
	buf_str(out, a->family == FAMILY_IPV6 ? "IN IP6 " : "IN IP4 ");
	addr_print_ip(out, a);
	buf_str(out, "\r\n");
}

static void print_session(struct buf *out, const struct sdp_local *local)
{
	buf_str(out, "v=0\r\no=- ");
	buf_u64(out, local->session_id);
	buf_char(out, ' ');
	buf_u64(out, local->version);
	buf_char(out, ' ');
	print_network(out, &local->media);
	buf_str(out, "s=-\r\nc=");
	print_network(out, &local->media);
	buf_str(out, "t=0 0\r\n");
}

static void print_rtpmap(struct buf *out, unsigned payload_type,
                         unsigned codec)
{
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (codecs[i].codec == codec)
			buf_printf(out, "a=rtpmap:%u %s/%d\r\n", payload_type,
			           codecs[i].encoding.p, CLOCK_RATE);
	if (codec == CODEC_EVENT)       /* the keys of a telephone */
		buf_printf(out, "a=fmtp:%u 0-15\r\n", payload_type);
}

void sdp_print_offer(struct buf *out, const struct sdp_local *local)
{
	print_session(out, local);
	buf_printf(out, "m=audio %u RTP/AVP", local->media.port);
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (local->codecs & codecs[i].codec)
			buf_printf(out, " %u", codecs[i].payload_type);
	buf_str(out, "\r\n");
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (local->codecs & codecs[i].codec)
			print_rtpmap(out, codecs[i].payload_type,
			             codecs[i].codec);
	buf_printf(out, "a=ptime:%d\r\n", PTIME_MS);
	buf_str(out, direction_line(local->direction));
}

/* The offer's line again, but for its port (RFC 3264 6). */
static void print_rejected(struct buf *out, const struct sdp_media *m)
{
	const char *end = m->line.p + m->line.len;

	buf_str(out, "m=");
	buf_slice(out, m->type);
	buf_str(out, " 0 ");
	buf_slice(out, slice_between(m->protocol.p, end));
	buf_str(out, "\r\n");
}

static void print_accepted(struct buf *out, const struct sdp_local *local,
                           const struct sdp_result *result)
{
	unsigned event = (unsigned)result->event_payload_type;
	bool has_event = result->event_payload_type >= 0;

	buf_printf(out, "m=audio %u RTP/AVP %u", local->media.port,
	           result->payload_type);
	if (has_event)
		buf_printf(out, " %u", event);
	buf_str(out, "\r\n");
	print_rtpmap(out, result->payload_type, result->codec);
	if (has_event)
		print_rtpmap(out, event, CODEC_EVENT);
	buf_printf(out, "a=ptime:%u\r\n", (unsigned)result->ptime_ms);
	buf_str(out, direction_line(result->direction));
}

/* --- answers --- */

/* 0: m can be accepted; else the warn-code that says why not. */
static unsigned objection(const struct sdp_media *m,
                          const struct sdp_local *local)
{
	if (m->port == 0 || !slice_eq_nocase(m->type, SLICE("audio")))
		return WARN_MEDIA_TYPE;
	if (!slice_eq_nocase(m->protocol, SLICE("RTP/AVP")))
		return WARN_TRANSPORT;
	if (m->addr.family != FAMILY_NONE
	    && local->media.family != FAMILY_NONE
	    && m->addr.family != local->media.family)
		return WARN_NETWORK_PROTOCOL;
	if (find_audio(m, local) == NULL)
		return WARN_MEDIA_FORMAT;
	return 0;
}

enum error sdp_answer(struct buf *out, const struct sdp *offer,
                      const struct sdp_local *local,
                      struct sdp_result *result, unsigned *warning)
{
	unsigned why = WARN_MEDIA_TYPE, accepted;

	for (accepted = 0; accepted < offer->nmedia; accepted++) {
		unsigned code = objection(&offer->media[accepted], local);

		if (code == 0)
			break;
		if (why == WARN_MEDIA_TYPE)     /* any other tells more */
			why = code;
	}
	if (accepted == offer->nmedia) {
		*warning = why;
		return ERR_UNSUPPORTED;
	}
	settle(&offer->media[accepted], accepted, local, result);
	print_session(out, local);
	for (unsigned i = 0; i < offer->nmedia; i++) {
		if (i == accepted)
			print_accepted(out, local, result);
		else
			print_rejected(out, &offer->media[i]);
	}
	return buf_error(out);
}

enum error sdp_read_answer(const struct sdp *answer,
                           const struct sdp_local *local,
                           struct sdp_result *result)
{
	const struct sdp_media *m = &answer->media[0];

	if (answer->nmedia != 1
	    || !slice_eq_nocase(m->type, SLICE("audio"))
	    || !slice_eq_nocase(m->protocol, SLICE("RTP/AVP")))
		return ERR_PROTOCOL;
	if (m->port == 0 || find_audio(m, local) == NULL)
		return ERR_UNSUPPORTED;
	settle(m, 0, local, result);
	return OK;
}
