/* SPDX-License-Identifier: BSD-2-Clause */
/* What a predicted trace reaches: its records say how handlers are entered, the steps how they are left. */
#include "host/cover.h"

#include <string.h>

#include "efi/abi/tables.h"
#include "efi/abi/victim.h"
#include "fuzz/insn.h"
#include "fuzz/style.h"

static unsigned event_of(const struct record *r, uint16_t rule)
{
	switch (r->entry) {
	case ENTRY_SYSCALL:
		return EV_SYSCALL;
	case ENTRY_SYSCALL32:
		return EV_SYSCALL32;
	case ENTRY_SYSENTER:
		return EV_SYSENTER;
	}
	if (rule == RULE_INTN)
		return EV_INTN;
	switch (r->vector) {
#define VEC(num, name, has_ec, class, kind, words)                                                 \
	case num:                                                                                  \
		return EV_##name;
#include "efi/abi/vectors.def"
#undef VEC
	}
	return EV_IRQ;
}

struct walker {
	cover_visit *visit;
	void *data;
	const struct seq *seq;
	const struct trace *t;
	unsigned ctx, n_open;
	const struct step *leaving; /* the step under way, when it leaves handlers unless it faults; or NULL */
	/* handlers that are entered and not left */
	struct open {
		uint8_t event, ctx, depth, damaged;
	} open[RECORDS_MAX + 1];
};

static void reached(struct walker *w, const struct open *h, unsigned column)
{
	if (h->event < COVER_EVENTS)
		w->visit(w->data, h->event, h->ctx, h->depth, column);
}

/* Whether an exit's argument damages the frame or register that it goes by. */
static int damages(const struct step *s)
{
	unsigned low = s->arg & 0xff, n = list_len((enum arg_kind)ops[s->op].arg);

	if (s->op == OP_OPPORT)
		return 0;
	return ops[s->op].arg == ARG_DEFECT ? low % N_DEFECTS != DEFECT_NONE : n && low % n;
}

static const struct step_began *leaving_began(const struct walker *w)
{
	return &w->t->began[w->leaving - w->seq->step];
}

/*
 * The step that leaves handlers has done so, unless it faulted and no handler of ours began: `delivered` is
 * how many events there were until now, but for one that is known to have come after it.
 */
static void left(struct walker *w, unsigned delivered)
{
	const struct step *s = w->leaving;
	unsigned exits = cover_column(256);
	int faulted = s && delivered != leaving_began(w)->delivered;

	w->leaving = NULL;
	if (!s || faulted)
		return;
	if (!cover_is_exit(s->op)) {
		while (w->n_open)
			reached(w, &w->open[--w->n_open], exits + END_GO);
		return;
	}
	const struct open *h = &w->open[--w->n_open];
	reached(w, h, cover_column(s->op));
	if (h->damaged || damages(s))
		reached(w, h, exits + END_DAMAGED);
	w->ctx = h->ctx;
}

/* An event on a body's first instruction, and a return to it, make that body take the next step's place. */
static int is_body_of(const struct step *s, const struct step_began *b)
{
	unsigned n = ops[s->op].variants;

	for (unsigned i = 0; i < N_PREFIX * n; i++) {
		if (victim_body(s->op, b->ctx - 1u, i / n, n, i % n) == b->body)
			return 1;
	}
	return 0;
}

static void walk_step(struct walker *w, unsigned index)
{
	const struct step_began *b = &w->t->began[index];
	const struct step *s = &w->seq->step[index];
	const char *text = ops[s->op].text;

	if (!b->ctx)
		return;
	left(w, b->delivered);
	while (w->n_open < b->depth && w->n_open < RECORDS_MAX)
		w->open[w->n_open++].event = COVER_EVENTS;
	w->n_open = b->depth;
	w->ctx = b->ctx - 1u;
	/* a handler is ring 0's: elsewhere a ret.* or go.* step leaves none */
	if (!text || w->ctx != CTX_K || !(ops[s->op].ctx & K) || !w->n_open || !is_body_of(s, b))
		return;
	if (cover_is_exit(s->op) || !strncmp(text, "go.", 3))
		w->leaving = s;
	else if (!strncmp(text, "frame.", 6) && s->op != OP_SYSFRAME)
		w->open[w->n_open - 1].damaged = 1;
}

static unsigned ctx_of(const struct walker *w, const struct record *r)
{
	if (r->entry == ENTRY_SYSENTER) /* saves nothing */
		return w->ctx;
	if (r->entry == ENTRY_SYSCALL32)
		return CTX_C;
	if (r->entry == ENTRY_SYSCALL)
		return r->rcx >= W_UTEXT ? CTX_U : CTX_K;
	if (!(r->cs & 3))
		return CTX_K;
	return (r->cs & 0xfffc) == (SEL_UCS32 & 0xfffc) ? CTX_C : CTX_U;
}

/* Whether rip is in the body that begins at start, behind its first instruction, which each body has once. */
static int in_body(uint64_t start, uint64_t rip)
{
	const struct insn *first = victim_insn(start), *at = victim_insn(rip);

	if (!first || !at || at <= first)
		return 0;
	for (const struct insn *in = first + 1; in <= at; in++) {
		if (in->kind == INSN_LEARSI)
			return 0;
	}
	return 1;
}

/* Whether an event has come after the step under way has left handlers, as its fault, or none of both. */
enum { LEFT, FAULTED, UNKNOWN };

static int what_left(const struct walker *w, unsigned i)
{
	const struct record *r = &w->t->rec[i];
	const struct victim_labels *l = victim_labels();
	uint64_t rip = w->t->rip[i];

	if (r->entry != ENTRY_IDT || r->cs & 3)
		return LEFT;
	/* before the first instruction of another event's handler, which is recorded later */
	if (rip >= l->stubs && rip < l->harness_end)
		return UNKNOWN;
	if (!style_has(rip) && !in_body(leaving_began(w)->body, rip))
		return LEFT;
	return r->vector == 1 || r->vector == 2 || r->vector == 18 || r->vector >= 32 ? UNKNOWN : FAULTED;
}

static void walk_record(struct walker *w, unsigned i)
{
	const struct record *r = &w->t->rec[i];
	int what = w->leaving ? what_left(w, i) : UNKNOWN;
	struct open *h;

	if (what == LEFT)
		left(w, w->t->by_record[i] - (r->entry == ENTRY_IDT));
	else if (what == FAULTED && cover_is_exit(w->leaving->op))
		reached(w, &w->open[w->n_open - 1], cover_column(256) + END_FAULT);
	w->leaving = NULL;
	w->n_open = r->depth ? r->depth - 1u : 0;
	if (w->n_open > RECORDS_MAX)
		w->n_open = RECORDS_MAX;
	h = &w->open[w->n_open++];
	h->event = (uint8_t)event_of(r, w->t->why[i][F_vector]);
	h->ctx = (uint8_t)ctx_of(w, r);
	h->depth = (uint8_t)(r->depth > COVER_DEPTHS ? COVER_DEPTHS - 1 : r->depth ? r->depth - 1 : 0);
	h->damaged = 0;
	w->ctx = CTX_K;
}

static void walk(struct walker *w)
{
	const struct trace *t = w->t;
	uint32_t step = 0;

	for (unsigned i = 0; i < t->n && t->rec[i].entry != ENTRY_LATE; i++) {
		for (; step < t->rec[i].step && step < w->seq->n_steps; step++)
			walk_step(w, step);
		walk_record(w, i);
	}
	for (; step < w->seq->n_steps; step++)
		walk_step(w, step);
	if (t->outcome == OUTCOME_DONE && !t->unchecked)
		left(w, t->delivered);
	while (w->n_open)
		reached(w, &w->open[--w->n_open], cover_column(256) + END_NONE);
}

void cover_walk(unsigned maker, const struct seq *seq, cover_visit *visit, void *data)
{
	static struct trace t;
	const struct profile *profile = profile_named(cover_maker(maker));
	struct path path = { 0 };

	if (model_lacks(seq, profile))
		return;
	for (unsigned i = 0; i < COVER_PATHS; i++) {
		static struct walker w;

		w = (struct walker){ .visit = visit, .data = data, .seq = seq, .t = &t, .ctx = seq_ctx(seq) };
		model_predict(seq, profile, NULL, &path, &t);
		walk(&w);
		path = t.path;
		if (!path_next(&path))
			return;
	}
}

struct adding {
	struct cover *cover;
	unsigned maker;
};

static void add(void *data, unsigned event, unsigned ctx, unsigned depth, unsigned exit)
{
	const struct adding *a = data;

	a->cover->n[a->maker][event][ctx][depth][exit]++;
}

void cover_add(struct cover *c, unsigned maker, const struct seq *seq)
{
	cover_walk(maker, seq, add, &(struct adding){ c, maker });
}
