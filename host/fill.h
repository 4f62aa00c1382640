/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A search, by the model alone, for sequences that reach cells of `cover` that none reaches yet:
 * every step that raises an event in a context, under every setup of tables and registers where it needs
 * one, at each depth, left by every exit with every argument; what reaches new cells is packed,
 * several to a sequence, and written as text.
 */
#ifndef TW_HOST_FILL_H
#define TW_HOST_FILL_H

#include "host/cover.h"

enum { N_CELLS = COVER_MAKERS * COVER_EVENTS * N_CTX * COVER_DEPTHS * COVER_EXITS };

/* Which cell of the table, and as a number. */
struct place {
	unsigned maker, event, ctx, depth, exit;
};

static inline unsigned cell_of(struct place p)
{
	return (((p.maker * COVER_EVENTS + p.event) * N_CTX + p.ctx) * COVER_DEPTHS + p.depth) * COVER_EXITS + p.exit;
}

static inline struct place place_of(unsigned cell)
{
	const unsigned row = cell / COVER_EXITS, from = row / COVER_DEPTHS;

	return (struct place){ from / N_CTX / COVER_EVENTS, from / N_CTX % COVER_EVENTS, from % N_CTX, row % COVER_DEPTHS,
			       cell % COVER_EXITS };
}

/* A set of cells, by their numbers. */
struct cells {
	uint64_t bit[(N_CELLS + 63) / 64];
};

static inline int cell_in(const struct cells *c, unsigned cell)
{
	return c->bit[cell / 64] >> cell % 64 & 1;
}

/* Steps that belong together: an event's way in or out. */
enum { FRAG_MAX = 12 };
struct frag {
	struct step step[FRAG_MAX];
	unsigned n;
};

/* What raises an event in a context: the start and what changes the machine before, and the step itself. */
struct raiser {
	struct seq head;
	struct step event;
	unsigned cost;
	uint16_t rule; /* that raises it */
};
enum { RAISERS_MAX = 8, WAYS_MAX = 8, FILL_RULES = 12 };
struct row_raisers {
	struct raiser v[RAISERS_MAX];
	unsigned n;
};

struct fill {
	const char *dir;
	struct cells have; /* reached by what there was, and by what has been written */
	struct cells never; /* declared to be impossible */
	int doubt; /* try to reach those all the same */
	struct row_raisers raisers[COVER_EVENTS][N_CTX];
	/* from ring 0 to a context with so many handlers open; with none nothing is needed */
	struct ways {
		struct frag v[WAYS_MAX];
		unsigned n;
	} ways[N_CTX][COVER_DEPTHS];
	struct {
		struct step *v;
		unsigned n;
	} events, setups, exits, frames;
	/* the sequence that is growing */
	struct seq cur;
	struct cells cur_cells;
	const struct raiser *from; /* NULL: none is known */
	const struct frag *way;
	unsigned named_event, named_ctx; /* the row that it was begun for */
	uint16_t rules[FILL_RULES];
	unsigned n_rules; /* that raise its events */
	unsigned event, ctx, depth; /* the row that it is for */
	unsigned n_files, n_cells;
	unsigned long n_tried;
	char why[4608]; /* what went wrong */
};

/* Add what a sequence reaches to c. Returns -1 if a cell is among it that is called impossible. */
int fill_reach(struct fill *f, const struct seq *seq, struct cells *c);

/* Whether there is a cell to be reached, at any depth. */
int fill_lacks(const struct fill *f, unsigned event, unsigned ctx);

/* Whether the cell of this exit in the row under way is still to be reached, and in `in`, if given. */
int fill_wanted(const struct fill *f, unsigned exit, const struct cells *in);
/* What has grown so far is written; and another begun for the row under way. Return 0, or -1 with f->why. */
int fill_flush(struct fill *f);
int fill_begin(struct fill *f, const struct seq *seq, const struct cells *cells);

/* fill_random.c: sequences as chance makes them, for the rows that still have empty cells. As fill_flush(). */
int fill_random(struct fill *f);

/* fill_steps.c: every step of a kind, with each of its arguments; what raises which event where. */
int fill_steps(struct fill *f);
void fill_raisers(struct fill *f);
void fill_ways(struct fill *f);

/* fill_write.c: cur goes to a file of its own, if it reaches anything. Returns 0, or -1 with f->why. */
int fill_write(struct fill *f);

/* Search, and write what is found below f->dir. f->have is set. Returns 0, or -1 with f->why. */
int fill(struct fill *f);

#endif
