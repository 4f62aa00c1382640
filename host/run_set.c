/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* versionsort */
#include "host/run_set.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli.h"

enum { DEPTH_MAX = 16 };

static void complain(struct run_set *set, const char *words)
{
	err("%s", words);
	set->n_bad++;
}

static void add_file(struct run_set *set, const char *path, int asked_for)
{
	struct run_file *v = realloc(set->v, (set->n + 1) * sizeof(*v));
	char why[PATH_MAX + 256];

	if (!v) {
		complain(set, "memory is short: read fewer runs at a time");
		return;
	}
	set->v = v;
	switch (run_read(path, &v[set->n], why, sizeof(why))) {
	case RUN_GOOD:
		set->n++;
		return;
	case RUN_OTHER:
		if (asked_for) {
			snprintf(why, sizeof(why), "%s holds no benchmarks: name a file that `trainwreck bench --out` wrote",
				 path);
			complain(set, why);
		}
		break;
	case RUN_BAD:
		complain(set, why);
		break;
	}
	run_free(&v[set->n]);
}

static int is_new(struct run_set *set, const struct stat *st)
{
	struct run_place *v;

	for (size_t i = 0; i < set->n_seen; i++)
		if (set->seen[i].dev == st->st_dev && set->seen[i].ino == st->st_ino)
			return 0;
	v = realloc(set->seen, (set->n_seen + 1) * sizeof(*v));
	if (!v) {
		complain(set, "memory is short: read fewer runs at a time");
		return 0;
	}
	v[set->n_seen++] = (struct run_place){ st->st_dev, st->st_ino };
	set->seen = v;
	return 1;
}

static int is_run(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && !strcmp(name + n - 6, ".jsonl");
}

static int visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void add(struct run_set *set, const char *path, unsigned depth)
{
	struct dirent **names = NULL;
	char sub[PATH_MAX], why[PATH_MAX + 128];
	struct stat st;
	int n;

	if (stat(path, &st)) {
		snprintf(why, sizeof(why), "%s: %s: name a folder or file of results", path, strerror(errno));
		complain(set, why);
		return;
	}
	if (!S_ISDIR(st.st_mode) && depth && !is_run(path))
		return;
	if (!is_new(set, &st))
		return;
	if (!S_ISDIR(st.st_mode)) {
		/* a pipe that was asked for has somebody who writes to it */
		if (!depth || S_ISREG(st.st_mode)) {
			add_file(set, path, !depth);
			return;
		}
		snprintf(why, sizeof(why), "%s is no file: remove it, or name a folder of results", path);
		complain(set, why);
		return;
	}
	n = depth < DEPTH_MAX ? scandir(path, &names, visible, versionsort) : -1;
	if (n < 0) {
		snprintf(why, sizeof(why), "%s cannot be read: name a folder of results", path);
		complain(set, why);
	}
	for (int i = 0; i < n; i++) {
		if (snprintf(sub, sizeof(sub), "%s/%s", path, names[i]->d_name) < (int)sizeof(sub))
			add(set, sub, depth + 1);
		else
			complain(set, "the name of a file is too long: name a folder further down");
		free(names[i]);
	}
	free(names);
}

void run_set_add(struct run_set *set, const char *path)
{
	add(set, path, 0);
}

void run_set_free(struct run_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		run_free(&set->v[i]);
	free(set->v);
	free(set->seen);
	*set = (struct run_set){ 0 };
}

int run_same_machine(const struct run_file *a, const struct run_file *b)
{
	return run_same_but_tables(a, b) && !strcmp(run_text(a, "tables"), run_text(b, "tables"));
}

int run_same_but_tables(const struct run_file *a, const struct run_file *b)
{
	static const char *const members[] = {
		"label", "engine", "engine_version", "vendor", "brand", "signature", "microcode", "hypervisor", "firmware",
		"system", "board", "bios", "arch_capabilities", "spec_ctrl", "bench_build",
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(run_text(a, members[i]), run_text(b, members[i])))
			return 0;
	return 1;
}
