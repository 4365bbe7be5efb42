/* TLS between a connection and its socket, and the leg made of it. */

#include "net/tls.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "core/base/log.h"
#include "net/socket.h"
#include "net/tcp.h"
#include "net/tls_internal.h"
#include "net/tls_peer.h"

static struct tls_session *session_of(const struct conn *c)
{
	return c->io_state;
}

/* --- octets: OpenSSL reads and writes by net/socket, which knows errno --- */

static int octets_write(BIO *bio, const char *from, int len)
{
	struct tls_session *s = BIO_get_data(bio);
	size_t n = 0;
	enum error err = socket_write(s->conn->fd, from, (size_t)len, &n,
	                              &s->io_why);

	BIO_clear_retry_flags(bio);
	if (err == OK)
		return (int)n;
	if (err == ERR_AGAIN)
		BIO_set_retry_write(bio);
	else
		s->io_err = err;
	return -1;
}

static int octets_read(BIO *bio, char *to, int room)
{
	struct tls_session *s = BIO_get_data(bio);
	size_t n = 0;
	enum error err = socket_read(s->conn->fd, to, (size_t)room, &n,
	                             &s->io_why);

	BIO_clear_retry_flags(bio);
	if (err == OK)
		return (int)n;
	if (err == ERR_AGAIN)
		BIO_set_retry_read(bio);
	else
		s->io_err = err;
	return -1;
}

static long octets_control(BIO *bio, int command, long number, void *arg)
{
	(void)bio;
	(void)number;
	(void)arg;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int octets_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

static const BIO_METHOD *octets_method(void)
{
	static BIO_METHOD *method;

	if (method != NULL)
		return method;
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	                      "a connection of sipsh");
	if (method == NULL)
		return NULL;
	BIO_meth_set_create(method, octets_create);
	BIO_meth_set_write(method, octets_write);
	BIO_meth_set_read(method, octets_read);
	BIO_meth_set_ctrl(method, octets_control);
	return method;
}

/* --- who is there --- */

int tls_session_verify(X509_STORE_CTX *ctx, void *arg)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(
		ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *s = SSL_get_app_data(ssl);

	(void)arg;
	if (X509_verify_cert(ctx) != 1) {
		tls_peer_print_fault(&s->fault, ctx);
	} else if (!s->conn->inbound
	           && !tls_peer_is(X509_STORE_CTX_get0_cert(ctx),
	                           slice_str(s->name), &s->fault)) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_HOSTNAME_MISMATCH);
	}
	return s->fault.len == 0 && buf_error(&s->fault) == OK
	       ? 1 : s->insecure;
}

static void warn(struct tls_session *s)
{
	char remote[ADDR_TEXT];

	if (!s->insecure || s->silent || s->conn->inbound)
		return;
	log_write(LOG_WARNING, "tls:%s: anybody could be there (--insecure)"
	          "%s%s", addr_text(&s->conn->remote, remote),
	          s->fault.len == 0 ? "" : ": ", buf_cstr(&s->fault));
}

/* --- what went wrong, in words --- */

static const char *end_with(struct tls_session *s, const char *words)
{
	if (s->why.len == 0)
		buf_str(&s->why, words);
	return buf_cstr(&s->why);
}

/* An alert of the peer. OpenSSL's words for it begin with "tlsv13 alert" or the
 * like. */
static const char *refused_by_peer(struct tls_session *s, unsigned long error)
{
	const char *words = ERR_reason_error_string(error);
	const char *alert = words == NULL ? NULL : strstr(words, "alert ");

	if (ERR_GET_REASON(error) == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION)
		return end_with(s, "no common version of TLS: 1.2 or later "
		                "is needed");
	if (s->why.len == 0)
		buf_printf(&s->why, "the peer refused TLS: %s", alert == NULL
		           ? "no reason is known" : alert + 6);
	return buf_cstr(&s->why);
}

static const char *tls_fault(struct tls_session *s)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);
	const char *words;

	if (reason > SSL_AD_REASON_OFFSET
	    && reason < SSL_AD_REASON_OFFSET + 256)
		return refused_by_peer(s, error);
	switch (reason) {
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_NO_PROTOCOLS_AVAILABLE:
	case SSL_R_VERSION_TOO_LOW:
		return end_with(s, "no common version of TLS: 1.2 or later "
		                "is needed");
	case SSL_R_NO_SHARED_CIPHER:
		return end_with(s, "no common cipher");
	case SSL_R_WRONG_VERSION_NUMBER:
	case SSL_R_HTTP_REQUEST:
	case SSL_R_HTTPS_PROXY_REQUEST:
	case SSL_R_UNKNOWN_PROTOCOL:
	case SSL_R_PACKET_LENGTH_TOO_LONG:
	case SSL_R_UNEXPECTED_MESSAGE:
		return end_with(s, "the peer does not speak TLS");
	default:
		break;
	}
	words = ERR_reason_error_string(error);
	if (s->why.len == 0)
		buf_printf(&s->why, "TLS failed: %s",
		           words == NULL ? "for no known reason" : words);
	return buf_cstr(&s->why);
}

static enum error handshake_failed(struct tls_session *s, const char **why)
{
	if (s->fault.len != 0 && !s->insecure) {
		*why = end_with(s, buf_cstr(&s->fault));
		return ERR_TLS;
	}
	if (s->io_err == OK) {
		*why = tls_fault(s);
		return ERR_TLS;
	}
	if (s->why.len == 0)
		buf_printf(&s->why, "%s during the TLS handshake", s->io_why);
	*why = buf_cstr(&s->why);
	return ERR_TLS;
}

/* Of reading or writing, once it stands. */
static enum error transfer_failed(struct tls_session *s, int result,
                                  const char **why)
{
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		*why = "closed by the peer";
		return ERR_RESET;
	default:
		break;
	}
	if (s->io_err != OK) {
		*why = s->io_why;
		return s->io_err;
	}
	*why = tls_fault(s);
	return ERR_TLS;
}

/* --- the io of a connection --- */

struct tls_profile *tls_setup_profile(const struct tls_setup *setup,
                                      struct slice name)
{
	struct tls_profile *p = NULL;

	if (setup->find != NULL && name.len != 0)
		p = setup->find(name, setup->arg);
	return p != NULL ? p : setup->own;
}

static void make_client(struct tls_session *s)
{
	struct addr numeric;

	SSL_set_connect_state(s->ssl);
	SSL_set_verify(s->ssl, SSL_VERIFY_PEER, NULL);
	/* RFC 6066 3: names only, no addresses. */
	if (s->name[0] != '\0'
	    && !addr_parse_ip(slice_str(s->name), &numeric))
		(void)SSL_set_tlsext_host_name(s->ssl, s->name);
}

static void make_server(struct tls_session *s, const struct tls_profile *p)
{
	SSL_set_accept_state(s->ssl);
	if (tls_profile_has_ca(p) && !tls_profile_is_insecure(p))
		SSL_set_verify(s->ssl, SSL_VERIFY_PEER, NULL);
}

/* OK too when the files of the profile are of no use: the handshake will
 * tell, as it is from there that somebody listens. */
static enum error make_ssl(struct tls_session *s, struct tls_profile *p)
{
	SSL_CTX *context = tls_profile_context(p, &s->why);
	BIO *bio;

	if (context == NULL)
		return buf_error(&s->why);
	s->ssl = SSL_new(context);
	bio = octets_method() == NULL ? NULL : BIO_new(octets_method());
	if (s->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		return ERR_NOMEM;
	}
	BIO_set_data(bio, s);
	SSL_set_bio(s->ssl, bio, bio);
	SSL_set_app_data(s->ssl, s);
	if (s->conn->inbound)
		make_server(s, p);
	else
		make_client(s);
	return OK;
}

static enum error tls_open(struct conn *c, struct slice name)
{
	const struct tls_setup *setup = c->setup->io_arg;
	struct tls_profile *p = tls_setup_profile(setup, name);
	struct tls_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return ERR_NOMEM;
	c->io_state = s;
	s->conn = c;
	s->silent = setup->silent;
	s->insecure = setup->silent || tls_profile_is_insecure(p);
	s->name = slice_dup(name);
	return s->name == NULL ? ERR_NOMEM : make_ssl(s, p);
}

static void tls_release(struct conn *c)
{
	struct tls_session *s = session_of(c);

	if (s == NULL)
		return;
	SSL_free(s->ssl);
	free(s->name);
	buf_deinit(&s->fault);
	buf_deinit(&s->why);
	free(s);
}

/* What was verified for one domain is not so for another at its address
 * (CVE-2020-15260); and who came in has proved no domain. */
static bool tls_suits(const struct conn *c, struct slice name)
{
	const struct tls_session *s = session_of(c);
	struct tls_profile *p = tls_setup_profile(c->setup->io_arg, name);
	struct buf why = { 0 };
	bool suits = s->ssl != NULL && name.len != 0
	             && slice_eq_nocase(slice_str(s->name), name)
	             && SSL_get_SSL_CTX(s->ssl)
	                == tls_profile_context(p, &why);

	buf_deinit(&why);
	return suits;
}

static enum error tls_handshake(struct conn *c, unsigned *events,
                                const char **why)
{
	struct tls_session *s = session_of(c);
	int result;

	if (s->ssl == NULL) {
		*why = buf_cstr(&s->why);
		return ERR_TLS;
	}
	ERR_clear_error();
	result = SSL_do_handshake(s->ssl);
	if (result == 1) {
		warn(s);
		return OK;
	}
	switch (SSL_get_error(s->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*events = LOOP_READ;
		return ERR_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		*events = LOOP_WRITE;
		return ERR_AGAIN;
	default:
		return handshake_failed(s, why);
	}
}

static enum error tls_read(struct conn *c, char *to, size_t room, size_t *n,
                           const char **why)
{
	struct tls_session *s = session_of(c);
	int result;

	ERR_clear_error();
	result = SSL_read_ex(s->ssl, to, room, n);
	return result == 1 ? OK : transfer_failed(s, result, why);
}

static enum error tls_write(struct conn *c, const char *from, size_t len,
                            size_t *n, const char **why)
{
	struct tls_session *s = session_of(c);
	int result;

	ERR_clear_error();
	result = SSL_write_ex(s->ssl, from, len, n);
	return result == 1 ? OK : transfer_failed(s, result, why);
}

static bool tls_holds(const struct conn *c)
{
	return SSL_pending(session_of(c)->ssl) > 0;
}

static void tls_end(struct conn *c)
{
	ERR_clear_error();
	(void)SSL_shutdown(session_of(c)->ssl);
	socket_end(c->fd);
}

const struct conn_io conn_io_tls = {
	.open = tls_open,
	.release = tls_release,
	.suits = tls_suits,
	.handshake = tls_handshake,
	.read = tls_read,
	.write = tls_write,
	.holds = tls_holds,
	.end = tls_end,
};

/* --- the leg --- */

enum error tls_leg_open(struct loop *loop, struct dispatcher *d,
                        struct tls_setup *setup, const struct addr *local,
                        bool listens, struct leg **out, const char **why)
{
	struct tcp_kind kind = {
		.transport = TRANSPORT_TLS,
		.io = &conn_io_tls,
		.io_arg = setup,
		.listens = listens,
	};

	return tcp_leg_open_kind(loop, d, &kind, local, out, why);
}

struct slice tls_conn_name(const struct conn *c)
{
	return slice_str(session_of(c)->name);
}

void tls_conn_print(struct buf *out, const struct conn *c)
{
	const struct tls_session *s = session_of(c);

	if (s->ssl == NULL || !SSL_is_init_finished(s->ssl))
		return;
	buf_str(out, SSL_get_version(s->ssl));
	buf_char(out, ' ');
	buf_str(out, SSL_get_cipher_name(s->ssl));
}
