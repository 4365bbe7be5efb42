/* One handshake, for what it shows of a server. */

#include "net/tls_probe.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "net/tls_internal.h"
#include "net/tls_peer.h"

enum { CHAIN_MAX = 16, HANDSHAKE_MS = 10000 };

struct tls_probe {
	struct tls_setup tls;
	struct conn_setup setup;
	struct conn_limits limits;
	struct conn *conn;
	struct tls_certificate chain[CHAIN_MAX];
	struct tls_report report;
	struct timer telling;
	tls_probe_fn *fn;
	void *arg;
};

/* --- certificates --- */

static void print_fingerprint(struct buf *out, const X509 *cert)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len;

	if (X509_digest(cert, EVP_sha256(), digest, &len) == 1)
		buf_hex(out, digest, len);
}

/* What was printed, and an empty b; NULL: no memory. */
static char *take(struct buf *b)
{
	return b->len == 0 && buf_error(b) == OK ? slice_dup(SLICE_EMPTY)
	                                         : buf_steal(b, NULL);
}

static void read_certificate(struct tls_certificate *out, X509 *cert)
{
	struct buf b = { 0 };

	tls_peer_print_subject(&b, X509_get_subject_name(cert));
	out->subject = take(&b);
	tls_peer_print_subject(&b, X509_get_issuer_name(cert));
	out->issuer = take(&b);
	tls_peer_print_names(&b, cert);
	out->names = take(&b);
	tls_peer_print_time(&b, X509_get0_notBefore(cert));
	out->not_before = take(&b);
	tls_peer_print_time(&b, X509_get0_notAfter(cert));
	out->not_after = take(&b);
	tls_peer_print_key(&b, cert);
	out->key = take(&b);
	buf_str(&b, OBJ_nid2ln(X509_get_signature_nid(cert)));
	out->signature = take(&b);
	print_fingerprint(&b, cert);
	out->fingerprint = take(&b);
	buf_deinit(&b);
}

static void free_certificate(struct tls_certificate *c)
{
	free(c->subject);
	free(c->issuer);
	free(c->names);
	free(c->not_before);
	free(c->not_after);
	free(c->key);
	free(c->signature);
	free(c->fingerprint);
}

/* --- what the connection tells --- */

/* From the timers, so that the probe may be freed by whom it tells. */
static void tell(void *arg)
{
	struct tls_probe *p = arg;

	p->fn(&p->report, p->arg);
}

static void finish(struct tls_probe *p)
{
	timer_arm(&p->telling, &loop_env(p->setup.loop)->timers, 0, tell, p);
}

static void on_opened(struct conn *c)
{
	struct tls_probe *p = c->owner;
	struct tls_session *s = c->io_state;
	STACK_OF(X509) *sent = SSL_get_peer_cert_chain(s->ssl);
	struct tls_report *r = &p->report;

	*r = (struct tls_report){
		.err = s->fault.len == 0 ? OK : ERR_TLS,
		.why = buf_cstr(&s->fault),
		.protocol = SSL_get_version(s->ssl),
		.cipher = SSL_get_cipher_name(s->ssl),
		.chain = p->chain,
	};
	while (r->nchain < CHAIN_MAX && (int)r->nchain < sk_X509_num(sent)) {
		read_certificate(&p->chain[r->nchain],
		                 sk_X509_value(sent, (int)r->nchain));
		r->nchain++;
	}
	finish(p);
}

static void on_closed(struct conn *c, enum error err, const char *why)
{
	struct tls_probe *p = c->owner;

	if (timer_armed(&p->telling))
		return;
	p->report = (struct tls_report){
		.err = err,
		.why = why,
		.protocol = "",
		.cipher = "",
	};
	finish(p);
}

/* Who has something to say before he was asked is not listened to. */
static void on_received(struct conn *c, struct slice wire)
{
	(void)c;
	(void)wire;
}

static void on_broken(struct conn *c, struct slice wire,
                      const struct fault *fault)
{
	(void)c;
	(void)wire;
	(void)fault;
}

static const struct conn_events probe_events = {
	.opened = on_opened,
	.received = on_received,
	.broken = on_broken,
	.closed = on_closed,
};

/* --- beginning and end --- */

struct tls_probe *tls_probe_start(struct loop *loop,
                                  struct tls_profile *profile,
                                  const struct addr *remote,
                                  struct slice name, tls_probe_fn *fn,
                                  void *arg, const char **why)
{
	struct tls_probe *p = calloc(1, sizeof(*p));

	*why = error_text(ERR_NOMEM);
	if (p == NULL)
		return NULL;
	p->tls = (struct tls_setup){ .own = profile, .silent = true };
	p->limits = (struct conn_limits){
		.connect_ms = HANDSHAKE_MS,
		.idle_ms = HANDSHAKE_MS,
		.message_ms = HANDSHAKE_MS,
	};
	p->setup = (struct conn_setup){
		.loop = loop,
		.io = &conn_io_tls,
		.io_arg = &p->tls,
		.events = &probe_events,
		.message_limits = &message_limits_default,
		.limits = &p->limits,
	};
	p->fn = fn;
	p->arg = arg;
	if (conn_connect(&p->setup, remote, name, &p->conn, why) != OK) {
		free(p);
		return NULL;
	}
	p->conn->owner = p;
	return p;
}

void tls_probe_free(struct tls_probe *p)
{
	if (p == NULL)
		return;
	timer_cancel(&p->telling);
	for (size_t i = 0; i < p->report.nchain; i++)
		free_certificate(&p->chain[i]);
	conn_free(p->conn);
	free(p);
}
