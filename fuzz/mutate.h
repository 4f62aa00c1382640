/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes to a sequence that keep its meaning as steps: what a campaign does besides AFL++'s changes
 * of bytes. Total: whatever sequence goes in, a valid one of at most max_steps comes out. The same
 * seed and the same inputs give the same results.
 */
#ifndef TW_FUZZ_MUTATE_H
#define TW_FUZZ_MUTATE_H

#include "efi/abi/profile.h"
#include "fuzz/seq.h"

enum mutation {
#define MUTATION(name, function, words) MUT_##name,
#include "fuzz/mutations.def"
#undef MUTATION
	N_MUTATIONS,
};

struct mutator {
	uint64_t state;
	uint32_t max_steps; /* of the result; at most STEPS_MAX */
	enum mutation last; /* what mutate() did last */
};

extern const char *const mutation_name[N_MUTATIONS];

void mutate_seed(struct mutator *m, uint64_t seed);

/* One of them. `add` is another sequence to take from, or NULL. Returns whether seq has changed. */
int mutate_one(struct mutator *m, enum mutation which, struct seq *seq, const struct seq *add);

/* One to eight of them, as chance has it; seq has changed. */
void mutate(struct mutator *m, struct seq *seq, const struct seq *add);

/* A random step that means something, and a random argument for an op. */
struct step mutate_step(struct mutator *m);
uint16_t mutate_arg(struct mutator *m, uint8_t op);

/* Move an argument of the op to a neighbour or an end of its list. */
uint16_t mutate_walk(struct mutator *m, uint8_t op, uint16_t arg);

/* A number below n; 0 when n is 0. */
uint32_t mutate_below(struct mutator *m, uint32_t n);

/*
 * The plainest sequence whose predicted trace has the same coverage on this profile: spans of steps
 * that change nothing dropped, then prefixes and arguments.
 */
void trim_seq(struct seq *seq, const struct profile *profile);

#endif
