/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/compare.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/stats.h"
#include "host/student.h"

enum { UNITS_MAX = 1024, RESAMPLES = 2000 };

#define LEAST 0.01 /* a smaller change is not reported, however sure */
#define ALPHA 0.05
#define CONFIDENCE 0.95 /* of the interval */

/* What one side has of a row: the logarithms of its units. */
struct side {
	const struct run_row *row; /* the first that is there, for its definition */
	double v[UNITS_MAX], mean, var, step;
	double rounding; /* what the clock's steps add to var */
	unsigned n;
	int exact; /* no sample differs from another */
	int mixed; /* the row means one thing in one run and another in the next */
};

struct pair {
	struct side a, b;
};

/*
 * Batches that were measured right behind one another are one unit, since what slowed one slowed all: those
 * of a round, one for each placement; of a stick, which measures a row in one go, those of a placement.
 * Where there is one round alone, or no placements, each batch is a unit.
 */
static void take_units(const struct run_row *r, int stick, struct side *s)
{
	int grouped = r->n_placed && r->n_units % r->n_placed == 0 && r->n_units > r->n_placed;
	unsigned rounds = grouped ? r->n_units / r->n_placed : 1;
	unsigned units = !grouped ? r->n_units : stick ? r->n_placed : rounds, of_one = r->n_units / units;

	for (unsigned k = 0; k < units && s->n < UNITS_MAX; k++) {
		double sum = 0;

		for (unsigned i = 0; i < of_one; i++) {
			double v = r->unit_of[stick || !grouped ? k * of_one + i : i * rounds + k];

			sum += log(v > 0 ? v : 1);
		}
		s->v[s->n++] = exp(sum / of_one);
	}
}

static const char *other_row(const struct run_row *a, const struct run_row *b)
{
	if (strcmp(a->definition, b->definition))
		return "its definition is another one";
	if (strcmp(a->sequence, b->sequence))
		return "its sequence is another one";
	if (strcmp(a->kind, b->kind) || strcmp(a->unit, b->unit))
		return "its kind or unit is another one";
	if (strcmp(a->overhead_id, b->overhead_id))
		return "its empty window is another one";
	/* a row that was skipped was not counted either */
	if (a->ok && b->ok && a->instructions != b->instructions)
		return "its window holds another number of instructions";
	return NULL;
}

static void gather(const struct run_file *f, size_t n, const char *id, int boots, struct side *s)
{
	*s = (struct side){ .exact = 1 };
	for (size_t i = 0; i < n; i++) {
		const struct run_row *r = run_row(&f[i], id);

		s->mixed |= r && s->row && other_row(s->row, r);
		if (r && (!s->row || (r->ok && !s->row->ok)))
			s->row = r;
		if (!r || !r->ok)
			continue;
		s->exact &= r->n > 1 && r->fig[F_MIN] >= r->fig[F_MAX];
		s->step = f[i].step > s->step ? f[i].step : s->step;
		if (boots && s->n < UNITS_MAX)
			s->v[s->n++] = r->fig[F_MEDIAN];
		if (!boots)
			take_units(r, !strcmp(run_text(&f[i], "engine"), "stick"), s);
	}
}

/*
 * Logarithms, their mean and variance. A counter that moves in steps makes equal medians of times that are not; so
 * where samples differ at all the variance is at least that of the rounding.
 */
static void summarise(struct side *s)
{
	double sum = 0, rounding;

	for (unsigned i = 0; i < s->n; i++) {
		s->v[i] = log(s->v[i] > 0 ? s->v[i] : 1);
		s->mean += s->v[i] / s->n;
	}
	for (unsigned i = 0; i < s->n; i++)
		sum += (s->v[i] - s->mean) * (s->v[i] - s->mean);
	s->var = s->n > 1 ? sum / (s->n - 1) : 0;
	rounding = s->step / exp(s->mean);
	if (!s->exact && s->var < rounding * rounding / 12)
		s->rounding = rounding * rounding / 12 - s->var;
	s->var += s->rounding;
}

/* splitmix64: the same numbers for the same row, always. */
static uint64_t random64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static double resampled(const struct side *s, uint64_t *state)
{
	double sum = 0;

	for (unsigned i = 0; i < s->n; i++)
		sum += s->v[random64(state) % s->n];
	return sum / s->n;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double part(double var, unsigned n)
{
	return n > 1 ? var * var / (n - 1) : 0;
}

/* Degrees of freedom, by Welch and Satterthwaite; where units do not differ at all, those of their number. */
static double freedom(const struct pair *p)
{
	double a = p->a.var / p->a.n, b = p->b.var / p->b.n;

	if (a + b > 0)
		return (a + b) * (a + b) / (part(a, p->a.n) + part(b, p->b.n));
	return p->a.n + p->b.n > 3 ? p->a.n + p->b.n - 2 : 1;
}

/*
 * Percentiles of resampled means are too narrow for few units: by the n in place of n-1, and by the normal in place of
 * Student's distribution. So they are taken further out (Hesterberg 2015, the expanded percentile interval).
 */
static double tail(double df)
{
	double n = df / 2 + 1;

	return erfc(sqrt(n / (n - 1)) * student_quantile(1 - CONFIDENCE, df) / sqrt(2)) / 2;
}

static void interval(const struct pair *p, double spread, struct change *c)
{
	double d[RESAMPLES], out = tail(freedom(p));
	double more = 1.96 * sqrt(spread * spread + p->a.rounding / p->a.n + p->b.rounding / p->b.n);
	uint64_t state = 1;

	for (const char *s = c->id; *s; s++)
		state = state * 31 + (unsigned char)*s;
	for (unsigned i = 0; i < RESAMPLES; i++)
		d[i] = resampled(&p->b, &state) - resampled(&p->a, &state);
	qsort(d, RESAMPLES, sizeof(*d), ascending);
	c->low = exp(quantile(d, RESAMPLES, out) - more);
	c->high = exp(quantile(d, RESAMPLES, 1 - out) + more);
}

/* Welch's test on the logarithms; what boots differ by, where each side has but one, comes on top. */
static double chance(const struct pair *p, double spread)
{
	double var = p->a.var / p->a.n + p->b.var / p->b.n + spread * spread;

	if (var <= 0)
		return p->a.mean < p->b.mean || p->a.mean > p->b.mean ? 0 : 1;
	return student_two_sided((p->b.mean - p->a.mean) / sqrt(var), freedom(p));
}

/* One unit says nothing of how units differ, but where there is no difference to speak of. */
static void classify(const struct pair *p, int boots, struct change *c)
{
	unsigned least = !boots && p->a.exact && p->b.exact ? 1 : 2;

	c->n_a = p->a.n;
	c->n_b = p->b.n;
	if (!p->a.row || !p->b.row) {
		c->kind = CHANGE_LACKING;
		c->why = p->a.row ? "B has no such row" : "A has no such row";
	} else if ((c->why = other_row(p->a.row, p->b.row))) {
		c->kind = CHANGE_REFUSED;
	} else if (p->a.mixed || p->b.mixed) {
		c->kind = CHANGE_REFUSED;
		c->why = p->a.mixed ? "A's runs differ in what it is: name one of them" : "B's runs differ in what it is: name one of them";
	} else if (p->a.n < least || p->b.n < least) {
		c->kind = CHANGE_LACKING;
		c->why = p->a.n < least ? p->a.row->verdict : p->b.row->verdict;
		if (!strcmp(c->why, "OK"))
			c->why = boots ? "not OK in two boots" : "one batch on a side: take more samples, or several runs";
	}
}

/* Holm's step-down: the smallest p counts n times, the next n-1 times, and none less than one before it. */
static int by_p(const void *a, const void *b)
{
	return ascending(&(*(struct change *const *)a)->p, &(*(struct change *const *)b)->p);
}

static int correct(struct comparison *k)
{
	struct change **order = malloc((k->n ? k->n : 1) * sizeof(struct change *));
	double floor_p = 0;
	unsigned n = 0;

	if (!order)
		return -1;
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].kind == CHANGE_NONE)
			order[n++] = &k->v[i];
	qsort(order, n, sizeof(struct change *), by_p);
	for (unsigned i = 0; i < n; i++) {
		double p = order[i]->p * (n - i);

		floor_p = p > floor_p ? p : floor_p;
		order[i]->p = floor_p < 1 ? floor_p : 1;
	}
	free(order);
	k->n_compared = n;
	return 0;
}

/* How rows differ between the two in general: most are taken to be the same, so that is chance. */
static int general(struct comparison *k)
{
	double *v = malloc((k->n ? k->n : 1) * sizeof(*v));
	size_t n = 0;

	if (!v)
		return -1;
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].kind == CHANGE_NONE)
			v[n++] = log(k->v[i].ratio);
	qsort(v, n, sizeof(*v), ascending);
	k->level = n ? exp(quantile(v, n, 0.5)) : 1;
	for (size_t i = 0; i < n; i++)
		v[i] = fabs(v[i]);
	qsort(v, n, sizeof(*v), ascending);
	k->spread = n && !k->boots ? 1.4826 * quantile(v, n, 0.5) : 0;
	free(v);
	return 0;
}

static void decide(const struct pair *p, struct change *c)
{
	double step = p->a.step > p->b.step ? p->a.step : p->b.step;

	if (c->kind != CHANGE_NONE || c->p >= ALPHA || fabs(c->ratio - 1) <= LEAST || (c->low <= 1 && c->high >= 1))
		return;
	if (!(p->a.exact && p->b.exact) && fabs(c->b - c->a) <= step)
		return;
	c->kind = CHANGE_YES;
}

/* Every id of either side, once. */
static size_t all_ids(const struct run_file *a, size_t n_a, const struct run_file *b, size_t n_b, struct change *v)
{
	size_t n = 0;

	for (size_t i = 0; i < n_a + n_b; i++) {
		const struct run_file *f = i < n_a ? &a[i] : &b[i - n_a];

		for (size_t r = 0; r < f->n_rows; r++) {
			size_t before = 0;

			for (; before < i; before++)
				if (run_row(before < n_a ? &a[before] : &b[before - n_a], f->rows[r].id))
					break;
			if (before == i)
				v[n++] = (struct change){ .id = f->rows[r].id, .p = 1 };
		}
	}
	return n;
}

static int judge(struct comparison *k, struct pair *p)
{
	for (size_t i = 0; i < k->n; i++) {
		struct change *c = &k->v[i];

		classify(&p[i], k->boots, c);
		if (c->kind != CHANGE_NONE)
			continue;
		summarise(&p[i].a);
		summarise(&p[i].b);
		c->a = exp(p[i].a.mean);
		c->b = exp(p[i].b.mean);
		c->ratio = exp(p[i].b.mean - p[i].a.mean);
	}
	if (general(k))
		return -1;
	for (size_t i = 0; i < k->n; i++) {
		if (k->v[i].kind != CHANGE_NONE)
			continue;
		k->v[i].p = chance(&p[i], k->spread);
		interval(&p[i], k->spread, &k->v[i]);
	}
	if (correct(k))
		return -1;
	for (size_t i = 0; i < k->n; i++) {
		decide(&p[i], &k->v[i]);
		k->n_changed += k->v[i].kind == CHANGE_YES;
		k->n_refused += k->v[i].kind == CHANGE_REFUSED;
	}
	return 0;
}

int compare_runs(const struct run_file *a, size_t n_a, const struct run_file *b, size_t n_b, struct comparison *ret)
{
	struct comparison k = { .boots = n_a > 1 && n_b > 1 };
	struct pair *pairs;
	size_t most = 1;
	int bad = -1;

	for (size_t i = 0; i < n_a + n_b; i++)
		most += i < n_a ? a[i].n_rows : b[i - n_a].n_rows;
	k.v = calloc(most, sizeof(*k.v));
	k.n = k.v ? all_ids(a, n_a, b, n_b, k.v) : 0;
	pairs = calloc(k.n + 1, sizeof(*pairs));
	for (size_t i = 0; k.v && pairs && i < k.n; i++) {
		gather(a, n_a, k.v[i].id, k.boots, &pairs[i].a);
		gather(b, n_b, k.v[i].id, k.boots, &pairs[i].b);
	}
	if (k.v && pairs)
		bad = judge(&k, pairs);
	free(pairs);
	*ret = k;
	return bad;
}
