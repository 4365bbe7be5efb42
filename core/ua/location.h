#ifndef CORE_UA_LOCATION_H
#define CORE_UA_LOCATION_H

/*
 * The location service of a registrar (RFC 3261 10.3): which contacts an
 * address of record has now. In memory; a binding leaves by itself when its
 * time is over, and a record with its last binding.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/env.h"
#include "core/base/list.h"
#include "core/message/uri.h"

struct location;
struct location_record;

struct location_binding {
	struct list node;               /* of its record, or of changes */
	struct location_record *record; /* NULL: not in use yet */
	struct timer expiry;
	char *contact, *call_id;        /* owned; contact is a URI */
	uint32_t cseq;
	uint32_t expires_s;             /* from now on when it is put in use;
	                                 * 0: remove what has this contact */
	bool has_q;
	uint32_t q_thousandths;
};

/* NULL: no memory. */
struct location *location_new(struct env *env, unsigned max_bindings,
                              unsigned max_records);
void location_free(struct location *l);         /* accepts NULL */

/*
 * Appends the canonical form of an address of record (10.3, step 5): user
 * part without escapes, host in lower case, no parameters. Scheme and port
 * are left out: this registrar serves one resource under all its ports.
 */
void location_print_aor(struct buf *out, const struct uri *uri);

/* By canonical form; NULL when there is no binding. */
struct location_record *location_find(const struct location *l,
                                      struct slice aor);
/* The binding behind prev, the first one where prev is NULL; NULL at the end.
 * Highest q first (none counts as 1), and among equals the latest. */
const struct location_binding *
location_next_binding(const struct location_record *record,
                      const struct location_binding *prev);
/* By contact (19.1.4); NULL record or none such: NULL. */
const struct location_binding *
location_find_binding(const struct location_record *record,
                      struct slice contact);
uint32_t location_left_s(const struct location_binding *b);     /* rounded up */

/* A change to be made, with copies of both texts; NULL: no memory. */
struct location_binding *location_change_new(struct slice contact,
                                             struct slice call_id);
/* Frees those of a list of changes that were not made. */
void location_changes_free(struct list *changes);
/*
 * Makes all changes or, on an error, none: each replaces the binding that has
 * the same contact. Bindings put in use leave the list. ERR_LIMIT: more
 * bindings, or records, than there may be. ERR_NOMEM.
 */
enum error location_update(struct location *l, struct slice aor,
                           struct list *changes);
/* Removes record and all its bindings. */
void location_remove(struct location_record *record);

typedef void location_each_fn(struct slice aor,
                              const struct location_binding *b, void *arg);
void location_each(struct location *l, location_each_fn *fn, void *arg);

#endif
