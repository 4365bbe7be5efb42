#ifndef CORE_UA_DIALOG_H
#define CORE_UA_DIALOG_H

/* A dialog's state (RFC 3261 12): what both sides agreed by the messages so
 * far. No timers and no sending: the context does that. */

#include <stdbool.h>
#include <stdint.h>

#include "core/message/message.h"

enum dialog_state { DIALOG_EARLY, DIALOG_CONFIRMED, DIALOG_TERMINATED };

struct dialog;

/* The texts below are borrowed until the dialog changes. */
enum dialog_state dialog_state(const struct dialog *d);
struct slice dialog_call_id(const struct dialog *d);
struct slice dialog_local_tag(const struct dialog *d);
/* May be empty: a null tag (12.1). */
struct slice dialog_remote_tag(const struct dialog *d);
struct slice dialog_remote_target(const struct dialog *d);
/* From and To values of requests that we send in it. */
struct slice dialog_local(const struct dialog *d);
struct slice dialog_remote(const struct dialog *d);
uint32_t dialog_local_cseq(const struct dialog *d);
/* Both sides want sips all the way (12.1). */
bool dialog_is_secure(const struct dialog *d);
/* We sent the request that made it. */
bool dialog_is_caller(const struct dialog *d);
/* Route values in order of travel; false when n is past the last. */
bool dialog_route(const struct dialog *d, size_t n, struct slice *out);

#endif
