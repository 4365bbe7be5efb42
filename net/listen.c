/* Reads where to listen, and opens the legs for it. */

#include "net/listen.h"

#include "net/tcp.h"
#include "net/udp.h"

enum {
	PORT_TRIES = 32         /* for one that is free in UDP and TCP */
};

/* --- reading --- */

static enum error misread(struct slice text, struct buf *why)
{
	buf_str(why, "expected [udp:|tcp:|tls:|ws:|wss:]ADDRESS[:PORT] with "
	        "a numeric address, like tcp:127.0.0.1:5060 or [::1], got "
	        "'");
	buf_escaped(why, text);
	buf_char(why, '\'');
	return ERR_SYNTAX;
}

/* Takes "udp:" or the like; an address has a letter in front of a colon too,
 * but none of the transports' names is a hex number. */
static void take_transport(struct slice *text, enum transport *out)
{
	struct slice rest = *text, name;
	enum transport t;

	if (!slice_take_until(&rest, ':', &name))
		return;
	t = transport_from_name(name);
	if (t == TRANSPORT_NONE)
		return;
	*out = t;
	*text = slice_skip(rest, 1);
}

enum error listen_parse(struct slice text, struct listen_spec *out,
                        struct buf *why)
{
	struct listen_spec spec = { .transport = TRANSPORT_NONE };
	struct slice rest = text;

	buf_reset(why);
	take_transport(&rest, &spec.transport);
	if (rest.len > 0 && !addr_parse(rest, &spec.addr))
		return misread(text, why);
	if (rest.len == 0 && spec.transport == TRANSPORT_NONE)
		return misread(text, why);
	*out = spec;
	return OK;
}

/* --- opening --- */

/* Where legs are opened and collected, and what is said when it fails. */
struct opening {
	const struct listen_setup *setup;
	struct leg *legs[4];            /* udp and tcp, IPv4 and IPv6 */
	unsigned nlegs;
	struct buf *why;
};

static void close_last(struct opening *o)
{
	struct leg *leg = o->legs[--o->nlegs];

	leg->ops->close(leg);
}

static enum error make_leg(const struct listen_setup *s, enum transport t,
                           const struct addr *local, bool listens,
                           struct leg **out, const char **why)
{
	switch (t) {
	case TRANSPORT_UDP:
		return udp_leg_open(s->loop, s->dispatcher, local, out, why);
	case TRANSPORT_TCP:
		return tcp_leg_open(s->loop, s->dispatcher, local, out, why);
	case TRANSPORT_TLS:
		return tls_leg_open(s->loop, s->dispatcher, s->tls, local,
		                    listens, out, why);
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
		return ws_leg_open(s->loop, s->dispatcher, t, s->ws, local,
		                   listens, out, why);
	case TRANSPORT_NONE:
	case TRANSPORT_COUNT:
		break;
	}
	*why = error_text(ERR_NO_TRANSPORT);
	return ERR_NO_TRANSPORT;
}

static enum error open_leg(struct opening *o, enum transport t,
                           const struct addr *local, const char **why)
{
	struct leg *leg;
	enum error err = make_leg(o->setup, t, local, true, &leg, why);

	if (err == OK)
		o->legs[o->nlegs++] = leg;
	return err;
}

static enum error complain(struct opening *o, enum transport t,
                           const struct addr *local, enum error err,
                           const char *why)
{
	char text[ADDR_TEXT];

	buf_reset(o->why);
	buf_printf(o->why, "%s:%s: %s", transport_name(t),
	           addr_text(local, text), why);
	return err;
}

static enum error open_one(struct opening *o, enum transport t,
                           const struct addr *local)
{
	const char *why = "";
	enum error err = open_leg(o, t, local, &why);

	return err == OK ? OK : complain(o, t, local, err, why);
}

/* RFC 3261 18.1.1: who is reached over UDP must be reached over TCP at the
 * same port. A port that UDP got by chance may be taken in TCP. */
static enum error open_both(struct opening *o, const struct addr *local)
{
	struct addr same = *local;
	enum error err = ERR_ADDRESS_IN_USE;

	for (unsigned i = 0; i < PORT_TRIES; i++) {
		err = open_one(o, TRANSPORT_UDP, local);
		if (err != OK)
			return err;
		same.port = o->legs[o->nlegs - 1]->local.port;
		err = open_one(o, TRANSPORT_TCP, &same);
		if (err == OK)
			return OK;
		close_last(o);
		if (err != ERR_ADDRESS_IN_USE || local->port != 0)
			return err;
	}
	return err;
}

static enum error open_at(struct opening *o, enum transport t,
                          const struct addr *local)
{
	return t == TRANSPORT_NONE ? open_both(o, local)
	                           : open_one(o, t, local);
}

static bool is_lacking(enum error err)
{
	return err == ERR_NO_TRANSPORT || err == ERR_UNREACHABLE;
}

/* A family that this machine lacks is no failure, unless it lacks all that
 * were asked for. */
static enum error open_families(struct opening *o,
                                const struct listen_spec *spec,
                                struct listen_families families)
{
	bool all = families.ipv4 == families.ipv6;
	enum error err = ERR_NO_TRANSPORT;
	struct addr any = { .port = spec->addr.port };

	if (all || families.ipv4) {
		any.family = FAMILY_IPV4;
		err = open_at(o, spec->transport, &any);
		if (err != OK && !is_lacking(err))
			return err;
	}
	if (all || families.ipv6) {
		any.family = FAMILY_IPV6;
		err = open_at(o, spec->transport, &any);
		if (err != OK && !is_lacking(err))
			return err;
	}
	return o->nlegs > 0 ? OK : err;
}

enum error listen_open(const struct listen_setup *setup,
                       const struct listen_spec *spec,
                       struct listen_families families, struct buf *why)
{
	struct opening o = { .setup = setup, .why = why };
	enum error err;

	if (transport_is_secure(spec->transport)
	    && !tls_profile_check(setup->tls->own, true, why))
		return ERR_TLS;
	if (spec->addr.family == FAMILY_NONE)
		err = open_families(&o, spec, families);
	else
		err = open_at(&o, spec->transport, &spec->addr);
	if (err != OK) {
		while (o.nlegs > 0)
			close_last(&o);
		return err;
	}
	buf_reset(why);
	for (unsigned i = 0; i < o.nlegs; i++)
		dispatcher_add_leg(setup->dispatcher, o.legs[i]);
	return OK;
}

static bool has_family(const struct dispatcher *d, enum family family)
{
	LIST_EACH(it, dispatcher_legs(d))
		if (CONTAINER_OF(it, struct leg, node)->local.family == family)
			return true;
	return false;
}

static enum error add_outbound(const struct listen_setup *setup,
                               enum transport t, enum family family)
{
	struct addr any = { .family = family };
	const char *why;
	struct leg *leg;
	enum error err;

	if (!has_family(setup->dispatcher, family)
	    || dispatcher_leg_for(setup->dispatcher, t, family) != NULL)
		return OK;
	err = make_leg(setup, t, &any, false, &leg, &why);
	if (err == OK)
		dispatcher_add_leg(setup->dispatcher, leg);
	return err;
}

enum error listen_add_outbound(const struct listen_setup *setup)
{
	static const enum transport transports[] = {
		TRANSPORT_TLS, TRANSPORT_WS, TRANSPORT_WSS
	};
	enum error err = OK;

	for (size_t i = 0; err == OK && i < ARRAY_LEN(transports); i++) {
		err = add_outbound(setup, transports[i], FAMILY_IPV4);
		if (err == OK)
			err = add_outbound(setup, transports[i], FAMILY_IPV6);
	}
	return err;
}
