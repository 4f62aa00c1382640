/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int file_write(const char *path, const void *data, size_t len)
{
	char tmp[PATH_MAX];

	if (snprintf(tmp, sizeof(tmp), "%s.%d", path, (int)getpid()) >= (int)sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	FILE *f = fopen(tmp, "wbe");
	if (!f)
		return -1;
	int bad = fwrite(data, 1, len, f) != len;
	bad |= fclose(f) != 0;
	if (!bad && !rename(tmp, path))
		return 0;
	int why = errno;
	unlink(tmp);
	errno = why;
	return -1;
}

int file_write_json(const char *path, json_t *o)
{
	char *text = json_dumps(o, JSON_INDENT(1));
	int r = text ? file_write(path, text, strlen(text)) : -1;

	free(text);
	json_decref(o);
	return r;
}
