/* Reads tests/corpus/bench. */

#include "tests/bench/corpus.h"

#include <stdio.h>
#include <stdlib.h>

struct corpus_message corpus[CORPUS_MESSAGES];

static bool load(const char *name, struct corpus_message *m)
{
	const char *top = getenv("srcdir");
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/corpus/bench/%s.sip",
	         top == NULL ? "." : top, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		return false;
	}
	m->len = fread(m->octets, 1, sizeof(m->octets), f);
	fclose(f);
	return m->len != 0;
}

bool corpus_load(void)
{
	static const char *const names[CORPUS_MESSAGES] = {
		"01-register", "02-401", "03-register-auth",
		"04-200-register", "05-invite", "06-180", "07-200-invite",
		"08-ack", "09-bye", "10-message", "11-options",
		"12-subscribe",
	};

	for (size_t i = 0; i < CORPUS_MESSAGES; i++)
		if (!load(names[i], &corpus[i]))
			return false;
	return true;
}
