/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_HOST_MINIMIZE_H
#define TW_HOST_MINIMIZE_H

#include "host/oracle.h"

/* What must stay while a sequence gets simpler: an unknown difference's signature, or a known id. */
struct minimize_goal {
	const char *signature;
	const char *known; /* when not NULL, this instead */
};

/*
 * Make a sequence simpler while it keeps its goal: spans of steps dropped, then pairs, then plainer
 * steps, arguments, prefixes and start, until nothing helps or max_ms have passed. The result has been
 * seen from a fresh state, or is the sequence itself. Returns the number of runs.
 */
unsigned minimize_seq(struct oracle *o, const struct seq *seq, const struct minimize_goal *goal,
		      int max_ms, struct seq *ret_seq);

/* How plain a sequence is: less is plainer, and fewer steps always are. */
unsigned long seq_cost(const struct seq *seq);

/* The same sequence with the least numbers that mean the same. */
void seq_canonical(struct seq *seq);

/*
 * The i-th simpler form of one step (same number of steps), or of the start when step is n_steps. 0:
 * there are no more. Not each is plainer: the caller compares.
 */
int seq_plainer(const struct seq *seq, uint32_t step, unsigned i, struct seq *ret_seq);

#endif
