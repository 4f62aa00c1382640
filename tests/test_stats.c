/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures against vectors worked out by hand from the definitions in docs/method.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/stats.h"

#define SAME(a, b) assert_true((a) - (b) < 1e-9 && (b) - (a) < 1e-9)

static void one_sample_is_every_quantile(void **state)
{
	const uint32_t v[] = { 42 };
	struct stats s;

	(void)state;
	assert_int_equal(stats_of(v, 1, &s), 0);
	SAME(s.min, 42);
	SAME(s.p5, 42);
	SAME(s.median, 42);
	SAME(s.p99, 42);
	SAME(s.max, 42);
	SAME(s.mad, 0);
}

static void no_samples_are_zeros(void **state)
{
	struct stats s;

	(void)state;
	memset(&s, 0xff, sizeof(s));
	assert_int_equal(stats_of(NULL, 0, &s), 0);
	assert_int_equal(s.n, 0);
	SAME(s.median, 0);
}

/* Positions of type 7 in ten values: (n-1)p = 0.45, 2.25, 4.5, 6.75, 8.55, 8.91. */
static void quantiles_are_between_neighbours(void **state)
{
	const uint32_t v[] = { 100, 10, 90, 20, 80, 30, 70, 40, 60, 50 };
	struct stats s;

	(void)state;
	assert_int_equal(stats_of(v, 10, &s), 0);
	assert_int_equal(s.n, 10);
	SAME(s.min, 10);
	SAME(s.p5, 14.5);
	SAME(s.q1, 32.5);
	SAME(s.median, 55);
	SAME(s.q3, 77.5);
	SAME(s.p95, 95.5);
	SAME(s.p99, 99.1);
	SAME(s.max, 100);
	SAME(s.mad, 25);
}

/* Median 3, distances 2 1 0 1 97: their median is 1, whatever the outlier does. */
static void mad_ignores_an_outlier(void **state)
{
	const uint32_t v[] = { 1, 2, 3, 4, 100 };
	struct stats s;

	(void)state;
	assert_int_equal(stats_of(v, 5, &s), 0);
	SAME(s.median, 3);
	SAME(s.mad, 1);
}

static void the_largest_values_keep_their_bits(void **state)
{
	const uint32_t v[] = { 0xffffffff, 0xfffffffd, 0xffffffff };
	struct stats s;

	(void)state;
	assert_int_equal(stats_of(v, 3, &s), 0);
	SAME(s.min, 4294967293.0);
	SAME(s.median, 4294967295.0);
	SAME(s.mad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sample_is_every_quantile),
		cmocka_unit_test(no_samples_are_zeros),
		cmocka_unit_test(quantiles_are_between_neighbours),
		cmocka_unit_test(mad_ignores_an_outlier),
		cmocka_unit_test(the_largest_values_keep_their_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
