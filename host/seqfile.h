/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequences from files, folders, standard input and the command line. */
#ifndef TW_HOST_SEQFILE_H
#define TW_HOST_SEQFILE_H

#include <stddef.h>

#include "efi/abi/profile.h"
#include "fuzz/seq.h"

/* One sequence and what is known of where it came from. */
struct seq_case {
	char *name; /* the path, "-" or "-e" */
	char *needs; /* from a line "# needs: fred", the features without which it says nothing; or NULL */
	struct seq seq;
};

struct seq_cases {
	struct seq_case *v;
	size_t n;
};

/*
 * Text when the name ends in .seq or every byte is printable, else binary. "-" is standard input.
 * Returns 0, or -1 with err saying what is wrong and what to do.
 */
int seq_load(const char *path, struct seq *ret_seq, char *err, size_t cap);

/*
 * Append the case in a file; or, of a folder, every *.seq below it in order of name. A folder
 * without any is taken as what AFL++ leaves: every *.bin and id:* below it.
 */
int seq_cases_add(struct seq_cases *cases, const char *path, char *err, size_t cap);

/* Append a case written on the command line (-e). */
int seq_cases_add_text(struct seq_cases *cases, const char *text, char *err, size_t cap);

/*
 * The first word of the case's needs that this CPU does not offer, or NULL when it may run. A word
 * is a vendor ("intel", "amd") or a feature of profile.h; any other names what this build cannot
 * set up ("fred-tables"). The words are separated by spaces; the answer points into the case.
 */
const char *seq_case_lacks(const struct seq_case *c, const struct profile *profile);

void seq_cases_free(struct seq_cases *cases);

#endif
