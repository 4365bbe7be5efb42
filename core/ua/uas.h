#ifndef CORE_UA_UAS_H
#define CORE_UA_UAS_H

/* What arrives from the transaction layer (RFC 3261 8.2, 9.2, 12.2.2, 14.2,
 * 15.1.2). */

#include "core/ua/internal.h"

/* For transactions_set_user(); arg is the endpoint. */
request_fn uas_take_request;
stray_fn uas_take_stray;

#endif
