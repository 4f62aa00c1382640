/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's own tests by the piece, and which mutants each of them can tell from the model at all. */
#ifndef TW_TESTS_MUTANT_ITEMS_H
#define TW_TESTS_MUTANT_ITEMS_H

#include <stdint.h>
#include <sys/time.h>

#include "tests/mutant.h"

struct recorded_traces;

enum { ITEMS_MAX = 8192 };

struct item {
	const char *name;
	const char *rule; /* that it is a case of */
	unsigned number;
	int (*holds)(const struct item *item);
	const void *of; /* what it is made of, and in what: a profile, a style */
	unsigned in;
	uint64_t first, digest; /* of what the model itself makes of it, of its first path and of all */
	struct recorded_traces *traces;
	struct itimerval limit; /* of processor time, so that a busy machine kills no mutant */
	uint8_t reaches[MUTANTS_MAX / 8];
};

extern struct item *items[ITEMS_MAX]; /* the quickest first */
extern unsigned n_items;

/* Make all of them, and run each once with no mutant; exits when one fails then. folder: of the programs. */
void items_make(const char *folder);

static inline int item_reaches(const struct item *i, unsigned number)
{
	return i->reaches[number / 8] >> number % 8 & 1;
}

#endif
