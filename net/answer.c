/* From c-ares' structures and the DNS's octets to records. */

#include "net/answer.h"

#include <arpa/nameser.h>

#include "net/socket.h"

void answer_deinit(struct answer *a)
{
	arena_deinit(&a->arena);
}

static void fail(struct answer *a, enum error err, const char *why)
{
	a->err = err;
	a->why = why;
	a->n = 0;
}

static bool names_a_host(enum record_kind kind)
{
	return kind == RECORD_A || kind == RECORD_AAAA;
}

void answer_from_status(struct answer *a, int status)
{
	switch (status) {
	case ARES_ENODATA:
		break;
	case ARES_ENOTFOUND:
		if (names_a_host(a->kind))
			fail(a, ERR_DNS, "no such name");
		break;
	case ARES_ETIMEOUT:
		fail(a, ERR_TIMEOUT, "no answer from the DNS in time");
		break;
	case ARES_ECONNREFUSED:
		/* Also after SERVFAIL and REFUSED from the last of them. */
		fail(a, ERR_DNS, "no DNS server could tell");
		break;
	case ARES_EBADNAME:
		fail(a, ERR_DNS, "not a domain name");
		break;
	case ARES_ENOMEM:
		fail(a, ERR_NOMEM, error_text(ERR_NOMEM));
		break;
	default:
		fail(a, ERR_DNS, ares_strerror(status));
		break;
	}
}

/* Room for n records. */
static bool make_records(struct answer *a, size_t n)
{
	/* One more: there may be none. */
	a->records = arena_alloc(&a->arena, (n + 1) * sizeof(*a->records));
	if (a->records == NULL)
		fail(a, ERR_NOMEM, error_text(ERR_NOMEM));
	return a->records != NULL;
}

static struct record *add_record(struct answer *a, uint32_t ttl_s)
{
	struct record *r = &a->records[a->n++];

	*r = (struct record){ .kind = a->kind, .ttl_s = ttl_s };
	return r;
}

void answer_from_hostent(struct answer *a, const struct hostent *h)
{
	size_t n = 0;
	struct record *r;

	while (h->h_addr_list[n] != NULL)
		n++;
	if (!make_records(a, n))
		return;
	for (size_t i = 0; i < n; i++) {
		r = add_record(a, 0);
		r->addr.family = h->h_addrtype == AF_INET ? FAMILY_IPV4
		                                          : FAMILY_IPV6;
		memcpy(r->addr.ip, h->h_addr_list[i], (size_t)h->h_length);
	}
}

void answer_from_addrinfo(struct answer *a, const struct ares_addrinfo *info)
{
	const struct ares_addrinfo_node *node;
	struct sockaddr_storage sa = { 0 };
	size_t n = 0;

	for (node = info->nodes; node != NULL; node = node->ai_next)
		n++;
	if (!make_records(a, n))
		return;
	for (node = info->nodes; node != NULL; node = node->ai_next) {
		memcpy(&sa, node->ai_addr, node->ai_addrlen);
		add_record(a, (uint32_t)node->ai_ttl)->addr =
			socket_from_sys(&sa);
	}
}

/* --- SRV and NAPTR --- */

/* Past a possibly compressed name (RFC 1035 4.1.4); NULL: cut off. */
static const unsigned char *skip_name(const unsigned char *p,
                                      const unsigned char *end)
{
	while (p < end && *p != 0) {
		if ((*p & 0xc0) == 0xc0)
			return end - p >= 2 ? p + 2 : NULL;
		if (end - p <= *p)
			return NULL;
		p += 1 + *p;
	}
	return p < end ? p + 1 : NULL;
}

static unsigned get16(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The shortest TTL among the answers: c-ares' parsers of these leave it out.
 * 0 for what cannot be read. */
static uint32_t shortest_ttl(const unsigned char *p, size_t len)
{
	const unsigned char *end = p + len;
	unsigned questions, answers;
	uint32_t shortest = UINT32_MAX, ttl;

	if (len < NS_HFIXEDSZ)
		return 0;
	questions = get16(p + 4);
	answers = get16(p + 6);
	p += NS_HFIXEDSZ;
	for (; questions > 0 && p != NULL; questions--) {
		p = skip_name(p, end);
		if (p != NULL)
			p = end - p >= NS_QFIXEDSZ ? p + NS_QFIXEDSZ : NULL;
	}
	for (; answers > 0 && p != NULL; answers--) {
		p = skip_name(p, end);
		if (p == NULL || end - p < NS_RRFIXEDSZ)
			return 0;
		ttl = (uint32_t)get16(p + 4) << 16 | get16(p + 6);
		if (ttl < shortest)
			shortest = ttl;
		p += NS_RRFIXEDSZ;
		if ((size_t)(end - p) < get16(p - 2))
			return 0;
		p += get16(p - 2);
	}
	return shortest == UINT32_MAX ? 0 : shortest;
}

static struct slice keep(struct answer *a, const char *s)
{
	struct slice kept = arena_copy(&a->arena, slice_str(s));

	if (kept.p == NULL)
		fail(a, ERR_NOMEM, error_text(ERR_NOMEM));
	return kept;
}

static void take_srv(struct answer *a, const struct ares_srv_reply *replies,
                     uint32_t ttl_s)
{
	const struct ares_srv_reply *s;
	struct record *r;
	size_t n = 0;

	for (s = replies; s != NULL; s = s->next)
		n++;
	if (!make_records(a, n))
		return;
	for (s = replies; s != NULL && a->err == OK; s = s->next) {
		r = add_record(a, ttl_s);
		r->priority = s->priority;
		r->weight = s->weight;
		r->port = s->port;
		r->name = keep(a, s->host);
	}
}

static void take_naptr(struct answer *a,
                       const struct ares_naptr_reply *replies, uint32_t ttl_s)
{
	const struct ares_naptr_reply *s;
	struct record *r;
	size_t n = 0;

	for (s = replies; s != NULL; s = s->next)
		n++;
	if (!make_records(a, n))
		return;
	for (s = replies; s != NULL && a->err == OK; s = s->next) {
		r = add_record(a, ttl_s);
		r->priority = s->order;
		r->weight = s->preference;
		r->flags = keep(a, (const char *)s->flags);
		r->service = keep(a, (const char *)s->service);
		r->name = keep(a, s->replacement);
	}
}

void answer_from_wire(struct answer *a, const unsigned char *wire, int len)
{
	uint32_t ttl_s = shortest_ttl(wire, (size_t)len);
	struct ares_srv_reply *srv = NULL;
	struct ares_naptr_reply *naptr = NULL;
	int status;

	if (a->kind == RECORD_SRV)
		status = ares_parse_srv_reply(wire, len, &srv);
	else
		status = ares_parse_naptr_reply(wire, len, &naptr);
	if (status != ARES_SUCCESS)
		answer_from_status(a, status);
	else if (a->kind == RECORD_SRV)
		take_srv(a, srv, ttl_s);
	else
		take_naptr(a, naptr, ttl_s);
	ares_free_data(srv);
	ares_free_data(naptr);
}
