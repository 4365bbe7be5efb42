/* register: an account's contacts, kept up. */

#include <stdlib.h>

#include "cli/commands/table.h"
#include "cli/registering.h"
#include "cli/request.h"

/* "<sip:...>;q=0.5": --q goes to every contact that has none of its own. */
static void add_q(struct buf *out, const struct args *args)
{
	struct slice q = args_text(args, "--q");

	if (q.p == NULL)
		return;
	buf_str(out, ";q=");
	buf_slice(out, q);
}

static void print_contact(struct buf *out, struct slice contact,
                          const struct args *args)
{
	struct name_addr parsed;
	struct slice q;

	if (contact.p[0] != '<' && slice_find(contact, '<') == contact.len) {
		buf_char(out, '<');
		buf_slice(out, contact);
		buf_char(out, '>');
		add_q(out, args);
		return;
	}
	buf_slice(out, contact);
	if (!name_addr_parse(contact, &parsed)
	    || !params_find(parsed.params, SLICE("q"), &q))
		add_q(out, args);
}

enum { CONTACTS_MAX = 16 };

struct contacts {
	struct buf texts[CONTACTS_MAX];
	struct slice values[CONTACTS_MAX];
	size_t n;
	struct buf params;
};

static bool read_contacts(struct item *item, const struct args *args,
                          struct contacts *out)
{
	struct name_addr parsed;

	add_q(&out->params, args);
	for (size_t i = 0; i < args_count(args, "--contact"); i++) {
		struct slice text = args_value(args, "--contact", i)->text;

		if (i == CONTACTS_MAX) {
			item_fail(item, CLASS_USAGE,
			          "--contact: at most %d of them",
			          CONTACTS_MAX);
			return false;
		}
		print_contact(&out->texts[i], text, args);
		out->values[i] = buf_view(&out->texts[i]);
		out->n = i + 1;
		if (name_addr_parse(out->values[i], &parsed)
		    && !parsed.star)
			continue;
		item_fail(item, CLASS_USAGE, "--contact: expected a URI or "
		          "'<URI>;q=0.5', got '%.*s'", SLICE_ARG(text));
		return false;
	}
	return true;
}

static enum run start(struct app *app, struct item *item,
                      const struct args *args, struct account *a,
                      const struct contacts *contacts)
{
	struct field fields[REQUEST_FIELDS_MAX];
	struct slice route = slice_str(a->proxy);
	uint32_t expires_s = a->expires_s != 0 ? a->expires_s
	                     : app->settings.expires_s;
	struct registration_params p = {
		.registrar = slice_str(a->registrar),
		.aor = slice_str(a->aor),
		.contacts = contacts->values,
		.ncontacts = contacts->n,
		.contact_params = buf_view(&contacts->params),
		.expires_s = (uint32_t)args_number(args, "--expires",
		                                   expires_s),
		.once = args_has(args, "--once"),
		.credentials = a->credentials,
		.fields = fields,
		.nfields = request_fields(app, args, SLICE("REGISTER"),
		                          fields),
		.routes = &route,
		.nroutes = a->proxy != NULL,
	};

	a->once = p.once;
	return registering_wait(a, item,
	                        registration_register(a->registration, &p));
}

static enum run register_run(struct app *app, struct item *item,
                             const struct args *args)
{
	struct contacts contacts = { 0 };
	struct account *a = registering_account(app, item,
	                                        args_text(args, "ACCOUNT"));
	enum run run = RUN_DONE;

	if (a == NULL)
		return RUN_DONE;
	if (read_contacts(item, args, &contacts))
		run = start(app, item, args, a, &contacts);
	for (size_t i = 0; i < CONTACTS_MAX; i++)
		buf_deinit(&contacts.texts[i]);
	buf_deinit(&contacts.params);
	return run;
}

const struct command cmd_register = {
	.name = "register",
	.summary = "register the account's contact, and keep it registered",
	.detail = "Without --contact it is the address we listen at. It is "
	          "refreshed before it\nexpires, and removed at the end "
	          "unless --once or --keep was given.",
	.args = {
		{ "ACCOUNT", ARG_ACCOUNT, 0, "the current one", 0, 0, NULL },
		{ "--expires", ARG_NUMBER, 0, "seconds to ask for", 1, 0,
		  NULL },
		{ "--contact", ARG_WORD, ARG_REPEATED,
		  "a URI, or '<URI>;q=0.5'", 0, 0, NULL },
		{ "--q", ARG_Q, 0, "preference of all contacts", 0, 0, NULL },
		{ "--once", ARG_FLAG, 0, "one REGISTER, left to expire", 0, 0,
		  NULL },
		{ "-H", ARG_HEADER, ARG_REPEATED, "a further header", 0, 0,
		  NULL },
		{ "--wait", ARG_FLAG, 0, "the prompt waits, too", 0, 0, NULL },
		{ "--nowait", ARG_FLAG, 0, "do not wait for the answer", 0, 0,
		  NULL },
	},
	.run = register_run,
};
