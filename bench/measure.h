/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two ways to measure, a row and a sequence, have in common. */
#ifndef TW_BENCH_MEASURE_H
#define TW_BENCH_MEASURE_H

#include "bench/bench.h"
#include "efi/abi/profile.h"

enum {
	MSR_SMI_COUNT = 0x34,
	MSR_MPERF = 0xe7,
	MSR_APERF = 0xe8,
	DISCARDS_MAX = 1000, /* of one batch: more means that the machine is not quiet enough */
};

/* The samples of the last batch: ticks, or legs of runs. */
extern uint32_t samples[BENCH_SAMPLES_MAX];
extern unsigned n_samples;

/* Of each sample or run, where they are counted: instructions and core cycles from before the way in to behind the way out. */
extern uint32_t retired[BENCH_SAMPLES_MAX], cycles[BENCH_SAMPLES_MAX];

/* NULL, or the reason why this CPU, or this build, has no such path. */
const char *bench_lacks(const struct bench_row *row, const struct profile *p);

int has_smi_count(const struct profile *p);

/* Counters around a batch: as they were, and then their advance (smi: ~0 where nobody knows). */
struct counters {
	int has_perf, has_smi;
	uint64_t aperf, mperf, smi;
};
void counters_start(struct counters *c, const struct profile *p);
void counters_stop(struct counters *c);

#endif
