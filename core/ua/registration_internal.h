#ifndef CORE_UA_REGISTRATION_INTERNAL_H
#define CORE_UA_REGISTRATION_INTERNAL_H

/* A registration between its own files: what is wanted
 * (registration_params.c), what is sent (registration_request.c), and what
 * becomes of it (registration.c). */

#include "core/ua/registration.h"

enum operation_kind {
	OPERATION_REGISTER,
	OPERATION_REFRESH,
	OPERATION_UNREGISTER,
	OPERATION_REMOVE,
	OPERATION_REMOVE_ALL,
	OPERATION_QUERY
};

struct operation {
	struct list node;
	enum operation_kind kind;
	char *contact;                  /* of OPERATION_REMOVE; owned */
};

/* A Contact that the user wants. */
struct wanted {
	struct slice value;             /* as given */
	struct slice uri;               /* of value */
	bool removed;                   /* since, and not to be refreshed */
};

/* A list of texts with its memory. */
struct texts {
	struct arena arena;
	struct slice *list;
	size_t count;
};

struct registration {
	struct endpoint *ep;
	registration_fn *fn;
	void *arg;
	struct registration_params want; /* but its contacts */
	struct wanted *contacts;        /* none: the leg's */
	size_t ncontacts;
	struct arena want_arena;        /* all of these three */
	char call_id[ENV_TOKEN_LEN];
	uint32_t cseq;                  /* the last one used */
	struct list queue;
	unsigned queued;
	struct operation *current;      /* NULL: none is under way */
	uint64_t context;               /* of its REGISTER; 0: none is out */
	bool obeyed_423;                /* in the current operation */
	uint32_t min_expires_s;         /* what a 423 has taught */
	bool keep;                      /* it was up, and is to stay so */
	uint64_t expires_at_us;
	unsigned failures;              /* in a row */
	struct timer next, refresh;
	struct keepalive alive;         /* the flow of the last 2xx */
	uint64_t flow_since_us;         /* it is that one */
	unsigned losses;                /* of such flows, none of which held */
	struct texts own;               /* the URIs that were registered */
	struct texts service_routes;
};

/* --- registration_params.c --- */

void texts_deinit(struct texts *t);
/* t becomes a copy of list, or stays as it is. ERR_NOMEM. */
enum error texts_set(struct texts *t, const struct slice *list, size_t n);
/* Takes new parameters, or keeps the old. ERR_SYNTAX, ERR_NOMEM. */
enum error registration_adopt(struct registration *r,
                              const struct registration_params *p);
/* A Contact that a user gave: a URI as such, with its parameters its own, or a
 * name-addr. */
bool registration_read_contact(struct slice value, struct contact *out);

/* --- registration.c --- */

/* How long to wait after so many failures before: RFC 5626 4.5. */
uint64_t registration_backoff_ms(struct registration *r, unsigned failures);
/* Instead of when it would be refreshed. */
void registration_refresh_in(struct registration *r, uint64_t wait_ms);

/* --- registration_flow.c --- */

/* Watches the flow that o, a 2xx, came over, and pings it: a stream always;
 * UDP where a NAT is on the way, which forgets. */
void registration_keep_flow(struct registration *r, const struct outcome *o);

/* --- registration_request.c --- */

/* The current operation registers: it is no removal and no query. */
bool registration_registers(const struct registration *r);
/* expires_s, raised to what a 423 has taught; 0 removes and stays. */
uint32_t registration_asked_s(const struct registration *r,
                              uint32_t expires_s);
/* Sends the current operation's REGISTER; fn hears of it. */
enum error registration_send(struct registration *r, response_fn *fn);
/* The URIs that the operation's REGISTER, or one that registers, has for
 * ours; the leg's is that of the flow it went over. ERR_NOMEM. */
enum error registration_own_contacts(const struct registration *r,
                                     const struct flow *flow,
                                     struct texts *out);

#endif
