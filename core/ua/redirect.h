#ifndef CORE_UA_REDIRECT_H
#define CORE_UA_REDIRECT_H

/* The targets that redirections offer for one request (RFC 3261 8.1.3.4):
 * in order of q, none twice. */

#include <stdbool.h>
#include <stddef.h>

#include "core/message/message.h"

/* More than this of one request are not remembered. */
enum { REDIRECT_TARGETS = 32 };

struct redirect {
	struct redirect_target {
		char *uri;              /* owned */
		size_t len;
		uint32_t q_thousandths;
		bool tried;
	} targets[REDIRECT_TARGETS];
	size_t n;
	unsigned hops;                  /* taken so far */
};

/* Zeroed is initialised. first is the URI that was asked: not to be tried
 * again. ERR_NOMEM. */
enum error redirect_begin(struct redirect *r, struct slice first);
void redirect_deinit(struct redirect *r);

/* Remembers the Contacts of a 3xx that are new, and fit: sip or sips; sips
 * alone for a request to a sips URI. ERR_NOMEM. */
enum error redirect_add(struct redirect *r, const struct message *response,
                        bool secure);
/* The best that was not tried yet, fit for a Request-URI; it then counts as
 * tried. False: there is none. */
bool redirect_next(struct redirect *r, struct slice *uri);

#endif
