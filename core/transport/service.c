/* NAPTR rules and SRV records: what they mean, and their order. */

#include "core/transport/service.h"

#include <stdlib.h>

/* RFC 3263 4.1 and 10.1, RFC 7118 9.2. */
static const struct {
	struct slice rule;
	enum transport transport;
} rules_of_sip[] = {
	{ SLICE_INIT("SIP+D2U"),  TRANSPORT_UDP },
	{ SLICE_INIT("SIP+D2T"),  TRANSPORT_TCP },
	{ SLICE_INIT("SIPS+D2T"), TRANSPORT_TLS },
	{ SLICE_INIT("SIP+D2W"),  TRANSPORT_WS },
	{ SLICE_INIT("SIPS+D2W"), TRANSPORT_WSS },
};

bool service_rule_names_srv(const struct record *naptr)
{
	return slice_eq_nocase(naptr->flags, SLICE("s"));
}

/* Rules for SIP are terminal: one without a flag leads to further rules, and
 * could lead in circles. */
enum transport service_of_rule(const struct record *naptr)
{
	if (!service_rule_names_srv(naptr)
	    && !slice_eq_nocase(naptr->flags, SLICE("a")))
		return TRANSPORT_NONE;
	for (size_t i = 0; i < ARRAY_LEN(rules_of_sip); i++)
		if (slice_eq_nocase(naptr->service, rules_of_sip[i].rule))
			return rules_of_sip[i].transport;
	return TRANSPORT_NONE;
}

bool service_print_name(struct buf *out, enum transport t,
                        struct slice domain)
{
	switch (t) {
	case TRANSPORT_UDP:
		buf_str(out, "_sip._udp.");
		break;
	case TRANSPORT_TCP:
		buf_str(out, "_sip._tcp.");
		break;
	case TRANSPORT_TLS:
		buf_str(out, "_sips._tcp.");
		break;
	case TRANSPORT_WS:
	case TRANSPORT_WSS:
	case TRANSPORT_NONE:
	case TRANSPORT_COUNT:
		return false;
	}
	buf_slice(out, domain);
	return true;
}

static int compare_rules(const void *a, const void *b)
{
	const struct record *const *one = a, *const *two = b;

	if ((*one)->priority != (*two)->priority)
		return (*one)->priority < (*two)->priority ? -1 : 1;
	return (int)(*one)->weight - (int)(*two)->weight;
}

void service_sort_rules(const struct record **rules, size_t n)
{
	qsort(rules, n, sizeof(*rules), compare_rules);
}

/* RFC 2782 wants those of weight 0 first, so that they have a small chance. */
static int compare_servers(const void *a, const void *b)
{
	const struct record *const *one = a, *const *two = b;

	if ((*one)->priority != (*two)->priority)
		return (*one)->priority < (*two)->priority ? -1 : 1;
	return ((*one)->weight != 0) - ((*two)->weight != 0);
}

static size_t same_priority(const struct record *const *servers, size_t n)
{
	size_t i = 0;

	while (i < n && servers[i]->priority == servers[0]->priority)
		i++;
	return i;
}

/* Which of them is next: the first at which the running sum of the weights
 * reaches a number that is drawn. */
static size_t draw(struct env *env, const struct record *const *servers,
                   size_t n)
{
	uint64_t sum = 0, drawn;
	size_t i;

	for (i = 0; i < n; i++)
		sum += servers[i]->weight;
	drawn = env_random_below(env, sum + 1);
	sum = servers[0]->weight;
	for (i = 0; sum < drawn; sum += servers[i]->weight)
		i++;
	return i;
}

/* The rest keeps its order: weight 0 stays ahead. */
static void move_to_front(const struct record **servers, size_t at)
{
	const struct record *chosen = servers[at];

	for (; at > 0; at--)
		servers[at] = servers[at - 1];
	servers[0] = chosen;
}

void service_order_servers(struct env *env, const struct record **servers,
                           size_t n)
{
	qsort(servers, n, sizeof(*servers), compare_servers);
	while (n > 0) {
		size_t group = same_priority(servers, n);

		n -= group;
		for (; group > 0; group--, servers++)
			move_to_front(servers, draw(env, servers, group));
	}
}
