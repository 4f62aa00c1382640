/* SPDX-License-Identifier: BSD-2-Clause */
/* A run as a table for people and as JSON lines for everything else. */
#include "host/results.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cli.h"
#include "host/seal.h"

enum { RUNS_MAX = 100000 };

void results_print(FILE *f, const struct results *rs, const struct results_context *c)
{
	const char *label = results_label(c->hello, c->engine);

	fprintf(f, "%.48s, %s, %s; TSC ticks; tables %s\n", c->hello->profile.brand,
		c->engine_version, label, c->tables);
	fprintf(f, "%s%-28s %-8s %5s %9s %9s %9s %9s %9s  %s%s\n", paint("1"), "id", "label", "n",
		"min", "median", "q3", "p99", "overhead", "verdict", paint("0"));
	for (size_t i = 0; i < rs->n; i++) {
		const struct result *r = &rs->v[i],
				    *o = results_find(rs, r->row->overhead, BENCH_RT);
		static const char *const colours[] = { "32", "0", "33", "31" };
		char id[64], ovh[16] = "-";

		if (o && o->stats.n)
			snprintf(ovh, sizeof(ovh), "%.0f", o->stats.median);
		if (r->stats.n)
			fprintf(f, "%-28s %-8s %5zu %9.0f %9.0f %9.0f %9.0f %9s  ",
				bench_result_id(r, id), label, r->stats.n, r->stats.min,
				r->stats.median, r->stats.q3, r->stats.p99, ovh);
		else
			fprintf(f, "%-28s %-8s %5d %9s %9s %9s %9s %9s  ", bench_result_id(r, id),
				label, 0, "-", "-", "-", "-", ovh);
		fprintf(f, "%s%s%s%s%s\n", paint(colours[r->verdict]),
			bench_verdict_name(r->verdict), paint("0"), *r->reason ? ": " : "",
			r->reason);
	}
	fflush(f);
}

int results_lines(FILE *f, const struct results *rs, const struct results_context *c)
{
	const char *label = results_label(c->hello, c->engine);
	struct seal seal = { 0 };

	if (seal_line(f, &seal, results_context_json(rs, c)))
		return -1;
	for (size_t i = 0; i < rs->n; i++)
		if (seal_line(f, &seal, bench_result_json(rs, &rs->v[i], label)))
			return -1;
	return seal_end(f, &seal) || fflush(f) ? -1 : 0;
}

int results_dir(const char *dir)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0777);
		*slash = '/';
	}
	if (mkdir(path, 0777) && errno != EEXIST)
		return -1;
	return access(path, W_OK);
}

int results_write(const char *dir, const struct results *rs, const struct results_context *c,
		  char *ret_path)
{
	FILE *f = NULL;
	int bad, why;

	if (results_dir(dir))
		return -1;
	for (unsigned i = 1; !f; i++) {
		if (i > RUNS_MAX ||
		    snprintf(ret_path, PATH_MAX, "%s/%u.jsonl", dir, i) >= PATH_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		f = fopen(ret_path, "wxe");
		if (!f && errno != EEXIST)
			return -1;
	}
	bad = results_lines(f, rs, c);
	why = errno;
	if (fclose(f) && !bad)
		bad = 1, why = errno;
	if (!bad)
		return 0;
	/* a part of a run would be in the way of every report of the folder */
	unlink(ret_path);
	errno = why;
	return -1;
}
