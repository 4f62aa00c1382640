/* SPDX-License-Identifier: BSD-2-Clause */
/* Comparing runs: changes that were planted are found, and chance is not taken for one. */
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

enum { ROWS = 120, BOOTS_MAX = 6, PLANTED = 7 /* every so many rows, by two */ };

static uint64_t state;

static double uniform(void)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

/* Roughly normal, of mean 0 and deviation 1. */
static double noise(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform();
	return sum;
}

/* How a machine is made: deviations of the logarithm, of a boot, a row in a boot, and a batch. */
struct maker {
	double boot, row, batch;
	double round; /* of one row in ten in a round: of its batches at all placements */
	double place; /* of one row in ten at a placement: of its batches in all rounds, as a stick has them */
	double change; /* every PLANTED-th row is so many times slower; 1: none */
	double step; /* of its clock; 0: none */
	int exact;
};

static struct run_file boot(const struct maker *m)
{
	static struct made rows[ROWS];
	double all = exp(m->boot * noise());
	struct run_file f;

	for (unsigned i = 0; i < ROWS; i++) {
		double base = 5000 + 7 * i, of_row = base * all * exp(m->row * noise());
		double sum = 0, in_round[RESULT_ROUNDS], at_place[BENCH_ALIGNS];

		if (i % PLANTED == 0)
			of_row *= m->change;
		for (unsigned k = 0; k < RESULT_ROUNDS; k++)
			in_round[k] = exp((i % 10 ? 0 : m->round) * noise());
		for (unsigned k = 0; k < BENCH_ALIGNS; k++)
			at_place[k] = exp((i % 10 ? 0 : m->place) * noise());
		rows[i] = (struct made){ .row = i, .width = m->exact ? 0 : 3 + m->step };
		for (unsigned k = 0; k < BENCH_ALIGNS * RESULT_ROUNDS; k++) {
			double v = of_row * in_round[k % RESULT_ROUNDS] * at_place[k / RESULT_ROUNDS] * exp(m->batch * noise());

			if (m->step > 0)
				v = m->step * floor(v / m->step + 0.5);
			rows[i].batch[k / RESULT_ROUNDS][k % RESULT_ROUNDS] = v;
			sum += v / (BENCH_ALIGNS * RESULT_ROUNDS);
		}
		rows[i].median = m->step > 0 ? m->step * floor(sum / m->step + 0.5) : sum;
	}
	f = run_of(rows, ROWS);
	if (m->step > 0)
		f.step = m->step;
	if (m->place > 0)
		json_object_set_new(f.context, "engine", json_string("stick"));
	return f;
}

/* So many boots of each, compared. */
static struct comparison meet(const struct maker *a, const struct maker *b, unsigned boots)
{
	struct run_file va[BOOTS_MAX], vb[BOOTS_MAX];
	struct comparison k;

	for (unsigned i = 0; i < boots; i++) {
		va[i] = boot(a);
		vb[i] = boot(b);
	}
	assert_int_equal(compare_runs(va, boots, vb, boots, &k), 0);
	for (size_t i = 0; i < k.n; i++)
		k.v[i].id = "";
	for (unsigned i = 0; i < boots; i++) {
		run_free(&va[i]);
		run_free(&vb[i]);
	}
	return k;
}

/* A against A, many times: false alarms in so many of the comparisons at most (Holm promises 5 in 100). */
static void no_alarm(const struct maker *m, unsigned boots, unsigned times, unsigned most)
{
	unsigned alarms = 0;

	for (unsigned i = 0; i < times; i++) {
		struct comparison k = meet(m, m, boots);

		assert_int_equal(k.n_compared, ROWS);
		alarms += k.n_changed > 0;
		free(k.v);
	}
	if (alarms > most)
		fail_msg("%u of %u comparisons of a machine with itself report a change", alarms, times);
}

static void found(const struct maker *a, const struct maker *b, unsigned boots)
{
	struct comparison k = meet(a, b, boots);
	unsigned planted = (ROWS + PLANTED - 1) / PLANTED;

	if (k.n_changed != planted)
		fail_msg("%u changes are reported, %u were planted", k.n_changed, planted);
	for (size_t i = 0; i < k.n; i++) {
		const struct change *c = &k.v[i];

		if (c->kind != CHANGE_YES)
			continue;
		assert_true(c->low < b->change * 1.02 && c->high > b->change / 1.02 && c->low <= c->ratio &&
			    c->ratio <= c->high && c->p < 0.05);
	}
	free(k.v);
}

static void test_same_batches(void **unused)
{
	(void)unused;
	no_alarm(&(struct maker){ .batch = 0.02, .change = 1 }, 1, 12, 3);
	no_alarm(&(struct maker){ .row = 0.01, .batch = 0.01, .change = 1 }, 1, 12, 3);
	/* what goes on beside a row slows it at all placements, and others not */
	no_alarm(&(struct maker){ .round = 0.1, .batch = 0.002, .change = 1 }, 1, 24, 4);
	/* a stick measures a row in one go, placement by placement */
	no_alarm(&(struct maker){ .place = 0.1, .batch = 0.002, .change = 1 }, 1, 24, 4);
	/* the whole boot is slower, as behind a hypervisor or on a busy machine */
	no_alarm(&(struct maker){ .boot = 0.1, .row = 0.01, .batch = 0.005, .change = 1 }, 1, 12, 3);
}

static void test_same_boots(void **unused)
{
	(void)unused;
	no_alarm(&(struct maker){ .row = 0.01, .batch = 0.01, .change = 1 }, 6, 8, 3);
	no_alarm(&(struct maker){ .boot = 0.02, .row = 0.01, .batch = 0.001, .change = 1 }, 3, 8, 3);
}

static void test_planted(void **unused)
{
	(void)unused;
	found(&(struct maker){ .batch = 0.01, .change = 1 }, &(struct maker){ .batch = 0.01, .change = 1.2 }, 1);
	found(&(struct maker){ .batch = 0.01, .change = 1 }, &(struct maker){ .batch = 0.01, .change = 0.8 }, 1);
	found(&(struct maker){ .row = 0.002, .batch = 0.01, .change = 1 },
	      &(struct maker){ .row = 0.002, .batch = 0.01, .change = 1.1 }, 6);
	/* where an instruction is a tick, one more is a change */
	found(&(struct maker){ .exact = 1, .change = 1 }, &(struct maker){ .exact = 1, .change = 1.011 }, 1);
}

/* However sure: less than 1 %, or less than the clock can tell, is not reported. */
static void test_too_small(void **unused)
{
	const struct maker a = { .batch = 0.0001, .change = 1 }, b = { .batch = 0.0001, .change = 1.009 };
	const struct maker exact_a = { .exact = 1, .change = 1 }, exact_b = { .exact = 1, .change = 1.009 };
	const struct maker slow_a = { .step = 1000, .change = 1 }, slow_b = { .step = 1000, .change = 1.1 };
	struct comparison k = meet(&a, &b, 3);

	(void)unused;
	assert_int_equal(k.n_changed, 0);
	free(k.v);
	k = meet(&exact_a, &exact_b, 1);
	assert_int_equal(k.n_changed, 0);
	free(k.v);
	k = meet(&slow_a, &slow_b, 6);
	assert_int_equal(k.n_changed, 0);
	free(k.v);
}

/* All rows at once: no row is named with one boot each, but the shift is said. */
static void test_level(void **unused)
{
	struct maker a = { .row = 0.001, .batch = 0.001, .change = 1 }, b = a;
	struct run_file va = boot(&a), vb = boot(&b);
	struct comparison k;

	(void)unused;
	for (size_t i = 0; i < vb.n_rows; i++)
		for (unsigned u = 0; u < vb.rows[i].n_units; u++)
			vb.rows[i].unit_of[u] *= 1.05;
	assert_int_equal(compare_runs(&va, 1, &vb, 1, &k), 0);
	assert_int_equal(k.n_changed, 0);
	assert_true(k.level > 1.045 && k.level < 1.055);
	free(k.v);
	run_free(&va);
	run_free(&vb);
}

/* With several boots on both sides the same shift is a change of each row. */
static void test_level_of_boots(void **unused)
{
	enum { BOOTS = 4 };
	const struct maker m = { .row = 0.001, .batch = 0.001, .change = 1 };
	struct run_file va[BOOTS], vb[BOOTS];
	struct comparison k;

	(void)unused;
	for (unsigned i = 0; i < BOOTS; i++) {
		va[i] = boot(&m);
		vb[i] = boot(&m);
		for (size_t r = 0; r < vb[i].n_rows; r++)
			vb[i].rows[r].fig[F_MEDIAN] *= 1.05;
	}
	assert_int_equal(compare_runs(va, BOOTS, vb, BOOTS, &k), 0);
	assert_true(k.boots);
	assert_int_equal(k.n_changed, ROWS);
	assert_true(k.level > 1.045 && k.level < 1.055);
	free(k.v);
	for (unsigned i = 0; i < BOOTS; i++) {
		run_free(&va[i]);
		run_free(&vb[i]);
	}
}

/* With one unit on a side nobody knows how units differ: no change, however large, but where no sample differs from another. */
static void test_one_unit(void **unused)
{
	const struct maker a = { .batch = 0.01, .change = 1 }, b = { .batch = 0.01, .change = 2 };
	const struct maker exact_a = { .exact = 1, .change = 1 }, exact_b = { .exact = 1, .change = 2 };
	unsigned planted = (ROWS + PLANTED - 1) / PLANTED;

	(void)unused;
	for (int side = 0; side < 3; side++) {
		struct run_file va = boot(&a), vb = boot(&b);
		struct comparison k;

		for (size_t r = 0; r < ROWS; r++) {
			va.rows[r].n_units = side == 1 ? va.rows[r].n_units : 1;
			vb.rows[r].n_units = side == 0 ? vb.rows[r].n_units : 1;
		}
		assert_int_equal(compare_runs(&va, 1, &vb, 1, &k), 0);
		assert_int_equal(k.n_compared, 0);
		assert_int_equal(k.n_changed, 0);
		for (size_t i = 0; i < k.n; i++) {
			assert_int_equal(k.v[i].kind, CHANGE_LACKING);
			assert_non_null(strstr(k.v[i].why, "one batch"));
		}
		free(k.v);
		run_free(&va);
		run_free(&vb);
	}
	for (int single = 0; single < 2; single++) {
		struct run_file va = boot(&exact_a), vb = boot(&exact_b);
		struct comparison k;

		for (size_t r = 0; r < ROWS; r++) {
			va.rows[r].n_units = vb.rows[r].n_units = 1;
			/* one sample differs from none, and says nothing */
			va.rows[r].n = single ? 1 : va.rows[r].n;
		}
		assert_int_equal(compare_runs(&va, 1, &vb, 1, &k), 0);
		assert_int_equal(k.n_changed, single ? 0 : planted);
		free(k.v);
		run_free(&va);
		run_free(&vb);
	}
}

static void test_refused(void **unused)
{
	struct maker m = { .batch = 0.01, .change = 1 };
	struct run_file a = boot(&m), b = boot(&m);
	struct comparison k, again;
	unsigned refused = 0, lacking = 0;
	char id[80];

	(void)unused;
	b.rows[3].definition = "another window";
	b.rows[4].instructions++;
	b.rows[5].unit = "core-cycles";
	b.rows[6].ok = 0;
	b.rows[6].verdict = "UNSTABLE";
	b.rows[9].ok = 0;
	b.rows[9].verdict = "SKIP";
	b.rows[9].instructions = -1;
	snprintf(id, sizeof(id), "%sx", b.rows[7].id);
	b.rows[7].id = id;
	b.rows[8].overhead_id = "ovh.other";
	assert_int_equal(compare_runs(&a, 1, &b, 1, &k), 0);
	for (size_t i = 0; i < k.n; i++) {
		refused += k.v[i].kind == CHANGE_REFUSED;
		lacking += k.v[i].kind == CHANGE_LACKING;
	}
	assert_int_equal(refused, 4);
	assert_int_equal(k.n_refused, 4);
	assert_true(lacking >= 3);
	/* the same numbers, the same words */
	assert_int_equal(compare_runs(&a, 1, &b, 1, &again), 0);
	for (size_t i = 0; i < k.n; i++)
		assert_true(k.v[i].low <= again.v[i].low && k.v[i].low >= again.v[i].low &&
			    k.v[i].high <= again.v[i].high && k.v[i].high >= again.v[i].high);
	free(k.v);
	free(again.v);
	run_free(&a);
	run_free(&b);
}

/* Critical values that every book has. */
static void test_student(void **unused)
{
	static const struct {
		double t, df, p;
	} rows[] = {
		{ 12.706205, 1, 0.05 },	  { 4.302653, 2, 0.05 },  { 2.228139, 10, 0.05 }, { 2.042272, 30, 0.05 },
		{ 63.656741, 1, 0.01 },	  { 3.169273, 10, 0.01 }, { 2.749996, 30, 0.01 }, { 0, 5, 1 },
		{ -2.228139, 10, 0.05 },  { 4.5868939, 10, 0.001 },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double p = student_two_sided(rows[i].t, rows[i].df);

		if (fabs(p - rows[i].p) > 1e-6)
			fail_msg("t %f, df %f: %.9f is not %f", rows[i].t, rows[i].df, p, rows[i].p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_batches), cmocka_unit_test(test_same_boots), cmocka_unit_test(test_planted),
		cmocka_unit_test(test_too_small),    cmocka_unit_test(test_level),	cmocka_unit_test(test_refused),
		cmocka_unit_test(test_student),	     cmocka_unit_test(test_level_of_boots), cmocka_unit_test(test_one_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
