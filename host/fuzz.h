/* SPDX-License-Identifier: BSD-2-Clause */
/* What surrounds a campaign: its folder, its seeds, its figures. */
#ifndef TW_HOST_FUZZ_H
#define TW_HOST_FUZZ_H

#include <stddef.h>
#include <stdint.h>

enum { FUZZ_PATH = 1024, FUZZ_NAME = 40, JOBS_MAX = 256 };

struct fuzz {
	const char *engine, *link, *seconds, *seed_source, *dir, *style;
	char **extra;
	int n_extra, strict, on_terminal;
	const char *name; /* of the one fuzzer, when what follows -- gives it one; NULL: ours */
	unsigned jobs; /* fuzzers, each with an engine of its own */
	int64_t begun_ms; /* now_ms() */

	/* filled by fuzz_prepare */
	size_t n_seeds;
	char exe[FUZZ_PATH], seeds[FUZZ_PATH + 16], afl_dir[FUZZ_PATH + 16], log[FUZZ_PATH + 16];
	char mutator[FUZZ_PATH + 32];
};

/* The name of a fuzzer among AFL++'s: "main" and "s001" and so on; "default" when there is only one, and it has no other. */
void fuzz_job_name(const struct fuzz *fuzz, unsigned job, char out[FUZZ_NAME]);

/*
 * Make DIR, and write each sequence of the seed folder to DIR/seeds. 0, -1 with why, or 1 with why when
 * DIR has a campaign of another engine or build.
 */
int fuzz_prepare(struct fuzz *fuzz, char *why, size_t why_cap);

/* One line of figures. */
void fuzz_progress(const struct fuzz *fuzz);

/* The figures of the end. Returns how many unknown findings there are, or -1: no figures. */
int fuzz_summary(const struct fuzz *fuzz);

#endif
