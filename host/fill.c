/* SPDX-License-Identifier: BSD-2-Clause */
/* The search for sequences that reach empty cells of `cover`. */
#include "host/fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sequence that a person still reads, and that has room for an end. */
enum { STEPS_READABLE = 56 };

struct reaching {
	struct cells *cells;
	unsigned maker;
};

static void reach(void *data, unsigned event, unsigned ctx, unsigned depth, unsigned exit)
{
	const struct reaching *r = data;
	unsigned cell = cell_of((struct place){ r->maker, event, ctx, depth, exit });

	r->cells->bit[cell / 64] |= 1ull << cell % 64;
}

int fill_reach(struct fill *f, const struct seq *seq, struct cells *c)
{
	char text[4096] = "";

	for (unsigned maker = 0; maker < COVER_MAKERS; maker++)
		cover_walk(maker, seq, reach, &(struct reaching){ c, maker });
	f->n_tried++;
	for (unsigned i = 0; i < sizeof(c->bit) / sizeof(c->bit[0]); i++) {
		if (!(c->bit[i] & f->never.bit[i]))
			continue;
		const struct place p = place_of(i * 64 + (unsigned)__builtin_ctzll(c->bit[i] & f->never.bit[i]));
		seq_print(seq, text, sizeof(text));
		snprintf(f->why, sizeof(f->why), "%s from %c, %s deep, is reached on %s in column %s, which fuzz/never.def calls "
			 "impossible; mend its row. The sequence:\n%s", cover_event(p.event), cover_ctx[p.ctx],
			 cover_depth(p.depth), cover_maker(p.maker), cover_exit(p.exit), text);
		return -1;
	}
	return 0;
}

/* Empty, and not called impossible, or doubted to be. */
static int is_empty(const struct fill *f, unsigned cell)
{
	return !cell_in(&f->have, cell) && (f->doubt || !cell_in(&f->never, cell));
}

int fill_wanted(const struct fill *f, unsigned exit, const struct cells *in)
{
	for (unsigned maker = 0; maker < COVER_MAKERS; maker++) {
		unsigned cell = cell_of((struct place){ maker, f->event, f->ctx, f->depth, exit });

		if (is_empty(f, cell) && !cell_in(&f->cur_cells, cell) && (!in || cell_in(in, cell)))
			return 1;
	}
	return 0;
}

int fill_lacks(const struct fill *f, unsigned event, unsigned ctx)
{
	for (unsigned at = 0; at < COVER_MAKERS * COVER_DEPTHS; at++) {
		for (unsigned exit = 0; cover_exit(exit); exit++) {
			if (is_empty(f, cell_of((struct place){ at % COVER_MAKERS, event, ctx, at / COVER_MAKERS, exit })))
				return 1;
		}
	}
	return 0;
}

static int append(struct seq *seq, const struct step *step, unsigned n)
{
	if (seq->n_steps + n > STEPS_MAX)
		return 0;
	memcpy(&seq->step[seq->n_steps], step, n * sizeof(*step));
	seq->n_steps += n;
	return 1;
}

int fill_flush(struct fill *f)
{
	if (f->cur.n_steps && fill_write(f))
		return -1;
	f->cur.n_steps = f->n_rules = 0;
	memset(&f->cur_cells, 0, sizeof(f->cur_cells));
	return 0;
}

int fill_begin(struct fill *f, const struct seq *seq, const struct cells *cells)
{
	if (fill_flush(f))
		return -1;
	f->cur = *seq;
	f->cur_cells = *cells;
	f->named_event = f->event;
	f->named_ctx = f->ctx;
	return 0;
}

/* Steps that bring the machine back to where an event of the row can be raised, from wherever it is. */
static const struct frag again[] = {
	{ .n = 0 },
	{ .n = 1, .step = { { .op = OP_STI } } },
	{ .n = 1, .step = { { .op = OP_INT3 } } },
	{ .n = 2, .step = { { .op = OP_INT3 }, { .op = OP_STI } } },
	{ .n = 3, .step = { { .op = OP_INT3 }, { .op = OP_EOI }, { .op = OP_STI } } },
	{ .n = 2, .step = { { .op = OP_EOI }, { .op = OP_STI } } },
	{ .n = 2, .step = { { .op = OP_INT3 }, { .op = OP_MCGCLEAR } } },
	{ .n = 4, .step = { { .op = OP_INT3 }, { .op = OP_IRET }, { .op = OP_INT3 }, { .op = OP_STI } } },
};

static const uint8_t go[N_CTX] = { OP_GOK, OP_GOU, OP_GOC };

/* The sequence that grows gets these steps more, if that reaches the cell. */
static int grow(struct fill *f, unsigned exit, const struct frag *part[], unsigned n, unsigned most)
{
	struct seq seq = f->cur;
	struct cells c = { 0 };

	for (unsigned i = 0; i < n; i++) {
		if (!append(&seq, part[i]->step, part[i]->n))
			return 0;
	}
	if (seq.n_steps > most)
		return 0;
	if (fill_reach(f, &seq, &c))
		return -1;
	if (!fill_wanted(f, exit, &c))
		return 0;
	f->cur = seq;
	f->cur_cells = c;
	return 1;
}

/* From ring 0 once more: what changes the machine for the event, a way to where it comes from, and the event. */
static int grow_by(struct fill *f, unsigned exit, const struct frag *way, const struct frag *after, unsigned most)
{
	const struct seq *head = &f->from->head;
	const struct frag event = { .n = 1, .step = { f->from->event } };
	struct frag to = { .n = 0 };
	int grown = 0;

	if (head->n_steps || way->n)
		to.step[to.n++] = (struct step){ .op = OP_GOK };
	for (unsigned i = 0; i < head->n_steps; i++)
		to.step[to.n++] = head->step[i];
	if (!way->n && (!head->n_steps || f->ctx != CTX_K))
		to.step[to.n++] = (struct step){ .op = go[f->ctx] };
	for (unsigned i = 0; !grown && i < sizeof(again) / sizeof(again[0]); i++) {
		const struct frag *anew[] = { &again[i], &to, way, &event, after };
		grown = grow(f, exit, anew, 5, most);
	}
	return grown;
}

/* By whichever way: what one goes by need not be there any more. */
static int grow_anew(struct fill *f, unsigned exit, const struct frag *after, unsigned most)
{
	const struct seq *head = &f->from->head;
	const struct ways *ways = &f->ways[f->ctx][f->depth];
	int grown = 0;

	if (!f->cur.n_steps || head->flags != f->cur.flags || head->layout != f->cur.layout)
		return 0;
	for (unsigned i = 0; !grown && i < ways->n; i++)
		grown = grow_by(f, exit, &ways->v[i], after, most);
	return grown;
}

/* The last handler of a sequence is left by nothing: let it be one that is wanted so. */
static int finish(struct fill *f)
{
	static const struct frag nothing;
	const unsigned depth = f->depth, none = cover_column(256) + END_NONE;
	int grown = 0;

	for (unsigned left = COVER_DEPTHS; !grown && left; left--) {
		f->depth = left - 1;
		if (fill_wanted(f, none, NULL))
			grown = grow_anew(f, none, &nothing, STEPS_MAX);
	}
	f->depth = depth;
	return grown < 0 ? -1 : fill_flush(f);
}

static void note_rule(struct fill *f)
{
	for (unsigned i = 0; i < f->n_rules; i++)
		if (f->rules[i] == f->from->rule)
			return;
	if (f->n_rules < FILL_RULES)
		f->rules[f->n_rules++] = f->from->rule;
}

/*
 * The event, and what comes `after` it, reaches the cell from a start of its own: let the sequence that grows reach
 * it. A fault that was returned to has come again by itself.
 */
static int take(struct fill *f, unsigned exit, const struct seq *fresh, const struct cells *fresh_cells,
		const struct frag *after)
{
	const struct frag event = { .n = 1, .step = { f->from->event } };
	const struct frag *here[] = { &event, after };
	int grown = !f->cur.n_steps || !after->n ? 0 : grow(f, exit, here + 1, 1, STEPS_READABLE);

	if (f->cur.n_steps && !grown)
		grown = grow(f, exit, here, 2, STEPS_READABLE);
	if (!grown)
		grown = grow_anew(f, exit, after, STEPS_READABLE);
	if (grown < 0 || (!grown && (finish(f) || fill_begin(f, fresh, fresh_cells))))
		return -1;
	note_rule(f);
	/* what comes behind would leave it */
	return exit == cover_column(256) + END_NONE ? fill_flush(f) : 0;
}

/* Try the event, and what comes `after` it, with so many handlers open as f->way leaves. */
static int try(struct fill *f, unsigned exit, const struct frag *after)
{
	struct seq fresh = f->from->head;
	struct cells c = { 0 };
	struct step to = { .op = go[f->ctx] };

	if (f->way->n)
		fresh.ring = CTX_K;
	else if (fresh.n_steps && f->ctx != CTX_K)
		append(&fresh, &to, 1);
	if (!append(&fresh, f->way->step, f->way->n) || !append(&fresh, &f->from->event, 1) ||
	    !append(&fresh, after->step, after->n))
		return 0;
	if (fill_reach(f, &fresh, &c))
		return -1;
	return fill_wanted(f, exit, &c) ? take(f, exit, &fresh, &c, after) : 0;
}

/* An exit, and what comes before it. */
static int try_exits(struct fill *f, unsigned exit, const struct frag *first)
{
	for (unsigned i = 0; i < f->exits.n && fill_wanted(f, exit, NULL); i++) {
		struct frag after = *first;

		/* the ends that are not an exit's own column: any exit will do */
		if (exit < cover_column(256) && cover_column(f->exits.v[i].op) != exit)
			continue;
		after.step[after.n++] = f->exits.v[i];
		if (try(f, exit, &after))
			return -1;
	}
	return 0;
}

/*
 * Another frame at RSP than that of the event: the frame of an INT3 inside, of slots of 64, 32 or 16
 * bits, which an IRET has built and then not taken, since NT was set.
 */
static int try_built(struct fill *f, unsigned exit)
{
	static const uint8_t builders[] = { OP_IRET, OP_IRET32, OP_IRET16 };
	unsigned nt = 0, ktext = 0;

	while (strcmp(list_item(ARG_FLAGS, nt), "nt"))
		nt++;
	while (strcmp(list_item(ARG_RIP, ktext), "ktext"))
		ktext++;
	for (unsigned i = 0; i < sizeof(builders) && fill_wanted(f, exit, NULL); i++) {
		const struct frag built = { .n = 6, .step = {
			{ .op = OP_INT3 }, { .op = OP_FLAGS, .arg = (uint16_t)nt }, { .op = builders[i] },
			{ .op = OP_FRAMEFL }, { .op = OP_FRAMERIP, .arg = (uint16_t)ktext }, { .op = OP_IRET } } };
		if (try_exits(f, exit, &built))
			return -1;
	}
	return 0;
}

enum pass { PASS_PLAIN, PASS_BUILT, PASS_FRAMES, PASS_ENDS, N_PASSES };

static int try_exit(struct fill *f, unsigned exit, enum pass pass)
{
	static const struct frag none, leave_k = { .n = 1, .step = { { .op = OP_GOK } } },
				       leave_u = { .n = 1, .step = { { .op = OP_GOU } } };

	/* most of those another sequence has ended in by then */
	if (exit == cover_column(256) + END_NONE)
		return pass == PASS_ENDS ? try(f, exit, &none) : 0;
	if (pass == PASS_ENDS)
		return 0;
	if (exit == cover_column(256) + END_GO)
		return try(f, exit, &leave_k) || try(f, exit, &leave_u) ? -1 : 0;
	if (pass == PASS_PLAIN)
		return try_exits(f, exit, &none);
	if (pass == PASS_BUILT)
		return try_built(f, exit);
	for (unsigned i = 0; i < f->frames.n && fill_wanted(f, exit, NULL); i++) {
		if (try_exits(f, exit, &(struct frag){ .n = 1, .step = { f->frames.v[i] } }))
			return -1;
	}
	return 0;
}

static int fill_depth(struct fill *f, enum pass pass)
{
	const struct ways *ways = &f->ways[f->ctx][f->depth];

	for (unsigned i = 0; i < ways->n; i++) {
		f->way = &ways->v[i];
		for (unsigned exit = 0; cover_exit(exit); exit++) {
			if (fill_wanted(f, exit, NULL) && try_exit(f, exit, pass))
				return -1;
		}
	}
	return 0;
}

static int fill_row(struct fill *f, enum pass pass)
{
	const struct row_raisers *row = &f->raisers[f->event][f->ctx];

	for (unsigned i = 0; i < row->n; i++) {
		f->from = &row->v[i];
		for (f->depth = 0; f->depth < COVER_DEPTHS; f->depth++) {
			if (fill_depth(f, pass))
				return -1;
		}
	}
	return 0;
}

static void find_never(struct fill *f)
{
	for (unsigned cell = 0; cell < N_CELLS; cell++) {
		const struct place p = place_of(cell);

		if (cover_exit(p.exit) && cover_never(p.maker, p.event, p.ctx, p.exit))
			f->never.bit[cell / 64] |= 1ull << cell % 64;
	}
}

int fill(struct fill *f)
{
	int bad = 0;

	find_never(f);
	if (fill_steps(f))
		return -1;
	fill_raisers(f);
	fill_ways(f);
	for (enum pass pass = PASS_PLAIN; pass < N_PASSES; pass++) {
		for (unsigned row = 0; row < COVER_EVENTS * N_CTX && !bad; row++) {
			f->event = row / N_CTX;
			f->ctx = row % N_CTX;
			bad = fill_row(f, pass);
		}
	}
	bad = bad || fill_flush(f) || fill_random(f) ? -1 : 0;
	free(f->events.v);
	free(f->setups.v);
	free(f->exits.v);
	free(f->frames.v);
	return bad;
}
