/* SPDX-License-Identifier: BSD-2-Clause */
/* Asking a guest for its samples. */
#ifndef TW_HOST_BENCH_RUN_H
#define TW_HOST_BENCH_RUN_H

#include "host/bench_pool.h"
#include "host/engine.h"

/* A row and kind before its first batch: OK, with no figures. */
void bench_begin(const struct bench_row *row, enum bench_kind kind, struct result *ret_result);

/*
 * One batch in each placement, of `samples` after `warmup` runs, into the pool. Whatever goes wrong is
 * *r's verdict, and then nothing more is asked. Returns 0, or -1 when the engine is of no more use.
 */
int bench_round(struct engine *e, unsigned samples, unsigned warmup, struct bench_pool *pool, struct result *r);

/* What a guest said of one placement, added to its row. 1: its samples count; 0: the row has its verdict. */
int bench_answered(const struct msg_benched *b, struct result *r);

/* The same result without asking anybody: every sample is SKIP for this reason. */
void bench_skip(const struct bench_row *row, enum bench_kind kind, const char *reason,
		struct result *ret_result);

#endif
