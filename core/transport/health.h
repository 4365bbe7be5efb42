#ifndef CORE_TRANSPORT_HEALTH_H
#define CORE_TRANSPORT_HEALTH_H

/*
 * Which targets failed lately, so that they are tried last for a while: 30 s,
 * and twice as long each time that one fails again, up to 10 minutes. Bounded:
 * the one that would be forgiven first gives way.
 */

#include "core/base/addr.h"

enum { HEALTH_MAX = 64 };

struct target {
	enum transport transport;
	struct addr addr;               /* with its port */
};

struct health_entry {
	struct target target;
	uint64_t until_us;
	uint32_t penalty_s;
};

/* Zeroed is empty. */
struct health {
	struct health_entry entries[HEALTH_MAX];
	size_t n;
};

/* A target that fails while it is tried last gets no longer sentence. */
void health_note_failure(struct health *h, uint64_t now_us,
                         const struct target *t);
void health_note_success(struct health *h, const struct target *t);
/* For how many seconds t is to be tried last; 0: it is well. */
uint32_t health_penalty_s(const struct health *h, uint64_t now_us,
                          const struct target *t);

#endif
