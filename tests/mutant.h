/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests/mutate writes into its copy of the model. `mutant` is the number of the one mistake that
 * is made; 0: none, and the copy does as the original.
 */
#ifndef TW_TESTS_MUTANT_H
#define TW_TESTS_MUTANT_H

#include <stdint.h>

struct cpu;

/* From the environment's MUTANT at the start of a program. */
extern unsigned mutant;
/* Not a set of outcomes but one CPU: the outcome that was added is what it does. */
extern int mutant_is_cpu;

/* Negated, true, false. */
static inline int mutant_condition(unsigned first, int value)
{
	unsigned k = mutant - first;

	return k > 2 ? value : k ? k == 1 : !value;
}

#define MUTANT_CONSTANT(first, value)                                                              \
	((__typeof__(value))((value) + (mutant == (first)) - (mutant == (first) + 1)))

/* The bit that mutant first + n flips: the nth of `bits`. */
static inline uint64_t mutant_bit(unsigned first, uint64_t bits)
{
	unsigned k = mutant - first;

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
	if (mutant != number)
		return value;
	return value == from ? other : value == to ? from : value;
}

/* choose() with one outcome less, rule() with one more. */
unsigned mutant_choose(unsigned first, struct cpu *c, unsigned id, unsigned n);
uint64_t mutant_rule(unsigned number, int logical, struct cpu *c, unsigned id, uint64_t value);

#endif
