#ifndef NET_MEDIA_H
#define NET_MEDIA_H

/* The sockets of one media stream: RTP on an even port, RTCP on the next
 * (RFC 3550 11). */

#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/error.h"
#include "core/media/rtp.h"
#include "net/loop.h"

struct media;

/* One RTP packet that came from the remote; it dies when this returns.
 * arrival_us is the loop's monotonic time. May close the media. */
typedef void media_fn(const struct rtp_packet *p, const struct addr *from,
                      uint64_t arrival_us, void *arg);

struct media_stats {
	uint64_t foreign;       /* datagrams from who is not the remote */
	uint64_t malformed;     /* no RTP */
	uint64_t rtcp;          /* datagrams on the RTCP port */
};

/*
 * Binds an even port of ip (whose port is ignored), and the odd one behind it
 * for RTCP where that is possible. clock_rate in Hz is what packets are
 * counted by. fn may be NULL: they are counted only.
 */
enum error media_open(struct loop *loop, const struct addr *ip,
                      uint32_t clock_rate, media_fn *fn, void *arg,
                      struct media **out);
/* Accepts NULL; may be called from inside fn. */
void media_close(struct media *m);

/* Packets from any other address are dropped from now on (their port does
 * not matter); remote of FAMILY_NONE, as at first: none are. */
void media_set_remote(struct media *m, const struct addr *remote);

/* The bound RTP address. Borrowed. */
const struct addr *media_local(const struct media *m);
/* The RTCP port, or 0 where there is none. */
uint16_t media_rtcp_port(const struct media *m);
/* What came so far. Borrowed. */
const struct rtp_receiver *media_receiver(const struct media *m);
const struct media_stats *media_stats(const struct media *m);

#endif
