#ifndef CLI_EVENT_H
#define CLI_EVENT_H

/*
 * An event: what happened, with the keys of CLI.md section 5. One event
 * serves the text line, the JSON object, and wait and expect.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/list.h"
#include "core/message/message.h"

enum event_value_kind {
	EVENT_TEXT, EVENT_NUMBER, EVENT_INTEGER, EVENT_BOOL, EVENT_NULL,
	EVENT_LIST              /* of objects or texts: text holds JSON */
};

struct event_field {
	const char *key;                /* static */
	enum event_value_kind kind;
	double number;
	int64_t integer;                /* EVENT_BOOL too */
	size_t offset, len;             /* of its text in event.texts */
};

enum { EVENT_FIELDS_MAX = 24 };

struct event {
	struct list node;
	unsigned references;
	const char *name;               /* "call.answered"; static */
	uint64_t seq;                   /* set when it is emitted */
	int64_t wall_us;
	struct event_field fields[EVENT_FIELDS_MAX];
	unsigned nfields;
	struct buf texts;
	struct buf wire;                /* the message it tells of, secrets
	                                 * redacted; empty: none */
};

/* Every event name of the contract, NULL at the end, sorted. */
extern const char *const event_names[];
bool event_name_is_known(struct slice name);

struct event *event_new(const char *name);      /* NULL: no memory */
void event_release(struct event *e);
/* Each copies its text. An event takes at most EVENT_FIELDS_MAX; a key that
 * is set again is replaced. A NULL e is accepted and ignored, so that out of
 * memory needs one check only. */
void event_text(struct event *e, const char *key, struct slice text);
void event_number(struct event *e, const char *key, double n);
void event_integer(struct event *e, const char *key, int64_t n);
void event_bool(struct event *e, const char *key, bool b);
void event_null(struct event *e, const char *key);
/* text is JSON already: a list or an object. */
void event_json(struct event *e, const char *key, struct slice text);
/* Keeps a copy of the message, for headers{} and body, with secrets redacted
 * unless show_secrets. */
void event_wire(struct event *e, const struct message *m, bool show_secrets);

/*
 * The value of a key as text, for wait, expect and variables. Dotted names
 * reach into headers ("header.Subject", any case) and objects
 * ("error.class", "rtp.rx"). False: the event has no such key.
 */
bool event_value(const struct event *e, struct slice key, struct buf *out);
/* The object as one line of JSON without a newline (jansson). */
enum error event_print_json(const struct event *e, struct buf *out);
/* Its own fields alone: for an object inside another. */
enum error event_print_fields(const struct event *e, struct buf *out);
/* Copies all fields of from (which may be NULL) into e. */
void event_merge(struct event *e, const struct event *from);

#endif
