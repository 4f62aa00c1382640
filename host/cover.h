/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which events, from which context, how deep, left by which exit, do sequences reach? Counted on the
 * traces that the model predicts, for each maker's CPU. A handler is left by a ret.* step that went
 * through; where its frame had been damaged, that is counted besides.
 */
#ifndef TW_HOST_COVER_H
#define TW_HOST_COVER_H

#include "fuzz/model.h"

/* Rows: the vectors of vectors.def, and the other ways in. */
enum cover_row {
#define VEC(num, name, has_ec, class, kind, words) EV_##name,
#include "efi/abi/vectors.def"
#undef VEC
	EV_INTN,
	EV_IRQ,
	EV_SYSCALL,
	EV_SYSCALL32,
	EV_SYSENTER,
	COVER_EVENTS,
};

enum {
	COVER_MAKERS = 2,
	COVER_DEPTHS = 3, /* 1, 2, and more */
	COVER_EXITS = 96, /* room for every ret.* step, and the ends of a handler that are none */
	COVER_PATHS = 4, /* of the manual's choices, the first few of a sequence */
};

/* Columns behind those of the ret.* steps. */
enum cover_end { END_DAMAGED, END_FAULT, END_GO, END_NONE, N_COVER_ENDS };

struct cover {
	/* [maker][event][context][depth - 1][exit]: 0 Intel, 1 AMD */
	uint32_t n[COVER_MAKERS][COVER_EVENTS][N_CTX][COVER_DEPTHS][COVER_EXITS];
};

/*
 * Why cells cannot be reached: those of an event (COVER_EVENTS: of each), in a set of contexts, on a
 * maker's CPU (VENDOR_OTHER: on both), by the exits named ("iret sysexit ..."; "": by all).
 */
struct cover_never {
	uint16_t rule; /* N_RULES where the model has none, since it lacks what the event needs */
	const char *words, *exits;
	uint8_t event, ctx, maker; /* ctx: a set of enum op_ctx; maker: enum vendor */
};

extern const char cover_ctx[N_CTX]; /* a letter for each */

const char *cover_maker(unsigned maker); /* "intel" */
const char *cover_event(unsigned event); /* "#UD"; NULL: past the last */
const char *cover_depth(unsigned depth); /* "1", "2", "3+" */
const char *cover_exit(unsigned exit); /* "iret", ..., "damaged", "fault", "go", "none"; NULL: past the last */

int cover_is_exit(unsigned op);
/* The column of a ret.* step; of 256: that of the first of enum cover_end. */
unsigned cover_column(unsigned op);

/* What a sequence reaches on one maker's CPU, a call for each; depth counts from 0. */
typedef void cover_visit(void *data, unsigned event, unsigned ctx, unsigned depth, unsigned exit);
void cover_walk(unsigned maker, const struct seq *seq, cover_visit *visit, void *data);

/* The same, added up. */
void cover_add(struct cover *c, unsigned maker, const struct seq *seq);

/* The sum over the last dimension. */
uint32_t cover_at_depth(const struct cover *c, unsigned maker, unsigned event, unsigned ctx, unsigned depth);

/* The reason why nothing can reach the cell of this exit, at whatever depth, or NULL. */
const struct cover_never *cover_never(unsigned maker, unsigned event, unsigned ctx, unsigned exit);
const struct cover_never *cover_nevers(unsigned *ret_n);

/* Every cell that is reached though it is called impossible. Returns how many, the first one said in why. */
unsigned cover_refuted(const struct cover *c, char *why, size_t cap);

#endif
