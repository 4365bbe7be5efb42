#ifndef CORE_UA_ACK_H
#define CORE_UA_ACK_H

/*
 * The ACK of a 2xx (RFC 3261 13.2.2.4): made from the dialog, with the
 * INVITE's CSeq number and credentials and a branch of its own; kept as it
 * went out, to be sent again for each repeated 2xx, for 64*T1.
 */

#include "core/ua/internal.h"

struct ack;

/* Sends it as soon as its next hop is found. invite tells the CSeq number and
 * the credentials: NULL, when there are none and the number is cseq. It is
 * read before the call returns; it may be the scratch message. ERR_NOMEM,
 * ERR_SYNTAX. */
enum error ack_send(struct dialog *d, uint32_t cseq,
                    const struct message *invite,
                    const struct ack_parts *parts);
/* That of d for the INVITE with this CSeq number; or NULL. */
struct ack *ack_find(struct dialog *d, uint32_t cseq);
void ack_repeat(struct ack *a);
void ack_free(struct ack *a);
/* All of ctx. */
void ack_free_all(struct context *ctx);

#endif
