#ifndef CORE_TRANSPORT_SERVICE_H
#define CORE_TRANSPORT_SERVICE_H

/* What NAPTR and SRV records say of SIP: which transport a rule means, what
 * the SRV name of a transport is, and in which order servers are tried (RFC
 * 3263 4.1 and 4.2, RFC 2782, RFC 7118 for WebSocket). */

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/env.h"
#include "core/transport/lookup.h"

/* The transport of a terminal NAPTR rule for SIP ("SIP+D2U", "SIPS+D2T"),
 * any case; TRANSPORT_NONE for all other rules. */
enum transport service_of_rule(const struct record *naptr);
/* Whether a rule leads to SRV records ("s"), or else to addresses ("a"). */
bool service_rule_names_srv(const struct record *naptr);

/* "_sip._udp." and domain; false: no SRV name is defined for t. */
bool service_print_name(struct buf *out, enum transport t,
                        struct slice domain);

/* Sorts NAPTR records by order, then preference. */
void service_sort_rules(const struct record **rules, size_t n);
/* Orders SRV records: by priority, and within it by chance, such that each is
 * ahead in proportion to its weight (RFC 2782). */
void service_order_servers(struct env *env, const struct record **servers,
                           size_t n);

#endif
