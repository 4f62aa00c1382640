/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/diff_versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli.h"
#include "host/trace_print.h"

enum { DEADLINE_MS = 3000, VERSIONS_MAX = 16, PATH_CAP = 1024 };

/* A known difference by its id, any other by its signature. */
struct row {
	char name[SIGNATURE_CAP];
	int known;
	const char *first; /* the first sequence that showed it */
	unsigned count[VERSIONS_MAX];
};

struct column {
	char binary[PATH_CAP], version[192];
	unsigned n_skip, n_error;
};

struct table {
	unsigned n_columns;
	struct column column[VERSIONS_MAX];
	size_t n, cap;
	struct row *row;
};

static void split(const char *binaries, struct table *t)
{
	for (const char *p = binaries; *p; p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
		const size_t len = strcspn(p, ",");

		if (!len || len >= PATH_CAP || t->n_columns == VERSIONS_MAX)
			die(EXIT_USAGE, "--qemu %s: write up to %d programs with commas between", binaries, VERSIONS_MAX);
		snprintf(t->column[t->n_columns++].binary, PATH_CAP, "%.*s", (int)len, p);
	}
}

static void mark(struct table *t, unsigned column, const char *name, int known, const char *sequence)
{
	struct row *r = NULL;

	for (size_t i = 0; i < t->n && !r; i++) {
		if (!strcmp(t->row[i].name, name))
			r = &t->row[i];
	}
	if (!r) {
		if (t->n == t->cap) {
			t->cap = t->cap ? 2 * t->cap : 64;
			t->row = realloc(t->row, t->cap * sizeof(*t->row));
			if (!t->row)
				die(EXIT_HARNESS, "out of memory; name fewer sequences");
		}
		r = &t->row[t->n++];
		memset(r, 0, sizeof(*r));
		snprintf(r->name, sizeof(r->name), "%s", name);
		r->known = known;
		r->first = sequence;
	}
	r->count[column]++;
}

/* One program's, from its start; again after a recovery that failed. */
static void start(struct oracle *o, const char *spec, struct column *c)
{
	struct engine_opts opts = { .spec = spec, .verbose = cli.verbose };
	char why[1024];

	if (oracle_start(o, &opts, why, sizeof(why)))
		die(EXIT_HARNESS, "%s: %s", c->binary, why);
	snprintf(c->version, sizeof(c->version), "%s", engine_version(o->engine));
}

static void run_case(struct table *t, unsigned column, struct oracle *o, const struct seq_case *c)
{
	static struct result r;

	if (seq_case_lacks(c, o->profile)) {
		t->column[column].n_skip++;
		return;
	}
	oracle_run(o, &c->seq, &r);
	if (is_unknown(&r))
		oracle_confirm(o, &c->seq, &r);
	t->column[column].n_skip += r.verdict == VERDICT_SKIP;
	t->column[column].n_error += r.verdict == VERDICT_ERROR;
	if (r.verdict == VERDICT_ERROR)
		err("%s on %s: %s", c->name, t->column[column].version, r.reason);
	for (unsigned i = 0; i < r.n_known; i++)
		mark(t, column, r.known[i], 1, c->name);
	if (is_unknown(&r))
		mark(t, column, r.signature, 0, c->name);
}

static void run_column(struct table *t, unsigned column, const char *spec, const struct seq_cases *cases)
{
	static struct known known;
	struct column *c = &t->column[column];
	struct oracle o = { .deadline_ms = DEADLINE_MS };
	char why[1024];

	setenv("QEMU", c->binary, 1);
	start(&o, spec, c);
	if (oracle_know(&o, &known, why, sizeof(why))) {
		engine_stop(o.engine);
		die(EXIT_HARNESS, "%s", why);
	}
	for (size_t i = 0; i < cases->n; i++) {
		if (o.broken)
			start(&o, spec, c);
		run_case(t, column, &o, &cases->v[i]);
	}
	engine_stop(o.engine);
	known_free(&known);
}

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->known != y->known ? y->known - x->known : strcmp(x->name, y->name);
}

static void write_text(const struct table *t, const struct seq_cases *cases)
{
	for (unsigned k = 0; k < t->n_columns; k++)
		printf("%c: %s (%s), %zu sequences, %u skipped, %u errors\n", 'A' + (int)k, t->column[k].version,
		       t->column[k].binary, cases->n, t->column[k].n_skip, t->column[k].n_error);
	for (unsigned k = 0; k < t->n_columns; k++)
		printf("%6c", 'A' + (int)k);
	printf("  %-8s difference, and the first sequence that shows it\n", "");
	for (size_t i = 0; i < t->n; i++) {
		for (unsigned k = 0; k < t->n_columns; k++) {
			if (t->row[i].count[k])
				printf("%6u", t->row[i].count[k]);
			else
				printf("%6s", ".");
		}
		printf("  %-8s %s  %s\n", t->row[i].known ? "known" : "unknown", t->row[i].name, t->row[i].first);
	}
}

static void write_json(const struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		json_t *versions = json_array();

		for (unsigned k = 0; k < t->n_columns; k++)
			json_array_append_new(versions, json_pack("{s:s, s:s, s:i}", "binary", t->column[k].binary,
								  "version", t->column[k].version, "sequences",
								  (int)t->row[i].count[k]));
		json_line(stdout, json_pack("{s:s, s:s, s:b, s:s, s:o}", "schema", "trainwreck.versions.1",
					    "difference", t->row[i].name, "known", t->row[i].known, "sequence",
					    t->row[i].first, "versions", versions));
	}
}

int diff_versions(const char *binaries, const char *spec, const struct seq_cases *cases, int json)
{
	static struct table t;
	int same = 1, bad = 0;

	split(binaries, &t);
	for (unsigned k = 0; k < t.n_columns; k++) {
		run_column(&t, k, spec, cases);
		bad |= t.column[k].n_error != 0;
	}
	if (t.n)
		qsort(t.row, t.n, sizeof(*t.row), by_name);
	for (size_t i = 0; i < t.n; i++) {
		for (unsigned k = 1; k < t.n_columns; k++)
			same &= !t.row[i].count[k] == !t.row[i].count[0];
	}
	if (json)
		write_json(&t);
	else
		write_text(&t, cases);
	free(t.row);
	return bad ? EXIT_HARNESS : same ? EXIT_AS_MANUAL : EXIT_FINDING;
}
