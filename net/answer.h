#ifndef NET_ANSWER_H
#define NET_ANSWER_H

/* What c-ares found, as the records that core asked for. */

#include <netdb.h>

#include <ares.h>

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/transport/locate.h"

/* Zeroed but for kind is "no such record". */
struct answer {
	enum record_kind kind;
	enum error err;
	const char *why;                /* of err; static */
	struct record *records;
	size_t n;
	struct arena arena;             /* the records and their names */
};

void answer_deinit(struct answer *a);

/* An ares_status that is no success; why it failed, or that there is
 * nothing. */
void answer_from_status(struct answer *a, int status);
void answer_from_hostent(struct answer *a, const struct hostent *h);
void answer_from_addrinfo(struct answer *a, const struct ares_addrinfo *info);
/* A whole DNS message, for SRV and NAPTR. */
void answer_from_wire(struct answer *a, const unsigned char *wire, int len);

#endif
