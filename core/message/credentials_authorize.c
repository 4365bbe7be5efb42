/* Answering what was remembered of challenges: Authorization lines. */

#include "core/message/credentials_internal.h"

static const char *const answer_names[ASKER_COUNT] = {
	[ASKER_SERVER] = "Authorization",
	[ASKER_PROXY]  = "Proxy-Authorization",
};

/* An answer made for one server is none of another's business: it can be
 * searched for the password. A proxy of the account's own sees what passes
 * through it, wherever that goes. */
static bool is_for(const struct credentials *c, const struct realm *r,
                   enum asker asker, const struct auth_request *req)
{
	const struct answer *a = &r->answers[asker];

	if (!a->ready || !credentials_in_scope(c, r, asker, req)
	    || !credentials_same_host(buf_view(&a->next_hop),
	                              req->next_hop_host))
		return false;
	if (asker == ASKER_PROXY && !r->granted.present
	    && credentials_own_host(c, req->next_hop_host))
		return true;
	return credentials_same_host(buf_view(&a->request_host),
	                             req->request_host);
}

static void print_quoted(struct buf *out, const char *name,
                         struct slice value)
{
	buf_str(out, name);
	buf_quoted(out, value);
}

static void print_answer(struct buf *out, const struct digest_input *in,
                         const struct answer *a, const char *response)
{
	char userhash[DIGEST_HEX_MAX], nc[9];
	struct slice user = in->user;

	if (a->userhash && digest_userhash(in->algorithm, in->user, in->realm,
	                                   userhash))
		user = slice_str(userhash);
	print_quoted(out, ": Digest username=", user);
	print_quoted(out, ", realm=", in->realm);
	print_quoted(out, ", nonce=", in->nonce);
	print_quoted(out, ", uri=", in->uri);
	print_quoted(out, ", response=", slice_str(response));
	buf_str(out, ", algorithm=");
	buf_str(out, digest_algorithm_name(in->algorithm));
	if (in->qop != QOP_NONE || digest_is_session(in->algorithm))
		print_quoted(out, ", cnonce=", in->cnonce);
	if (in->qop != QOP_NONE) {
		digest_print_nc(in->nc, nc);
		buf_str(out, ", qop=");
		buf_str(out, digest_qop_name(in->qop));
		buf_str(out, ", nc=");
		buf_str(out, nc);
	}
	if (a->has_opaque)
		print_quoted(out, ", opaque=", buf_view(&a->opaque));
	if (a->userhash)
		buf_str(out, ", userhash=true");
	buf_str(out, "\r\n");
}

static void authorize(struct realm *r, const struct login *login,
                      enum asker asker, struct env *env,
                      const struct auth_request *req, struct buf *out)
{
	struct answer *a = &r->answers[asker];
	struct slice secret = buf_view(&login->secret);
	struct digest_input in = {
		.algorithm = a->algorithm, .qop = a->qop,
		.user = buf_view(&login->user), .realm = buf_view(&r->name),
		.password = secret, .ha1 = digest_secret_ha1(secret),
		.nonce = buf_view(&a->nonce),
		.cnonce = slice_make(a->cnonce, ENV_TOKEN_LEN),
		.method = req->method, .uri = req->uri, .body = req->body,
	};
	char response[DIGEST_HEX_MAX];

	if (a->nc == 0)
		env_token(env, a->cnonce);
	in.nc = ++a->nc;
	/* The login may have changed since the algorithm was chosen. */
	if (!digest_compute(&in, response)) {
		a->ready = false;
		return;
	}
	buf_str(out, answer_names[asker]);
	print_answer(out, &in, a, response);
}

enum error credentials_authorize(struct credentials *c, struct env *env,
                                 const struct auth_request *req,
                                 struct buf *out)
{
	LIST_EACH(it, &c->realms) {
		struct realm *r = CONTAINER_OF(it, struct realm, node);
		const struct login *login = credentials_login(c, r);

		for (unsigned i = 0; login != NULL && i < ASKER_COUNT; i++)
			if (is_for(c, r, (enum asker)i, req))
				authorize(r, login, (enum asker)i, env, req,
				          out);
	}
	return buf_error(out);
}

/* Authentication-Info names no realm: the cnonce says whose it is, or else
 * the call that was challenged. */
static bool info_is_for(const struct authentication_info *info,
                        const struct message *response,
                        const struct answer *a)
{
	if (!a->ready || a->nc == 0)
		return false;
	if (info->cnonce.p != NULL)
		return slice_eq(info->cnonce,
		                slice_make(a->cnonce, ENV_TOKEN_LEN));
	return slice_eq(buf_view(&a->call_id), response->call_id);
}

void credentials_authentication_info(struct credentials *c,
                                     const struct message *response)
{
	struct slice field = message_header(response,
	                                    HEADER_AUTHENTICATION_INFO, 0);
	struct authentication_info info;
	struct buf scratch = { 0 };

	if (field.p == NULL
	    || !authentication_info_parse(field, &scratch, &info)
	    || info.nextnonce.len == 0)
		goto out;
	LIST_EACH(it, &c->realms) {
		struct realm *r = CONTAINER_OF(it, struct realm, node);
		struct answer *a = &r->answers[ASKER_SERVER];

		if (!info_is_for(&info, response, a))
			continue;
		a->nc = 0;
		a->ready = credentials_assign(&a->nonce, info.nextnonce) == OK;
	}
out:
	buf_deinit(&scratch);
}
