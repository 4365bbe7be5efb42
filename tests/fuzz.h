#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

/*
 * What the fuzz targets share. A target is LLVMFuzzerTestOneInput() in
 * tests/fuzz_x.c: under libFuzzer with --enable-fuzzing, else a program
 * that replays files (tests/fuzz_replay.c). Its properties hold whatever the
 * octets are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/list.h"
#include "core/base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

/* Not assert(): it holds in every build. */
#define PROPERTY(holds)                                               \
	do {                                                          \
		if (!(holds)) {                                       \
			fprintf(stderr, "%s:%d: %s\n", __FILE__,      \
			        __LINE__, #holds);                    \
			abort();                                      \
		}                                                     \
	} while (0)

static inline struct slice fuzz_input(const uint8_t *octets, size_t len)
{
	return len == 0 ? SLICE_EMPTY
	                : slice_make((const char *)octets, len);
}

/* s is a part of whole, or there is no s. */
static inline bool fuzz_within(struct slice s, struct slice whole)
{
	return s.len == 0
	       || (s.p >= whole.p && s.p + s.len <= whole.p + whole.len);
}

#endif
