/*
 * Parses the messages of tests/corpus/bench over and over, as deep as a user
 * agent needs them (start line, every Via, From, To, Call-ID, CSeq, every
 * Contact, Route and Record-Route with its URI, Expires, challenges, body),
 * for callgrind:
 *     valgrind --tool=callgrind tests/bench/parse 1000 [print]
 * and divide by 12 000. The messages are found below $srcdir.
 */

#include <stdio.h>
#include <stdlib.h>

#include "core/message/digest.h"
#include "core/message/message.h"
#include "tests/bench/corpus.h"

/* Every one of these, with its URI; the number is only there so that no
 * compiler leaves the work out. */
static size_t read_addresses(const struct message *m, enum header_id id)
{
	struct header_iter it = { 0 };
	struct slice value;
	struct name_addr a;
	size_t read = 0;

	while (message_next_value(m, id, &it, &value))
		if (name_addr_parse(value, &a))
			read += a.uri.host.len;
	return read;
}

/* message_check() read the topmost. */
static size_t read_vias(const struct message *m)
{
	struct header_iter it = { 0 };
	struct slice value;
	struct via via;
	size_t read = m->via.branch.len + m->via.rport;

	message_next_value(m, HEADER_VIA, &it, &value);
	while (message_next_value(m, HEADER_VIA, &it, &value))
		if (via_parse(value, &via))
			read += via.branch.len + via.rport;
	return read;
}

/* message_check() read the first. */
static size_t read_contacts(const struct message *m)
{
	struct header_iter it = { 0 };
	struct slice value;
	struct contact c;
	size_t read = 0;

	if (!m->has_contact)
		return 0;
	read = m->contact.addr.uri.host.len + m->contact.expires_s;
	message_next_value(m, HEADER_CONTACT, &it, &value);
	while (message_next_value(m, HEADER_CONTACT, &it, &value))
		if (contact_parse(value, &c))
			read += c.addr.uri.host.len + c.expires_s;
	return read;
}

static size_t read_challenges(const struct message *m, enum header_id id,
                              struct buf *scratch)
{
	struct header_iter it = { 0 };
	struct challenge c;
	struct slice value;
	size_t read = 0;

	while (message_next_value(m, id, &it, &value))
		if (challenge_parse(value, scratch, &c))
			read += c.nonce.len + c.algorithm;
	return read;
}

/* Parses and reads one message; 0 when it is not well formed. */
static size_t read_message(struct message *m, struct slice wire,
                           struct buf *scratch)
{
	struct fault fault;
	struct slice value;
	uint32_t n = 0;
	size_t read;

	if (message_parse(m, wire, &message_limits_default, &fault) != OK
	    || fault.status != 0 || !message_check(m, &fault))
		return 0;
	buf_reset(scratch);
	value = message_header(m, HEADER_EXPIRES, 0);
	if (value.p != NULL && delta_seconds_parse(value, &n))
		n++;
	read = m->from.tag.len + m->to.uri.host.len + m->call_id.len
	       + m->cseq.number + m->uri.host.len + m->body.len + n;
	read += read_vias(m) + read_contacts(m);
	read += read_addresses(m, HEADER_ROUTE);
	read += read_addresses(m, HEADER_RECORD_ROUTE);
	read += read_challenges(m, HEADER_WWW_AUTHENTICATE, scratch);
	read += read_challenges(m, HEADER_PROXY_AUTHENTICATE, scratch);
	return read;
}

int main(int argc, char **argv)
{
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
	bool print = argc > 2;
	struct slice own_line = { NULL, 0 };
	struct buf scratch = { 0 }, out = { 0 };
	struct message m;
	size_t read = 0;

	if (!corpus_load())
		return 1;
	message_init(&m);
	for (long round = 0; round < rounds; round++)
		for (size_t i = 0; i < CORPUS_MESSAGES; i++) {
			struct slice wire = slice_make(corpus[i].octets,
			                               corpus[i].len);
			size_t n = read_message(&m, wire, &scratch);

			if (n == 0) {
				fprintf(stderr, "%zu: malformed\n", i + 1);
				return 1;
			}
			read += n;
			if (!print)
				continue;
			buf_reset(&out);
			message_print(&out, &m, own_line, NULL, 0);
			read += out.len;
		}
	printf("%ld messages, %zu\n", rounds * CORPUS_MESSAGES, read);
	message_deinit(&m);
	buf_deinit(&scratch);
	buf_deinit(&out);
	return 0;
}
