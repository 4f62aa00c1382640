/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bench_plan.h"

#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "efi/abi/glob.h"
#include "host/cli.h"
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

/* One byte more than a plan may have, so that it is seen. */
enum { READ_MAX = CONFIG_FILE_MAX + 1 };

static int read_file(const char *path, char *dtb, size_t *ret_len, char *err, size_t cap)
{
	FILE *f = fopen(path, "rbe");
	struct stat st;
	int bad;

	if (!f) {
		snprintf(err, cap, "cannot read %s: %s: name a plan, a .dts or a .dtb", path, strerror(errno));
		return EXIT_USAGE;
	}
	/* it is read a second time, by dtc: no pipe can be */
	bad = fstat(fileno(f), &st) || !S_ISREG(st.st_mode);
	*ret_len = bad ? 0 : fread(dtb, 1, READ_MAX, f);
	bad |= ferror(f);
	fclose(f);
	if (!bad)
		return EXIT_AS_MANUAL;
	snprintf(err, cap, "%s is no file that can be read: name a plan, a .dts or a .dtb", path);
	return EXIT_USAGE;
}

static int compile(const char *path, const char *to, char *err, size_t cap)
{
	const char *const argv[] = { "dtc", "-q", "-I", "dts", "-O", "dtb", "-o", to, path, NULL };
	char said[400] = "";
	int status = proc_capture(argv, said, sizeof(said));

	if (!status)
		return EXIT_AS_MANUAL;
	if (status == 127) {
		snprintf(err, cap, "reading a plan needs dtc: install device-tree-compiler");
		return EXIT_HARNESS;
	}
	said[strcspn(said, "\n")] = 0;
	snprintf(err, cap, "%s is no plan: dtc says: %s: write it as docs/plan.md says; efi/plan/one-path.dts is one to begin from", path, said);
	return EXIT_USAGE;
}

static int compiled(const char *path, char *dtb, size_t *ret_len, char *err, size_t cap)
{
	const char *dir = getenv("TMPDIR");
	char to[512];
	int fd, bad;

	snprintf(to, sizeof(to), "%s/trainwreck-plan-XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkstemp(to);
	if (fd < 0) {
		snprintf(err, cap, "cannot write %s: set TMPDIR to a folder that can be written",
			 to);
		return EXIT_HARNESS;
	}
	close(fd);
	bad = compile(path, to, err, cap);
	if (!bad)
		bad = read_file(to, dtb, ret_len, err, cap);
	unlink(to);
	return bad;
}

/* The tree of a source, or of a file that is compiled already. */
static int tree_of(const char *path, char *dtb, size_t *ret_len, char *err, size_t cap)
{
	int bad = read_file(path, dtb, ret_len, err, cap);

	if (!bad && (*ret_len < sizeof(fdt32_t) || fdt_magic(dtb) != FDT_MAGIC))
		bad = compiled(path, dtb, ret_len, err, cap);
	if (bad || *ret_len < READ_MAX)
		return bad;
	snprintf(err, cap, "%s, compiled, is longer than the %u bytes that the application reads: name another file, or shorten it", path,
		 CONFIG_FILE_MAX);
	return EXIT_USAGE;
}

int plan_read(const char *path, struct config *ret_config, char *err, size_t cap)
{
	static char dtb[READ_MAX] __attribute__((aligned(8)));
	char why[256];
	size_t len;
	int bad = tree_of(path, dtb, &len, err, cap);

	if (bad)
		return bad;
	if (config_parse(dtb, len, ret_config, why, sizeof(why))) {
		snprintf(err, cap, "%s: %s", path, why);
		return EXIT_USAGE;
	}
	if (bench_count_wanted(ret_config->only))
		return EXIT_AS_MANUAL;
	snprintf(err, cap, "%s: /bench: property 'only' names no path: %s (* and ? only): `trainwreck list paths` prints them all", path,
		 ret_config->only);
	return EXIT_USAGE;
}

int bench_plan_read(const char *path, struct bench_plan *plan, char *err, size_t cap)
{
	struct config c;
	int bad = plan_read(path, &c, err, cap);

	if (bad)
		return bad;
	snprintf(plan->only, sizeof(plan->only), "%s", c.only);
	plan->samples = c.samples;
	plan->warmup = c.warmup;
	return EXIT_AS_MANUAL;
}
