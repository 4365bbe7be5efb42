#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

/* What `set` knows: one row for each setting, with its check and its words. */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/transaction/transaction.h"
#include "core/ua/endpoint.h"

enum redirect_mode { REDIRECT_SHOW, REDIRECT_FOLLOW };
enum ring_mode { RING_AUTO, RING_MANUAL };

/* The values; where core has a struct of its own it is that which counts. */
struct settings {
	struct transaction_settings transaction;        /* t1 t2 t4 max-transactions */
	struct endpoint_settings endpoint;      /* max-calls user-agent */
	struct message_limits limits;
	enum redirect_mode redirect;            /* and redirect-hops, 5 */
	unsigned redirect_hops;
	enum ring_mode ring;
	uint64_t ring_timeout_ms;               /* 180 s */
	uint64_t timeout_ms;                    /* of each command; 0: none */
	uint32_t expires_s;                     /* of register: 3600 */
	uint64_t keepalive_ms;                  /* 2 min; 0: none */
	bool show_secrets;
	char user_agent[128];
};
void settings_init(struct settings *s);
/* What endpoint.allow is, and what it is where we serve a registrar. */
extern const struct slice settings_allow, settings_allow_registrar;

/* Sets NAME to VALUE. ERR_NOT_FOUND (no such setting), ERR_SYNTAX with why: "t1:
 * expected a duration, got 'x'". */
enum error settings_set(struct settings *s, struct slice name,
                        struct slice value, struct buf *why);
/* The nth setting's name, value and what it does; false past the last. */
bool settings_get(const struct settings *s, size_t n, struct slice *name,
                  struct buf *value, struct slice *help);

#endif
