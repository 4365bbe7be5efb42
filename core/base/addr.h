#ifndef CORE_BASE_ADDR_H
#define CORE_BASE_ADDR_H

/* An IP address and a port, as a value: compare with addr_eq(). */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/slice.h"

enum family {
	FAMILY_NONE = 0,        /* no address */
	FAMILY_IPV4 = 4,
	FAMILY_IPV6 = 6
};

/* RFC 3261 18, RFC 7118. */
enum transport {
	TRANSPORT_NONE = 0,
	TRANSPORT_UDP,
	TRANSPORT_TCP,
	TRANSPORT_TLS,
	TRANSPORT_WS,
	TRANSPORT_WSS,
	TRANSPORT_COUNT
};

/* "UDP", as a Via writes it. Static; "" for TRANSPORT_NONE. */
const char *transport_via_name(enum transport t);
/* "udp", as a URI parameter writes it. Static. */
const char *transport_name(enum transport t);
/* Either spelling, any case; TRANSPORT_NONE when unknown. */
enum transport transport_from_name(struct slice s);
static inline bool transport_is_reliable(enum transport t)
{
	return t > TRANSPORT_UDP;
}
/* TLS underneath. */
static inline bool transport_is_secure(enum transport t)
{
	return t == TRANSPORT_TLS || t == TRANSPORT_WSS;
}
/* 5060, 5061, 80 or 443. */
uint16_t transport_default_port(enum transport t);

struct addr {
	enum family family;
	uint16_t port;          /* host order; 0: not given */
	uint32_t scope;         /* IPv6 interface index, else 0 */
	unsigned char ip[16];   /* network order; IPv4 in the first four */
};

bool addr_eq(const struct addr *a, const struct addr *b);
/* The same address whatever the port. */
bool addr_same_ip(const struct addr *a, const struct addr *b);
bool addr_is_any(const struct addr *a);         /* 0.0.0.0, :: */
bool addr_is_loopback(const struct addr *a);    /* 127/8, ::1 */
bool addr_is_multicast(const struct addr *a);   /* and 255.255.255.255 */

/*
 * The whole of s is an IPv4 dotted quad, an IPv6 address, or one in brackets
 * (no port; scope not accepted). The port of out is 0.
 * RFC 3261 25.1 IPv4address, IPv6reference; RFC 5118.
 */
bool addr_parse_ip(struct slice s, struct addr *out);
/* "1.2.3.4", "1.2.3.4:5060", "[::1]:5060", "::1". Port 0 where absent. */
bool addr_parse(struct slice s, struct addr *out);

/* "1.2.3.4" or "[::1]", as a SIP host is written. */
void addr_print_host(struct buf *b, const struct addr *a);
/* "1.2.3.4" or "::1", as SDP writes it. */
void addr_print_ip(struct buf *b, const struct addr *a);
/* "1.2.3.4:5060" or "[::1]:5060". */
void addr_print(struct buf *b, const struct addr *a);

enum { ADDR_TEXT = 64 };
/* addr_print() into out, NUL terminated; returns out. */
const char *addr_text(const struct addr *a, char out[ADDR_TEXT]);

/* What a hash of an address is made of: its significant octets. */
struct slice addr_key(const struct addr *a, char out[19]);

#endif
