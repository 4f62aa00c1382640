/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bench_plan.h"

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/bench.h"
#include "host/proc.h"

enum { DTB_MAX = 65536 };

/* One cell of /bench within 1 (or 0) and what the guest can hold; missing is fine. */
static int cell(const void *dtb, int node, const char *name, unsigned min, unsigned *v, char *err,
		size_t cap)
{
	int len;
	const void *p = fdt_getprop(dtb, node, name, &len);
	uint32_t raw;

	if (!p)
		return 0;
	if (len == sizeof(raw)) {
		memcpy(&raw, p, sizeof(raw));
		raw = fdt32_to_cpu(raw);
		if (raw >= min && raw <= BENCH_SAMPLES_MAX) {
			*v = raw;
			return 0;
		}
	}
	snprintf(err, cap, "/bench/%s must be one number from %u to %u", name, min,
		 (unsigned)BENCH_SAMPLES_MAX);
	return -1;
}

static int glob(const void *dtb, int node, struct bench_plan *plan, char *err, size_t cap)
{
	int len;
	const char *p = fdt_getprop(dtb, node, "only", &len);

	if (!p)
		return 0;
	if (len < 2 || (size_t)len > sizeof(plan->only) ||
	    memchr(p, 0, (size_t)len) != p + len - 1) {
		snprintf(err, cap, "/bench/only must be one string of 1 to %zu characters",
			 sizeof(plan->only) - 1);
		return -1;
	}
	memcpy(plan->only, p, (size_t)len);
	return 0;
}

static int read_tree(const void *dtb, size_t len, struct bench_plan *plan, char *err, size_t cap)
{
	struct bench_plan p = *plan;
	int node;

	if (fdt_check_full(dtb, len)) {
		snprintf(err, cap, "dtc made no sound tree of it: see that dtc is in order");
		return -1;
	}
	node = fdt_path_offset(dtb, "/bench");
	if (fdt_node_check_compatible(dtb, 0, "trainwreck,plan")) {
		snprintf(err, cap, "its root must say compatible = \"trainwreck,plan\"");
		return -1;
	}
	if (node >= 0 &&
	    (glob(dtb, node, &p, err, cap) || cell(dtb, node, "samples", 1, &p.samples, err, cap) ||
	     cell(dtb, node, "warmup", 0, &p.warmup, err, cap)))
		return -1;
	*plan = p;
	return 0;
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

int bench_plan_read(const char *path, struct bench_plan *plan, char *err, size_t cap)
{
	static char dtb[DTB_MAX] __attribute__((aligned(8)));
	const char *dir = getenv("TMPDIR");
	char to[512], why[200];
	size_t len;
	FILE *f;
	int fd;

	snprintf(to, sizeof(to), "%s/trainwreck-plan-XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkstemp(to);
	if (fd < 0) {
		snprintf(err, cap, "cannot write %s: set TMPDIR to a folder that can be written",
			 to);
		return -1;
	}
	close(fd);
	if (compile(path, to, err, cap)) {
		unlink(to);
		return -1;
	}
	f = fopen(to, "rbe");
	len = f ? fread(dtb, 1, sizeof(dtb), f) : 0;
	if (f)
		fclose(f);
	unlink(to);
	if (!read_tree(dtb, len, plan, why, sizeof(why)))
		return 0;
	snprintf(err, cap, "%s: %s", path, why);
	return -1;
}
