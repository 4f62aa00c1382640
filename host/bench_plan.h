/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans (docs/plan.md), as the host reads them. */
#ifndef TW_HOST_BENCH_PLAN_H
#define TW_HOST_BENCH_PLAN_H

#include <stddef.h>

#include "bench/bench.h"
#include "efi/config.h"

struct bench_plan {
	char only[CONFIG_GLOB_MAX]; /* a pattern over ids */
	unsigned samples, warmup;   /* of each placement */
};

/* Whether a row is measured: it is named, or it is the empty window of one that is. */
int bench_wanted(const struct bench_row *row, const char *only);

/* How many figures that makes, 0: the pattern names nothing. */
unsigned bench_count_wanted(const char *only);

/*
 * Read a plan, its source (with dtc) or what dtc made of it, by the binding that the application goes by. Returns the exit
 * status: 0; EXIT_USAGE, err says which node and property are wrong and what to write (a pattern that names no row is wrong, too);
 * EXIT_HARNESS where it cannot be compiled here.
 */
int plan_read(const char *path, struct config *ret_config, char *err, size_t cap);

/* The same, and of it what a host asks for: what the plan leaves out is as docs/plan.md says. */
int bench_plan_read(const char *path, struct bench_plan *plan, char *err, size_t cap);

#endif
