/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bench_plan.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "efi/abi/glob.h"
#include "host/proc.h"

int bench_wanted(const struct bench_row *row, const char *only)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	for (unsigned i = 0; i < n; i++)
		if ((rows[i].id == row->id || rows[i].overhead == row->id) && glob_names(only, rows[i].path, bench_kinds(&rows[i])))
			return 1;
	return 0;
}

unsigned bench_count_wanted(const char *only)
{
	unsigned n, count = 0;
	const struct bench_row *rows = bench_rows(&n);

	for (unsigned i = 0; i < n; i++)
		count += bench_wanted(&rows[i], only) ? bench_kinds(&rows[i]) : 0;
	return count;
}

static size_t read_file(const char *path, char *dtb)
{
	FILE *f = fopen(path, "rbe");
	size_t len = f ? fread(dtb, 1, CONFIG_FILE_MAX, f) : 0;

	if (f)
		fclose(f);
	return len;
}

static int compile(const char *path, const char *to, char *err, size_t cap)
{
	const char *const argv[] = { "dtc", "-q", "-I", "dts", "-O", "dtb", "-o", to, path, NULL };
	char said[400];
	int status = proc_capture(argv, said, sizeof(said));

	if (status == 127)
		snprintf(err, cap, "reading a plan needs dtc: install device-tree-compiler");
	else if (status)
		snprintf(err, cap, "%s is no plan: %s", path, said);
	return status ? -1 : 0;
}

/* The tree of a source, or of a file that is compiled already. */
static size_t tree_of(const char *path, char *dtb, char *err, size_t cap)
{
	const char *dir = getenv("TMPDIR");
	char to[512];
	size_t len = read_file(path, dtb);
	int fd;

	if (len >= sizeof(fdt32_t) && fdt_magic(dtb) == FDT_MAGIC)
		return len;
	snprintf(to, sizeof(to), "%s/trainwreck-plan-XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkstemp(to);
	if (fd < 0) {
		snprintf(err, cap, "cannot write %s: set TMPDIR to a folder that can be written",
			 to);
		return 0;
	}
	close(fd);
	len = compile(path, to, err, cap) ? 0 : read_file(to, dtb);
	unlink(to);
	return len;
}

int plan_read(const char *path, struct config *ret_config, char *err, size_t cap)
{
	static char dtb[CONFIG_FILE_MAX] __attribute__((aligned(8)));
	char why[256];
	size_t len = tree_of(path, dtb, err, cap);

	if (!len)
		return -1;
	if (config_parse(dtb, len, ret_config, why, sizeof(why))) {
		snprintf(err, cap, "%s: %s", path, why);
		return -1;
	}
	if (bench_count_wanted(ret_config->only))
		return 0;
	snprintf(err, cap, "%s: /bench: property 'only' names no path: %s (* and ? only): `trainwreck list paths` prints them all", path,
		 ret_config->only);
	return -1;
}

int bench_plan_read(const char *path, struct bench_plan *plan, char *err, size_t cap)
{
	struct config c;

	if (plan_read(path, &c, err, cap))
		return -1;
	snprintf(plan->only, sizeof(plan->only), "%s", c.only);
	plan->samples = c.samples;
	plan->warmup = c.warmup;
	return 0;
}
