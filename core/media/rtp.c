/* RTP headers (RFC 3550 5.1), and the statistics of a receiver. */

#include "core/media/rtp.h"

/* RFC 3550 A.1: how far a sequence number may leap ahead, and lag behind. */
enum { MAX_DROPOUT = 3000, MAX_MISORDER = 100, SEQUENCES = 1 << 16 };

/* No sequence number is this. */
#define NO_SEQUENCE (SEQUENCES + 1u)

enum { HEADER_LEN = 12 };

static uint16_t get_u16(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint16_t)(u[0] << 8 | u[1]);
}

static uint32_t get_u32(const char *p)
{
	return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

static void put_u32(char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (char)(n >> (24 - 8 * i));
}

static bool take(struct slice *in, size_t n)
{
	if (in->len < n)
		return false;
	*in = slice_skip(*in, n);
	return true;
}

/* RFC 3550 5.3.1: a profile's word, and how many more follow. */
static bool take_extension(struct slice *in)
{
	size_t words;

	if (in->len < 4)
		return false;
	words = get_u16(in->p + 2);
	return take(in, 4 + 4 * words);
}

/* RFC 3550 5.1: the last octet counts the padding, itself included. */
static bool take_padding(struct slice *in)
{
	size_t n;

	if (in->len == 0)
		return false;
	n = (unsigned char)in->p[in->len - 1];
	if (n == 0 || n > in->len)
		return false;
	in->len -= n;
	return true;
}

bool rtp_parse(struct slice in, struct rtp_packet *out)
{
	struct rtp_packet p;
	unsigned first, second;

	if (in.len < HEADER_LEN)
		return false;
	first = (unsigned char)in.p[0];
	second = (unsigned char)in.p[1];
	if (first >> 6 != 2)
		return false;
	p.marker = (second & 0x80) != 0;
	p.payload_type = second & 0x7f;
	p.sequence = get_u16(in.p + 2);
	p.timestamp = get_u32(in.p + 4);
	p.ssrc = get_u32(in.p + 8);
	p.payload = slice_skip(in, HEADER_LEN);
	if (!take(&p.payload, 4 * (first & 0x0f))       /* CSRCs */
	    || ((first & 0x10) && !take_extension(&p.payload))
	    || ((first & 0x20) && !take_padding(&p.payload)))
		return false;
	*out = p;
	return true;
}

void rtp_print(struct buf *out, const struct rtp_packet *p)
{
	char header[HEADER_LEN];

	header[0] = (char)0x80;
	header[1] = (char)((p->marker ? 0x80 : 0) | (p->payload_type & 0x7f));
	header[2] = (char)(p->sequence >> 8);
	header[3] = (char)p->sequence;
	put_u32(header + 4, p->timestamp);
	put_u32(header + 8, p->ssrc);
	buf_append(out, header, sizeof(header));
	buf_slice(out, p->payload);
}

/* --- what arrived --- */

static uint64_t expected_of_run(const struct rtp_receiver *r)
{
	return (uint64_t)r->cycles + r->highest - r->base + 1;
}

static void start_run(struct rtp_receiver *r, uint16_t first,
                      uint16_t highest)
{
	r->base = first;
	r->highest = highest;
	/* The run may have begun just before the numbers wrapped. */
	r->cycles = highest < first ? SEQUENCES : 0;
	r->awaited = NO_SEQUENCE;
}

/* RFC 3550 A.1, without its probation: who calls has checked the source's
 * address. */
static void count_sequence(struct rtp_receiver *r, uint16_t sequence)
{
	uint16_t ahead = (uint16_t)(sequence - r->highest);

	if (ahead < MAX_DROPOUT) {
		if (sequence < r->highest)
			r->cycles += SEQUENCES;
		r->highest = sequence;
		r->awaited = NO_SEQUENCE;
	} else if (ahead <= SEQUENCES - MAX_MISORDER) {
		/* Two in a row from far away: the sender started anew. */
		if (sequence == r->awaited) {
			r->expected_before += expected_of_run(r);
			start_run(r, (uint16_t)(sequence - 1), sequence);
		} else {
			r->awaited = (uint16_t)(sequence + 1);
		}
	}
	/* Else a duplicate, or one that comes late. */
}

/* RFC 3550 A.8: what differs of the transit times, smoothed by 16. */
static void count_jitter(struct rtp_receiver *r, uint32_t timestamp,
                         uint32_t clock_rate, uint64_t now_us, bool first)
{
	uint64_t arrival = now_us / 1000000 * clock_rate
	                   + now_us % 1000000 * clock_rate / 1000000;
	uint32_t transit = (uint32_t)arrival - timestamp;
	uint32_t d = transit - r->last_transit;

	if (d > INT32_MAX)
		d = -d;
	if (!first)
		r->jitter += ((double)d - r->jitter) / 16;
	r->last_transit = transit;
}

void rtp_receiver_count(struct rtp_receiver *r, const struct rtp_packet *p,
                        uint32_t clock_rate, uint64_t now_us)
{
	bool first = !r->started;

	if (first) {
		r->started = true;
		r->ssrc = p->ssrc;
		start_run(r, p->sequence, p->sequence);
	}
	if (p->ssrc != r->ssrc) {
		r->foreign++;
		return;
	}
	r->received++;
	r->octets += p->payload.len;
	count_sequence(r, p->sequence);
	count_jitter(r, p->timestamp, clock_rate, now_us, first);
}

uint64_t rtp_receiver_lost(const struct rtp_receiver *r)
{
	uint64_t expected;

	if (!r->started)
		return 0;
	expected = r->expected_before + expected_of_run(r);
	return expected > r->received ? expected - r->received : 0;
}

double rtp_receiver_jitter_ms(const struct rtp_receiver *r,
                              uint32_t clock_rate)
{
	return clock_rate == 0 ? 0 : r->jitter * 1000 / clock_rate;
}
