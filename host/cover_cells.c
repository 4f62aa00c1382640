/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows and columns of the table of what sequences reach, and which of its cells nothing can. */
#include "host/cover.h"

#include <stdio.h>
#include <string.h>

static const char *const event_name[COVER_EVENTS] = {
#define VEC(num, name, has_ec, class, kind, words) [EV_##name] = "#" #name,
#include "efi/abi/vectors.def"
#undef VEC
	[EV_INTN] = "INT n",	     [EV_IRQ] = "interrupt",	 [EV_SYSCALL] = "SYSCALL",
	[EV_SYSCALL32] = "SYSCALL32", [EV_SYSENTER] = "SYSENTER",
};

const char cover_ctx[N_CTX] = { 'k', 'u', 'c' };

/* Ways that a handler ends besides ret.* steps, and what is to be said of those, in the columns behind theirs. */
static const char *const other_end[N_COVER_ENDS] = { "damaged", "fault", "go", "none" };
enum { RULE_NONE = N_RULES, EV_ANY = COVER_EVENTS };

static const struct cover_never nevers[] = {
#define MAKER_ANY VENDOR_OTHER
#define MAKER_INTEL VENDOR_INTEL
#define MAKER_AMD VENDOR_AMD
#define NEVER(event_, ctx_, maker_, exits_, rule_, words_)                                         \
	{ .event = EV_##event_, .ctx = ctx_, .maker = MAKER_##maker_, .exits = exits_, .rule = RULE_##rule_,                          \
	  .words = words_ },
#include "fuzz/never.def"
#undef NEVER
};

const char *cover_maker(unsigned maker)
{
	return maker ? "amd" : "intel";
}

const char *cover_event(unsigned event)
{
	return event < COVER_EVENTS ? event_name[event] : NULL;
}

int cover_is_exit(unsigned op)
{
	return op < 256 && ops[op].text && !strncmp(ops[op].text, "ret.", 4);
}

/* The ret.* steps in the order of their numbers. */
static const struct exits {
	unsigned n;
	uint8_t op[COVER_EXITS - N_COVER_ENDS], column[256];
} *exits(void)
{
	static struct exits e;

	for (unsigned op = 0; !e.column[255] && op < 256; op++) {
		if (cover_is_exit(op) && e.n < sizeof(e.op))
			e.op[e.n++] = (uint8_t)op;
		e.column[op] = (uint8_t)e.n;
	}
	return &e;
}

unsigned cover_column(unsigned op)
{
	return op ? exits()->column[op - 1] : 0;
}

const char *cover_depth(unsigned depth)
{
	static const char *const name[COVER_DEPTHS] = { "1", "2", "3+" };

	return name[depth];
}

const char *cover_exit(unsigned exit)
{
	const struct exits *e = exits();

	if (exit < e->n)
		return ops[e->op[exit]].text + 4;
	return exit - e->n < N_COVER_ENDS ? other_end[exit - e->n] : NULL;
}

uint32_t cover_at_depth(const struct cover *c, unsigned maker, unsigned event, unsigned ctx, unsigned depth)
{
	uint32_t n = 0;

	for (unsigned exit = 0; exit < COVER_EXITS; exit++)
		n += c->n[maker][event][ctx][depth][exit];
	return n;
}

const struct cover_never *cover_nevers(unsigned *ret_n)
{
	*ret_n = sizeof(nevers) / sizeof(nevers[0]);
	return nevers;
}

/* Whether a list of words holds one. */
static int among(const char *list, const char *word)
{
	size_t len = strlen(word);

	if (!*list)
		return 1;
	for (const char *at = list; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (!strncmp(at, word, len) && (!at[len] || at[len] == ' '))
			return 1;
	}
	return 0;
}

const struct cover_never *cover_never(unsigned maker, unsigned event, unsigned ctx, unsigned exit)
{
	uint8_t vendor = maker ? VENDOR_AMD : VENDOR_INTEL;

	for (unsigned i = 0; i < sizeof(nevers) / sizeof(nevers[0]); i++) {
		const struct cover_never *n = &nevers[i];
		if ((n->event == event || n->event == EV_ANY) && n->ctx & 1u << ctx &&
		    (!n->maker || n->maker == vendor) && among(n->exits, cover_exit(exit)))
			return n;
	}
	return NULL;
}

unsigned cover_refuted(const struct cover *c, char *why, size_t cap)
{
	unsigned n = 0;

	for (unsigned at = 0; at < COVER_MAKERS * COVER_EVENTS * N_CTX * COVER_DEPTHS; at++) {
		unsigned row = at / COVER_DEPTHS, depth = at % COVER_DEPTHS;
		unsigned maker = row / (COVER_EVENTS * N_CTX), event = row / N_CTX % COVER_EVENTS, ctx = row % N_CTX;

		for (unsigned exit = 0; cover_exit(exit); exit++) {
			const struct cover_never *never = cover_never(maker, event, ctx, exit);

			if (!never || !c->n[maker][event][ctx][depth][exit] || n++)
				continue;
			snprintf(why, cap, "%s from %c, %s deep, in column %s is reached on %s, but fuzz/never.def says: %s",
				 cover_event(event), cover_ctx[ctx], cover_depth(depth), cover_exit(exit), cover_maker(maker),
				 never->words);
		}
	}
	return n;
}
