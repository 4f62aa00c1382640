/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/stats.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double quantile(const double *sorted, size_t n, double p)
{
	double at = (double)(n - 1) * p, low = floor(at);
	size_t i = (size_t)low;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (at - low) * (sorted[i + 1] - sorted[i]);
}

int stats_of(const uint32_t *samples, size_t n, struct stats *ret_stats)
{
	struct stats s = { .n = n };
	double *v;

	if (!n) {
		*ret_stats = s;
		return 0;
	}
	v = malloc(n * sizeof(*v));
	if (!v)
		return -1;
	for (size_t i = 0; i < n; i++)
		v[i] = samples[i];
	qsort(v, n, sizeof(*v), ascending);
	s.min = v[0];
	s.p5 = quantile(v, n, 0.05);
	s.q1 = quantile(v, n, 0.25);
	s.median = quantile(v, n, 0.5);
	s.q3 = quantile(v, n, 0.75);
	s.p95 = quantile(v, n, 0.95);
	s.p99 = quantile(v, n, 0.99);
	s.max = v[n - 1];
	for (size_t i = 1; i < n; i++)
		if (v[i] > v[i - 1] && (!s.step || v[i] - v[i - 1] < s.step))
			s.step = v[i] - v[i - 1];
	for (size_t i = 0; i < n; i++)
		v[i] = fabs(v[i] - s.median);
	qsort(v, n, sizeof(*v), ascending);
	s.mad = quantile(v, n, 0.5);
	free(v);
	*ret_stats = s;
	return 0;
}
