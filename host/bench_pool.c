/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bench_pool.h"

#include <stdlib.h>
#include <string.h>

uint32_t *pool_room(struct bench_pool *pool, unsigned align, uint32_t n)
{
	uint32_t *v = pool->v[align];

	if (pool->cap[align] - pool->n[align] < n) {
		v = realloc(v, (pool->n[align] + n) * sizeof(*v));
		if (!v)
			return NULL;
		pool->v[align] = v;
		pool->cap[align] = pool->n[align] + n;
	}
	return v + pool->n[align];
}

static double median_of(const uint32_t *v, uint32_t n)
{
	struct stats s;

	return stats_of(v, n, &s) ? 0 : s.median;
}

void pool_add(struct bench_pool *pool, unsigned align, uint32_t n, struct result *r)
{
	if (align == 0 && r->n_rounds < RESULT_ROUNDS)
		r->n_rounds++;
	if (r->n_rounds)
		r->batch[align][r->n_rounds - 1] = median_of(pool->v[align] + pool->n[align], n);
	pool->n[align] += n;
}

void batches_of(const uint32_t *v, uint32_t n, unsigned rounds, double ret[RESULT_ROUNDS])
{
	uint32_t from = 0, to;

	for (unsigned i = 0; i < rounds; i++, from = to) {
		to = (uint32_t)((uint64_t)n * (i + 1) / rounds);
		ret[i] = median_of(v + from, to - from);
	}
}

void pool_split(const struct bench_pool *pool, struct result *r)
{
	uint32_t least = pool->n[0];

	for (unsigned a = 0; a < BENCH_ALIGNS; a++)
		least = pool->n[a] < least ? pool->n[a] : least;
	r->n_rounds = results_rounds(least);
	for (unsigned a = 0; a < BENCH_ALIGNS; a++)
		batches_of(pool->v[a], pool->n[a], r->n_rounds, r->batch[a]);
}

/* All placements together, in *ret_n; NULL when one has none, or memory is short. */
static uint32_t *join(const struct bench_pool *pool, size_t *ret_n)
{
	size_t total = 0, at = 0;
	uint32_t *all;

	for (unsigned a = 0; a < BENCH_ALIGNS; a++) {
		if (!pool->n[a])
			return NULL;
		total += pool->n[a];
	}
	all = malloc(total * sizeof(*all));
	for (unsigned a = 0; all && a < BENCH_ALIGNS; at += pool->n[a++])
		memcpy(all + at, pool->v[a], pool->n[a] * sizeof(*all));
	*ret_n = total;
	return all;
}

void pool_end(struct bench_pool *pool, struct result *r)
{
	size_t n = 0;
	uint32_t *all = r->verdict == BENCH_OK ? join(pool, &n) : NULL;

	for (unsigned a = 0; all && a < BENCH_ALIGNS; a++)
		r->placed[a] = median_of(pool->v[a], pool->n[a]);
	if (r->verdict == BENCH_OK && (!all || stats_of(all, n, &r->stats))) {
		r->verdict = BENCH_ERROR;
		snprintf(r->reason, sizeof(r->reason), "a placement has no samples: measure this row again");
	}
	free(all);
	for (unsigned a = 0; a < BENCH_ALIGNS; a++)
		free(pool->v[a]);
	*pool = (struct bench_pool){ 0 };
}
