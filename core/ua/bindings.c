/* Reads the bindings out of a registrar's answer. */

#include "core/ua/bindings.h"

#include "core/base/buf.h"
#include "core/base/list.h"

static uint32_t header_expires(const struct message *m, uint32_t default_s)
{
	uint32_t expires_s;

	return delta_seconds_parse(message_header(m, HEADER_EXPIRES, 0),
	                           &expires_s) ? expires_s : default_s;
}

static bool is_own(struct slice contact, const struct slice *own, size_t nown)
{
	for (size_t i = 0; i < nown; i++)
		if (uri_text_equal(contact, own[i]))
			return true;
	return false;
}

/* A parameter's text without its quotes; p NULL when absent. */
static enum error read_param(const struct contact *c, struct slice name,
                             struct arena *arena, struct slice *out)
{
	struct buf scratch = { 0 };
	enum error err = OK;
	struct slice value;

	*out = slice_make(NULL, 0);
	if (!params_find(c->addr.params, name, &value) || value.p == NULL)
		return OK;
	*out = arena_copy(arena, unquote(value, &scratch));
	if (buf_error(&scratch) != OK || out->p == NULL)
		err = ERR_NOMEM;
	buf_deinit(&scratch);
	return err;
}

static enum error read_params(const struct contact *c, struct arena *arena,
                              struct binding *b)
{
	const struct {
		struct slice name;
		struct slice *out;
	} params[] = {
		{ SLICE_INIT("+sip.instance"), &b->instance },
		{ SLICE_INIT("reg-id"), &b->reg_id },
		{ SLICE_INIT("received"), &b->received },
		{ SLICE_INIT("path"), &b->path },
	};

	for (size_t i = 0; i < ARRAY_LEN(params); i++) {
		enum error err = read_param(c, params[i].name, arena,
		                            params[i].out);

		if (err != OK)
			return err;
	}
	return OK;
}

static size_t count_contacts(const struct message *m)
{
	struct header_iter it = { 0 };
	struct slice value;
	size_t n = 0;

	while (message_next_value(m, HEADER_CONTACT, &it, &value))
		n++;
	return n;
}

enum error bindings_read(const struct message *m, const struct slice *own,
                         size_t nown, uint32_t default_s,
                         struct arena *arena, struct bindings *out)
{
	size_t n = count_contacts(m);
	struct bindings found = { NULL, 0 };
	struct header_iter it = { 0 };
	struct slice value;
	struct contact c;

	if (n != 0) {
		found.list = arena_alloc(arena, n * sizeof(*found.list));
		if (found.list == NULL)
			return ERR_NOMEM;
	}
	default_s = header_expires(m, default_s);
	while (message_next_value(m, HEADER_CONTACT, &it, &value)) {
		struct binding *b = &found.list[found.count];
		enum error err;

		if (!contact_parse(value, &c) || c.addr.star)
			continue;
		*b = (struct binding){
			.contact = c.addr.uri_text,
			.expires_s = c.has_expires ? c.expires_s : default_s,
			.has_q = c.has_q,
			.q_thousandths = c.q_thousandths,
			.self = is_own(c.addr.uri_text, own, nown),
		};
		err = read_params(&c, arena, b);
		if (err != OK)
			return err;
		found.count++;
	}
	*out = found;
	return OK;
}

uint32_t bindings_granted_s(const struct message *m,
                            const struct bindings *b, uint32_t default_s)
{
	uint32_t granted_s = 0;
	bool found = false;

	for (size_t i = 0; i < b->count; i++) {
		const struct binding *one = &b->list[i];

		if (!one->self)
			continue;
		if (!found || one->expires_s < granted_s)
			granted_s = one->expires_s;
		found = true;
	}
	return found ? granted_s : header_expires(m, default_s);
}
