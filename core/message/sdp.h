#ifndef CORE_MESSAGE_SDP_H
#define CORE_MESSAGE_SDP_H

/* Session descriptions (RFC 8866) and offer/answer (RFC 3264), as much as a
 * G.711 caller needs. Parsing borrows and allocates nothing. */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/addr.h"
#include "core/base/buf.h"
#include "core/base/error.h"

enum { SDP_MEDIA_MAX = 16, SDP_FORMATS_MAX = 32 };

enum sdp_direction {
	SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE
};

struct sdp_format {
	uint8_t payload_type;           /* 0 to 127 */
	struct slice encoding;          /* "PCMU", from rtpmap or static */
	uint32_t clock_rate;            /* 0: unknown */
	struct slice fmtp;              /* p NULL: none */
};

struct sdp_media {
	struct slice line;              /* "audio 49170 RTP/AVP 0 8" */
	struct slice type, protocol;    /* "audio", "RTP/AVP" */
	uint16_t port;                  /* 0: rejected or held off */
	struct addr addr;               /* media's or session's c=, with port */
	enum sdp_direction direction;
	uint32_t ptime_ms;              /* 0: not given */
	struct sdp_format formats[SDP_FORMATS_MAX];
	unsigned nformats;              /* of RTP; further ones are dropped */
};

struct sdp {
	struct slice origin_user;
	uint64_t session_id, session_version;
	struct addr addr;               /* session's c=; FAMILY_NONE: none */
	struct sdp_media media[SDP_MEDIA_MAX];
	unsigned nmedia;
};

/* Tolerates LF line ends and unknown lines. False with *why (static): v=0,
 * o=, s= missing or m= broken, too many m lines. A c= with a host name leaves
 * FAMILY_NONE. */
bool sdp_parse(struct slice in, struct sdp *out, const char **why);

/* Codecs we speak, a bit each, in order of preference. */
enum sdp_codec { CODEC_PCMU = 1, CODEC_PCMA = 2, CODEC_EVENT = 4 };

/* Our side of a session, kept between offers. */
struct sdp_local {
	struct addr media;              /* the bound RTP address and port */
	uint64_t session_id;            /* random, once */
	uint64_t version;               /* +1 when what is said changes */
	enum sdp_direction direction;
	unsigned codecs;                /* enum sdp_codec bits */
};

/* An offer of one audio stream: PCMU 0, PCMA 8, telephone-event 101. */
void sdp_print_offer(struct buf *out, const struct sdp_local *local);

/* What an answer settles for the audio stream. */
struct sdp_result {
	bool has_audio;
	unsigned media_index;
	struct addr remote;             /* FAMILY_NONE: nothing to send to
	                                 * (0.0.0.0, a name, multicast) */
	uint8_t payload_type;           /* of the audio codec */
	enum sdp_codec codec;
	int event_payload_type;         /* -1: none */
	enum sdp_direction direction;   /* ours */
	uint32_t ptime_ms;              /* 10 to 200; 20 where not given */
};

/*
 * Answers offer with as many m lines in the same order (3264 6): the first
 * audio line over RTP/AVP with a codec of ours is accepted, payload types as
 * offered (the first audio codec of the offer that is ours, and
 * telephone-event); others get port 0. ERR_UNSUPPORTED, and nothing printed,
 * when no line can be accepted: 488 with Warning *warning (RFC 3261 20.43):
 * 300 network protocol, 302 transport, 304 media type, 305 format. ERR_NOMEM.
 */
enum error sdp_answer(struct buf *out, const struct sdp *offer,
                      const struct sdp_local *local,
                      struct sdp_result *result, unsigned *warning);
/* Reads the answer to our offer. ERR_UNSUPPORTED: no audio was accepted;
 * ERR_PROTOCOL: it is no answer to our one line. */
enum error sdp_read_answer(const struct sdp *answer,
                           const struct sdp_local *local,
                           struct sdp_result *result);

#endif
