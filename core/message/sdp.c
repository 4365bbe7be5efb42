/* Reading session descriptions: RFC 8866, as tolerant as RFC 3264 allows. */

#include "core/message/sdp.h"

#include "core/base/list.h"

/* Session ids are NTP times for some, and larger than 64 bits for others,
 * who mean nothing by it: those count as the largest. */
#define ID_MAX UINT64_MAX

/* RFC 3551 6, tables 4 and 5: what needs no rtpmap. */
static const struct {
	uint8_t payload_type;
	struct slice encoding;
	uint32_t clock_rate;
} static_types[] = {
	{ 0,  SLICE_INIT("PCMU"), 8000 },
	{ 3,  SLICE_INIT("GSM"),  8000 },
	{ 4,  SLICE_INIT("G723"), 8000 },
	{ 5,  SLICE_INIT("DVI4"), 8000 },
	{ 6,  SLICE_INIT("DVI4"), 16000 },
	{ 7,  SLICE_INIT("LPC"),  8000 },
	{ 8,  SLICE_INIT("PCMA"), 8000 },
	{ 9,  SLICE_INIT("G722"), 8000 },
	{ 10, SLICE_INIT("L16"),  44100 },
	{ 11, SLICE_INIT("L16"),  44100 },
	{ 12, SLICE_INIT("QCELP"), 8000 },
	{ 13, SLICE_INIT("CN"),   8000 },
	{ 14, SLICE_INIT("MPA"),  90000 },
	{ 15, SLICE_INIT("G728"), 8000 },
	{ 16, SLICE_INIT("DVI4"), 11025 },
	{ 17, SLICE_INIT("DVI4"), 22050 },
	{ 18, SLICE_INIT("G729"), 8000 },
	{ 25, SLICE_INIT("CelB"), 90000 },
	{ 26, SLICE_INIT("JPEG"), 90000 },
	{ 28, SLICE_INIT("nv"),   90000 },
	{ 31, SLICE_INIT("H261"), 90000 },
	{ 32, SLICE_INIT("MPV"),  90000 },
	{ 33, SLICE_INIT("MP2T"), 90000 },
	{ 34, SLICE_INIT("H263"), 90000 },
};

static const struct {
	struct slice name;
	enum sdp_direction direction;
} directions[] = {
	{ SLICE_INIT("sendrecv"), SDP_SENDRECV },
	{ SLICE_INIT("sendonly"), SDP_SENDONLY },
	{ SLICE_INIT("recvonly"), SDP_RECVONLY },
	{ SLICE_INIT("inactive"), SDP_INACTIVE },
};

/* What was met so far, and what the session says for media that do not. */
struct reading {
	struct sdp *sdp;
	struct sdp_media *media;        /* NULL: still at the session */
	bool has_version, has_origin, has_name;
	enum sdp_direction direction;
	uint32_t ptime_ms;
};

/* One word, and the white space before it. */
static bool take_word(struct slice *in, struct slice *out)
{
	size_t n = 0;

	slice_skip_lws(in);
	while (n < in->len && !char_is(in->p[n], CHAR_LWS))
		n++;
	if (n == 0)
		return false;
	*out = slice_make(in->p, n);
	*in = slice_skip(*in, n);
	return true;
}

/* o=<username> <sess-id> <sess-version> <nettype> <addrtype> <address> */
static bool read_origin(struct sdp *sdp, struct slice value)
{
	struct slice id, version, word;

	if (!take_word(&value, &sdp->origin_user) || !take_word(&value, &id)
	    || !take_word(&value, &version)
	    || !slice_all(id, CHAR_DIGIT) || !slice_all(version, CHAR_DIGIT))
		return false;
	if (!slice_to_u64(id, ID_MAX, &sdp->session_id))
		sdp->session_id = ID_MAX;
	if (!slice_to_u64(version, ID_MAX, &sdp->session_version))
		sdp->session_version = ID_MAX;
	return take_word(&value, &word) && take_word(&value, &word)
	       && take_word(&value, &word);
}

/* c=IN IP4 <address>[/<ttl>[/<count>]]; FAMILY_NONE where that is a name,
 * or not of the family that it claims. */
static struct addr read_connection(struct slice value)
{
	struct addr addr = { .family = FAMILY_NONE };
	struct slice net, type, text;
	enum family family;

	if (!take_word(&value, &net) || !take_word(&value, &type)
	    || !take_word(&value, &text)
	    || !slice_eq_nocase(net, SLICE("IN")))
		return addr;
	if (slice_eq_nocase(type, SLICE("IP4")))
		family = FAMILY_IPV4;
	else if (slice_eq_nocase(type, SLICE("IP6")))
		family = FAMILY_IPV6;
	else
		return addr;
	text.len = slice_find(text, '/');
	if (!addr_parse_ip(text, &addr) || addr.family != family)
		addr = (struct addr){ .family = FAMILY_NONE };
	return addr;
}

static void add_format(struct sdp_media *m, struct slice word)
{
	struct sdp_format *f = &m->formats[m->nformats];
	uint32_t payload_type;

	if (m->nformats == SDP_FORMATS_MAX
	    || !slice_to_u32(word, 127, &payload_type))
		return;
	*f = (struct sdp_format){ .payload_type = (uint8_t)payload_type };
	for (size_t i = 0; i < ARRAY_LEN(static_types); i++)
		if (static_types[i].payload_type == payload_type) {
			f->encoding = static_types[i].encoding;
			f->clock_rate = static_types[i].clock_rate;
		}
	m->nformats++;
}

/* m=<media> <port>[/<number of ports>] <proto> <fmt> ... */
static bool read_media(struct reading *r, struct slice value)
{
	struct sdp_media *m = &r->sdp->media[r->sdp->nmedia];
	struct slice port_text, word;
	uint32_t port;

	*m = (struct sdp_media){
		.line = slice_trim(value), .addr = r->sdp->addr,
		.direction = r->direction, .ptime_ms = r->ptime_ms,
	};
	if (!take_word(&value, &m->type) || !take_word(&value, &port_text)
	    || !take_word(&value, &m->protocol))
		return false;
	port_text.len = slice_find(port_text, '/');
	if (!slice_to_u32(port_text, UINT16_MAX, &port))
		return false;
	m->port = (uint16_t)port;
	m->addr.port = m->port;
	if (slice_find_slice(m->protocol, SLICE("RTP/")) != m->protocol.len)
		while (take_word(&value, &word))
			add_format(m, word);
	r->media = m;
	r->sdp->nmedia++;
	return true;
}

/* The format that value begins with, taken off; NULL: not of the m line. */
static struct sdp_format *take_format(struct sdp_media *m,
                                      struct slice *value)
{
	struct slice word;
	uint32_t payload_type;

	if (m == NULL || !take_word(value, &word)
	    || !slice_to_u32(word, 127, &payload_type))
		return NULL;
	for (unsigned i = 0; i < m->nformats; i++)
		if (m->formats[i].payload_type == payload_type)
			return &m->formats[i];
	return NULL;
}

/* a=rtpmap:<payload type> <encoding>/<clock rate>[/<parameters>] */
static void read_rtpmap(struct sdp_media *m, struct slice value)
{
	struct sdp_format *f = take_format(m, &value);
	struct slice word, encoding;
	uint32_t clock_rate;

	if (f == NULL || !take_word(&value, &word)
	    || !slice_take_until(&word, '/', &encoding))
		return;
	word = slice_skip(word, 1);
	word.len = slice_find(word, '/');
	if (!slice_to_u32(word, UINT32_MAX, &clock_rate))
		return;
	f->encoding = encoding;
	f->clock_rate = clock_rate;
}

static void read_ptime(struct reading *r, struct slice value)
{
	uint32_t ms;

	if (!slice_to_u32(slice_trim(value), UINT16_MAX, &ms))
		return;
	if (r->media != NULL)
		r->media->ptime_ms = ms;
	else
		r->ptime_ms = ms;
}

static void read_direction(struct reading *r, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(directions); i++) {
		if (!slice_eq(name, directions[i].name))
			continue;
		if (r->media != NULL)
			r->media->direction = directions[i].direction;
		else
			r->direction = directions[i].direction;
	}
}

/* a=<name>[:<value>] */
static void read_attribute(struct reading *r, struct slice value)
{
	struct slice name;

	if (!slice_take_until(&value, ':', &name)) {
		read_direction(r, slice_trim(value));
		return;
	}
	value = slice_skip(value, 1);
	if (slice_eq(name, SLICE("rtpmap"))) {
		read_rtpmap(r->media, value);
	} else if (slice_eq(name, SLICE("fmtp"))) {
		struct sdp_format *f = take_format(r->media, &value);

		if (f != NULL)
			f->fmtp = slice_trim(value);
	} else if (slice_eq(name, SLICE("ptime"))) {
		read_ptime(r, value);
	}
}

/* NULL, or what is wrong with the line. */
static const char *read_line(struct reading *r, char type,
                             struct slice value)
{
	if (!r->has_version && type != 'v')
		return "it does not begin with v=0";
	switch (type) {
	case 'v':
		r->has_version = true;
		return slice_eq(slice_trim(value), SLICE("0"))
		       ? NULL : "v= is not 0";
	case 'o':
		r->has_origin = true;
		return read_origin(r->sdp, value) ? NULL : "o= is broken";
	case 's':
		r->has_name = true;
		return NULL;
	case 'c':
		if (r->media == NULL) {
			r->sdp->addr = read_connection(value);
		} else {
			r->media->addr = read_connection(value);
			r->media->addr.port = r->media->port;
		}
		return NULL;
	case 'm':
		if (r->sdp->nmedia == SDP_MEDIA_MAX)
			return "too many m= lines";
		return read_media(r, value) ? NULL : "m= is broken";
	case 'a':
		read_attribute(r, value);
		return NULL;
	default:
		return NULL;
	}
}

bool sdp_parse(struct slice in, struct sdp *out, const char **why)
{
	struct reading r = { .sdp = out, .direction = SDP_SENDRECV };
	const char *fault = NULL;
	struct slice line;

	out->origin_user = SLICE_EMPTY;
	out->session_id = out->session_version = 0;
	out->addr = (struct addr){ .family = FAMILY_NONE };
	out->nmedia = 0;
	while (fault == NULL && slice_take_line(&in, &line))
		if (line.len >= 2 && line.p[1] == '=')
			fault = read_line(&r, line.p[0], slice_skip(line, 2));
	if (fault == NULL && !r.has_version)
		fault = "v= is missing";
	if (fault == NULL && !r.has_origin)
		fault = "o= is missing";
	if (fault == NULL && !r.has_name)
		fault = "s= is missing";
	if (fault != NULL)
		*why = fault;
	return fault == NULL;
}
