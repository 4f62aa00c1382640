/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing runs, figure by figure: what docs/method.md says of chance and interval, worked out a second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "host/compare.h"
#include "host/student.h"
#include "tests/run_text.h"

enum { ROWS_MAX = 120, RUNS_MAX = 8 };

/* One side: runs whose rows have a median each, and rounds that are all the same unless `round` says by which factor not. */
struct runs {
	unsigned n, rows;
	double median[RUNS_MAX][ROWS_MAX];
	double round[RUNS_MAX][RESULT_ROUNDS];
	double width; /* of the samples; 0: none differs from another */
	double step; /* of the clock */
	struct run_file file[RUNS_MAX];
};

static void make(struct runs *s)
{
	static struct made rows[ROWS_MAX];

	for (unsigned i = 0; i < s->n; i++) {
		for (unsigned r = 0; r < s->rows; r++) {
			rows[r] = (struct made){ .row = r, .median = s->median[i][r], .width = s->width };
			for (unsigned k = 0; k < BENCH_ALIGNS * RESULT_ROUNDS; k++) {
				double by = s->round[i][k % RESULT_ROUNDS];

				rows[r].batch[k / RESULT_ROUNDS][k % RESULT_ROUNDS] = s->median[i][r] * (by > 0 ? by : 1);
			}
		}
		s->file[i] = run_of(rows, s->rows);
		s->file[i].step = s->step;
	}
}

static struct comparison meet(struct runs *a, struct runs *b)
{
	struct comparison k;

	assert_int_equal(compare_runs(a->file, a->n, b->file, b->n, &k), 0);
	return k;
}

static void drop(struct runs *a, struct runs *b, struct comparison *k)
{
	for (unsigned i = 0; i < a->n; i++)
		run_free(&a->file[i]);
	for (unsigned i = 0; i < b->n; i++)
		run_free(&b->file[i]);
	free(k->v);
}

/* The change of a row, by its place in the table. */
static const struct change *of(const struct comparison *k, unsigned row)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	for (size_t i = 0; i < k->n; i++)
		if (!strcmp(k->v[i].id, rows[row].path))
			return &k->v[i];
	fail_msg("%s is not compared", rows[row].path);
	return NULL;
}

static void near(double is, double want)
{
	if (fabs(is - want) > 1e-6 * (1 + fabs(want)))
		fail_msg("%.9f is not %.9f", is, want);
}

/*
 * Three boots a side, whose logarithms are -s, 0, s and m-s, m, m+s: t is m / (s * sqrt(2/3)) with 4 degrees of freedom.
 * Holm: the smallest chance counts four times, the next three times, and none less than one before it.
 */
static void test_holm(void **unused)
{
	static const double t[] = { 2.9, 8, 0, 3 };
	const double s = 0.01;
	static struct runs a = { .n = 3, .rows = 4 }, b = { .n = 3, .rows = 4 };
	struct comparison k;

	(void)unused;
	for (unsigned r = 0; r < 4; r++) {
		for (unsigned i = 0; i < 3; i++) {
			a.median[i][r] = 1000 * exp(s * ((double)i - 1));
			b.median[i][r] = 1000 * exp(s * ((double)i - 1) + t[r] * s * sqrt(2. / 3));
		}
	}
	make(&a);
	make(&b);
	k = meet(&a, &b);
	assert_true(k.boots);
	assert_int_equal(k.n_compared, 4);
	near(of(&k, 1)->p, 4 * student_two_sided(8, 4));
	near(of(&k, 3)->p, 3 * student_two_sided(3, 4));
	assert_true(2 * student_two_sided(2.9, 4) < of(&k, 3)->p);
	near(of(&k, 0)->p, of(&k, 3)->p);
	near(of(&k, 2)->p, 1);
	near(of(&k, 1)->ratio, exp(8 * s * sqrt(2. / 3)));
	near(of(&k, 1)->a, 1000);
	assert_int_equal(of(&k, 1)->kind, CHANGE_YES);
	assert_int_equal(k.n_changed, 1);
	drop(&a, &b, &k);
}

/* Four rounds that a clock of coarse steps shows as equal: their variance is that of the rounding, in the chance and in the interval. */
static void test_rounding(void **unused)
{
	static struct runs a = { .n = 1, .rows = 3, .median = { { 1000, 1000, 1000 } }, .width = 100, .step = 100 };
	static struct runs b = { .n = 1, .rows = 3, .median = { { 1200, 1000, 1000 } }, .width = 100, .step = 100 };
	const double var_a = 0.1 * 0.1 / 12 / 4, var_b = var_a / 1.44, se = sqrt(var_a + var_b);
	const struct change *c;
	struct comparison k;

	(void)unused;
	make(&a);
	make(&b);
	k = meet(&a, &b);
	c = of(&k, 0);
	near(c->p, 3 * student_two_sided(log(1.2) / se,
					(var_a + var_b) * (var_a + var_b) / (var_a * var_a / 3 + var_b * var_b / 3)));
	near(log(c->low), log(1.2) - 1.96 * se);
	near(log(c->high), log(1.2) + 1.96 * se);
	assert_int_equal(c->kind, CHANGE_YES);
	drop(&a, &b, &k);
}

/*
 * What rows differ by in general widens the chance by the root of the sum of squares, and the interval by as much as itself: so
 * a row can be beyond the one and not beyond the other, and then it is no change.
 */
static void test_interval_decides(void **unused)
{
	const double u = 0.02, se = u / sqrt(23), delta = se / 1.4826, d = 3.78 * se;
	static struct runs a = { .n = 6, .rows = 3 }, b = { .n = 1, .rows = 3 };
	const struct change *c;
	struct comparison k;

	(void)unused;
	for (unsigned i = 0; i < a.n; i++) {
		for (unsigned r = 0; r < 3; r++)
			a.median[i][r] = 10000;
		for (unsigned q = 0; q < RESULT_ROUNDS; q++)
			a.round[i][q] = exp(q % 2 ? u : -u);
	}
	b.median[0][0] = 10000 * exp(d);
	b.median[0][1] = 10000 * exp(delta);
	b.median[0][2] = 10000 * exp(-delta);
	make(&a);
	make(&b);
	k = meet(&a, &b);
	c = of(&k, 0);
	assert_int_equal(c->n_a, 24);
	near(k.spread, se);
	near(c->p, 3 * student_two_sided(d / sqrt(2 * se * se), 23));
	assert_true(c->p < 0.05 && c->ratio > 1.01 && c->low < 1 && c->high > 1);
	assert_int_equal(c->kind, CHANGE_NONE);
	drop(&a, &b, &k);
}

/* Roughly normal. */
static double noise(uint64_t *state)
{
	double sum = -6;

	for (int i = 0; i < 12; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		sum += ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
	}
	return sum;
}

/* What is called an interval of 95 % holds the true ratio that often, of four boots a side as of six. */
static void test_coverage(void **unused)
{
	static struct runs a = { .rows = ROWS_MAX }, b = { .rows = ROWS_MAX };
	uint64_t state = 1;

	(void)unused;
	for (unsigned boots = 4; boots <= 6; boots += 2) {
		unsigned holds = 0, of_all = 0;

		for (unsigned time = 0; time < 10; time++) {
			struct comparison k;

			a.n = b.n = boots;
			for (unsigned i = 0; i < boots; i++) {
				for (unsigned r = 0; r < ROWS_MAX; r++) {
					a.median[i][r] = 1000 * exp(0.02 * noise(&state));
					b.median[i][r] = 1000 * exp(0.02 * noise(&state));
				}
			}
			make(&a);
			make(&b);
			k = meet(&a, &b);
			for (size_t i = 0; i < k.n; i++)
				holds += k.v[i].low <= 1 && k.v[i].high >= 1;
			of_all += (unsigned)k.n;
			drop(&a, &b, &k);
		}
		if (holds * 100 < of_all * 93 || holds * 100 > of_all * 98)
			fail_msg("%u boots: %u of %u intervals hold the true ratio", boots, holds, of_all);
	}
}

/* No degree of freedom is left where one unit stands against one and only the rows in general say what is chance. */
static void test_exact_alone(void **unused)
{
	static struct runs a = { .n = 1, .rows = 5 }, b = { .n = 1, .rows = 5 };
	struct comparison k;

	(void)unused;
	for (unsigned r = 0; r < 5; r++) {
		a.median[0][r] = 1000;
		b.median[0][r] = 1000 * exp(0.02 * ((double)r - 1));
	}
	make(&a);
	make(&b);
	for (unsigned r = 0; r < 5; r++)
		a.file[0].rows[r].n_units = b.file[0].rows[r].n_units = 1;
	k = meet(&a, &b);
	assert_int_equal(k.n_compared, 5);
	near(k.spread, 1.4826 * 0.02);
	near(of(&k, 4)->p, fmin(1, 5 * student_two_sided(0.06 / k.spread, 1)));
	assert_int_equal(k.n_changed, 0);
	drop(&a, &b, &k);
}

/* Of several boots two must be OK on each side, even where no sample differs from another. */
static void test_boots_not_ok(void **unused)
{
	static struct runs a = { .n = 2, .rows = 1, .median = { { 10 }, { 10 } } };
	static struct runs b = { .n = 2, .rows = 1, .median = { { 20 }, { 20 } } };
	struct comparison k;

	(void)unused;
	make(&a);
	make(&b);
	k = meet(&a, &b);
	assert_int_equal(of(&k, 0)->kind, CHANGE_YES);
	free(k.v);
	b.file[1].rows[0].ok = 0;
	k = meet(&a, &b);
	assert_int_equal(of(&k, 0)->kind, CHANGE_LACKING);
	assert_string_equal(of(&k, 0)->why, "not OK in two boots");
	drop(&a, &b, &k);
}

/* A name says nothing of what is in a sequence, and boots of one folder may have timed two of them. */
static void test_sequences(void **unused)
{
	static struct runs a = { .n = 2, .rows = 1, .median = { { 10 }, { 10 } } };
	static struct runs b = { .n = 2, .rows = 1, .median = { { 20 }, { 20 } } };
	struct comparison k;

	(void)unused;
	make(&a);
	make(&b);
	for (unsigned i = 0; i < 2; i++) {
		a.file[i].rows[0].sequence = "int3; ret.iret";
		b.file[i].rows[0].sequence = "ud2; ret.iret";
	}
	k = meet(&a, &b);
	assert_int_equal(of(&k, 0)->kind, CHANGE_REFUSED);
	assert_string_equal(of(&k, 0)->why, "its sequence is another one");
	free(k.v);
	b.file[0].rows[0].sequence = a.file[0].rows[0].sequence;
	k = meet(&a, &b);
	assert_int_equal(of(&k, 0)->kind, CHANGE_REFUSED);
	assert_string_equal(of(&k, 0)->why, "B's runs differ in what it is: name one of them");
	drop(&a, &b, &k);
}

static void test_quantile(void **unused)
{
	static const double df[] = { 1, 1.5, 4, 30, 1e6 }, p[] = { 0.9, 0.05, 1e-7 };

	(void)unused;
	for (size_t i = 0; i < sizeof(df) / sizeof(df[0]); i++)
		for (size_t k = 0; k < sizeof(p) / sizeof(p[0]); k++)
			near(student_two_sided(student_quantile(p[k], df[i]), df[i]) / p[k], 1);
	near(student_quantile(0.05, 10), 2.2281389);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holm),	   cmocka_unit_test(test_rounding),	cmocka_unit_test(test_interval_decides),
		cmocka_unit_test(test_coverage),   cmocka_unit_test(test_exact_alone),	cmocka_unit_test(test_boots_not_ok),
		cmocka_unit_test(test_sequences),  cmocka_unit_test(test_quantile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
