#ifndef CORE_MEDIA_RTP_H
#define CORE_MEDIA_RTP_H

/* RTP (RFC 3550): headers, and what a receiver counts. */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/buf.h"
#include "core/base/slice.h"

struct rtp_packet {
	uint8_t payload_type;
	bool marker;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	struct slice payload;           /* padding and extension taken off */
};
/* False: version, lengths, padding or extension are wrong. */
bool rtp_parse(struct slice in, struct rtp_packet *out);
/* The 12 octets of the header and the payload. */
void rtp_print(struct buf *out, const struct rtp_packet *p);

/* What arrived of one source (RFC 3550 A.1, A.3, A.8). Zeroed is
 * initialised. A sender that starts its numbers anew starts a new run. */
struct rtp_receiver {
	bool started;
	uint32_t ssrc;
	uint64_t received, octets;      /* payload octets */
	uint64_t foreign;               /* other sources, not counted above */
	uint16_t highest;
	uint32_t cycles, base;          /* of this run; 65536 a cycle */
	uint64_t expected_before;       /* by the runs before */
	uint32_t awaited;               /* what would make a new run */
	double jitter;                  /* in clock units */
	uint32_t last_transit;
};
/* clock_rate in Hz; now_us: arrival. The SSRC is locked to the first.
 * Duplicates and late packets count as received. */
void rtp_receiver_count(struct rtp_receiver *r, const struct rtp_packet *p,
                        uint32_t clock_rate, uint64_t now_us);
/* Expected less received, not below 0. */
uint64_t rtp_receiver_lost(const struct rtp_receiver *r);
double rtp_receiver_jitter_ms(const struct rtp_receiver *r,
                              uint32_t clock_rate);

#endif
