/* tests/bench/parse with libre, which reads the rest when asked. It writes no
 * parsed message: there, names and values are put one behind another. */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <re/re.h>

#include "tests/bench/corpus.h"

static size_t facts;

static bool read_via(const struct sip_hdr *h, const struct sip_msg *m,
                     void *arg)
{
	struct sip_via via;

	(void)m;
	(void)arg;
	facts += sip_via_decode(&via, &h->val) == 0;
	return false;
}

static bool read_address(const struct sip_hdr *h, const struct sip_msg *m,
                         void *arg)
{
	struct sip_addr addr;
	struct pl value;

	(void)m;
	(void)arg;
	if (sip_addr_decode(&addr, &h->val) == 0) {
		facts++;
		msg_param_decode(&addr.params, "expires", &value);
	}
	return false;
}

static bool read_challenge(const struct sip_hdr *h, const struct sip_msg *m,
                           void *arg)
{
	struct httpauth_digest_chall challenge;

	(void)m;
	(void)arg;
	facts += httpauth_digest_challenge_decode(&challenge, &h->val) == 0;
	return false;
}

static void read_all(const struct sip_msg *m)
{
	const struct sip_hdr *expires = sip_msg_hdr(m, SIP_HDR_EXPIRES);

	facts += 1 + (expires != NULL ? pl_u32(&expires->val) : 0);
	sip_msg_hdr_apply(m, true, SIP_HDR_VIA, read_via, NULL);
	sip_msg_hdr_apply(m, true, SIP_HDR_CONTACT, read_address, NULL);
	sip_msg_hdr_apply(m, true, SIP_HDR_ROUTE, read_address, NULL);
	sip_msg_hdr_apply(m, true, SIP_HDR_RECORD_ROUTE, read_address, NULL);
	sip_msg_hdr_apply(m, true, SIP_HDR_WWW_AUTHENTICATE, read_challenge,
	                  NULL);
	sip_msg_hdr_apply(m, true, SIP_HDR_PROXY_AUTHENTICATE,
	                  read_challenge, NULL);
}

static void write_all(const struct sip_msg *m, struct mbuf *out)
{
	mbuf_rewind(out);
	for (struct le *le = list_head(&m->hdrl); le != NULL; le = le->next) {
		const struct sip_hdr *h = le->data;

		mbuf_write_pl(out, &h->name);
		mbuf_write_str(out, ": ");
		mbuf_write_pl(out, &h->val);
		mbuf_write_str(out, "\r\n");
	}
	mbuf_write_mem(out, mbuf_buf(m->mb), mbuf_get_left(m->mb));
	facts += out->end;
}

static bool parse(const struct corpus_message *in, struct mbuf *mb,
                  struct mbuf *out)
{
	struct sip_msg *m = NULL;

	mbuf_rewind(mb);
	mbuf_write_mem(mb, (const uint8_t *)in->octets, in->len);
	mb->pos = 0;
	if (sip_msg_decode(&m, mb) != 0)
		return false;
	read_all(m);
	if (out != NULL)
		write_all(m, out);
	mem_deref(m);
	return true;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
	struct mbuf *mb = mbuf_alloc(CORPUS_LARGEST);
	struct mbuf *out = argc > 2 ? mbuf_alloc(CORPUS_LARGEST) : NULL;

	if (!corpus_load() || libre_init() != 0)
		return 1;
	for (long round = 0; round < rounds; round++)
		for (size_t i = 0; i < CORPUS_MESSAGES; i++)
			if (!parse(&corpus[i], mb, out))
				return 1;
	printf("%zu\n", facts);
	mem_deref(mb);
	mem_deref(out);
	return 0;
}
