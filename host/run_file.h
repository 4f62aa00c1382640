/* SPDX-License-Identifier: BSD-2-Clause */
/* A file of results, read: whole and sound, or not at all. docs/results.md is the format. */
#ifndef TW_HOST_RUN_FILE_H
#define TW_HOST_RUN_FILE_H

#include <jansson.h>
#include <stddef.h>

enum run_figure { F_MIN, F_P5, F_Q1, F_MEDIAN, F_Q3, F_P95, F_P99, F_MAX, F_MAD, N_FIGURES };

enum { RUN_PLACEMENTS = 4, RUN_UNITS_MAX = 256 };

/* One row, one kind. The strings belong to the file. */
struct run_row {
	const char *id, *kind, *verdict, *reason, *unit, *overhead_id, *definition;
	int ok;		   /* its figures count */
	unsigned line;	   /* where it stands */
	long n, discards;  /* n 0: there are no figures */
	long instructions; /* -1: not countable */
	long retired;	   /* of a sample; -1: not known */
	double core_cycles; /* of a sample; below 0: not known */
	double fig[N_FIGURES];
	double placed[RUN_PLACEMENTS];
	unsigned n_placed; /* 4, or 0 for what is in one place */
	double overhead; /* the median of its empty window; below 0: not known */
	const char *sequence; /* of bench --seq; "" for a row of the table */
	double *unit_of; /* medians of its batches; older files: of its placements */
	unsigned n_units;
};

struct run_file {
	char *name;	 /* as errors call it */
	json_t *context; /* the first line */
	int sealed;	 /* 0: of the first version, which cannot show that it is whole */
	double step;	 /* of the clock; 0: not known */
	struct run_row *rows;
	size_t n_rows;
	json_t **lines; /* all of them, for their strings */
	size_t n_lines;
};

enum run_status {
	RUN_GOOD,
	RUN_OTHER, /* lines of another kind of ours, no benchmark */
	RUN_BAD, /* err says which line, and what to do */
};

/* run_free() in every case. */
enum run_status run_parse(const char *bytes, size_t len, const char *name, struct run_file *ret, char *err,
			  size_t cap);
enum run_status run_read(const char *path, struct run_file *ret, char *err, size_t cap);
void run_free(struct run_file *f);

/* A member of the context as text, "" where it is null, or older files do not have it. */
const char *run_text(const struct run_file *f, const char *member);

/* A row by its id, or NULL. */
const struct run_row *run_row(const struct run_file *f, const char *id);

#endif
