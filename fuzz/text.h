/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of the text form: what the printer writes and the parser reads, in one place. */
#ifndef TW_FUZZ_TEXT_H
#define TW_FUZZ_TEXT_H

#include "fuzz/seq.h"

/* One byte of the header: `word[i]` stands for value i, or for bit i when it is a set. */
struct field_text {
	const char *name;
	size_t offset; /* in struct seq */
	unsigned n;
	int is_set;
	const char *word[8];
};

enum { N_FIELDS = 4 };
extern const struct field_text field_text[N_FIELDS];

extern const char *const prefix_text[N_PREFIX]; /* "", "sti+", ... */
extern const char *const defect_text[N_DEFECTS]; /* "rip", ...; NULL for DEFECT_NONE */

/* The list that a damaged field's value comes from; ARG_NONE for DEFECT_NONE. */
enum arg_kind defect_kind(unsigned field);

#endif
