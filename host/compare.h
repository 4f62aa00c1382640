/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether the rows of two runs differ by more than chance. docs/method.md says how it is decided. */
#ifndef TW_HOST_COMPARE_H
#define TW_HOST_COMPARE_H

#include "host/run_file.h"

enum change_kind {
	CHANGE_NONE,
	CHANGE_YES,
	CHANGE_REFUSED, /* the row means something else in the other run */
	CHANGE_LACKING, /* one side has no figure that is OK */
};

struct change {
	const char *id;
	enum change_kind kind;
	const char *why;	 /* of REFUSED and LACKING */
	double a, b;		 /* geometric means of the units' medians */
	double ratio, low, high; /* b/a, and its interval */
	double p;		 /* corrected for the number of rows */
	unsigned n_a, n_b;	 /* units */
};

struct comparison {
	struct change *v;
	size_t n;
	unsigned n_compared, n_changed, n_refused;
	int boots;     /* the units are boots; else batches */
	double spread; /* batches: by how much rows differ in general (standard deviation of the logarithm) */
	double level;  /* the median ratio of all rows */
};

/* Runs of one machine each. 0, or -1 when memory is short. */
int compare_runs(const struct run_file *a, size_t n_a, const struct run_file *b, size_t n_b, struct comparison *ret);

#endif
