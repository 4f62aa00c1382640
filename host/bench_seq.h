/* SPDX-License-Identifier: BSD-2-Clause */
/* Timing sequences of the step language, whole and step by step: docs/method.md says what is in a window. */
#ifndef TW_HOST_BENCH_SEQ_H
#define TW_HOST_BENCH_SEQ_H

#include "host/bench_run.h"
#include "host/known.h"
#include "host/seqfile.h"

/* A row that is in no table: made for one sequence, or one step of it. */
struct seq_row {
	struct bench_row row;
	char path[48], words[400];
	unsigned first, step; /* the steps in its window: from first to step */
	int over; /* index of the row whose window is the same without the last step; -1: none */
	unsigned n_events; /* of them that are in its window */
	char event[32]; /* the last of them */
};

struct seq_times {
	struct results results; /* v[i] is of row[i] */
	struct seq_row *row;
	size_t cap;
};

/*
 * Room for a sequence: one row for the whole, one for each step, one for the empty sequence of its ring.
 * Returns 0, or -1 when memory is short.
 */
int seq_times_room(struct seq_times *t, const struct seq_cases *cases);
void seq_times_free(struct seq_times *t);

/*
 * Measure one. known is what this engine is known to do differently: where the trace is the predicted one,
 * instructions can be counted. Returns 0, or -1 when the engine is of no more use.
 */
int seq_time(struct engine *e, const struct seq_case *c, struct known *known, unsigned samples,
	     unsigned warmup, struct seq_times *t);

/* `bench --seq`: measure these, print and write them. Returns the exit status. */
struct seq_bench {
	const char *engine, *tables, *out;
	const char *plan; /* its file's name, or "" */
	int json;
	unsigned samples, warmup;
	struct seq_cases cases;
};
int seq_bench(const struct seq_bench *o);

/* For people: each sequence, a line a step. */
void seq_times_print(FILE *f, const struct seq_times *t, const struct results_context *c);

/* 0 some figure of a row from the id `first` on is good, 3 an ERROR, 4 nothing but SKIPs. */
int bench_status(const struct results *rs, unsigned first);

/*
 * Rows into a new file of the folder `out` unless it is NULL, and to stdout: as JSON lines or as a table, that of t where
 * they are rows of sequences. Returns the exit status; what went wrong has been said.
 */
int bench_publish(const char *out, int json, const struct results *rs, const struct seq_times *t,
		  const struct results_context *c);

#endif
