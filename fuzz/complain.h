/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with a line of text, and what to write instead. Each returns -1. */
#ifndef TW_FUZZ_COMPLAIN_H
#define TW_FUZZ_COMPLAIN_H

#include "fuzz/seq.h"

struct word {
	const char *p;
	size_t len;
};

struct complaint {
	unsigned line;
	char *out;
	size_t cap, n;
};

int complain(struct complaint *c, const char *words);

/* w is none of the candidates: name the nearest, or all. */
int complain_word(struct complaint *c, const char *what, struct word w, const char *const *cand,
		  unsigned n);
int complain_number(struct complaint *c, const char *what, struct word w, unsigned max);
int complain_extra(struct complaint *c, const struct op *op, struct word w);
int complain_missing(struct complaint *c, const struct op *op);

#endif
