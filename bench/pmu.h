/* SPDX-License-Identifier: BSD-2-Clause */
/* The performance counters of this CPU, lent for a batch of samples. */
#ifndef TW_BENCH_PMU_H
#define TW_BENCH_PMU_H

#include "efi/abi/profile.h"

struct pmu_count {
	uint64_t retired, cycles;
};

/* Counting begins, if CPUID promises counters and they move: 1. Whoever gets 1 calls pmu_stop(). */
int pmu_start(const struct profile *p);

/* Each register is as it was before pmu_start(). */
void pmu_stop(void);

/* What was before has retired, what follows has not begun. */
void pmu_read(struct pmu_count *ret_count);

/* From one reading to the next. */
void pmu_between(const struct pmu_count *from, const struct pmu_count *to, uint32_t *ret_retired, uint32_t *ret_cycles);

#endif
