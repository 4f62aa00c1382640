/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/glob.h"

#include <stddef.h>

#include "efi/abi/fmt.h"

enum { ID_MAX = 64 };

int glob_matches(const char *glob, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*glob == '*') {
			star = glob++;
			from = text;
		} else if (*glob == *text || *glob == '?') {
			glob++;
			text++;
		} else if (star) {
			glob = star + 1;
			text = ++from;
		} else {
			return 0;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

int glob_names(const char *glob, const char *path, unsigned kinds)
{
	static const char *const suffix[] = { "", ".enter", ".exit" };

	for (unsigned k = 0; k < kinds && k < sizeof(suffix) / sizeof(suffix[0]); k++) {
		char id[ID_MAX];

		fmt_print(id, sizeof(id), "%s%s", path, suffix[k]);
		if (glob_matches(glob, id))
			return 1;
	}
	return 0;
}
