/* SPDX-License-Identifier: BSD-2-Clause */
/* What the search for cells does where what it puts together has not reached one: it leaves it to chance. */
#include <string.h>

#include "fuzz/mutate.h"
#include "host/fill.h"

/* For each row that has empty cells; and how often one sequence is changed before another one is. */
enum { TRIES = 20000, CHANGES = 20 };

/* Whether the row has an empty cell, and in c, if given. */
static int any_wanted(const struct fill *f, const struct cells *c)
{
	for (unsigned exit = 0; cover_exit(exit); exit++) {
		if (fill_wanted(f, exit, c))
			return 1;
	}
	return 0;
}

/* Drop every step without which it still reaches an empty cell of the row. */
static int shorten(struct fill *f, struct seq *seq, struct cells *cells)
{
	for (unsigned i = seq->n_steps; i--;) {
		struct seq less = *seq;
		struct cells c = { 0 };

		less.n_steps--;
		memmove(&less.step[i], &less.step[i + 1], (less.n_steps - i) * sizeof(less.step[0]));
		if (fill_reach(f, &less, &c))
			return -1;
		if (any_wanted(f, &c)) {
			*seq = less;
			*cells = c;
		}
	}
	return 0;
}

static int random_row(struct fill *f, struct mutator *m)
{
	const struct row_raisers *row = &f->raisers[f->event][f->ctx];
	struct seq seq = { .n_steps = 0 };

	for (unsigned i = 0; i < TRIES && any_wanted(f, NULL); i++) {
		struct cells c = { 0 };

		if (i % CHANGES == 0) {
			f->from = row->n ? &row->v[i / CHANGES % row->n] : NULL;
			seq = f->from ? f->from->head : (struct seq){ .ring = (uint8_t)f->ctx, .flags = START_IF };
			if (f->from)
				seq.step[seq.n_steps++] = f->from->event;
		}
		mutate(m, &seq, NULL);
		if (fill_reach(f, &seq, &c))
			return -1;
		if (!any_wanted(f, &c))
			continue;
		if (shorten(f, &seq, &c))
			return -1;
		if (fill_begin(f, &seq, &c) || fill_flush(f))
			return -1;
	}
	return 0;
}

int fill_random(struct fill *f)
{
	struct mutator m;

	mutate_seed(&m, 1);
	for (unsigned row = 0; row < COVER_EVENTS * N_CTX * COVER_DEPTHS; row++) {
		f->event = row / COVER_DEPTHS / N_CTX;
		f->ctx = row / COVER_DEPTHS % N_CTX;
		f->depth = row % COVER_DEPTHS;
		if (random_row(f, &m))
			return -1;
	}
	return 0;
}
