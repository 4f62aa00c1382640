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
 * Install the row's handler (its address in the window, 0: none) and what else the row needs; EVENT
 * is the address of the instruction that raises its event. One at a time: what is changed is kept
 * here until prep_undo.
 */
void prep_do(const struct bench_row *row, const struct profile *profile, const struct bench_body *body,
	     uint32_t handler, uint32_t event);
void prep_undo(void);

/* The state that the rows of more than one class change, kept by prep_do and put back by prep_undo.
 */
void prep_debug_do(const struct bench_row *row, uint32_t event);
void prep_debug_undo(void);
void prep_tables_do(const struct bench_row *row, const struct bench_body *body, uint32_t handler);
void prep_tables_undo(void);
void prep_state_do(const struct bench_row *row, const struct profile *profile);
void prep_state_undo(void);

#endif
