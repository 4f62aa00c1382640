/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as a row needs it, and back. */
#ifndef TW_BENCH_PREP_H
#define TW_BENCH_PREP_H

#include "bench/bench.h"

/* A word of the benchmarks' own memory. */
static inline volatile void *bench_data(enum bench_data off)
{
	return (volatile void *)(uintptr_t)ALIAS(W_BDATA + (uint64_t)off);
}

/*
 * Install the row's handler (its address in the window, 0: none) and what else the row needs. One
 * at a time: what is changed is kept here until prep_undo.
 */
void prep_do(const struct bench_row *row, const struct profile *profile, uint32_t handler);
void prep_undo(void);

#endif
