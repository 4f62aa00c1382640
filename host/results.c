/* SPDX-License-Identifier: BSD-2-Clause */
/* Judging a run: which figures hold still and fit together. */
#include "host/results.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/*
 * The bounds of docs/method.md: a part of the median, and the resolution of the method, since a
 * window cannot be known better than an empty one (and some counters move in steps of dozens of
 * ticks).
 */
#define SPREAD_PART    0.25
#define SPLIT_PART     0.15
#define RESOLUTION_MIN 8.0

/* A median of fewer samples than this says little. */
enum { BATCH_MIN = 16 };

static const char *const kind_suffix[BENCH_KINDS] = { "", ".enter", ".exit" };

unsigned results_rounds(uint32_t n)
{
	unsigned rounds = n / BATCH_MIN;

	return rounds < 1 ? 1 : rounds > RESULT_ROUNDS ? RESULT_ROUNDS : rounds;
}

const char *bench_verdict_name(enum bench_verdict verdict)
{
	static const char *const names[] = { "OK", "SKIP", "UNSTABLE", "ERROR" };

	return names[verdict];
}

const char *results_label(const struct msg_hello *hello, const char *engine)
{
	const struct profile *p = &hello->profile;

	if (p->features & FEAT(EMULATED) || !strncmp(p->hypervisor, "TCG", 3) ||
	    !strcmp(engine, "bochs"))
		return "emulated";
	return p->features & FEAT(HYPERVISOR) ? "virtual" : "hardware";
}

const char *bench_result_id(const struct result *r, char *buf)
{
	snprintf(buf, 64, "%s%s", r->row->path, kind_suffix[r->kind]);
	return buf;
}

struct result *results_find(const struct results *rs, unsigned row_id, enum bench_kind kind)
{
	for (size_t i = 0; i < rs->n; i++)
		if (rs->v[i].row->id == row_id && rs->v[i].kind == kind)
			return &rs->v[i];
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void unstable(struct result *r, const char *fmt, ...)
{
	va_list args;

	r->verdict = BENCH_UNSTABLE;
	va_start(args, fmt);
	vsnprintf(r->reason, sizeof(r->reason), fmt, args);
	va_end(args);
}

static double resolution(const struct results *rs, const struct result *r)
{
	const struct result *o = results_find(rs, r->row->overhead, BENCH_RT);

	return o && o->stats.median > RESOLUTION_MIN ? o->stats.median : RESOLUTION_MIN;
}

static void judge_spread(const struct results *rs, struct result *r)
{
	double spread = r->stats.q3 - r->stats.q1;
	double bound = SPREAD_PART * r->stats.median + resolution(rs, r);

	if (spread > bound)
		unstable(r, "half of the samples lie %.0f ticks apart, more than %.0f", spread,
			 bound);
}

static void judge_overhead(const struct results *rs, struct result *r)
{
	const struct result *o = results_find(rs, r->row->overhead, BENCH_RT);

	if (!o || o == r)
		return;
	if (o->verdict == BENCH_UNSTABLE)
		unstable(r, "its overhead, %s, is unstable: %.100s", o->row->path, o->reason);
	else if (o->verdict != BENCH_OK)
		unstable(r, "its overhead, %s, has no figures: %.100s", o->row->path, o->reason);
}

static void judge_split(const struct results *rs, struct result *rt)
{
	struct result *enter = results_find(rs, rt->row->id, BENCH_ENTER);
	struct result *leave = results_find(rs, rt->row->id, BENCH_EXIT);
	const struct result *o = results_find(rs, rt->row->overhead, BENCH_RT);
	double whole, bound = SPLIT_PART * rt->stats.median + resolution(rs, rt);

	if (!enter || !leave || !o || enter->verdict != BENCH_OK || leave->verdict != BENCH_OK)
		return;
	whole = enter->stats.median + leave->stats.median - o->stats.median;
	if (fabs(whole - rt->stats.median) <= bound)
		return;
	unstable(enter, "enter + exit - overhead is %.0f, the round trip %.0f: not within %.0f",
		 whole, rt->stats.median, bound);
	unstable(leave, "%s", enter->reason);
}

void results_judge(struct results *rs)
{
	for (size_t i = 0; i < rs->n; i++)
		if (rs->v[i].verdict == BENCH_OK)
			judge_spread(rs, &rs->v[i]);
	for (size_t i = 0; i < rs->n; i++)
		if (rs->v[i].verdict == BENCH_OK)
			judge_overhead(rs, &rs->v[i]);
	for (size_t i = 0; i < rs->n; i++)
		if (rs->v[i].verdict == BENCH_OK && rs->v[i].kind == BENCH_RT)
			judge_split(rs, &rs->v[i]);
}
