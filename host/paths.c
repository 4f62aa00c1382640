/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/paths.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifndef PREFIX
#define PREFIX "/usr/local"
#endif

enum { EXE_CAP = 1024 };

static int is_there(char *out, size_t cap, const char *folder, const char *name)
{
	int n = snprintf(out, cap, "%s/%s", folder, name);

	return n > 0 && (size_t)n < cap && !access(out, R_OK);
}

int path_of_ours(const char *built, const char *installed, char *out, size_t cap)
{
	char exe[EXE_CAP];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n > 0) {
		exe[n] = 0;
		*strrchr(exe, '/') = 0;
		if (built && is_there(out, cap, exe, built))
			return 1;
		char *up = strrchr(exe, '/');
		if (up)
			*up = 0;
		if (up && built && is_there(out, cap, exe, built))
			return 1;
		if (up && installed && is_there(out, cap, exe, installed))
			return 1;
	}
	return installed && is_there(out, cap, PREFIX, installed);
}
