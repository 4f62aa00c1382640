/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck triage: the findings of campaigns, one line a signature. */
#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli.h"
#include "host/finding_load.h"
#include "host/trace_print.h"

enum { ROWS_MAX = 4096 };

struct row {
	char signature[SIGNATURE_CAP], known[256], first_seen[32], reproducer[1200];
	char group[SIGNATURE_CAP]; /* of those that are likely to have one cause */
	uint64_t count, group_count;
	uint32_t steps;
};

struct rows {
	unsigned n;
	struct row *v;
};

/* The same signature in two campaigns is one line: counts add, the first date and shortest stay. */
static void merge(struct rows *rows, const struct finding *f, const char *known)
{
	struct row *r = NULL;

	for (unsigned i = 0; i < rows->n && !r; i++) {
		if (!strcmp(rows->v[i].signature, f->signature))
			r = &rows->v[i];
	}
	if (!r) {
		if (rows->n == ROWS_MAX)
			return;
		r = &rows->v[rows->n++];
		memset(r, 0, sizeof(*r));
		snprintf(r->signature, sizeof(r->signature), "%s", f->signature);
		r->steps = UINT32_MAX;
	}
	r->count += f->count;
	if (!*r->first_seen || strcmp(f->first_seen, r->first_seen) < 0)
		snprintf(r->first_seen, sizeof(r->first_seen), "%s", f->first_seen);
	if (f->seq.n_steps < r->steps) {
		r->steps = f->seq.n_steps;
		snprintf(r->reproducer, sizeof(r->reproducer), "%s", f->reproducer);
		snprintf(r->known, sizeof(r->known), "%s", known);
	}
}

/* One that cannot be read is said so, and the others go on. */
static int add_finding(struct rows *rows, const char *path, const char *name, int all)
{
	static struct finding f;
	char folder[1500], known[256], why[512];
	struct stat st;

	/* below findings/ each folder is one, damaged or not; elsewhere those with their description */
	snprintf(folder, sizeof(folder), "%s/%s%s", path, name, all ? "" : "/finding.json");
	if (name[0] == '.' || stat(folder, &st) || (all && !S_ISDIR(st.st_mode)))
		return 0;
	snprintf(folder, sizeof(folder), "%s/%s", path, name);
	if (finding_load(folder, &f, why, sizeof(why)) ||
	    finding_known(&f, known, sizeof(known), why, sizeof(why))) {
		err("%s", why);
		return -1;
	}
	merge(rows, &f, known);
	return 0;
}

static int add_folder(struct rows *rows, const char *dir)
{
	char path[1200];
	struct dirent **names;
	int bad = 0;

	snprintf(path, sizeof(path), "%s/findings", dir);
	int n = scandir(path, &names, NULL, alphasort);
	int all = n >= 0;
	if (n < 0) {
		snprintf(path, sizeof(path), "%s", dir);
		n = scandir(path, &names, NULL, alphasort);
	}
	if (n < 0)
		die(EXIT_USAGE, "no folder %s; name what `trainwreck fuzz --out` named", dir);
	for (int i = 0; i < n; i++) {
		bad |= add_finding(rows, path, names[i]->d_name, all);
		free(names[i]);
	}
	free(names);
	return bad;
}

/*
 * One wrong rule gives a signature for each event and ring that it is met in, and one assertion one for each
 * signal: what such have in common are the first two words. What is known is grouped by what explains it.
 */
static void name_group(struct row *r)
{
	const char *dot = strchr(r->signature, '.');

	dot = dot ? strchr(dot + 1, '.') : NULL;
	if (strcmp(r->known, "-"))
		snprintf(r->group, sizeof(r->group), "%.*s", SIGNATURE_CAP - 1, r->known);
	else
		snprintf(r->group, sizeof(r->group), "%.*s",
			 dot ? (int)(dot - r->signature) : (int)strlen(r->signature), r->signature);
}

static void group(struct rows *rows)
{
	for (unsigned i = 0; i < rows->n; i++)
		name_group(&rows->v[i]);
	for (unsigned i = 0; i < rows->n; i++) {
		for (unsigned k = 0; k < rows->n; k++) {
			if (!strcmp(rows->v[i].group, rows->v[k].group))
				rows->v[i].group_count += rows->v[k].count;
		}
	}
}

static int by_count(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->group_count != y->group_count)
		return x->group_count < y->group_count ? 1 : -1;
	if (strcmp(x->group, y->group))
		return strcmp(x->group, y->group);
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->signature, y->signature);
}

/* A head above those of one group, when it has several. */
static void head_write(const struct rows *rows, unsigned first)
{
	const struct row *r = &rows->v[first];
	unsigned n = 1;

	while (first + n < rows->n && !strcmp(r[n].group, r->group))
		n++;
	if (n > 1 && (!first || strcmp(r[-1].group, r->group)))
		printf("%8" PRIu64 "  %s: %u signatures, likely of one cause\n", r->group_count, r->group, n);
}

static void row_write(const struct row *r, int json)
{
	if (!json) {
		printf("%8" PRIu64 "  %-20s  %s  %2" PRIu32 " steps  %s  %s\n", r->count, r->known,
		       r->first_seen, r->steps, r->signature, r->reproducer);
		return;
	}
	json_t *known = strcmp(r->known, "-") ? json_string(r->known) : json_null();
	json_line(stdout, json_pack("{s:s, s:s, s:s, s:I, s:o, s:s, s:i, s:s}", "schema", "trainwreck.triage.1",
				    "signature", r->signature, "group", r->group, "count", (json_int_t)r->count,
				    "known", known, "first_seen", r->first_seen, "steps", (int)r->steps, "reproducer",
				    r->reproducer));
}

int cmd_triage(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'J' },
						 CLI_LONG,
						 { 0 } };
	int json = 0, bad = 0, unknown = 0, opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'J')
			json = 1;
		else
			cli_option(opt);
	}
	if (optind == argc)
		return cli_usage();

	struct rows rows = { .v = calloc(ROWS_MAX, sizeof(struct row)) };
	if (!rows.v)
		die(EXIT_HARNESS, "out of memory; close something and try again");
	for (int i = optind; i < argc; i++)
		bad |= add_folder(&rows, argv[i]);
	group(&rows);
	qsort(rows.v, rows.n, sizeof(*rows.v), by_count);
	for (unsigned i = 0; i < rows.n; i++) {
		if (!json)
			head_write(&rows, i);
		row_write(&rows.v[i], json);
		unknown |= !strcmp(rows.v[i].known, "-");
	}
	if (!rows.n && !bad && !json)
		puts("no findings");
	free(rows.v);
	return bad ? EXIT_HARNESS : unknown ? EXIT_FINDING : EXIT_AS_MANUAL;
}
