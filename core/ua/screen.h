#ifndef CORE_UA_SCREEN_H
#define CORE_UA_SCREEN_H

/* What RFC 3261 8.2 answers to a request without asking anybody, by the
 * request and our settings alone. */

#include "core/base/buf.h"
#include "core/message/message.h"
#include "core/ua/endpoint.h"

struct refusal {
	unsigned status;
	struct slice reason;            /* empty: that of the status */
	struct field fields[3];
	size_t nfields;
	struct buf text;                /* what fields had to have written */
};

/* True: the request may pass. False: out says how to refuse it;
 * refusal_deinit() it. */
bool screen_request(const struct endpoint_settings *s,
                    const struct message *m, struct refusal *out);
void refusal_deinit(struct refusal *r);

/* s->allow, or any other list value, has this token; case matters. */
bool screen_lists(struct slice list, struct slice token);

#endif
