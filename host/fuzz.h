/* SPDX-License-Identifier: BSD-2-Clause */
/* What surrounds a campaign: its folder, its seeds, its figures. */
#ifndef TW_HOST_FUZZ_H
#define TW_HOST_FUZZ_H

#include <stddef.h>

enum { FUZZ_PATH = 1024 };

struct fuzz {
	const char *engine, *link, *seconds, *seed_source, *dir;
	char **extra;
	int n_extra, strict, on_terminal;

	/* filled by fuzz_prepare */
	int resumes; /* DIR has a campaign already */
	size_t n_seeds;
	char exe[FUZZ_PATH], seeds[FUZZ_PATH + 16], afl_dir[FUZZ_PATH + 16], log[FUZZ_PATH + 16];
	char mutator[FUZZ_PATH + 32];
};

/* Make DIR, and write each sequence of the seed folder to DIR/seeds. 0, or -1 with why. */
int fuzz_prepare(struct fuzz *fuzz, char *why, size_t why_cap);

/* One line of figures. */
void fuzz_progress(const struct fuzz *fuzz);

/* The figures of the end. Returns how many unknown findings there are, or -1: no figures. */
int fuzz_summary(const struct fuzz *fuzz);

#endif
