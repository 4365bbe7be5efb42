/* An OpenSSL context for each set of files, made when it is first needed. */

#include "net/tls.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>

#include "net/tls_internal.h"

struct tls_profile {
	char *ca, *cert, *key;          /* NULL: none */
	bool insecure;
	SSL_CTX *context;               /* NULL: not needed yet */
};

static bool copy(char **to, const char *from)
{
	if (from == NULL)
		return true;
	*to = slice_dup(slice_str(from));
	return *to != NULL;
}

struct tls_profile *tls_profile_new(const struct tls_settings *settings)
{
	struct tls_profile *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->insecure = settings->insecure;
	if (copy(&p->ca, settings->ca) && copy(&p->cert, settings->cert)
	    && copy(&p->key, settings->key))
		return p;
	tls_profile_free(p);
	return NULL;
}

void tls_profile_free(struct tls_profile *p)
{
	if (p == NULL)
		return;
	SSL_CTX_free(p->context);
	free(p->ca);
	free(p->cert);
	free(p->key);
	free(p);
}

bool tls_profile_is_insecure(const struct tls_profile *p)
{
	return p->insecure;
}

bool tls_profile_has_ca(const struct tls_profile *p)
{
	return p->ca != NULL;
}

/* --- files --- */

/* A key that needs a passphrase is refused: there is nobody to ask while the
 * loop waits. */
static int no_passphrase(char *to, int room, int writing, void *arg)
{
	(void)to;
	(void)room;
	(void)writing;
	(void)arg;
	return -1;
}

/* The first thing that OpenSSL complained of is the cause. */
static bool complain(struct buf *why, const char *what, const char *path)
{
	unsigned long error = ERR_peek_error();
	const char *reason = ERR_SYSTEM_ERROR(error)
	                     ? strerror(ERR_GET_REASON(error))
	                     : ERR_reason_error_string(error);

	buf_printf(why, "%s '", what);
	buf_escaped(why, slice_str(path));
	buf_printf(why, "' cannot be used: %s",
	           reason == NULL ? "unknown reason" : reason);
	return false;
}

static bool load_trust(const struct tls_profile *p, SSL_CTX *context,
                       struct buf *why)
{
	if (p->ca == NULL) {
		/* Without any authority nobody is trusted: no failure. */
		(void)SSL_CTX_set_default_verify_paths(context);
		return true;
	}
	if (SSL_CTX_load_verify_file(context, p->ca) != 1)
		return complain(why, "the CA file", p->ca);
	/* Clients are told whose certificates are wanted. */
	SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(p->ca));
	return true;
}

static bool load_identity(const struct tls_profile *p, SSL_CTX *context,
                          struct buf *why)
{
	const char *key = p->key != NULL ? p->key : p->cert;

	if (p->cert == NULL && p->key == NULL)
		return true;
	if (p->cert == NULL) {
		buf_str(why, "a key without its certificate (--cert)");
		return false;
	}
	if (SSL_CTX_use_certificate_chain_file(context, p->cert) != 1)
		return complain(why, "the certificate file", p->cert);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return complain(why, "the key file", key);
	return true;
}

/* --- the context --- */

/* For those who look at captures, in the format that NSS began with. */
static void log_key(const SSL *ssl, const char *line)
{
	const char *path = getenv("SSLKEYLOGFILE");
	struct buf b = { 0 };
	int fd;

	(void)ssl;
	if (path == NULL)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	buf_str(&b, line);
	buf_char(&b, '\n');
	/* That it fails is no reason to stop talking. */
	if (buf_error(&b) == OK && write(fd, b.p, b.len) < 0)
		(void)0;
	close(fd);
	if (b.p != NULL)
		explicit_bzero(b.p, b.len);
	buf_deinit(&b);
}

static void set_up(SSL_CTX *context)
{
	const char *path = getenv("SSLKEYLOGFILE");

	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	/* The queue of a connection is moved, and written in parts. */
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE
	                 | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
	                 | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION
	                    | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	SSL_CTX_set_cert_verify_callback(context, tls_session_verify, NULL);
	if (path != NULL && path[0] != '\0')
		SSL_CTX_set_keylog_callback(context, log_key);
}

SSL_CTX *tls_profile_context(struct tls_profile *p, struct buf *why)
{
	SSL_CTX *context;

	if (p->context != NULL)
		return p->context;
	ERR_clear_error();
	context = SSL_CTX_new(TLS_method());
	if (context == NULL) {
		buf_str(why, "OpenSSL cannot be set up");
		return NULL;
	}
	set_up(context);
	if (!load_trust(p, context, why) || !load_identity(p, context, why)) {
		SSL_CTX_free(context);
		ERR_clear_error();
		return NULL;
	}
	p->context = context;
	return context;
}

bool tls_profile_check(struct tls_profile *p, bool serving, struct buf *why)
{
	if (serving && p->cert == NULL) {
		buf_str(why, "a TLS listener needs a certificate and its key "
		        "(--cert, --key)");
		return false;
	}
	return tls_profile_context(p, why) != NULL;
}
