/* tests/bench/parse with sofia-sip, which reads all at once. */

#include <stdio.h>
#include <stdlib.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>

#include "tests/bench/corpus.h"

static size_t count(const sip_t *sip)
{
	size_t n = 1;

	for (const sip_via_t *v = sip->sip_via; v != NULL; v = v->v_next)
		n++;
	for (const sip_contact_t *m = sip->sip_contact; m != NULL;
	     m = m->m_next)
		n++;
	for (const sip_route_t *r = sip->sip_route; r != NULL; r = r->r_next)
		n++;
	for (const sip_record_route_t *r = sip->sip_record_route; r != NULL;
	     r = r->r_next)
		n++;
	for (const sip_www_authenticate_t *au = sip->sip_www_authenticate;
	     au != NULL; au = au->au_next)
		n++;
	return n;
}

static size_t parse(const struct corpus_message *in, int print)
{
	msg_t *m = msg_make(sip_default_mclass(), 0, in->octets,
	                    (ssize_t)in->len);
	const sip_t *sip = m == NULL ? NULL : sip_object(m);
	size_t n = 0, len = 0;

	if (sip != NULL && !(sip->sip_flags & MSG_FLG_ERROR))
		n = count(sip);
	if (n != 0 && print
	    && msg_as_string(msg_home(m), m, NULL, 0, &len) != NULL)
		n += len;
	msg_destroy(m);
	return n;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
	size_t read = 0;

	if (!corpus_load())
		return 1;
	for (long round = 0; round < rounds; round++)
		for (size_t i = 0; i < CORPUS_MESSAGES; i++) {
			size_t n = parse(&corpus[i], argc > 2);

			if (n == 0)
				return 1;
			read += n;
		}
	printf("%zu\n", read);
	return 0;
}
