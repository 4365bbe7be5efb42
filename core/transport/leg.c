/* What a leg is called in the Via and Contact of our own messages. */

#include "core/transport/leg.h"

static bool is_websocket(enum transport t)
{
	return t == TRANSPORT_WS || t == TRANSPORT_WSS;
}

static void print_host_port(struct buf *out, const struct leg *leg,
                            const struct addr *local)
{
	if (leg->sent_by == NULL) {
		addr_print(out, local);
		return;
	}
	buf_str(out, leg->sent_by);
	/* RFC 7118 5: an ".invalid" name can not be reached at any port */
	if (!is_websocket(leg->transport)) {
		buf_char(out, ':');
		buf_u64(out, local->port);
	}
}

void leg_print_via(struct buf *out, const struct leg *leg,
                   const struct addr *local, struct slice branch)
{
	buf_str(out, "SIP/2.0/");
	buf_str(out, transport_via_name(leg->transport));
	buf_char(out, ' ');
	print_host_port(out, leg, local);
	buf_str(out, ";branch=");
	buf_slice(out, branch);
	if (!transport_is_reliable(leg->transport))
		buf_str(out, ";rport");
}

/* RFC 5630 3.1.4: "sips" implies TLS. RFC 7118 4: a URI says "ws" for WSS. */
static const char *contact_transport(enum transport t, bool secure)
{
	switch (t) {
	case TRANSPORT_NONE:
	case TRANSPORT_UDP:
	case TRANSPORT_COUNT:
		return NULL;
	case TRANSPORT_TCP:
		return "tcp";
	case TRANSPORT_TLS:
		return secure ? NULL : "tls";
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
		return "ws";
	}
	return NULL;
}

void leg_print_contact_uri(struct buf *out, const struct leg *leg,
                           const struct addr *local, struct slice user,
                           bool secure)
{
	const char *transport = contact_transport(leg->transport, secure);

	buf_str(out, secure ? "sips:" : "sip:");
	if (user.len != 0) {
		buf_slice(out, user);
		buf_char(out, '@');
	}
	/* A server finds the connection by the address that it comes from,
	 * where it could not resolve the name of the Via. */
	if (is_websocket(leg->transport))
		addr_print(out, local);
	else
		print_host_port(out, leg, local);
	if (transport != NULL) {
		buf_str(out, ";transport=");
		buf_str(out, transport);
	}
}
