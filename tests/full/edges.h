/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_TESTS_FULL_EDGES_H
#define TW_TESTS_FULL_EDGES_H

#include "fuzz/seq.h"

/* A sequence, and the mutants that it is kept for. */
struct found {
	struct seq seq;
	unsigned *tells, n_tells;
};

/* To a file in the folder, which is named after the function it tells most of, with what the manual demands. */
void edge_write(const struct found *f, const char *folder);

#endif
