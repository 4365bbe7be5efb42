#ifndef TESTS_CERTIFICATES_H
#define TESTS_CERTIFICATES_H

/* Certificates made by the test, in a directory of its own. */

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

struct certificate {
	X509 *x509;
	EVP_PKEY *key;
};

struct certificate_params {
	const char *cn;                 /* NULL: an empty subject */
	const char *names;              /* subjectAltName: "DNS:a,IP:127.0.0.1" */
	const char *nul_names;          /* in place of names: DNS names, with
	                                 * "," between; "!" becomes a NUL */
	int from_day, until_day;        /* from now; both 0: one day around it */
	bool authority;
	const struct certificate *issuer;       /* NULL: itself */
};

void certificate_make(struct certificate *out,
                      const struct certificate_params *p);
void certificate_free(struct certificate *c);

/* A new directory, removed with all in it by certificates_end(). */
void certificates_begin(void);
void certificates_end(void);
/* Writes certificate and key into a file of this name; its path. */
const char *certificate_write(const struct certificate *c, const char *name);

#endif
