/* Reads certificates: the names in them, and what is wrong. */

#include "net/tls_peer.h"

#include <time.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "core/base/addr.h"
#include "core/message/uri.h"

/* --- names --- */

enum name_kind { NAME_DNS, NAME_URI, NAME_IP, NAME_CN };

/* One name at a time of a certificate; zero but for cert. */
struct names {
	X509 *cert;
	GENERAL_NAMES *alternatives;    /* NULL: none */
	int next;
	bool begun, unreadable;
	/* the present one, as it stands there */
	enum name_kind kind;
	struct slice text;
};

static struct slice string_text(const ASN1_STRING *s)
{
	int len = ASN1_STRING_length(s);

	if (len <= 0)
		return SLICE_EMPTY;
	return slice_make((const char *)ASN1_STRING_get0_data(s),
	                  (size_t)len);
}

static bool next_alternative(struct names *n)
{
	while (n->next < sk_GENERAL_NAME_num(n->alternatives)) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(n->alternatives,
		                                              n->next++);

		if (g->type == GEN_DNS)
			n->kind = NAME_DNS;
		else if (g->type == GEN_URI)
			n->kind = NAME_URI;
		else if (g->type == GEN_IPADD)
			n->kind = NAME_IP;
		else
			continue;
		n->text = string_text(g->d.ia5);        /* of all three */
		return true;
	}
	return false;
}

/* RFC 5922 7.1: only where there is no subjectAltName. */
static bool next_common_name(struct names *n)
{
	const X509_NAME *subject = X509_get_subject_name(n->cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, n->next);

	if (at < 0)
		return false;
	n->next = at;
	n->kind = NAME_CN;
	n->text = string_text(X509_NAME_ENTRY_get_data(
		X509_NAME_get_entry(subject, at)));
	return true;
}

static bool names_next(struct names *n)
{
	int critical = 0;

	if (!n->begun) {
		n->begun = true;
		n->alternatives = X509_get_ext_d2i(
			n->cert, NID_subject_alt_name, &critical, NULL);
		n->next = n->alternatives == NULL ? -1 : 0;
		n->unreadable = n->alternatives == NULL && critical != -1;
	}
	if (n->unreadable)
		return false;
	return n->alternatives != NULL ? next_alternative(n)
	                               : next_common_name(n);
}

static void names_end(struct names *n)
{
	GENERAL_NAMES_free(n->alternatives);
}

static bool octets_to_addr(struct slice octets, struct addr *out)
{
	*out = (struct addr){ 0 };
	if (octets.len != 4 && octets.len != 16)
		return false;
	out->family = octets.len == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
	memcpy(out->ip, octets.p, octets.len);
	return true;
}

static void print_name(struct buf *out, const struct names *n)
{
	struct addr addr;

	switch (n->kind) {
	case NAME_DNS:
		buf_str(out, "DNS:");
		break;
	case NAME_URI:
		buf_str(out, "URI:");
		break;
	case NAME_IP:
		buf_str(out, "IP:");
		if (octets_to_addr(n->text, &addr)) {
			addr_print_ip(out, &addr);
			return;
		}
		break;
	case NAME_CN:
		buf_str(out, "CN:");
		break;
	}
	buf_escaped(out, n->text);
}

void tls_peer_print_names(struct buf *out, X509 *cert)
{
	struct names n = { .cert = cert };
	bool any = false;

	for (; names_next(&n); any = true) {
		if (any)
			buf_str(out, ", ");
		print_name(out, &n);
	}
	if (!any)
		buf_str(out, "no name");
	names_end(&n);
}

/* --- identity --- */

/* A last dot only says that the name is complete. */
static struct slice without_root(struct slice name)
{
	if (name.len > 1 && name.p[name.len - 1] == '.')
		name.len--;
	return name;
}

static bool is_domain(struct slice has, struct slice wanted)
{
	return slice_eq_nocase(without_root(has), without_root(wanted));
}

/* 7.1: of the scheme sip, and without a user, for that is a person. */
static bool is_uri_of(struct slice has, struct slice wanted)
{
	struct uri uri;

	return uri_parse(has, &uri) && uri.scheme == URI_SIP
	       && uri.user.p == NULL && is_domain(uri.host, wanted);
}

/* addr is NULL when wanted is no numeric host. */
static bool fits(const struct names *n, struct slice wanted,
                 const struct addr *addr)
{
	struct addr has;

	switch (n->kind) {
	case NAME_DNS:
	case NAME_CN:
		return addr == NULL && is_domain(n->text, wanted);
	case NAME_URI:
		return addr == NULL && is_uri_of(n->text, wanted);
	case NAME_IP:
		return addr != NULL && octets_to_addr(n->text, &has)
		       && addr_same_ip(&has, addr);
	}
	return false;
}

bool tls_peer_is(X509 *cert, struct slice name, struct buf *why)
{
	struct names n = { .cert = cert };
	struct addr addr;
	bool numeric = addr_parse_ip(name, &addr), found = false, nul = false;

	while (names_next(&n)) {
		/* Who reads it as a C string reads another name. */
		if (n.kind != NAME_IP
		    && slice_find(n.text, '\0') < n.text.len)
			nul = true;
		if (name.len != 0 && fits(&n, name, numeric ? &addr : NULL))
			found = true;
	}
	names_end(&n);
	if (found && !nul)
		return true;
	buf_str(why, nul ? "a NUL in a name of the certificate: it is for "
	             : "wrong name: the certificate is for ");
	tls_peer_print_names(why, cert);
	buf_str(why, "; wanted ");
	buf_escaped(why, name);
	return false;
}

/* --- words --- */

void tls_peer_print_time(struct buf *out, const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1) {
		buf_str(out, "no date");
		return;
	}
	buf_printf(out, "%04d-%02d-%02d %02d:%02d:%02d UTC",
	           tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	           tm.tm_min, tm.tm_sec);
}

static void print_entry(struct buf *out, const X509_NAME_ENTRY *entry)
{
	int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));

	buf_str(out, nid == NID_undef ? "OID" : OBJ_nid2sn(nid));
	buf_char(out, '=');
	buf_escaped(out, string_text(X509_NAME_ENTRY_get_data(entry)));
}

void tls_peer_print_subject(struct buf *out, const X509_NAME *subject)
{
	int count = X509_NAME_entry_count(subject);

	/* The most specific first, as RFC 4514 2.1 has it. */
	for (int i = count - 1; i >= 0; i--) {
		print_entry(out, X509_NAME_get_entry(subject, i));
		if (i > 0)
			buf_str(out, ", ");
	}
	if (count == 0)
		buf_str(out, "nobody");
}

void tls_peer_print_key(struct buf *out, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	const char *nist = NULL;
	char group[40];
	size_t len;

	if (key == NULL) {
		buf_str(out, "of an unknown kind");
		return;
	}
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) {
		buf_printf(out, "%s %d", EVP_PKEY_get0_type_name(key),
		           EVP_PKEY_get_bits(key));
		return;
	}
	if (EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1)
		nist = EC_curve_nid2nist(OBJ_sn2nid(group));
	buf_printf(out, "EC %s", nist == NULL ? "of another curve" : nist);
}

static void print_dated(struct buf *out, const char *words,
                        const ASN1_TIME *t, X509 *cert, int depth)
{
	buf_str(out, words);
	tls_peer_print_time(out, t);
	if (depth == 0)
		return;
	buf_str(out, " (its issuer ");
	tls_peer_print_subject(out, X509_get_subject_name(cert));
	buf_char(out, ')');
}

void tls_peer_print_fault(struct buf *out, X509_STORE_CTX *ctx)
{
	int error = X509_STORE_CTX_get_error(ctx);
	int depth = X509_STORE_CTX_get_error_depth(ctx);
	X509 *cert = X509_STORE_CTX_get_current_cert(ctx);

	if (cert == NULL)
		cert = X509_STORE_CTX_get0_cert(ctx);
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		print_dated(out, "the certificate has expired on ",
		            X509_get0_notAfter(cert), cert, depth);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		print_dated(out, "the certificate is not yet valid, but from ",
		            X509_get0_notBefore(cert), cert, depth);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		buf_str(out, "the certificate is self-signed: ");
		tls_peer_print_subject(out, X509_get_subject_name(cert));
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		buf_str(out, "the issuer is unknown: ");
		tls_peer_print_subject(out, X509_get_issuer_name(cert));
		break;
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		buf_str(out, "the certificate is too weak: ");
		buf_str(out, X509_verify_cert_error_string(error));
		break;
	default:
		buf_str(out, "the certificate is not accepted: ");
		buf_str(out, X509_verify_cert_error_string(error));
		break;
	}
}
