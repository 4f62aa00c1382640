/* SPDX-License-Identifier: BSD-2-Clause */
/* The runs below some folders. */
#ifndef TW_HOST_RUN_SET_H
#define TW_HOST_RUN_SET_H

#include <sys/types.h>

#include "host/run_file.h"

struct run_set {
	struct run_file *v;
	size_t n;
	unsigned n_bad; /* files that were left out, each with a message on stderr */
	/* files and folders that were looked at */
	struct run_place {
		dev_t dev;
		ino_t ino;
	} *seen;
	size_t n_seen;
};

/*
 * Take in a file of results, or every .jsonl below a folder, in the order of their names (10 behind 9). What cannot be
 * read is said and left out; the rest is there. What has been added before, by whatever name, is there once: a run is one boot.
 */
void run_set_add(struct run_set *set, const char *path);
void run_set_free(struct run_set *set);

/* Whether two files come from the same machine and method, so that they are boots of one thing. */
int run_same_machine(const struct run_file *a, const struct run_file *b);
/* The same, through whichever tables. */
int run_same_but_tables(const struct run_file *a, const struct run_file *b);

#endif
