/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans (docs/plan.md), as the host reads them. */
#ifndef TW_HOST_BENCH_PLAN_H
#define TW_HOST_BENCH_PLAN_H

#include <stddef.h>

#include "efi/config.h"

struct bench_plan {
	char only[64];		  /* a glob over ids */
	unsigned samples, warmup; /* of each placement */
};

/*
 * Read a plan, its source (with dtc) or what dtc made of it, by the binding that the application goes by. Returns 0, or -1 with
 * err saying which node and property are wrong and what to write; then nothing is changed.
 */
int plan_read(const char *path, struct config *ret_config, char *err, size_t cap);

/* The same, and of it what a host asks for: what the plan leaves out is as docs/plan.md says. */
int bench_plan_read(const char *path, struct bench_plan *plan, char *err, size_t cap);

#endif
