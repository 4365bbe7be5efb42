/* IP addresses and ports, as values and as text. */

#include "core/base/addr.h"

static const struct {
	const char *via_name, *name;
	uint16_t port;
} transports[TRANSPORT_COUNT] = {
	[TRANSPORT_NONE] = { "",    "",    5060 },
	[TRANSPORT_UDP]  = { "UDP", "udp", 5060 },
	[TRANSPORT_TCP]  = { "TCP", "tcp", 5060 },
	[TRANSPORT_TLS]  = { "TLS", "tls", 5061 },
	[TRANSPORT_WS]   = { "WS",  "ws",  80 },
	[TRANSPORT_WSS]  = { "WSS", "wss", 443 },
};

const char *transport_via_name(enum transport t)
{
	return transports[t].via_name;
}

const char *transport_name(enum transport t)
{
	return transports[t].name;
}

enum transport transport_from_name(struct slice s)
{
	for (enum transport t = TRANSPORT_UDP; t < TRANSPORT_COUNT; t++)
		if (slice_eq_nocase(s, slice_str(transports[t].name)))
			return t;
	return TRANSPORT_NONE;
}

uint16_t transport_default_port(enum transport t)
{
	return transports[t].port;
}

static size_t ip_len(const struct addr *a)
{
	switch (a->family) {
	case FAMILY_NONE:
		return 0;
	case FAMILY_IPV4:
		return 4;
	case FAMILY_IPV6:
		return 16;
	}
	return 0;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && a->scope == b->scope
	       && memcmp(a->ip, b->ip, ip_len(a)) == 0;
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
	return a->port == b->port && addr_same_ip(a, b);
}

static const unsigned char zeros[16];

bool addr_is_any(const struct addr *a)
{
	return a->family != FAMILY_NONE
	       && memcmp(a->ip, zeros, ip_len(a)) == 0;
}

bool addr_is_loopback(const struct addr *a)
{
	switch (a->family) {
	case FAMILY_NONE:
		return false;
	case FAMILY_IPV4:
		return a->ip[0] == 127;
	case FAMILY_IPV6:
		return memcmp(a->ip, zeros, 15) == 0 && a->ip[15] == 1;
	}
	return false;
}

bool addr_is_multicast(const struct addr *a)
{
	static const unsigned char broadcast[4] = { 255, 255, 255, 255 };

	switch (a->family) {
	case FAMILY_NONE:
		return false;
	case FAMILY_IPV4:
		return a->ip[0] >> 4 == 14
		       || memcmp(a->ip, broadcast, sizeof(broadcast)) == 0;
	case FAMILY_IPV6:
		return a->ip[0] == 0xff;
	}
	return false;
}

/* The whole of s. A leading zero is refused: some read octal there. */
static bool parse_ipv4(struct slice s, unsigned char ip[4])
{
	for (unsigned i = 0; i < 4; i++) {
		struct slice digits;
		uint32_t n;

		if ((i != 0 && !slice_take_char(&s, '.'))
		    || !slice_take_digits(&s, &digits)
		    || (digits.len > 1 && digits.p[0] == '0')
		    || !slice_to_u32(digits, 255, &n))
			return false;
		ip[i] = (unsigned char)n;
	}
	return s.len == 0;
}

/* Takes "hex4 *( ":" hex4 )", where the last two may be written as an IPv4
 * address; n octets go to ip, 16 at most. Nothing at all is allowed. */
static bool take_groups(struct slice s, unsigned char ip[16], size_t *n)
{
	*n = 0;
	if (s.len == 0)
		return true;
	for (;;) {
		struct slice group = slice_make(s.p, slice_find(s, ':'));
		uint64_t value;

		if (*n <= 12 && group.len == s.len && parse_ipv4(s, ip + *n)) {
			*n += 4;
			return true;
		}
		if (*n == 16 || group.len > 4 || !slice_to_hex(group, &value))
			return false;
		ip[(*n)++] = (unsigned char)(value >> 8);
		ip[(*n)++] = (unsigned char)(value & 255);
		s = slice_skip(s, group.len);
		if (s.len == 0)
			return true;
		s = slice_skip(s, 1);
	}
}

static bool parse_ipv6(struct slice s, unsigned char ip[16])
{
	size_t gap = slice_find_slice(s, SLICE("::"));
	unsigned char head[16], tail[16];
	size_t nhead, ntail = 0;

	if (!take_groups(slice_make(s.p, gap), head, &nhead))
		return false;
	if (gap == s.len) {
		if (nhead != 16)
			return false;
	} else if (slice_find(s, '.') < gap     /* only at the very end */
		   || !take_groups(slice_skip(s, gap + 2), tail, &ntail)
		   || nhead + ntail > 14) {
		return false;
	}
	memset(ip, 0, 16);
	memcpy(ip, head, nhead);
	memcpy(ip + 16 - ntail, tail, ntail);
	return true;
}

bool addr_parse_ip(struct slice s, struct addr *out)
{
	struct addr a = { .family = FAMILY_IPV4 };

	if (!parse_ipv4(s, a.ip)) {
		a = (struct addr){ .family = FAMILY_IPV6 };
		if (s.len > 2 && s.p[0] == '[' && s.p[s.len - 1] == ']')
			s = slice_make(s.p + 1, s.len - 2);
		if (!parse_ipv6(s, a.ip))
			return false;
	}
	*out = a;
	return true;
}

/* Where the host ends in "host[:port]": an IPv6 address with a port has
 * brackets. */
static size_t host_len(struct slice s)
{
	size_t end = slice_find(s, ']');

	if (end != s.len)
		return end + 1;
	end = slice_find(s, ':');
	if (end != s.len && slice_find(slice_skip(s, end + 1), ':')
				    != s.len - end - 1)
		return s.len;
	return end;
}

bool addr_parse(struct slice s, struct addr *out)
{
	struct slice host = slice_make(s.p, host_len(s));
	uint32_t port = 0;
	struct addr a;

	s = slice_skip(s, host.len);
	if (!addr_parse_ip(host, &a))
		return false;
	if (s.len != 0 && (!slice_take_char(&s, ':')
			   || !slice_to_u32(s, UINT16_MAX, &port)))
		return false;
	a.port = (uint16_t)port;
	*out = a;
	return true;
}

static void print_ipv4(struct buf *b, const unsigned char ip[4])
{
	char text[sizeof("255.255.255.255")];
	size_t n = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (i != 0)
			text[n++] = '.';
		if (ip[i] >= 100)
			text[n++] = (char)('0' + ip[i] / 100);
		if (ip[i] >= 10)
			text[n++] = (char)('0' + ip[i] / 10 % 10);
		text[n++] = (char)('0' + ip[i] % 10);
	}
	buf_append(b, text, n);
}

static unsigned group_at(const unsigned char ip[16], unsigned i)
{
	return (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
}

/* The first of the longest runs of two or more zero groups (RFC 5952 4.2);
 * a length of 0 when there is none. */
static void longest_zeros(const unsigned char ip[16], unsigned *start,
                          unsigned *len)
{
	unsigned run = 0;

	*start = *len = 0;
	for (unsigned i = 0; i < 8; i++) {
		run = group_at(ip, i) == 0 ? run + 1 : 0;
		if (run > 1 && run > *len) {
			*len = run;
			*start = i + 1 - run;
		}
	}
}

static void print_group(struct buf *b, unsigned value)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && value >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		buf_char(b, digits[value >> shift & 15]);
}

static void print_ipv6(struct buf *b, const unsigned char ip[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned start, len;

	if (memcmp(ip, mapped, sizeof(mapped)) == 0) {  /* RFC 5952 5 */
		buf_str(b, "::ffff:");
		print_ipv4(b, ip + 12);
		return;
	}
	longest_zeros(ip, &start, &len);
	for (unsigned i = 0; i < 8; i++) {
		if (len != 0 && i == start) {
			buf_str(b, "::");
			i += len - 1;
			continue;
		}
		if (i != 0 && (len == 0 || i != start + len))
			buf_char(b, ':');
		print_group(b, group_at(ip, i));
	}
}

void addr_print_ip(struct buf *b, const struct addr *a)
{
	switch (a->family) {
	case FAMILY_NONE:
		return;
	case FAMILY_IPV4:
		print_ipv4(b, a->ip);
		return;
	case FAMILY_IPV6:
		print_ipv6(b, a->ip);
		return;
	}
}

void addr_print_host(struct buf *b, const struct addr *a)
{
	bool brackets = a->family == FAMILY_IPV6;

	if (brackets)
		buf_char(b, '[');
	addr_print_ip(b, a);
	if (brackets)
		buf_char(b, ']');
}

void addr_print(struct buf *b, const struct addr *a)
{
	addr_print_host(b, a);
	buf_char(b, ':');
	buf_u64(b, a->port);
}

const char *addr_text(const struct addr *a, char out[ADDR_TEXT])
{
	struct buf b = { 0 };
	size_t n;

	addr_print(&b, a);
	n = b.len < ADDR_TEXT ? b.len : ADDR_TEXT - 1;
	if (n != 0)
		memcpy(out, b.p, n);
	out[n] = '\0';
	buf_deinit(&b);
	return out;
}

struct slice addr_key(const struct addr *a, char out[19])
{
	size_t n = ip_len(a);

	memcpy(out, a->ip, n);
	out[n++] = (char)(a->port >> 8);
	out[n++] = (char)(a->port & 255);
	out[n++] = (char)a->family;
	return slice_make(out, n);
}
