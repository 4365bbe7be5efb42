#ifndef TESTS_SEEKER_H
#define TESTS_SEEKER_H

/* Somebody who looks for targets in the rig's zone, and what he found. */

#include "core/transport/locate.h"
#include "tests/rig.h"

extern struct seeker {
	struct rig rig;
	struct locator *locator;
	unsigned calls;                 /* reports so far; the last: */
	enum error err;
	char text[200];
	struct target targets[LOCATE_TARGETS_MAX];
	struct planned plan[LOCATE_TARGETS_MAX];        /* of seeker_plan() */
	size_t n;
} seeker;

/* For a fixture; all transports but WS, both families. */
void seeker_set_up(void);
void seeker_tear_down(void);
/* Begins anew with this resolver, at the same time in the same zone. */
void seeker_restart(const struct lookup_ops *ops);
void seeker_prefer(bool ipv4, bool ipv6);
/* RIG_UDP | RIG_TCP, both families. */
void seeker_prefer_only(unsigned transports);

uint64_t seeker_locate(const char *uri);
/* The same, and waits for what comes at once. */
void seeker_find(const char *uri);
void seeker_plan(const char *uri);
/* Fails unless all of it is "udp 192.0.2.1:5060, tcp ...". */
void seeker_check(const char *want, const char *why);
/* How many lookups seeker_find() takes now. */
uint64_t seeker_lookups(const char *uri);

/* locate_failed(), over UDP. */
void seeker_mark_failed(const char *addr);

void seeker_add_srv(const char *owner, uint16_t priority, uint16_t weight,
                    uint16_t port, const char *target);
void seeker_add_rule(const char *owner, uint16_t order, uint16_t preference,
                     const char *flags, const char *service,
                     const char *replacement);

#endif
