/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trimming by prediction: what AFL++ would ask of the engine step by step, the model answers in
 * microseconds. The engine need only be asked once whether it agrees.
 */
#include <string.h>

#include "fuzz/model.h"
#include "fuzz/mutate.h"

enum { MAP_LEN = 1 << 14 };

struct trim {
	const struct profile *profile;
	struct seq best;
	uint8_t want[MAP_LEN];
};

static void map_of(const struct trim *t, const struct seq *seq, uint8_t *map)
{
	static struct trace trace;

	model_predict(seq, t->profile, NULL, NULL, &trace);
	cover_trace(seq, &trace, map, MAP_LEN);
}

static void try(struct trim *t, const struct seq *seq)
{
	static uint8_t map[MAP_LEN];

	map_of(t, seq, map);
	if (!memcmp(map, t->want, MAP_LEN))
		t->best = *seq;
}

static void drop_spans(struct trim *t)
{
	for (uint32_t n = (t->best.n_steps + 1) / 2; n; n /= 2) {
		for (uint32_t at = t->best.n_steps; at-- > 0;) {
			struct seq seq = t->best;

			if (at + n > seq.n_steps)
				continue;
			memmove(&seq.step[at], &seq.step[at + n],
				(seq.n_steps - at - n) * sizeof(seq.step[0]));
			seq.n_steps -= n;
			memset(&seq.step[seq.n_steps], 0, n * sizeof(seq.step[0]));
			try(t, &seq);
		}
	}
}

static void plain_steps(struct trim *t)
{
	for (uint32_t i = 0; i < t->best.n_steps; i++) {
		struct seq seq = t->best;

		seq.step[i].prefix = 0;
		if (t->best.step[i].prefix)
			try(t, &seq);
		seq = t->best;
		seq.step[i].arg = 0;
		if (t->best.step[i].arg)
			try(t, &seq);
	}
}

void trim_seq(struct seq *seq, const struct profile *profile)
{
	static struct trim t;

	t.profile = profile;
	t.best = *seq;
	map_of(&t, seq, t.want);
	drop_spans(&t);
	plain_steps(&t);
	*seq = t.best;
}
