/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which events, from which context, how deep, left by which exit, do sequences reach? Counted on the
 * traces that the model predicts, for each maker's CPU.
 */
#ifndef TW_HOST_COVER_H
#define TW_HOST_COVER_H

#include "fuzz/model.h"

enum {
	COVER_MAKERS = 2,
	COVER_EVENTS = 28, /* rows: the vectors of vectors.def, and the other ways in */
	COVER_DEPTHS = 3, /* 1, 2, and more */
	COVER_EXITS = 96, /* room for every ret.* step, and the ends of a handler that are none */
	COVER_PATHS = 4, /* of the manual's choices, the first few of a sequence */
};

struct cover {
	/* [maker][event][context][depth - 1][exit]: 0 Intel, 1 AMD */
	uint32_t n[COVER_MAKERS][COVER_EVENTS][N_CTX][COVER_DEPTHS][COVER_EXITS];
};

/* Why a cell cannot be reached. */
struct cover_never {
	uint16_t rule; /* N_RULES where the model has none, since it lacks what the event needs */
	const char *words;
	uint8_t event, ctx, maker; /* ctx: a set of enum op_ctx; maker: enum vendor, VENDOR_OTHER for each */
};

const char *cover_maker(unsigned maker); /* "intel" */
const char *cover_event(unsigned event); /* "#UD"; NULL: past the last */
const char *cover_exit(unsigned exit); /* "iret", ..., "damaged", "go", "none"; NULL: past the last */

/* Add what a sequence reaches on one maker's CPU. */
void cover_add(struct cover *c, unsigned maker, const struct seq *seq);

/* Sums over the last dimension, and over the one before. */
uint32_t cover_at_depth(const struct cover *c, unsigned maker, unsigned event, unsigned ctx, unsigned depth);
uint32_t cover_by_exit(const struct cover *c, unsigned maker, unsigned event, unsigned ctx, unsigned exit);

/* The reason why nothing can reach these cells, or NULL. */
const struct cover_never *cover_never(unsigned maker, unsigned event, unsigned ctx);
const struct cover_never *cover_nevers(unsigned *ret_n);

#endif
