/* SPDX-License-Identifier: BSD-2-Clause */
/* What a predicted trace reaches: its records say how handlers are entered, the steps how they are left. */
#include "host/cover.h"

#include <string.h>

#include "efi/abi/tables.h"
#include "efi/abi/victim.h"

enum event_row {
#define VEC(num, name, has_ec, class, kind, words) EV_##name,
#include "efi/abi/vectors.def"
#undef VEC
	EV_INTN,
	EV_IRQ,
	EV_SYSCALL,
	EV_SYSCALL32,
	EV_SYSENTER,
	N_EVENTS,
};
_Static_assert((int)N_EVENTS == (int)COVER_EVENTS, "a row for each event");

static const char *const event_name[N_EVENTS] = {
#define VEC(num, name, has_ec, class, kind, words) [EV_##name] = "#" #name,
#include "efi/abi/vectors.def"
#undef VEC
	[EV_INTN] = "INT n",	     [EV_IRQ] = "interrupt",	 [EV_SYSCALL] = "SYSCALL",
	[EV_SYSCALL32] = "SYSCALL32", [EV_SYSENTER] = "SYSENTER",
};

/* The ends of a handler that are no exit, in the columns behind the ret.* steps. */
static const char *const other_end[] = { "damaged", "go", "none" };
enum { END_DAMAGED, END_GO, END_NONE, N_OTHER_ENDS };

enum { RULE_NONE = N_RULES };

static const struct cover_never nevers[] = {
#define MAKER_ANY VENDOR_OTHER
#define MAKER_INTEL VENDOR_INTEL
#define MAKER_AMD VENDOR_AMD
#define NEVER(event_, ctx_, maker_, rule_, words_)                                                 \
	{ .event = EV_##event_, .ctx = ctx_, .maker = MAKER_##maker_, .rule = RULE_##rule_, .words = words_ },
#include "fuzz/never.def"
#undef NEVER
};

const char *cover_maker(unsigned maker)
{
	return maker ? "amd" : "intel";
}

const char *cover_event(unsigned event)
{
	return event < N_EVENTS ? event_name[event] : NULL;
}

static int is_exit(unsigned op)
{
	return ops[op].text && !strncmp(ops[op].text, "ret.", 4);
}

/* The column of an exit: ret.* steps in the order of their numbers. */
static unsigned column_of(unsigned op)
{
	unsigned n = 0;

	for (unsigned i = 0; i < op; i++)
		n += is_exit(i) != 0;
	return n < COVER_EXITS - N_OTHER_ENDS ? n : COVER_EXITS - N_OTHER_ENDS;
}

const char *cover_exit(unsigned exit)
{
	for (unsigned op = 0; op < 256; op++) {
		if (is_exit(op) && column_of(op) == exit)
			return ops[op].text + 4;
	}
	unsigned other = exit - column_of(256);
	return other < N_OTHER_ENDS ? other_end[other] : NULL;
}

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
	struct cover *cover;
	unsigned maker, ctx, n_open;
	/* handlers that are entered and not left */
	struct open {
		uint8_t event, ctx, depth, damaged;
	} open[RECORDS_MAX + 1];
};

static void leave(struct walker *w, unsigned column)
{
	struct open *h;

	if (!w->n_open)
		return;
	h = &w->open[--w->n_open];
	w->cover->n[w->maker][h->event][h->ctx][h->depth][column]++;
	w->ctx = h->ctx;
}

static void walk_step(struct walker *w, const struct step *s)
{
	const char *text = ops[s->op].text;
	unsigned exits = column_of(256);

	if (!text)
		return;
	if (is_exit(s->op)) {
		int bad = (s->arg & 0xff) != 0 || (w->n_open && w->open[w->n_open - 1].damaged);
		leave(w, bad ? exits + END_DAMAGED : column_of(s->op));
		if (s->op == OP_SYSRET || s->op == OP_SYSEXIT)
			w->ctx = CTX_U;
		else if (s->op == OP_SYSRETL || s->op == OP_SYSEXITL)
			w->ctx = CTX_C;
	} else if (!strncmp(text, "go.", 3)) {
		/* go.k exists in ring 0 only; elsewhere nothing is left by it */
		if (ops[s->op].ctx != K || w->ctx == CTX_K) {
			while (w->n_open)
				leave(w, exits + END_GO);
			w->ctx = s->op == OP_GOK ? CTX_K : s->op == OP_GOC ? CTX_C : CTX_U;
		}
	} else if (!strncmp(text, "frame.", 6) && w->n_open) {
		w->open[w->n_open - 1].damaged = 1;
	}
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

static void walk_record(struct walker *w, const struct record *r, uint16_t rule)
{
	struct open *h;

	/* an exit that faulted has left nothing: its handler is still where it was */
	w->n_open = r->depth ? r->depth - 1u : 0;
	if (w->n_open > RECORDS_MAX)
		w->n_open = RECORDS_MAX;
	h = &w->open[w->n_open++];
	h->event = (uint8_t)event_of(r, rule);
	h->ctx = (uint8_t)ctx_of(w, r);
	h->depth = (uint8_t)(r->depth > COVER_DEPTHS ? COVER_DEPTHS - 1 : r->depth ? r->depth - 1 : 0);
	h->damaged = 0;
	w->ctx = CTX_K;
}

static void walk(struct walker *w, const struct seq *seq, const struct trace *t)
{
	uint32_t step = 0;

	for (unsigned i = 0; i < t->n; i++) {
		uint32_t until = t->rec[i].entry == ENTRY_LATE ? seq->n_steps : t->rec[i].step;

		for (; step < until && step < seq->n_steps; step++)
			walk_step(w, &seq->step[step]);
		if (t->rec[i].entry != ENTRY_LATE)
			walk_record(w, &t->rec[i], t->why[i][F_vector]);
	}
	while (w->n_open)
		leave(w, column_of(256) + END_NONE);
}

void cover_add(struct cover *c, unsigned maker, const struct seq *seq)
{
	static struct trace t;
	const struct profile *profile = profile_named(cover_maker(maker));
	struct path path = { 0 };

	if (model_lacks(seq, profile))
		return;
	for (unsigned i = 0; i < COVER_PATHS; i++) {
		static struct walker w;

		memset(&w, 0, sizeof(w));
		w.cover = c;
		w.maker = maker;
		w.ctx = seq_ctx(seq);
		model_predict(seq, profile, NULL, &path, &t);
		walk(&w, seq, &t);
		path = t.path;
		if (!path_next(&path))
			return;
	}
}

uint32_t cover_at_depth(const struct cover *c, unsigned maker, unsigned event, unsigned ctx, unsigned depth)
{
	uint32_t n = 0;

	for (unsigned exit = 0; exit < COVER_EXITS; exit++)
		n += c->n[maker][event][ctx][depth][exit];
	return n;
}

uint32_t cover_by_exit(const struct cover *c, unsigned maker, unsigned event, unsigned ctx, unsigned exit)
{
	uint32_t n = 0;

	for (unsigned depth = 0; depth < COVER_DEPTHS; depth++)
		n += c->n[maker][event][ctx][depth][exit];
	return n;
}

const struct cover_never *cover_nevers(unsigned *ret_n)
{
	*ret_n = sizeof(nevers) / sizeof(nevers[0]);
	return nevers;
}

const struct cover_never *cover_never(unsigned maker, unsigned event, unsigned ctx)
{
	uint8_t vendor = maker ? VENDOR_AMD : VENDOR_INTEL;

	for (unsigned i = 0; i < sizeof(nevers) / sizeof(nevers[0]); i++) {
		const struct cover_never *n = &nevers[i];
		if (n->event == event && n->ctx & 1u << ctx && (!n->maker || n->maker == vendor))
			return n;
	}
	return NULL;
}
