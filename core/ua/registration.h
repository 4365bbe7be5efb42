#ifndef CORE_UA_REGISTRATION_H
#define CORE_UA_REGISTRATION_H

/*
 * A registration kept up (RFC 3261 10.2): one Call-ID and a rising CSeq over
 * its refreshes; and single operations on the same address of record: a
 * query, the removal of one binding or of all.
 *
 * It is refreshed a tenth of its time before it expires, at least 5 s, at
 * most half of its time. A refresh that fails is tried again after 30 s, then
 * doubling up to 30 min, each cut by up to a half at random (RFC 5626 4.5), and
 * never before Retry-After; unless it was our credentials that were refused:
 * then nothing more is sent, lest the account be locked. When the flow that it
 * came over is lost, it is refreshed at once; should the new one not hold for
 * 2 min, after the same waits as above. A first REGISTER that
 * fails is not tried again: who asked for it has been told.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/ua/bindings.h"
#include "core/ua/endpoint.h"

struct registration;

/* All is copied, but credentials. */
struct registration_params {
	struct slice registrar;         /* Request-URI, "sip:example.com" */
	struct slice aor;               /* name-addr or URI of From and To */
	const struct slice *contacts;   /* URIs, or name-addrs with parameters;
	                                 * n 0: the leg's */
	size_t ncontacts;
	struct slice contact_params;    /* ";q=0.5" for the leg's, or empty */
	uint32_t expires_s;             /* asked for */
	bool once;                      /* one REGISTER, left to expire */
	struct credentials *credentials;
	const struct field *fields;
	size_t nfields;
	const struct slice *routes;
	size_t nroutes;
};

enum registration_event {
	REGISTRATION_OK,        /* registered, or refreshed */
	REGISTRATION_FAILED,    /* this try; see next_try_ms */
	REGISTRATION_REMOVED,   /* our bindings, one, or all are gone */
	REGISTRATION_BINDINGS   /* a query's answer */
};

struct registration_report {
	enum registration_event event;
	const struct outcome *outcome;  /* of the last REGISTER */
	uint32_t expires_s;             /* granted to our (shortest) contact */
	const struct binding *bindings; /* of a 2xx */
	size_t nbindings;
	bool refresh;                   /* of its own accord, no command */
	bool flow_lost;                 /* FAILED: no REGISTER was, but the
	                                 * flow of the last */
	int64_t next_try_ms;            /* FAILED: when we try again of our own
	                                 * accord; -1: never */
};
/* One for each operation asked for, each refresh, and each flow lost; never
 * from inside the functions below. Dies when this returns; may free the
 * registration. A 423 that asks for more time is obeyed once (10.2.8) and not
 * told of; a second one, or one that asks for nothing, is FAILED with
 * ERR_PROTOCOL in the outcome. */
typedef void registration_fn(struct registration *r,
                             const struct registration_report *report,
                             void *arg);

/* NULL with *err: ERR_SYNTAX, ERR_NOMEM. Sends nothing yet. To be freed
 * before ep is. */
struct registration *registration_new(struct endpoint *ep,
                                      const struct registration_params *p,
                                      registration_fn *fn, void *arg,
                                      enum error *err);
/* Sends nothing; stops refreshing. Accepts NULL. */
void registration_free(struct registration *r);

/*
 * Registers, or refreshes now; with new parameters where p is not NULL.
 *
 * This and the others are done one after another (10.2.4: one REGISTER at a
 * time). ERR_LIMIT: too many are waiting; ERR_SYNTAX, ERR_NOMEM, and what
 * endpoint_new_request() says: fn is then not called for it.
 */
enum error registration_register(struct registration *r,
                                 const struct registration_params *p);
/* Removes our contacts (Expires 0), and stops refreshing. */
enum error registration_unregister(struct registration *r);
/* Removes this one contact, a URI; one of ours is not refreshed any more. */
enum error registration_remove(struct registration *r, struct slice contact);
/* Contact: *, Expires: 0. */
enum error registration_remove_all(struct registration *r);
/* A REGISTER without Contact: bindings stay as they are. */
enum error registration_query(struct registration *r);

bool registration_is_active(const struct registration *r);
/* An operation is under way. */
bool registration_is_busy(const struct registration *r);
/* Until our binding expires; 0: not registered. */
uint32_t registration_left_s(const struct registration *r);
struct slice registration_aor(const struct registration *r);
struct slice registration_registrar(const struct registration *r);
/* From the last 2xx: what to preset as Route (RFC 3608); false past the
 * last. */
bool registration_service_route(const struct registration *r, size_t n,
                                struct slice *out);

#endif
