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

/* A batch of NMIs, or an answer, under an emulator on a busy machine; anything longer hangs. */
enum { BENCH_BATCH_MS = 60000 };

/* The engine gave no answer: its words into the result. 0, or -1 when it cannot be brought back. */
int bench_failed(struct engine *e, enum engine_status status, struct result *r);
/* An answer that cannot be. 0. */
int bench_nonsense(struct result *r, const char *what);
/* All samples of the last batch. 1: they are there; else *r says why, and 0 or -1 as of bench_run. */
int bench_fetch(struct engine *e, uint32_t *samples, uint32_t n, struct result *r);

/* What a guest said of one placement, added to its row. 1: its samples count; 0: the row has its verdict. */
int bench_answered(const struct msg_benched *b, struct result *r);

/* The same result without asking anybody: every sample is SKIP for this reason. */
void bench_skip(const struct bench_row *row, enum bench_kind kind, const char *reason,
		struct result *ret_result);

#endif
