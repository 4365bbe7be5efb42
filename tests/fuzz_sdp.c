/* A session description that parses keeps to its bounds, and its answer is
 * one that we would read ourselves. */

#include "core/message/sdp.h"
#include "tests/fuzz.h"

static void check_media(const struct sdp_media *m, struct slice in)
{
	PROPERTY(fuzz_within(m->line, in));
	PROPERTY(fuzz_within(m->type, m->line));
	PROPERTY(fuzz_within(m->protocol, m->line));
	PROPERTY(m->nformats <= SDP_FORMATS_MAX);
	for (unsigned i = 0; i < m->nformats; i++) {
		PROPERTY(m->formats[i].payload_type <= 127);
		PROPERTY(fuzz_within(m->formats[i].fmtp, in));
	}
}

static const struct sdp_local local = {
	.media = { .family = FAMILY_IPV4, .port = 40000,
	           .ip = { 192, 0, 2, 1 } },
	.session_id = 1, .version = 2, .direction = SDP_SENDRECV,
	.codecs = CODEC_PCMU | CODEC_PCMA | CODEC_EVENT,
};

static void check_answer(const struct sdp *offer)
{
	struct sdp_result result;
	struct buf out = { 0 };
	struct sdp answer;
	unsigned warning = 0;
	const char *why;

	if (sdp_answer(&out, offer, &local, &result, &warning) != OK) {
		PROPERTY(warning >= 300 && warning <= 306);
		goto out;
	}
	PROPERTY(buf_error(&out) == OK);
	PROPERTY(result.has_audio && result.media_index < offer->nmedia);
	PROPERTY(sdp_parse(buf_view(&out), &answer, &why));
	PROPERTY(answer.nmedia == offer->nmedia);
	for (unsigned i = 0; i < answer.nmedia; i++)
		PROPERTY((answer.media[i].port != 0)
		         == (i == result.media_index));
out:
	buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
	struct slice in = fuzz_input(octets, len);
	struct sdp_result result;
	const char *why = NULL;
	struct sdp sdp;

	if (!sdp_parse(in, &sdp, &why)) {
		PROPERTY(why != NULL);
		return 0;
	}
	PROPERTY(sdp.nmedia <= SDP_MEDIA_MAX);
	PROPERTY(fuzz_within(sdp.origin_user, in));
	for (unsigned i = 0; i < sdp.nmedia; i++)
		check_media(&sdp.media[i], in);
	check_answer(&sdp);
	if (sdp_read_answer(&sdp, &local, &result) == OK)
		PROPERTY(result.has_audio
		         && result.media_index < sdp.nmedia);
	return 0;
}
