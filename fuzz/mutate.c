/* SPDX-License-Identifier: BSD-2-Clause */
/* The mutations, each on whole steps. mutate_value.c has what they do to one step's argument. */
#include "fuzz/mutate.h"

#include <string.h>

#include "fuzz/text.h"

enum {
	LONG = 10, /* steps from which on every second mutation deletes some */
	PART_MIN = 4, /* steps that are left of a longer sequence than PART_MAX, */
	PART_MAX = 12,
	WHOLE = 8, /* but of one in so many */
};

const char *const mutation_name[N_MUTATIONS] = {
#define MUTATION(name, function, words) #function,
#include "fuzz/mutations.def"
#undef MUTATION
};

struct change {
	struct mutator *m;
	struct seq *seq;
	const struct seq *add; /* never NULL; may be empty */
};

/* xorshift64*: small, and the same everywhere. */
uint32_t mutate_below(struct mutator *m, uint32_t n)
{
	m->state ^= m->state >> 12;
	m->state ^= m->state << 25;
	m->state ^= m->state >> 27;
	return n ? (uint32_t)((m->state * 0x2545f4914f6cdd1dull) >> 32) % n : 0;
}

void mutate_seed(struct mutator *m, uint64_t seed)
{
	m->state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	m->state += !m->state;
	m->max_steps = STEPS_MAX;
	m->last = MUT_INSERT;
}

static int is_exit(uint8_t op)
{
	return ops[op].text && !strncmp(ops[op].text, "ret.", 4);
}

/* A step that raises an event by itself, as far as its row tells: no exit, no change of state. */
static int is_event(uint8_t op)
{
	const char *text = ops[op].text;

	return text && op != OP_NOP && !(ops[op].needs & (TABLES | MSRS)) && strncmp(text, "ret.", 4) &&
	       strncmp(text, "go.", 3) && strncmp(text, "frame.", 6);
}

/* A random index of a step for which `is` holds; n_steps when there is none. */
static uint32_t pick(const struct change *c, int (*is)(uint8_t op))
{
	uint32_t n = 0, found = c->seq->n_steps;

	for (uint32_t i = 0; i < c->seq->n_steps; i++) {
		if (is(c->seq->step[i].op) && !mutate_below(c->m, ++n))
			found = i;
	}
	return found;
}

static struct step random_of(const struct change *c, int (*is)(uint8_t op))
{
	struct step s = { .op = OP_NOP };

	for (unsigned i = 0; i < 64 && !is(s.op); i++)
		s = mutate_step(c->m);
	return s;
}

/* Make room for n steps at `at`; what no longer fits falls off the end. Returns how many there are. */
static uint32_t make_room(const struct change *c, uint32_t at, uint32_t n)
{
	struct seq *s = c->seq;
	uint32_t max = c->m->max_steps;

	if (at > s->n_steps)
		at = s->n_steps;
	if (n > max - at)
		n = max - at;
	uint32_t tail = s->n_steps - at;
	if (tail > max - at - n)
		tail = max - at - n;
	memmove(&s->step[at + n], &s->step[at], tail * sizeof(s->step[0]));
	s->n_steps = at + n + tail;
	memset(&s->step[s->n_steps], 0, (STEPS_MAX - s->n_steps) * sizeof(s->step[0]));
	return n;
}

static void put(const struct change *c, uint32_t at, struct step step)
{
	if (make_room(c, at, 1))
		c->seq->step[at] = step;
}

static void drop(struct seq *s, uint32_t at, uint32_t n)
{
	memmove(&s->step[at], &s->step[at + n], (s->n_steps - at - n) * sizeof(s->step[0]));
	s->n_steps -= n;
	memset(&s->step[s->n_steps], 0, n * sizeof(s->step[0]));
}

/* A span of a sequence with steps: mostly short. Returns its length. */
static uint32_t span_of(struct mutator *m, const struct seq *s, uint32_t *ret_at)
{
	*ret_at = mutate_below(m, s->n_steps);
	uint32_t left = s->n_steps - *ret_at;
	uint32_t max = mutate_below(m, 4) ? 4 : left;
	return 1 + mutate_below(m, left < max ? left : max);
}

static void mutate_insert(const struct change *c)
{
	put(c, mutate_below(c->m, c->seq->n_steps + 1), mutate_step(c->m));
}

static void mutate_delete(const struct change *c)
{
	uint32_t at, n;

	if (!c->seq->n_steps)
		return;
	n = span_of(c->m, c->seq, &at);
	drop(c->seq, at, n);
}

/* n steps of `from` at `at`, which may be the sequence itself. */
static void copy_in(const struct change *c, uint32_t at, const struct step *from, uint32_t n)
{
	struct step copy[STEPS_MAX];

	memcpy(copy, from, n * sizeof(copy[0]));
	memcpy(&c->seq->step[at], copy, make_room(c, at, n) * sizeof(copy[0]));
}

static void mutate_duplicate(const struct change *c)
{
	uint32_t from, n;

	if (!c->seq->n_steps)
		return;
	n = span_of(c->m, c->seq, &from);
	copy_in(c, mutate_below(c->m, c->seq->n_steps + 1), &c->seq->step[from], n);
}

static void mutate_splice(const struct change *c)
{
	uint32_t at = mutate_below(c->m, c->seq->n_steps + 1), from;

	if (!c->add->n_steps)
		return;
	from = mutate_below(c->m, c->add->n_steps);
	drop(c->seq, at, c->seq->n_steps - at);
	copy_in(c, at, &c->add->step[from], c->add->n_steps - from);
}

static void mutate_graft(const struct change *c)
{
	uint32_t from, n;

	if (!c->add->n_steps)
		return;
	n = span_of(c->m, c->add, &from);
	copy_in(c, mutate_below(c->m, c->seq->n_steps + 1), &c->add->step[from], n);
}

/* The exit that leaves the handler of an event, whole. */
static struct step exit_of(uint8_t event)
{
	if (event == OP_SYSCALL)
		return (struct step){ .op = OP_SYSRET };
	if (event == OP_SYSENTER)
		return (struct step){ .op = OP_SYSEXIT };
	return (struct step){ .op = OP_IRET };
}

/*
 * An event around some steps, and its exit; or, one time in three, one that the sequence has inside its own handler,
 * which is what stacks and frames break at.
 */
static void mutate_nest(const struct change *c)
{
	uint32_t at = mutate_below(c->m, c->seq->n_steps + 1), n = 0, has = pick(c, is_event);
	struct step event = random_of(c, is_event);

	if (has < c->seq->n_steps && !mutate_below(c->m, 3)) {
		event = c->seq->step[has];
		at = has + 1;
	} else if (c->seq->n_steps) {
		n = span_of(c->m, c->seq, &at);
	}
	/* the exit first: then the event's place does not move it */
	put(c, at + n, exit_of(event.op));
	put(c, at, event);
}

static void mutate_context(const struct change *c)
{
	static const uint8_t go[] = { OP_GOU, OP_GOC, OP_GOK, OP_GOUS };

	put(c, mutate_below(c->m, c->seq->n_steps + 1),
	    (struct step){ .op = go[mutate_below(c->m, sizeof(go))] });
}

static int has_arg(uint8_t op)
{
	return ops[op].text && ops[op].arg != ARG_NONE;
}

static void mutate_walk_step(const struct change *c)
{
	uint32_t i = pick(c, has_arg);

	if (i < c->seq->n_steps)
		c->seq->step[i].arg = mutate_walk(c->m, c->seq->step[i].op, c->seq->step[i].arg);
}

static void mutate_shadow(const struct change *c)
{
	uint32_t i = pick(c, is_event);

	if (i == c->seq->n_steps || !mutate_below(c->m, 4)) {
		i = mutate_below(c->m, c->seq->n_steps + 1);
		put(c, i, random_of(c, is_event));
	}
	if (i < c->seq->n_steps)
		c->seq->step[i].prefix = (uint8_t)(1 + mutate_below(c->m, N_PREFIX - 1));
}

static void mutate_break(const struct change *c)
{
	uint32_t i = pick(c, is_exit);

	if (i == c->seq->n_steps) {
		i = mutate_below(c->m, c->seq->n_steps + 1);
		put(c, i, random_of(c, is_exit));
	} else if (!mutate_below(c->m, 3)) {
		c->seq->step[i] = random_of(c, is_exit);
	}
	if (i < c->seq->n_steps)
		c->seq->step[i].arg = mutate_arg(c->m, c->seq->step[i].op);
}

static void mutate_header(const struct change *c)
{
	const struct field_text *f = &field_text[mutate_below(c->m, N_FIELDS)];
	uint8_t *byte = (uint8_t *)c->seq + f->offset;
	uint32_t v = mutate_below(c->m, f->n);

	*byte = (uint8_t)(f->is_set ? *byte ^ 1u << v : v);
}

static void apply(const struct change *c, enum mutation which)
{
	static void (*const act[N_MUTATIONS])(const struct change *c) = {
		[MUT_INSERT] = mutate_insert,	    [MUT_DELETE] = mutate_delete,
		[MUT_DUPLICATE] = mutate_duplicate, [MUT_SPLICE] = mutate_splice,
		[MUT_GRAFT] = mutate_graft,	    [MUT_NEST] = mutate_nest,
		[MUT_CONTEXT] = mutate_context,	    [MUT_WALK] = mutate_walk_step,
		[MUT_SHADOW] = mutate_shadow,	    [MUT_BREAK] = mutate_break,
		[MUT_HEADER] = mutate_header,
	};

	act[which](c);
}

int mutate_one(struct mutator *m, enum mutation which, struct seq *seq, const struct seq *add)
{
	static const struct seq none;
	const struct change c = { .m = m, .seq = seq, .add = add ? add : &none };
	const struct seq was = *seq;

	if (m->max_steps > STEPS_MAX)
		m->max_steps = STEPS_MAX;
	if (seq->n_steps > m->max_steps)
		drop(seq, m->max_steps, seq->n_steps - m->max_steps);
	m->last = which;
	apply(&c, which);
	return memcmp(&was, seq, sizeof(was)) != 0;
}

/* Some steps in a row, and no others. */
static void keep_part(struct mutator *m, struct seq *seq)
{
	uint32_t n = PART_MIN + mutate_below(m, PART_MAX - PART_MIN + 1);
	uint32_t at = mutate_below(m, seq->n_steps - n + 1);

	drop(seq, at + n, seq->n_steps - at - n);
	drop(seq, 0, at);
}

void mutate(struct mutator *m, struct seq *seq, const struct seq *add)
{
	unsigned n = 1u << mutate_below(m, 4), changed = 0;

	/*
	 * Sequences grow by what is found with them, and each step costs its time. Most of what is new needs a part of
	 * one alone, some the whole (docs/hacking.md).
	 */
	if (seq->n_steps > PART_MAX && mutate_below(m, WHOLE))
		keep_part(m, seq);
	for (unsigned tries = 0; changed < n && tries < 4 * n + 64; tries++) {
		enum mutation which = (enum mutation)mutate_below(m, N_MUTATIONS);

		/* most mutations add steps, and each step costs its time: the longer, the more is cut */
		if (mutate_below(m, LONG) < seq->n_steps && !mutate_below(m, 2))
			which = MUT_DELETE;
		changed += mutate_one(m, which, seq, add) != 0;
	}
}
