#ifndef TESTS_BENCH_CORPUS_H
#define TESTS_BENCH_CORPUS_H

/* The twelve typical messages that all parsers are measured with. */

#include <stdbool.h>
#include <stddef.h>

enum { CORPUS_MESSAGES = 12, CORPUS_LARGEST = 4096 };

struct corpus_message {
	char octets[CORPUS_LARGEST];
	size_t len;
};

extern struct corpus_message corpus[CORPUS_MESSAGES];

/* Reads them from below $srcdir. False: that was told on stderr. */
bool corpus_load(void);

#endif
