/* SPDX-License-Identifier: BSD-2-Clause */
/* What the search for cells puts together: steps with all their arguments, and what raises each event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/text.h"
#include "host/fill.h"

/* Of INT n and of what changes gates: others are like one of these. */
static const uint8_t vectors[] = { 0x80, 1, 2, 3, 6, 8, 10, 11, 12, 13, 14, 0x40 };

/* The n-th argument of an op, from the plainest on. Returns 0 when there are no more. */
static int argument(unsigned op, unsigned n, uint16_t *ret_arg)
{
	unsigned kind = ops[op].arg, len;

	*ret_arg = (uint16_t)n;
	switch (kind) {
	case ARG_NONE:
		return n < 1;
	case ARG_VECTOR:
		if (n < sizeof(vectors))
			*ret_arg = vectors[n];
		return n < sizeof(vectors);
	case ARG_GATE:
		if (n >= sizeof(vectors) * ops[op].variants)
			return 0;
		*ret_arg = (uint16_t)(vectors[n % sizeof(vectors)] | n / sizeof(vectors) << 8);
		return 1;
	case ARG_DEFECT:
		for (unsigned field = 0; field < N_DEFECTS; field++, n -= len) {
			len = field ? list_len(defect_kind(field)) : 1;
			*ret_arg = (uint16_t)(field | n << 8);
			if (n < len)
				return 1;
		}
		return 0;
	default:
		return n < list_len((enum arg_kind)kind);
	}
}

static int is_frame(unsigned op)
{
	return !strncmp(ops[op].text, "frame.", 6);
}

static int is_event(unsigned op)
{
	return !cover_is_exit(op) && !is_frame(op) && strncmp(ops[op].text, "go.", 3) && op != OP_HLT;
}

/* A change of the machine that ring 0 can make before the event. */
static int is_setup(unsigned op)
{
	return is_event(op) && ops[op].ctx == K && !(ops[op].needs & HOSTED);
}

static int add_all(struct step **ret_v, unsigned *ret_n, int (*is)(unsigned op))
{
	uint16_t arg;

	for (unsigned op = 0; op < 256; op++) {
		if (!ops[op].text || !is(op))
			continue;
		for (unsigned n = 0; argument(op, n, &arg); n++) {
			struct step *v = realloc(*ret_v, (*ret_n + 1) * sizeof(*v));
			if (!v)
				return -1;
			*ret_v = v;
			v[(*ret_n)++] = (struct step){ .op = (uint8_t)op, .arg = arg };
		}
	}
	return 0;
}

int fill_steps(struct fill *f)
{
	if (add_all(&f->events.v, &f->events.n, is_event) || add_all(&f->setups.v, &f->setups.n, is_setup) ||
	    add_all(&f->exits.v, &f->exits.n, cover_is_exit) || add_all(&f->frames.v, &f->frames.n, is_frame)) {
		snprintf(f->why, sizeof(f->why), "out of memory; end other programs");
		return -1;
	}
	return 0;
}

struct outermost {
	unsigned event, ctx, n, others;
};

/* The handler in which a run ended, and whether there was any other. */
static void note(void *data, unsigned event, unsigned ctx, unsigned depth, unsigned exit)
{
	struct outermost *o = data;

	if (exit != cover_column(256) + END_NONE || depth || (o->n && (o->event != event || o->ctx != ctx)))
		o->others++;
	o->event = event;
	o->ctx = ctx;
	o->n++;
}

/*
 * Keep the cheapest, in the order in which they are found, and of each start no more than two: where one
 * has broken what an exit needs, another has not.
 */
static void keep(struct row_raisers *row, const struct raiser *r)
{
	unsigned at = row->n, same = 0;

	for (unsigned i = 0; i < row->n; i++)
		same += !memcmp(&row->v[i].head, &r->head, sizeof(r->head));
	if (same >= 2)
		return;

	while (at && row->v[at - 1].cost > r->cost)
		at--;
	if (at == RAISERS_MAX)
		return;
	row->n += row->n < RAISERS_MAX;
	memmove(&row->v[at + 1], &row->v[at], (row->n - at - 1) * sizeof(row->v[0]));
	row->v[at] = *r;
}

static uint16_t rule_of(const struct seq *seq, const char *profile)
{
	static struct trace t;

	model_predict(seq, profile_named(profile), NULL, NULL, &t);
	return t.n ? t.why[t.n > 1 ? t.n - 2 : 0][F_vector] : 0;
}

static void try_raiser(struct fill *f, const struct seq *head, unsigned ctx, struct step event, unsigned cost)
{
	static const uint8_t go[N_CTX] = { OP_GOK, OP_GOU, OP_GOC };
	struct raiser r = { .head = *head, .event = event, .cost = cost };
	struct seq seq = *head;
	unsigned before = 0;

	if (!(ops[event.op].ctx & 1u << ctx))
		return;
	if (!seq.n_steps)
		r.head.ring = seq.ring = (uint8_t)ctx;
	else if (ctx != CTX_K)
		seq.step[seq.n_steps++].op = go[ctx];
	seq.step[seq.n_steps++] = event;
	/* waits for the host cost time, and arguments make it harder to read */
	r.cost += op_is_slow(event.op) ? 40 : event.arg != 0;
	for (unsigned maker = 0; maker < COVER_MAKERS; maker++) {
		struct outermost o = { 0 };

		f->n_tried++;
		cover_walk(maker, &seq, note, &o);
		if (!o.n || o.others || o.ctx != ctx || (before && before - 1 == o.event))
			continue;
		before = o.event + 1;
		r.rule = rule_of(&seq, cover_maker(maker));
		keep(&f->raisers[o.event][ctx], &r);
	}
}

/* Whether a row that has empty cells, from this context, has less than n ways in. */
static int lacking(const struct fill *f, unsigned ctx, unsigned n)
{
	for (unsigned event = 0; event < COVER_EVENTS; event++) {
		if (fill_lacks(f, event, ctx) && f->raisers[event][ctx].n < n)
			return 1;
	}
	return 0;
}

/* `setup`: the head has one, and the first argument of each step will do. */
static void try_events(struct fill *f, const struct seq *head, unsigned cost, int setup)
{
	for (unsigned ctx = 0; ctx < N_CTX; ctx++) {
		if (!lacking(f, ctx, setup ? RAISERS_MAX / 2 : RAISERS_MAX))
			continue;
		for (unsigned i = 0; i < f->events.n; i++) {
			if (!setup || !i || f->events.v[i].op != f->events.v[i - 1].op)
				try_raiser(f, head, ctx, f->events.v[i], cost);
		}
	}
}

void fill_raisers(struct fill *f)
{
	static const uint8_t flags[] = { START_IF, START_IF | START_TS };

	for (unsigned i = 0; i < sizeof(flags); i++)
		try_events(f, &(struct seq){ .flags = flags[i] }, 10 * i, 0);
	for (unsigned layout = 0; layout < N_LAYOUT; layout++) {
		for (unsigned i = 0; i < f->setups.n; i++) {
			struct seq head = { .flags = START_IF, .layout = (uint8_t)layout, .n_steps = 1,
					    .step = { f->setups.v[i] } };
			struct outermost o = { 0 };

			cover_walk(0, &head, note, &o);
			if (!o.n)
				try_events(f, &head, 10 + 10 * layout, 1);
		}
	}
}

/* With the steps of `way` before it: whether #UD comes from the context with so many handlers open, on some CPU. */
static int leads(struct fill *f, const struct frag *way, unsigned ctx, unsigned depth)
{
	struct seq seq = { .flags = START_IF, .n_steps = way->n };
	struct cells c = { 0 };
	int does = 0;

	memcpy(seq.step, way->step, way->n * sizeof(way->step[0]));
	seq.step[seq.n_steps++].op = OP_UD2;
	if (fill_reach(f, &seq, &c))
		return 0;
	for (unsigned maker = 0; maker < COVER_MAKERS; maker++)
		does |= cell_in(&c, cell_of((struct place){ maker, EV_UD, ctx, depth, cover_column(256) + END_NONE }));
	return does;
}

static void add_way(struct ways *ways, const struct frag *way)
{
	if (ways->n < WAYS_MAX)
		ways->v[ways->n++] = *way;
}

/* Handlers inside handlers, with interrupts off and on. */
static void ways_in(struct fill *f, struct step outer, unsigned depth)
{
	struct frag way = { 0 };

	for (unsigned i = 0; i < depth; i++)
		way.step[way.n++] = outer;
	add_way(&f->ways[CTX_K][depth], &way);
	way.step[way.n++] = (struct step){ .op = OP_STI };
	add_way(&f->ways[CTX_K][depth], &way);
}

/* To ring 3 with handlers open an exit of the innermost one leads, on two of their arguments, and then to its own stack. */
static void ways_out(struct fill *f, struct step outer, unsigned ctx, unsigned depth)
{
	struct ways *ways = &f->ways[ctx][depth];
	const unsigned enough = ways->n + 2;

	for (unsigned i = 0; i < f->exits.n && ways->n < enough && ways->n < WAYS_MAX; i++) {
		struct frag way = { 0 };

		while (way.n <= depth)
			way.step[way.n++] = outer;
		way.step[way.n++] = f->exits.v[i];
		way.step[way.n++].op = ctx == CTX_U ? OP_GOU : OP_GOC;
		if (leads(f, &way, ctx, depth))
			add_way(ways, &way);
	}
}

void fill_ways(struct fill *f)
{
	static const struct step outer[] = { { .op = OP_INT3 }, { .op = OP_UD2 }, { .op = OP_INT, .arg = 0x80 },
					     { .op = OP_SYSCALL } };

	for (unsigned ctx = 0; ctx < N_CTX; ctx++) {
		f->ways[ctx][0] = (struct ways){ .n = 1 };
		for (unsigned depth = 1; depth < COVER_DEPTHS; depth++) {
			for (unsigned i = 0; i < sizeof(outer) / sizeof(outer[0]); i++) {
				if (ctx == CTX_K)
					ways_in(f, outer[i], depth);
				else
					ways_out(f, outer[i], ctx, depth);
			}
		}
	}
}
