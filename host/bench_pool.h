/* SPDX-License-Identifier: BSD-2-Clause */
/* The samples of one row and kind, as its batches bring them in, and the figures that come of them. */
#ifndef TW_HOST_BENCH_POOL_H
#define TW_HOST_BENCH_POOL_H

#include "host/results.h"

struct bench_pool {
	uint32_t *v[BENCH_ALIGNS];
	uint32_t n[BENCH_ALIGNS], cap[BENCH_ALIGNS];
};

/* Room for n more samples of a placement; NULL when memory is short. */
uint32_t *pool_room(struct bench_pool *pool, unsigned align, uint32_t n);

/* A batch of n samples now stands in that room. */
void pool_add(struct bench_pool *pool, unsigned align, uint32_t n, struct result *r);

/* The medians of so many parts of n samples that came one after the other. */
void batches_of(const uint32_t *v, uint32_t n, unsigned rounds, double ret[RESULT_ROUNDS]);

/*
 * The samples of each placement, where they came in one batch, as several: what came one after the
 * other stays together.
 */
void pool_split(const struct bench_pool *pool, struct result *r);

/* All figures of a row that is OK; it is ERROR when a placement has no samples. The pool is empty again. */
void pool_end(struct bench_pool *pool, struct result *r);

#endif
