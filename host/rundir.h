/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder that holds all the files of one run of an engine. */
#ifndef TW_HOST_RUNDIR_H
#define TW_HOST_RUNDIR_H

#include <limits.h>
#include <stddef.h>

struct rundir {
	char path[PATH_MAX];
	int temporary; /* made here: removed at the end, however this process ends */
	int alive; /* closed by our end, whatever it is; the process that cleans up waits for it */
};

/* Use `path` (made if need be), or with NULL a new folder under $TMPDIR. 0, or -1 with err. */
int rundir_open(struct rundir *ret_dir, const char *path, char *err, size_t err_cap);
void rundir_close(struct rundir *dir);

/* The path of a file in it, in buf (PATH_MAX). Returns buf. */
const char *rundir_path(const struct rundir *dir, const char *name, char *buf);

#endif
