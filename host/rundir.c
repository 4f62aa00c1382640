/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "host/rundir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int rundir_open(struct rundir *ret_dir, const char *path, char *err, size_t err_cap)
{
	const char *tmp = getenv("TMPDIR");
	struct rundir dir = { .temporary = !path };
	char given[PATH_MAX];
	int n;

	if (path)
		n = snprintf(given, sizeof(given), "%s", path);
	else
		n = snprintf(given, sizeof(given), "%s/trainwreck-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (n >= (int)sizeof(given)) {
		snprintf(err, err_cap, "the run's folder has too long a name: choose a shorter one");
		return -1;
	}
	if (path ? mkdir(given, 0777) && errno != EEXIST : !mkdtemp(given)) {
		snprintf(err, err_cap, "cannot make %s: %s: %s", given, strerror(errno),
			 path ? "name another folder" : "set TMPDIR to a folder you may write to");
		return -1;
	}
	if (!realpath(given, dir.path)) {
		snprintf(err, err_cap, "cannot use %s: %s: name another folder", given,
			 strerror(errno));
		return -1;
	}
	*ret_dir = dir;
	return 0;
}

/* Only files lie in it, and links are removed, not followed. */
void rundir_close(struct rundir *dir)
{
	DIR *d;
	struct dirent *entry;

	if (!dir->temporary || !dir->path[0])
		return;
	d = opendir(dir->path);
	while (d && (entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir->path);
	dir->path[0] = 0;
}

const char *rundir_path(const struct rundir *dir, const char *name, char *buf)
{
	/* truncation only makes open() fail with a message that names the path */
	if (snprintf(buf, PATH_MAX, "%s/%s", dir->path, name) >= PATH_MAX)
		buf[PATH_MAX - 1] = 0;
	return buf;
}
