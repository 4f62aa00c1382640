/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests/mutate writes into its copy of the model. `mutant` is the number of the one mistake that
 * is made; 0: none, and the copy does as the original.
 */
#ifndef TW_TESTS_MUTANT_H
#define TW_TESTS_MUTANT_H

#include <stdint.h>
#include <string.h>

struct cpu;

enum { MUTANTS_MAX = 1 << 15 };

/* From the environment's MUTANT at the start of a program. */
extern unsigned mutant;
/*
 * What has run since this was cleared: those mutants that would have been another value there. One that
 * a test does not reach so, that test cannot kill.
 */
extern unsigned char mutant_reached[MUTANTS_MAX];
/* Not a set of outcomes but one CPU: the outcome that was added is what it does. */
extern int mutant_is_cpu;

static inline int mutant_is(unsigned number)
{
	mutant_reached[number] = 1;
	return mutant == number;
}

/* Negated, true, false. */
static inline int mutant_condition(unsigned first, int value)
{
	unsigned k = mutant - first;

	mutant_reached[first] = mutant_reached[first + 1 + !!value] = 1;
	return k > 2 ? value : k ? k == 1 : !value;
}

#define MUTANT_CONSTANT(first, value)                                                              \
	((__typeof__(value))((value) + mutant_is(first) - mutant_is((first) + 1)))

/* The bit that mutant first + n flips: the nth of `bits`. */
static inline uint64_t mutant_bit(unsigned first, uint64_t bits)
{
	unsigned k = mutant - first;

	memset(mutant_reached + first, 1, (size_t)__builtin_popcountll(bits));
	if (mutant < first || k >= 64)
		return 0;
	while (bits && k--)
		bits &= bits - 1;
	return bits & -bits;
}

#define MUTANT_MASK(first, bits, value)                                                            \
	((__typeof__(value))((value) ^ (__typeof__(value))mutant_bit(first, bits)))

/* A switch looks for `value`; label `from` has become `to`. */
static inline uint64_t mutant_case(unsigned number, uint64_t from, uint64_t to, uint64_t other, uint64_t value)
{
	if (value == from || value == to)
		mutant_reached[number] = 1;
	if (mutant != number)
		return value;
	return value == from ? other : value == to ? from : value;
}

/* choose() and choose_once() with one outcome less, rule() with one more. */
unsigned mutant_choose(unsigned first, struct cpu *c, unsigned id, unsigned n);
unsigned mutant_choose_once(unsigned first, struct cpu *c, unsigned id, unsigned n);
uint64_t mutant_rule(unsigned number, int logical, struct cpu *c, unsigned id, uint64_t value);

#endif
