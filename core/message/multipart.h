#ifndef CORE_MESSAGE_MULTIPART_H
#define CORE_MESSAGE_MULTIPART_H

/* Bodies of several parts: RFC 2046 5.1, RFC 5621. Slices borrow from the
 * body. */

#include <stdbool.h>

#include "core/message/header.h"

/* One part of a multipart body: start with *rest = the body. boundary is
 * unquoted. False at the end. A last part without its closing delimiter
 * is given out all the same. */
bool multipart_next(struct slice *rest, struct slice boundary,
                    struct slice *part_headers, struct slice *part_body);

/*
 * body itself when its Content-Type is type/subtype, else the first part
 * that has this type, of a multipart body of whatever subtype, also nested.
 * Nesting at most 4, parts at most 32. False when there is none.
 */
bool multipart_find(struct slice content_type, struct slice body,
                    struct slice type, struct slice subtype,
                    struct slice *out);

#endif
