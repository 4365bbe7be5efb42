/* A registrar and redirect server over an in-memory location service. */

#include "core/ua/registrar.h"

#include <stdlib.h>

#include "core/ua/authenticator.h"
#include "core/ua/location.h"

const struct registrar_settings registrar_settings_default = {
	.realm = SLICE_INIT("sipsh"),
	.min_expires_s = 60,
	.max_expires_s = 3600,
	.default_expires_s = 3600,
	.nonce_age_s = 300,
	.max_bindings = 10,
	.max_records = 10000,
};

struct registrar {
	struct registrar_settings settings;     /* but realm: the
	                                         * authenticator's */
	struct authenticator *authenticator;
	struct location *location;
};

/* One request being served; the answer grows in status, reason and fields. */
struct job {
	struct registrar *r;
	const struct message *request;
	struct buf aor;                 /* canonical */
	struct buf user;                /* who has proved himself */
	struct buf contacts, min_expires, challenges;
	struct list changes;
	struct field fields[AUTHENTICATOR_CHALLENGES_MAX + 1];
	size_t nfields;
	unsigned status;
	struct slice reason;            /* empty: the usual one */
};

static void job_init(struct job *job, struct registrar *r,
                     const struct message *request)
{
	*job = (struct job){ .r = r, .request = request };
	list_init(&job->changes);
}

static void job_deinit(struct job *job)
{
	location_changes_free(&job->changes);
	buf_deinit(&job->aor);
	buf_deinit(&job->user);
	buf_deinit(&job->contacts);
	buf_deinit(&job->min_expires);
	buf_deinit(&job->challenges);
}

static bool job_end(struct job *job, unsigned status, struct slice reason)
{
	job->status = status;
	job->reason = reason;
	return false;
}

static bool job_fail(struct job *job, enum error err)
{
	return err == ERR_LIMIT
	       ? job_end(job, 503, SLICE("Too Many Bindings"))
	       : job_end(job, 500, SLICE_EMPTY);
}

static void job_add_field(struct job *job, enum header_id id,
                          struct slice value)
{
	job->fields[job->nfields++] = (struct field){
		header_table[id].name, value,
	};
}

static void job_challenge(struct job *job, bool stale)
{
	struct slice values[AUTHENTICATOR_CHALLENGES_MAX];
	size_t n = authenticator_challenges(job->r->authenticator, stale,
	                                    &job->challenges, values);

	for (size_t i = 0; i < n; i++)
		job_add_field(job, HEADER_WWW_AUTHENTICATE, values[i]);
	job_end(job, n == 0 ? 500 : 401, SLICE_EMPTY);
}

/* 10.3 step 3. */
static bool authenticate(struct job *job)
{
	struct authenticator *a = job->r->authenticator;

	if (!authenticator_has_users(a))
		return true;
	switch (authenticator_check(a, job->request, &job->user)) {
	case AUTHENTICATOR_PASS:
		return true;
	case AUTHENTICATOR_CHALLENGE:
		job_challenge(job, false);
		break;
	case AUTHENTICATOR_STALE:
		job_challenge(job, true);
		break;
	}
	return false;
}

/* 10.3 steps 4 and 5. */
static bool authorize(struct job *job)
{
	const struct uri *to = &job->request->to.uri;
	struct buf user = { 0 };
	bool own, complete;

	if ((to->scheme != URI_SIP && to->scheme != URI_SIPS)
	    || to->user.len == 0)
		return job_end(job, 404, SLICE_EMPTY);
	location_print_aor(&job->aor, to);
	uri_unescape(&user, to->user);
	own = !authenticator_has_users(job->r->authenticator)
	      || slice_eq(buf_view(&user), buf_view(&job->user));
	complete = buf_error(&user) == OK && buf_error(&job->user) == OK
	           && buf_error(&job->aor) == OK;
	buf_deinit(&user);
	if (!complete)
		return job_fail(job, ERR_NOMEM);
	return own || job_end(job, 403, SLICE_EMPTY);
}

/* What the Expires header asks; false: there is none. Nonsense counts as
 * absent, which is what 20.19 and 10.3 say but for the number. */
static bool header_expires(const struct message *m, uint32_t *out)
{
	struct slice value = message_header(m, HEADER_EXPIRES, 0);

	return value.p != NULL && delta_seconds_parse(value, out);
}

static uint32_t asked_expires(const struct job *job, const struct contact *c)
{
	uint32_t expires_s = job->r->settings.default_expires_s;

	if (c->has_expires)
		return c->expires_s;
	header_expires(job->request, &expires_s);
	return expires_s;
}

/* 10.3 step 6: alone, and with Expires: 0. */
static bool remove_all(struct job *job)
{
	const struct location_binding *b = NULL;
	struct location_record *record;
	struct header_iter it = { 0 };
	struct slice value;
	uint32_t expires_s;
	size_t n = 0;

	while (message_next_value(job->request, HEADER_CONTACT, &it, &value))
		n++;
	if (n != 1 || !header_expires(job->request, &expires_s)
	    || expires_s != 0)
		return job_end(job, 400, SLICE("Bad Wildcard"));

	record = location_find(job->r->location, buf_view(&job->aor));
	if (record == NULL)
		return true;
	while ((b = location_next_binding(record, b)) != NULL) {
		if (slice_eq(slice_str(b->call_id), job->request->call_id)
		    && b->cseq >= job->request->cseq.number)
			return job_end(job, 500, SLICE("CSeq Out Of Order"));
	}
	location_remove(record);
	return true;
}

/* 10.3 step 7 for one contact, but for the storing. */
static bool plan_change(struct job *job, const struct contact *c)
{
	const struct registrar_settings *s = &job->r->settings;
	const struct message *m = job->request;
	struct location_record *record =
		location_find(job->r->location, buf_view(&job->aor));
	const struct location_binding *old =
		location_find_binding(record, c->addr.uri_text);
	uint32_t expires_s = asked_expires(job, c);
	struct location_binding *b;

	if (expires_s != 0 && expires_s < s->min_expires_s) {
		buf_u64(&job->min_expires, s->min_expires_s);
		job_add_field(job, HEADER_MIN_EXPIRES,
		              buf_view(&job->min_expires));
		return job_end(job, 423, SLICE_EMPTY);
	}
	if (old != NULL && slice_eq(slice_str(old->call_id), m->call_id)
	    && old->cseq >= m->cseq.number)
		return job_end(job, 500, SLICE("CSeq Out Of Order"));

	b = location_change_new(c->addr.uri_text, m->call_id);
	if (b == NULL)
		return job_fail(job, ERR_NOMEM);
	b->cseq = m->cseq.number;
	b->expires_s = expires_s < s->max_expires_s ? expires_s
	                                            : s->max_expires_s;
	b->has_q = c->has_q;
	b->q_thousandths = c->q_thousandths;
	list_append(&job->changes, &b->node);
	return true;
}

/* 10.3 steps 6 and 7: all of it or nothing. */
static bool change_bindings(struct job *job)
{
	struct header_iter it = { 0 };
	struct slice value;
	struct contact c;
	enum error err;

	while (message_next_value(job->request, HEADER_CONTACT, &it, &value)) {
		if (!contact_parse(value, &c))
			return job_end(job, 400, SLICE("Bad Contact"));
		if (c.addr.star)
			return remove_all(job);
		if (!plan_change(job, &c))
			return false;
	}
	err = location_update(job->r->location, buf_view(&job->aor),
	                      &job->changes);
	return err == OK || job_fail(job, err);
}

/* ";q=0.5": up to three digits, as many as it takes. */
static void print_q(struct buf *out, uint32_t thousandths)
{
	unsigned rest = thousandths % 1000;

	buf_str(out, ";q=");
	buf_u64(out, thousandths / 1000);
	if (rest == 0)
		return;
	buf_char(out, '.');
	for (unsigned unit = 100; rest != 0; rest %= unit, unit /= 10)
		buf_char(out, (char)('0' + rest / unit));
}

/* The present bindings as one Contact field. False: there are none. */
static bool list_contacts(struct job *job, bool with_expires)
{
	const struct location_record *record =
		location_find(job->r->location, buf_view(&job->aor));
	const struct location_binding *b = NULL;
	struct buf *out = &job->contacts;

	if (record == NULL)
		return false;
	while ((b = location_next_binding(record, b)) != NULL) {
		buf_str(out, out->len == 0 ? "<" : ", <");
		buf_str(out, b->contact);
		buf_char(out, '>');
		if (b->has_q)
			print_q(out, b->q_thousandths);
		if (with_expires) {
			buf_str(out, ";expires=");
			buf_u64(out, location_left_s(b));
		}
	}
	if (buf_error(out) != OK)
		job_end(job, 500, SLICE_EMPTY);
	else
		job_add_field(job, HEADER_CONTACT, buf_view(out));
	return true;
}

static void serve_register(struct job *job)
{
	job->status = 200;
	if (authenticate(job) && authorize(job) && change_bindings(job))
		list_contacts(job, true);
}

/* 8.3: a redirect server's answer. */
static void serve_redirect(struct job *job)
{
	struct buf user = { 0 };

	location_print_aor(&job->aor, &job->request->uri);
	if (buf_error(&job->aor) != OK) {
		job_fail(job, ERR_NOMEM);
		return;
	}
	job->status = 302;
	if (list_contacts(job, false))
		return;
	uri_unescape(&user, job->request->uri.user);
	job_end(job, authenticator_knows(job->r->authenticator,
	                                 buf_view(&user)) ? 480 : 404,
	        SLICE_EMPTY);
	buf_deinit(&user);
}

/* Whether a request other than REGISTER asks where somebody is. */
static bool is_redirectable(const struct incoming *in)
{
	const struct uri *uri = &in->request->uri;

	if (in->dialog != NULL || in->request->to.tag.p != NULL
	    || (uri->scheme != URI_SIP && uri->scheme != URI_SIPS)
	    || uri->user.len == 0)
		return false;
	switch (in->request->method) {
	case METHOD_ACK:
	case METHOD_BYE:
	case METHOD_CANCEL:
	case METHOD_PRACK:
	case METHOD_UPDATE:
		return false;
	case METHOD_INFO:
	case METHOD_INVITE:
	case METHOD_MESSAGE:
	case METHOD_NOTIFY:
	case METHOD_OPTIONS:
	case METHOD_OTHER:
	case METHOD_PUBLISH:
	case METHOD_REFER:
	case METHOD_REGISTER:
	case METHOD_SUBSCRIBE:
	case METHOD_COUNT:
		break;
	}
	return true;
}

bool registrar_receive(struct registrar *r, struct endpoint *ep,
                       const struct incoming *in)
{
	bool registers = in->request->method == METHOD_REGISTER;
	struct job job;

	if (in->id == 0 || (!registers && !is_redirectable(in)))
		return false;
	job_init(&job, r, in->request);
	if (registers)
		serve_register(&job);
	else
		serve_redirect(&job);
	/* Where memory is too short for an answer, the client asks again. */
	(void)endpoint_new_response(ep, in->id, &(struct response_parts){
		.status = job.status,
		.reason = job.reason,
		.fields = job.fields,
		.nfields = job.nfields,
	});
	job_deinit(&job);
	return true;
}

enum error registrar_add_user(struct registrar *r, struct slice user,
                              struct slice secret)
{
	return authenticator_add_user(r->authenticator, user, secret);
}

struct each {
	registrar_each_fn *fn;
	void *arg;
};

static void each_binding(struct slice aor, const struct location_binding *b,
                         void *arg)
{
	struct each *each = arg;

	each->fn(&(struct registrar_binding){
		.aor = aor,
		.contact = slice_str(b->contact),
		.call_id = slice_str(b->call_id),
		.cseq = b->cseq,
		.expires_s = location_left_s(b),
		.has_q = b->has_q,
		.q_thousandths = b->q_thousandths,
	}, each->arg);
}

void registrar_each(struct registrar *r, registrar_each_fn *fn, void *arg)
{
	struct each each = { fn, arg };

	location_each(r->location, each_binding, &each);
}

struct registrar *registrar_new(struct env *env,
                                const struct registrar_settings *s)
{
	struct registrar *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->settings = *s;
	r->authenticator = authenticator_new(env, s->realm, s->nonce_age_s);
	r->location = location_new(env, s->max_bindings, s->max_records);
	if (r->authenticator == NULL || r->location == NULL) {
		registrar_free(r);
		return NULL;
	}
	return r;
}

void registrar_free(struct registrar *r)
{
	if (r == NULL)
		return;
	authenticator_free(r->authenticator);
	location_free(r->location);
	free(r);
}
