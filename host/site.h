/* SPDX-License-Identifier: BSD-2-Clause */
/* What a report is made of: a column for each machine, a row for each path, and where they meet. */
#ifndef TW_HOST_SITE_H
#define TW_HOST_SITE_H

#include <stdio.h>

#include "host/run_set.h"

enum { SITE_BOOTS_MAX = 256, SITE_NAME_MAX = 8 };

/* Runs of one machine, one build and one way of measuring: boots of the same thing. */
struct column {
	const struct run_file *run[SITE_BOOTS_MAX];
	unsigned n;
	const char *label;
	char name[SITE_NAME_MAX]; /* A, B, ... */
};

struct site {
	struct run_set set;
	struct column *column; /* hardware first, then virtual, then emulated */
	unsigned n_columns;
	const char **id; /* in the order of the table, what it does not know behind */
	size_t n_ids;
};

/* A path on a machine. */
struct cell {
	const struct run_row *row;   /* of the first boot whose row is OK, or that has it; NULL: none has */
	double fig[N_FIGURES];	     /* of each figure the median over the boots whose row is OK */
	double low, high;	     /* the boots' medians */
	unsigned n_ok;		     /* boots */
	long n, discards;	     /* samples of all of them */
};

extern const char *const site_labels[]; /* hardware, virtual, emulated, NULL */

/* Takes over the set. 0, or -1 when memory is short. site_free() in either case. */
int site_make(struct run_set *set, struct site *ret);
void site_free(struct site *s);

/* Whether the row is OK there, and what is known of it in any case. */
int site_cell(const struct column *c, const char *id, struct cell *ret);

/* The columns of a label: the first, and how many. */
unsigned site_of_label(const struct site *s, const char *label, unsigned *ret_first);

/* "idt" of "idt.int3.k.gate"; cap bytes. */
void site_class(const char *id, char *out, size_t cap);
/* Whether an id is that of a part, .enter or .exit. */
int site_is_part(const char *id);

/* A line that tells it from others. Returns buf. */
const char *site_title(const struct column *c, char *buf, size_t cap);

/* At which rate its ticks come, how that is known, and in which steps they are seen to come. Returns buf. */
const char *site_clock(const struct column *c, char *buf, size_t cap);

/* For mail, 78 columns. */
void report_text(FILE *f, const struct site *s);
/* Everything, a line for each row of each run. */
void report_csv(FILE *f, const struct site *s);
/* The pages, into a folder that is made. 0, or -1 with err. */
int report_site(const struct site *s, const char *dir, char *err, size_t cap);

#endif
