/* What a registration is asked to be: copies of the user's parameters. */

#include "core/ua/registration_internal.h"

void texts_deinit(struct texts *t)
{
	arena_deinit(&t->arena);
	*t = (struct texts){ 0 };
}

/* p of *out may be NULL when n is 0 or when memory is short. */
static enum error copy_slices(struct arena *a, const struct slice *list,
                              size_t n, struct slice **out)
{
	*out = NULL;
	if (n == 0)
		return OK;
	*out = arena_alloc(a, n * sizeof(**out));
	if (*out == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		(*out)[i] = arena_copy(a, list[i]);
		if ((*out)[i].p == NULL)
			return ERR_NOMEM;
	}
	return OK;
}

enum error texts_set(struct texts *t, const struct slice *list, size_t n)
{
	struct texts copy = { .count = n };
	enum error err = copy_slices(&copy.arena, list, n, &copy.list);

	if (err != OK) {
		texts_deinit(&copy);
		return err;
	}
	texts_deinit(t);
	*t = copy;
	return OK;
}

bool registration_read_contact(struct slice value, struct contact *out)
{
	struct uri uri;

	if (uri_parse(value, &uri)) {
		*out = (struct contact){ .addr = { .uri = uri } };
		out->addr.uri_text = value;
		return true;
	}
	return contact_parse(value, out) && !out->addr.star;
}

static bool params_valid(const struct registration_params *p)
{
	struct name_addr aor;
	struct uri uri;

	return uri_parse(p->registrar, &uri)
	       && (uri.scheme == URI_SIP || uri.scheme == URI_SIPS)
	       && name_addr_parse(p->aor, &aor) && !aor.star;
}

/* "The userinfo and @ components MUST NOT be present" (10.2). */
static struct slice copy_registrar(struct arena *a, struct slice text)
{
	struct buf out = { 0 };
	struct slice copy;
	struct uri uri;

	if (!uri_parse(text, &uri))
		return slice_make(NULL, 0);
	uri_print_domain(&out, &uri);
	if (uri.params.len != 0) {
		buf_char(&out, ';');
		buf_slice(&out, uri.params);
	}
	copy = buf_error(&out) == OK ? arena_copy(a, buf_view(&out))
	                             : slice_make(NULL, 0);
	buf_deinit(&out);
	return copy;
}

static enum error copy_fields(struct arena *a, const struct field *list,
                              size_t n, const struct field **out)
{
	struct field *copy;

	*out = NULL;
	if (n == 0)
		return OK;
	copy = arena_alloc(a, n * sizeof(*copy));
	if (copy == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		copy[i].name = arena_copy(a, list[i].name);
		copy[i].value = list[i].value;
		if (list[i].value.p != NULL)
			copy[i].value = arena_copy(a, list[i].value);
		if (copy[i].name.p == NULL
		    || (list[i].value.p != NULL && copy[i].value.p == NULL))
			return ERR_NOMEM;
	}
	*out = copy;
	return OK;
}

static enum error copy_contacts(struct arena *a, const struct slice *list,
                                size_t n, struct wanted **out)
{
	struct wanted *copy;

	*out = NULL;
	if (n == 0)
		return OK;
	copy = arena_alloc(a, n * sizeof(*copy));
	if (copy == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		struct contact c;

		copy[i].value = arena_copy(a, list[i]);
		if (copy[i].value.p == NULL)
			return ERR_NOMEM;
		if (!registration_read_contact(copy[i].value, &c))
			return ERR_SYNTAX;
		copy[i].uri = c.addr.uri_text;
		copy[i].removed = false;
	}
	*out = copy;
	return OK;
}

static enum error copy_params(struct registration_params *to, struct arena *a,
                              const struct registration_params *p)
{
	struct slice *routes;
	enum error err;

	*to = *p;
	to->contacts = NULL;
	to->ncontacts = 0;
	to->registrar = copy_registrar(a, p->registrar);
	to->aor = arena_copy(a, p->aor);
	to->contact_params = arena_copy(a, p->contact_params);
	if (to->registrar.p == NULL || to->aor.p == NULL
	    || to->contact_params.p == NULL)
		return ERR_NOMEM;
	err = copy_slices(a, p->routes, p->nroutes, &routes);
	if (err != OK)
		return err;
	to->routes = routes;
	return copy_fields(a, p->fields, p->nfields, &to->fields);
}

enum error registration_adopt(struct registration *r,
                              const struct registration_params *p)
{
	struct registration_params want;
	struct arena arena = { 0 };
	struct wanted *contacts;
	enum error err;

	if (!params_valid(p))
		return ERR_SYNTAX;
	err = copy_params(&want, &arena, p);
	if (err == OK)
		err = copy_contacts(&arena, p->contacts, p->ncontacts,
		                    &contacts);
	if (err != OK) {
		arena_deinit(&arena);
		return err;
	}
	arena_deinit(&r->want_arena);
	r->want_arena = arena;
	r->want = want;
	r->contacts = contacts;
	r->ncontacts = p->ncontacts;
	return OK;
}
