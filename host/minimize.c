/* SPDX-License-Identifier: BSD-2-Clause */
/* Greedy: try a simplification, keep it if the signature stays, go on until nothing helps. */
#include "host/minimize.h"

#include <string.h>
#include <time.h>

struct shrinker {
	struct oracle *o;
	const char *signature;
	struct seq best;
	int64_t end_ms;
	unsigned runs;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

static int keeps(struct shrinker *s, const struct seq *seq)
{
	static struct result r;

	if (s->o->broken || now_ms() > s->end_ms)
		return 0;
	s->runs++;
	oracle_run(s->o, seq, &r);
	return !r.n_known && !strcmp(r.signature, s->signature);
}

static int try(struct shrinker *s, const struct seq *seq)
{
	if (!memcmp(seq, &s->best, sizeof(*seq)) || !keeps(s, seq))
		return 0;
	s->best = *seq;
	return 1;
}

/* Steps [at, at + n) gone; the rest of the array is zeroed, so that equal sequences compare equal. */
static void without(const struct seq *from, unsigned at, unsigned n, struct seq *ret_seq)
{
	*ret_seq = *from;
	memmove(&ret_seq->step[at], &from->step[at + n],
		(from->n_steps - at - n) * sizeof(struct step));
	ret_seq->n_steps = from->n_steps - n;
	memset(&ret_seq->step[ret_seq->n_steps], 0, n * sizeof(struct step));
}

/* Halves, quarters, ... single steps; from the end, where what no longer matters lies. */
static int drop_steps(struct shrinker *s)
{
	struct seq seq;
	int helped = 0;

	for (unsigned n = s->best.n_steps / 2 ? s->best.n_steps / 2 : 1; n; n /= 2) {
		for (unsigned end = s->best.n_steps; end >= n; end = end > n ? end - n : 0) {
			if (end > s->best.n_steps)
				continue;
			without(&s->best, end - n, n, &seq);
			helped |= try(s, &seq);
		}
	}
	return helped;
}

static int plain_steps(struct shrinker *s)
{
	struct seq seq;
	int helped = 0;

	for (unsigned i = 0; i < s->best.n_steps; i++) {
		seq = s->best;
		seq.step[i].prefix = 0;
		helped |= try(s, &seq);
		seq = s->best;
		seq.step[i].arg = 0;
		helped |= try(s, &seq);
	}
	return helped;
}

static int plain_start(struct shrinker *s)
{
	struct seq seq;
	int helped = 0;

	seq = s->best;
	seq.flags = 0;
	helped |= try(s, &seq);
	seq = s->best;
	seq.layout = 0;
	helped |= try(s, &seq);
	seq = s->best;
	seq.style = 0;
	helped |= try(s, &seq);
	seq = s->best;
	seq.ring = 0;
	return helped | try(s, &seq);
}

unsigned minimize_seq(struct oracle *o, const struct seq *seq, const char *signature, int max_ms,
		      struct seq *ret_seq)
{
	struct shrinker s = { .o = o, .signature = signature, .end_ms = now_ms() + max_ms };
	unsigned stride = o->death_stride;

	s.best = *seq;
	memset(&s.best.step[seq->n_steps], 0, (STEPS_MAX - seq->n_steps) * sizeof(struct step));
	o->death_stride = 0;
	while (drop_steps(&s) | plain_steps(&s) | plain_start(&s))
		;
	s.end_ms = now_ms() + o->deadline_ms + 1000;
	o->n_recoveries++;
	if (engine_recover(o->engine) != ENGINE_OK)
		o->broken = 1;
	*ret_seq = keeps(&s, &s.best) ? s.best : *seq;
	o->death_stride = stride;
	return s.runs;
}
