/* SPDX-License-Identifier: BSD-2-Clause */
/* What a batch of samples amounts to. docs/method.md defines each figure. */
#ifndef TW_HOST_STATS_H
#define TW_HOST_STATS_H

#include <stddef.h>
#include <stdint.h>

struct stats {
	size_t n;
	double min, p5, q1, median, q3, p95, p99, max;
	double mad; /* median of the distances from the median, not scaled */
	double step; /* the smallest distance between two different samples; 0: all are the same */
};

/*
 * The p-th quantile (0..1) of n > 0 values in ascending order: linear between the two order
 * statistics around position (n-1)p. This is type 7 of Hyndman and Fan (1996).
 */
double quantile(const double *sorted, size_t n, double p);

/* Figures of n samples; all 0 when n is 0. Returns 0, or -1 when memory is short. */
int stats_of(const uint32_t *samples, size_t n, struct stats *ret_stats);

#endif
