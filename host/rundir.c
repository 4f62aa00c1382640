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
#include <sys/wait.h>
#include <unistd.h>

/* Only files lie in it, and links are removed, not followed. 0 when it is gone. */
static int clear(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	return rmdir(path) && errno != ENOENT ? -1 : 0;
}

/* Wait until the owner has ended, then clear up, also behind an emulator that is just dying. */
static void clean_up_later(const char *path, int alive)
{
	char byte;

	setsid(); /* a Ctrl-C that ends the owner is no reason to end here */
	dup2(alive, 0);
	close_range(1, ~0u, 0); /* AFL++ and shells wait for the ends of their pipes */
	while (read(0, &byte, 1) < 0 && errno == EINTR)
		;
	for (int i = 0; i < 50 && clear(path) < 0; i++)
		usleep(20000);
	_exit(0);
}

static void hire_cleaner(struct rundir *dir)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (!pid) {
		close(fds[1]);
		if (fork() == 0) /* a grandchild: nobody here has to wait for it */
			clean_up_later(dir->path, fds[0]);
		_exit(0);
	}
	close(fds[0]);
	dir->alive = fds[1];
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

int rundir_open(struct rundir *ret_dir, const char *path, char *err, size_t err_cap)
{
	const char *tmp = getenv("TMPDIR");
	struct rundir dir = { .temporary = !path, .alive = -1 };
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
	if (dir.temporary)
		hire_cleaner(&dir);
	*ret_dir = dir;
	return 0;
}

void rundir_close(struct rundir *dir)
{
	if (!dir->temporary || !dir->path[0])
		return;
	clear(dir->path);
	if (dir->alive >= 0)
		close(dir->alive);
	dir->path[0] = 0;
}

const char *rundir_path(const struct rundir *dir, const char *name, char *buf)
{
	/* truncation only makes open() fail with a message that names the path */
	if (snprintf(buf, PATH_MAX, "%s/%s", dir->path, name) >= PATH_MAX)
		buf[PATH_MAX - 1] = 0;
	return buf;
}
