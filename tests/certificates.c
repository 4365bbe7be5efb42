/* Certificates for the tests of TLS. */

#include "tests/certificates.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY_S = 86400, PATHS = 16, PATH_LEN = 128 };

static char directory[64];
static char paths[PATHS][PATH_LEN];
static unsigned npaths;

static void add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	ck_assert_msg(ext != NULL, "%s", value);
	ck_assert_int_eq(X509_add_ext(x509, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static GENERAL_NAME *nul_name(const char *text, size_t len)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
	char octets[64];

	ck_assert_uint_lt(len, sizeof(octets));
	for (size_t i = 0; i < len; i++)
		octets[i] = text[i] == '!' ? '\0' : text[i];
	ck_assert_int_eq(ASN1_STRING_set(dns, octets, (int)len), 1);
	GENERAL_NAME_set0_value(name, GEN_DNS, dns);
	return name;
}

/* No configuration text can say this. */
static void add_nul_names(X509 *x509, const char *text)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	for (size_t len; *text != '\0'; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		sk_GENERAL_NAME_push(names, nul_name(text, len));
	}
	ck_assert_int_eq(X509_add1_ext_i2d(x509, NID_subject_alt_name, names,
	                                   0, 0), 1);
	GENERAL_NAMES_free(names);
}

static void set_dates(X509 *x509, int from_day, int until_day)
{
	if (from_day == 0 && until_day == 0) {
		from_day = -1;
		until_day = 1;
	}
	X509_gmtime_adj(X509_getm_notBefore(x509), (long)from_day * DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(x509), (long)until_day * DAY_S);
}

void certificate_make(struct certificate *out,
                      const struct certificate_params *p)
{
	static long serial;
	const struct certificate *issuer = p->issuer;
	X509_NAME *subject;

	out->key = EVP_EC_gen("P-256");
	out->x509 = X509_new();
	ck_assert_ptr_nonnull(out->key);
	X509_set_version(out->x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(out->x509), ++serial);
	set_dates(out->x509, p->from_day, p->until_day);
	subject = X509_get_subject_name(out->x509);
	if (p->cn != NULL)
		X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		                           (const unsigned char *)p->cn, -1,
		                           -1, 0);
	X509_set_issuer_name(out->x509, issuer == NULL ? subject
	                     : X509_get_subject_name(issuer->x509));
	X509_set_pubkey(out->x509, out->key);
	if (p->authority)
		add_extension(out->x509, NID_basic_constraints,
		              "critical,CA:TRUE");
	if (p->names != NULL)
		add_extension(out->x509, NID_subject_alt_name, p->names);
	if (p->nul_names != NULL)
		add_nul_names(out->x509, p->nul_names);
	ck_assert_int_ne(X509_sign(out->x509, issuer == NULL ? out->key
	                           : issuer->key, EVP_sha256()), 0);
}

void certificate_free(struct certificate *c)
{
	X509_free(c->x509);
	EVP_PKEY_free(c->key);
}

void certificates_begin(void)
{
	snprintf(directory, sizeof(directory), "/tmp/certificates-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	npaths = 0;
}

void certificates_end(void)
{
	while (npaths > 0)
		unlink(paths[--npaths]);
	rmdir(directory);
}

const char *certificate_write(const struct certificate *c, const char *name)
{
	char *path = paths[npaths++];
	FILE *file;

	ck_assert_uint_le(npaths, PATHS);
	snprintf(path, PATH_LEN, "%s/%s", directory, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(PEM_write_X509(file, c->x509), 1);
	ck_assert_int_eq(PEM_write_PrivateKey(file, c->key, NULL, NULL, 0,
	                                      NULL, NULL), 1);
	fclose(file);
	return path;
}
