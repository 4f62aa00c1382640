/* SPDX-License-Identifier: BSD-2-Clause */
/* A file is named by steps and checksum, so the folder is its own index, and a second fuzzer adds to it. */
#include "host/inputs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "efi/abi/wire.h"
#include "host/file.h"

enum { PATH_CAP = 1400, NAME_CAP = 32 };

static int is_input(const struct dirent *d)
{
	size_t len = strlen(d->d_name);

	return len < NAME_CAP && len > 4 && !strcmp(d->d_name + len - 4, ".bin");
}

/* Those that are there, the shortest first, since names begin with the number of steps. */
static int list(const char *folder, struct dirent ***ret_names)
{
	int n = scandir(folder, ret_names, is_input, alphasort);

	if (n < 0)
		*ret_names = NULL;
	return n < 0 ? 0 : n;
}

static void drop(const char *folder, const char *name)
{
	char path[PATH_CAP + NAME_CAP];

	snprintf(path, sizeof(path), "%s/%.*s", folder, NAME_CAP - 2, name);
	unlink(path);
}

unsigned inputs_keep(const char *dir, const char *signature, const struct seq *seq)
{
	char folder[PATH_CAP], path[PATH_CAP + NAME_CAP];
	uint8_t bytes[SEQ_BYTES_MAX];
	size_t len = seq_encode(seq, bytes);
	struct dirent **names;
	unsigned longest = 0;

	snprintf(folder, sizeof(folder), "%s/inputs", dir);
	mkdir(folder, 0777);
	snprintf(folder, sizeof(folder), "%s/inputs/%s", dir, signature);
	mkdir(folder, 0777);
	snprintf(path, sizeof(path), "%s/%03u-%08x.bin", folder, seq->n_steps, crc32_ieee(0, bytes, len));
	file_write(path, bytes, len);
	int n = list(folder, &names);
	for (int i = n - 1; i >= INPUTS_KEPT; i--)
		drop(folder, names[i]->d_name);
	if (n >= INPUTS_KEPT)
		longest = (unsigned)strtoul(names[INPUTS_KEPT - 1]->d_name, NULL, 10);
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return longest;
}
