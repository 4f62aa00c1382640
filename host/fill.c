/* SPDX-License-Identifier: BSD-2-Clause */
/* The search for sequences that reach empty cells of `cover`. */
#include "host/fill.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* A sequence that a person still reads. */
enum { STEPS_READABLE = 44 };

struct reaching {
	struct cells *cells;
	unsigned maker;
};

static void reach(void *data, unsigned event, unsigned ctx, unsigned depth, unsigned exit)
{
	const struct reaching *r = data;
	unsigned by_depth = cell_of(r->maker, event, ctx, depth);
	unsigned by_exit = cell_of(r->maker, event, ctx, COVER_DEPTHS + exit);

	r->cells->bit[by_depth / 64] |= 1ull << by_depth % 64;
	r->cells->bit[by_exit / 64] |= 1ull << by_exit % 64;
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
		unsigned cell = i * 64 + (unsigned)__builtin_ctzll(c->bit[i] & f->never.bit[i]), row = cell / CELL_COLUMNS;
		seq_print(seq, text, sizeof(text));
		snprintf(f->why, sizeof(f->why), "%s from %c is reached on %s in column %s, which fuzz/never.def calls "
			 "impossible; mend its row. The sequence:\n%s", cover_event(row / N_CTX % COVER_EVENTS),
			 cover_ctx[row % N_CTX], cover_maker(row / N_CTX / COVER_EVENTS),
			 cover_name(cell % CELL_COLUMNS), text);
		return -1;
	}
	return 0;
}

int fill_wanted(const struct fill *f, unsigned column, const struct cells *in)
{
	for (unsigned maker = 0; maker < COVER_MAKERS; maker++) {
		unsigned cell = cell_of(maker, f->event, f->ctx, column);

		if (!cell_in(&f->have, cell) && (f->doubt || !cell_in(&f->never, cell)) && !cell_in(&f->cur_cells, cell) &&
		    (!in || cell_in(in, cell)))
			return 1;
	}
	return 0;
}

int fill_lacks(const struct fill *f, unsigned event, unsigned ctx)
{
	for (unsigned at = 0; at < COVER_MAKERS * CELL_COLUMNS; at++) {
		unsigned cell = cell_of(at % COVER_MAKERS, event, ctx, at / COVER_MAKERS);

		if (cover_name(at / COVER_MAKERS) && !cell_in(&f->have, cell) && (f->doubt || !cell_in(&f->never, cell)))
			return 1;
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
	f->cur.n_steps = 0;
	memset(&f->cur_cells, 0, sizeof(f->cur_cells));
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

/* `frag` reaches, from a start of its own, a cell of this column: let the sequence that grows reach it. */
static int take(struct fill *f, unsigned column, const struct seq *fresh, const struct cells *fresh_cells,
		const struct frag *frag)
{
	/* the last handler of a sequence is left by nothing: what comes behind would leave it */
	int last = column == COVER_DEPTHS + cover_column(256) + END_NONE;

	for (unsigned i = 0; f->cur.n_steps && i < sizeof(again) / sizeof(again[0]); i++) {
		struct seq seq = f->cur;
		struct cells c = { 0 };
		struct step to = { .op = go[f->ctx] };

		if (!append(&seq, again[i].step, again[i].n) || !append(&seq, &to, 1) ||
		    !append(&seq, frag->step, frag->n) || seq.n_steps > STEPS_READABLE)
			continue;
		if (fill_reach(f, &seq, &c))
			return -1;
		if (!fill_wanted(f, column, &c))
			continue;
		f->cur = seq;
		f->cur_cells = c;
		return last ? fill_flush(f) : 0;
	}
	if (fill_flush(f))
		return -1;
	f->cur = *fresh;
	f->cur_cells = *fresh_cells;
	return last ? fill_flush(f) : 0;
}

/* Try `before` the event, the event, and what comes `after` it. */
static int try(struct fill *f, unsigned column, const struct frag *before, const struct frag *after)
{
	const struct raiser *r = f->from;
	struct seq fresh = r->head;
	struct frag frag = *before;
	struct cells c = { 0 };
	struct step to = { .op = go[f->ctx] };

	if (frag.n + 1 + after->n > FRAG_MAX)
		return 0;
	frag.step[frag.n++] = r->event;
	memcpy(&frag.step[frag.n], after->step, after->n * sizeof(after->step[0]));
	frag.n += after->n;
	if (before->n) {
		fresh.ring = CTX_K;
	} else if (fresh.n_steps && f->ctx != CTX_K) {
		append(&fresh, &to, 1);
	}
	append(&fresh, frag.step, frag.n);
	if (fill_reach(f, &fresh, &c))
		return -1;
	return fill_wanted(f, column, &c) ? take(f, column, &fresh, &c, &frag) : 0;
}

/* An exit, and what comes before it. */
static int try_exits(struct fill *f, unsigned column, const struct frag *first)
{
	unsigned exit = column - COVER_DEPTHS;
	static const struct frag none;

	for (unsigned i = 0; i < f->exits.n && fill_wanted(f, column, NULL); i++) {
		struct frag after = *first;

		/* the ends that are not an exit's own column: any exit will do */
		if (exit < cover_column(256) && cover_column(f->exits.v[i].op) != exit)
			continue;
		after.step[after.n++] = f->exits.v[i];
		if (try(f, column, &none, &after))
			return -1;
	}
	return 0;
}

/*
 * Another frame at RSP than that of the event: the frame of an INT3 inside, of slots of 64, 32 or 16
 * bits, which an IRET has built and then not taken, since NT was set.
 */
static int try_built(struct fill *f, unsigned column)
{
	static const uint8_t builders[] = { OP_IRET, OP_IRET32, OP_IRET16 };
	unsigned nt = 0, ktext = 0;

	while (strcmp(list_item(ARG_FLAGS, nt), "nt"))
		nt++;
	while (strcmp(list_item(ARG_RIP, ktext), "ktext"))
		ktext++;
	for (unsigned i = 0; i < sizeof(builders) && fill_wanted(f, column, NULL); i++) {
		const struct frag built = { .n = 6, .step = {
			{ .op = OP_INT3 }, { .op = OP_FLAGS, .arg = (uint16_t)nt }, { .op = builders[i] },
			{ .op = OP_FRAMEFL }, { .op = OP_FRAMERIP, .arg = (uint16_t)ktext }, { .op = OP_IRET } } };
		if (try_exits(f, column, &built))
			return -1;
	}
	return 0;
}

enum pass { PASS_PLAIN, PASS_BUILT, PASS_FRAMES, N_PASSES };

static int try_column(struct fill *f, unsigned column, enum pass pass)
{
	static const struct frag none, leave_k = { .n = 1, .step = { { .op = OP_GOK } } },
				       leave_u = { .n = 1, .step = { { .op = OP_GOU } } };
	unsigned exits = COVER_DEPTHS + cover_column(256);

	if (column < COVER_DEPTHS || column == exits + END_NONE)
		return try(f, column, &none, &none);
	if (column == exits + END_GO)
		return try(f, column, &none, &leave_k) || try(f, column, &none, &leave_u) ? -1 : 0;
	if (pass == PASS_PLAIN)
		return try_exits(f, column, &none);
	if (pass == PASS_BUILT)
		return try_built(f, column);
	for (unsigned i = 0; i < f->frames.n && fill_wanted(f, column, NULL); i++) {
		if (try_exits(f, column, &(struct frag){ .n = 1, .step = { f->frames.v[i] } }))
			return -1;
	}
	return 0;
}

/* The event inside others: go into handlers, and from there by an exit to where it is to come from. */
static int try_nested(struct fill *f, unsigned depth)
{
	static const struct step outer[] = { { .op = OP_INT3 }, { .op = OP_UD2 }, { .op = OP_INT, .arg = 0x80 },
					     { .op = OP_SYSCALL } };
	static const struct frag none;

	for (unsigned i = 0; i < sizeof(outer) / sizeof(outer[0]) && fill_wanted(f, depth, NULL); i++) {
		struct frag before = { 0 };

		for (unsigned n = 0; n < depth; n++)
			before.step[before.n++] = outer[i];
		if (f->ctx == CTX_K) {
			if (try(f, depth, &before, &none))
				return -1;
			continue;
		}
		before.step[before.n++] = outer[i];
		for (unsigned k = 0; k < f->exits.n && fill_wanted(f, depth, NULL); k++) {
			before.step[before.n] = f->exits.v[k];
			before.n++;
			if (try(f, depth, &before, &none))
				return -1;
			before.n--;
		}
	}
	return 0;
}

static int fill_row(struct fill *f, enum pass pass)
{
	const struct row_raisers *row = &f->raisers[f->event][f->ctx];

	for (unsigned i = 0; i < row->n; i++) {
		f->from = &row->v[i];
		for (unsigned column = 0; cover_name(column); column++) {
			if (fill_wanted(f, column, NULL) && try_column(f, column, pass))
				return -1;
		}
		for (unsigned depth = 1; depth < COVER_DEPTHS; depth++) {
			if (fill_wanted(f, depth, NULL) && try_nested(f, depth))
				return -1;
		}
		if (fill_flush(f))
			return -1;
	}
	return 0;
}

static void find_never(struct fill *f)
{
	for (unsigned row = 0; row < COVER_MAKERS * COVER_EVENTS * N_CTX; row++) {
		for (unsigned column = 0; cover_name(column); column++) {
			unsigned cell = row * CELL_COLUMNS + column;

			if (cover_never(row / N_CTX / COVER_EVENTS, row / N_CTX % COVER_EVENTS, row % N_CTX,
					cover_name(column)))
				f->never.bit[cell / 64] |= 1ull << cell % 64;
		}
	}
}

int fill(struct fill *f)
{
	int bad = 0;

	find_never(f);
	if (fill_steps(f))
		return -1;
	fill_raisers(f);
	for (enum pass pass = PASS_PLAIN; pass < N_PASSES; pass++) {
		for (unsigned row = 0; row < COVER_EVENTS * N_CTX && !bad; row++) {
			f->event = row / N_CTX;
			f->ctx = row % N_CTX;
			bad = fill_row(f, pass);
		}
	}
	bad = bad || fill_random(f) ? -1 : 0;
	free(f->events.v);
	free(f->setups.v);
	free(f->exits.v);
	free(f->frames.v);
	return bad;
}
