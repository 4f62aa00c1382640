/* SPDX-License-Identifier: BSD-2-Clause */
/* What a plan (docs/plan.md) says of benchmarks; its other nodes speak to the application alone. */
#ifndef TW_HOST_BENCH_PLAN_H
#define TW_HOST_BENCH_PLAN_H

#include <stddef.h>

struct bench_plan {
	char only[64];		  /* a glob over ids */
	unsigned samples, warmup; /* of each placement */
};

/*
 * Read a plan's source with dtc. What it leaves out stays as it is in *plan. Returns 0, or -1 with
 * err saying which property is wrong and what to write; then *plan is untouched.
 */
int bench_plan_read(const char *path, struct bench_plan *plan, char *err, size_t cap);

#endif
