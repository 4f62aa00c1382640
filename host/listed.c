/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/listed.h"

#include <string.h>

int listed(const char *list, char between, const char *word)
{
	const size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += len) {
		if ((p == list || p[-1] == between) && (!p[len] || p[len] == between))
			return 1;
	}
	return 0;
}
