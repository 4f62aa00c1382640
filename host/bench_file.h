/* SPDX-License-Identifier: BSD-2-Clause */
/* A run that a stick brought home: the transcript bench.tw (docs/plan.md). */
#ifndef TW_HOST_BENCH_FILE_H
#define TW_HOST_BENCH_FILE_H

#include "host/results.h"

struct bench_file {
	struct msg_hello hello;
	struct results results; /* in the order in which they were measured */
	unsigned samples, warmup; /* of each placement */
	unsigned n_bad; /* frames that were damaged, rows that miss some, an end that is missing */
};

/*
 * Read one. Damage costs the rows it hits, which become ERROR, and is counted. Returns 0, or -1 with err when
 * nothing of it can be used. bench_file_free() in either case.
 */
int bench_file_read(const char *path, struct bench_file *ret_file, char *err, size_t cap);
void bench_file_free(struct bench_file *file);

#endif
