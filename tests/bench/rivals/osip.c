/* tests/bench/parse with libosip2, which reads nearly all at once. */

#include <osipparser2/osip_parser.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/corpus.h"

static size_t count(const osip_message_t *m)
{
	return (size_t)(osip_list_size(&m->vias)
	                + osip_list_size(&m->contacts)
	                + osip_list_size(&m->routes)
	                + osip_list_size(&m->record_routes)
	                + osip_list_size(&m->www_authenticates)
	                + osip_list_size(&m->proxy_authenticates));
}

static size_t parse(const struct corpus_message *in, int print)
{
	osip_message_t *m;
	osip_header_t *expires = NULL;
	char *text = NULL;
	size_t len = 0, read = 0;

	if (osip_message_init(&m) != 0)
		return 0;
	if (osip_message_parse(m, in->octets, in->len) == 0) {
		osip_message_get_expires(m, 0, &expires);
		read = 1 + count(m) + (expires != NULL);
	}
	if (read != 0 && print && osip_message_to_str(m, &text, &len) == 0)
		read += len;
	osip_free(text);
	osip_message_free(m);
	return read;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
	size_t read = 0;

	if (!corpus_load() || parser_init() != 0)
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
