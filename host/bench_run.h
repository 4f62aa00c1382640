/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking a guest for its samples. */
#ifndef TW_HOST_BENCH_RUN_H
#define TW_HOST_BENCH_RUN_H

#include "host/engine.h"
#include "host/results.h"

/*
 * Measure one row, one kind, in all placements: `samples` and `warmup` for each. Whatever goes
 * wrong is in *ret_result. Returns 0, or -1 when the engine is of no more use.
 */
int bench_run(struct engine *e, const struct bench_row *row, enum bench_kind kind, unsigned samples,
	      unsigned warmup, struct result *ret_result);

/* What a guest said of one placement, added to its row. 1: its samples count; 0: the row has its verdict. */
int bench_answered(const struct msg_benched *b, struct result *r);

/* The same result without asking anybody: every sample is SKIP for this reason. */
void bench_skip(const struct bench_row *row, enum bench_kind kind, const char *reason,
		struct result *ret_result);

#endif
