/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Performance counters around a sample: which registers to set up for them, and what to make of what
 * they said. Portable: a test asks the same functions.
 */
#ifndef TW_BENCH_QUIET_H
#define TW_BENCH_QUIET_H

#include <stdint.h>

/* What CPUID says of them: vendor as in the profile, leaf 0AH, 8000_0001H ECX; 0 where a leaf is missing. */
struct quiet_cpuid {
	uint8_t vendor;
	uint32_t a_eax, a_ecx, a_edx, e1_ecx;
};

enum { QUIET_REGS = 4 };

/* How instructions retired and core cycles are counted here. */
struct quiet_plan {
	unsigned n; /* registers to set, in this order; 0: CPUID promises no counters */
	struct quiet_reg {
		uint32_t msr;
		uint64_t keep, set; /* it becomes (what it held & keep) | set */
	} reg[QUIET_REGS];
	uint32_t retired, cycles; /* the counters' MSRs */
	uint64_t width; /* all ones of a counter */
};

void quiet_plan(const struct quiet_cpuid *id, struct quiet_plan *ret_plan);

/* How far a counter went on, wrapped at most once; what needs more than 32 bits is the largest there is. */
uint32_t quiet_advance(const struct quiet_plan *plan, uint64_t from, uint64_t to);

/*
 * The samples that retired as many instructions as seven of eight of them or more did stay, in their
 * order; the others were disturbed. A sample is `width` ticks behind one another. Returns how many stay, and
 * that number; where no number is so common, all of them and 0.
 */
unsigned quiet_settle(uint32_t *ticks, unsigned width, uint32_t *retired, uint32_t *cycles, unsigned n,
		      uint32_t *ret_retired);

#endif
