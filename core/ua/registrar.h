#ifndef CORE_UA_REGISTRAR_H
#define CORE_UA_REGISTRAR_H

/*
 * A small registrar in memory (RFC 3261 10.3) and redirect server: the
 * embedded default of demos and tries, and the tests' first peer.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/ua/endpoint.h"

struct registrar;

struct registrar_settings {
	struct slice realm;             /* digest realm; with no users: open */
	uint32_t min_expires_s;         /* shorter gets 423; 60 */
	uint32_t max_expires_s;         /* longer is cut; 3600 */
	uint32_t default_expires_s;     /* 3600 */
	uint32_t nonce_age_s;           /* 300; older is stale */
	unsigned max_bindings;          /* of one address of record: 10 */
	unsigned max_records;           /* addresses of record: 10,000 */
};
extern const struct registrar_settings registrar_settings_default;

/* Settings are copied. NULL: no memory. */
struct registrar *registrar_new(struct env *env,
                                const struct registrar_settings *s);
void registrar_free(struct registrar *r);
/* secret: password, or "HA1:" and hex. With one user or more, every REGISTER
 * is challenged, and a user may register but his own address of record. */
enum error registrar_add_user(struct registrar *r, struct slice user,
                              struct slice secret);

/*
 * Answers REGISTER (200, 400, 401, 403, 404, 423; 500 for a CSeq that does not
 * rise, 503 for too many bindings), and redirects INVITE, MESSAGE, and other
 * requests outside dialogs to the bindings of the Request-URI's address of
 * record: 302 with Contacts by q; 480 for a user without a binding, 404 for
 * anybody else. False: not for a registrar (ACK, BYE, OPTIONS without a user
 * part...), the application goes on.
 */
bool registrar_receive(struct registrar *r, struct endpoint *ep,
                       const struct incoming *in);

/* For tables. */
struct registrar_binding {
	struct slice aor, contact, call_id;
	uint32_t cseq, expires_s;
	bool has_q;
	uint32_t q_thousandths;
};
typedef void registrar_each_fn(const struct registrar_binding *b, void *arg);
void registrar_each(struct registrar *r, registrar_each_fn *fn, void *arg);

#endif
