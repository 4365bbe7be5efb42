#ifndef CORE_UA_BINDINGS_H
#define CORE_UA_BINDINGS_H

/* What a registrar says it holds: the Contacts of its 2xx (RFC 3261 10.3). */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/message/message.h"

struct binding {
	struct slice contact;           /* URI, without angle brackets */
	uint32_t expires_s;
	bool has_q;
	uint32_t q_thousandths;
	bool self;                      /* one of ours (19.1.4) */
	struct slice instance, reg_id, received, path;  /* p NULL: none */
};

struct bindings {
	struct binding *list;
	size_t count;
};

/*
 * Reads every Contact, over all fields and commas. own are our URIs; a
 * Contact without expires has what the Expires header says, else default_s
 * (10.2.4). One that is not readable is left out. Everything is in arena or
 * borrowed from m. ERR_NOMEM.
 */
enum error bindings_read(const struct message *m, const struct slice *own,
                         size_t nown, uint32_t default_s,
                         struct arena *arena, struct bindings *out);
/* What was granted to ours: the shortest, and without one of ours in the list
 * (a registrar that rewrote it) what bindings_read() takes for default. */
uint32_t bindings_granted_s(const struct message *m,
                            const struct bindings *b, uint32_t default_s);

#endif
