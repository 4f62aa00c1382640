/* SPDX-License-Identifier: BSD-2-Clause */
/* Try a simplification, keep it if the difference stays, go on until nothing helps. */
#include "host/minimize.h"

#include <string.h>

#include "host/link.h"

enum { PATHS_MAX = 64 };

struct shrinker {
	struct oracle *o;
	const struct minimize_goal *goal;
	struct seq best;
	int64_t end_ms;
	unsigned runs;
	int careful; /* each candidate from a fresh state */
	int costly; /* the sequence itself ends in a death, or unchecked */
};

static int freshen(struct shrinker *s)
{
	s->o->n_recoveries++;
	if (engine_recover(s->o->engine) == ENGINE_OK)
		return 1;
	s->o->broken = 1;
	return 0;
}

static int names(const char *const *ids, unsigned n, const char *id)
{
	for (unsigned i = 0; i < n; i++) {
		if (!strcmp(ids[i], id))
			return 1;
	}
	return 0;
}

static struct overlay *overlay_of(struct oracle *o)
{
	return o->known ? &o->known->overlay : &o->bare;
}

/*
 * What the model alone can tell, a thousand times as fast as a return to the snapshot: that the
 * candidate would kill the machine where the sequence did not, or has no use for the known difference.
 * One that shows at times has its use on some path, not always the first.
 */
static int is_hopeless(struct shrinker *s, const struct seq *seq)
{
	static struct trace t;
	struct path path = { 0 };

	for (unsigned i = 0; i < PATHS_MAX; i++) {
		const char *ids[KNOWN_IDS_MAX];
		unsigned n;

		model_predict(seq, s->o->profile, overlay_of(s->o), &path, &t);
		if (!s->costly && !i && (t.outcome != OUTCOME_DONE || t.unchecked))
			return 1;
		if (!s->goal->known)
			return 0;
		n = known_needed(s->o->known, seq, s->o->profile, &t, ids, KNOWN_IDS_MAX);
		if (names(ids, n, s->goal->known))
			return 0;
		path = t.path;
		if (!path_next(&path))
			break;
	}
	return 1;
}

static int keeps(struct shrinker *s, const struct seq *seq)
{
	static struct result r;

	if (s->o->broken || now_ms() > s->end_ms || is_hopeless(s, seq))
		return 0;
	if (s->careful && !freshen(s))
		return 0;
	s->runs++;
	oracle_run(s->o, seq, &r);
	if (s->goal->known)
		return names(r.known, r.n_known, s->goal->known);
	return !r.n_known && !strcmp(r.signature, s->goal->signature);
}

static int try(struct shrinker *s, const struct seq *seq)
{
	if (seq_cost(seq) >= seq_cost(&s->best) || !keeps(s, seq))
		return 0;
	s->best = *seq;
	return 1;
}

/* Steps [at, at + n) gone; the rest of the array is zeroed, so that equal sequences compare equal. */
static void drop(struct seq *seq, unsigned at, unsigned n)
{
	memmove(&seq->step[at], &seq->step[at + n], (seq->n_steps - at - n) * sizeof(struct step));
	seq->n_steps -= n;
	memset(&seq->step[seq->n_steps], 0, n * sizeof(struct step));
}

/* Halves, quarters, ... single steps; from the end, where what no longer matters lies. */
static int drop_spans(struct shrinker *s)
{
	int helped = 0;

	for (unsigned n = (s->best.n_steps + 1) / 2; n; n /= 2) {
		for (unsigned at = s->best.n_steps; at-- > 0;) {
			struct seq seq = s->best;

			if (at + n > seq.n_steps)
				continue;
			drop(&seq, at, n);
			helped |= try(s, &seq);
		}
	}
	return helped;
}

/* Two steps that only go together, such as an event and the exit from it. */
static int drop_pairs(struct shrinker *s)
{
	int helped = 0;

	for (unsigned j = s->best.n_steps; j-- > 1;) {
		for (unsigned i = j; i-- > 0;) {
			struct seq seq = s->best;

			if (j >= seq.n_steps)
				break;
			drop(&seq, j, 1);
			drop(&seq, i, 1);
			helped |= try(s, &seq);
		}
	}
	return helped;
}

/* The beginning gone, and the start in another ring instead: what led there does not matter. */
static int drop_beginning(struct shrinker *s)
{
	int helped = 0;

	for (unsigned n = s->best.n_steps; n > 0; n--) {
		for (uint8_t ring = 0; ring < N_CTX && n <= s->best.n_steps; ring++) {
			struct seq seq = s->best;

			drop(&seq, 0, n);
			seq.ring = ring;
			helped |= try(s, &seq);
		}
	}
	return helped;
}

static int plainer(struct shrinker *s)
{
	struct seq seq = s->best;
	int helped = 0;

	seq_canonical(&seq);
	helped |= try(s, &seq);
	for (uint32_t step = 0; step <= s->best.n_steps; step++) {
		for (unsigned i = 0; seq_plainer(&s->best, step, i, &seq); i++) {
			if (!try(s, &seq))
				continue;
			/* the list of forms is that of the new step, and starts anew */
			helped = 1;
			i = (unsigned)-1;
		}
	}
	return helped;
}

static void shrink(struct shrinker *s)
{
	int helped;

	do {
		helped = drop_spans(s);
		helped |= drop_beginning(s);
		helped |= drop_pairs(s);
		helped |= plainer(s);
	} while (helped && now_ms() < s->end_ms);
}

/* Whether the best one so far also shows it alone, from a fresh state; time for that is never lacking. */
static int is_sound(struct shrinker *s)
{
	int64_t end_ms = s->end_ms;

	s->end_ms = now_ms() + s->o->deadline_ms + 1000;
	int sound = freshen(s) && keeps(s, &s->best);
	s->end_ms = end_ms;
	return sound;
}

unsigned minimize_seq(struct oracle *o, const struct seq *seq, const struct minimize_goal *goal,
		      int max_ms, struct seq *ret_seq)
{
	static struct trace t;
	struct shrinker s = { .o = o, .goal = goal, .end_ms = now_ms() + max_ms };
	unsigned stride = o->death_stride;
	struct seq start = *seq;

	memset(&start.step[seq->n_steps], 0, (STEPS_MAX - seq->n_steps) * sizeof(struct step));
	model_predict(seq, o->profile, overlay_of(o), NULL, &t);
	s.costly = t.outcome != OUTCOME_DONE || t.unchecked;
	o->death_stride = 0;
	s.best = start;
	shrink(&s);
	if (!is_sound(&s) && !o->broken) {
		/* an earlier candidate had left something behind: again, each one alone */
		s.best = start;
		s.careful = 1;
		shrink(&s);
		if (!is_sound(&s))
			s.best = start;
	}
	*ret_seq = o->broken ? start : s.best;
	o->death_stride = stride;
	return s.runs;
}
