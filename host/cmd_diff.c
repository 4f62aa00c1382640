/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trainwreck diff: two engines and the model, side by side. Nothing is known here: the manual is one of three. Or
 * (diff_versions.c) which difference is in which version of an engine.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli.h"
#include "host/diff_versions.h"
#include "host/seqfile.h"
#include "host/trace_print.h"

enum { DEADLINE_MS = 3000, SIDES = 2, SPEC_CAP = 256 };

struct side {
	char spec[SPEC_CAP];
	struct profile profile;
	struct result *r; /* one for each case */
};

/* The comma between two engines is the one that a name of an engine follows: a spec may have others. */
static int split(const char *engines, struct side side[SIDES])
{
	for (const char *p = strchr(engines, ','); p; p = strchr(p + 1, ',')) {
		for (unsigned i = 0; i < engine_count(); i++) {
			const char *name = engine_info(i).name;
			size_t len = strlen(name);

			if (strncmp(p + 1, name, len) || (p[1 + len] && p[1 + len] != ':'))
				continue;
			snprintf(side[0].spec, SPEC_CAP, "%.*s", (int)(p - engines), engines);
			snprintf(side[1].spec, SPEC_CAP, "%s", p + 1);
			return 0;
		}
	}
	return -1;
}

static void start(struct oracle *o, const char *spec)
{
	struct engine_opts opts = { .spec = spec, .verbose = cli.verbose };
	char why[1024];

	if (oracle_start(o, &opts, why, sizeof(why)))
		die(EXIT_HARNESS, "%s: %s", spec, why);
}

static void run_side(struct side *side, const struct seq_cases *cases)
{
	struct oracle o = { .deadline_ms = DEADLINE_MS };

	side->r = calloc(cases->n, sizeof(*side->r));
	if (!side->r)
		die(EXIT_HARNESS, "out of memory; name fewer sequences");
	start(&o, side->spec);
	side->profile = *o.profile;
	for (size_t i = 0; i < cases->n; i++) {
		const char *lacks = seq_case_lacks(&cases->v[i], &side->profile);
		struct result *r = &side->r[i];

		if (o.broken)
			start(&o, side->spec);
		if (!lacks) {
			oracle_run(&o, &cases->v[i].seq, r);
			continue;
		}
		r->verdict = VERDICT_SKIP;
		snprintf(r->reason, sizeof(r->reason), "needs %.*s", (int)strcspn(lacks, " "), lacks);
	}
	engine_stop(o.engine);
}

static int has_run(const struct result *r)
{
	return r->verdict != VERDICT_SKIP && r->verdict != VERDICT_ERROR;
}

/* A column: what was seen, or what the manual says for that CPU. */
struct column {
	const char *name;
	const struct record *rec;
	unsigned n;
	enum outcome outcome;
};

static int same_at(const struct column *a, const struct column *b, unsigned i)
{
	return (i >= a->n && i >= b->n) || (i < a->n && i < b->n && !memcmp(&a->rec[i], &b->rec[i], sizeof(*a->rec)));
}

static void record_lines(const struct column c[], unsigned n_columns, unsigned i)
{
	char words[320];
	int all = 1;

	for (unsigned k = 1; k < n_columns; k++)
		all &= same_at(&c[0], &c[k], i);
	for (unsigned k = 0; k < (all ? 1 : n_columns); k++)
		printf("  %2u  %-8s %s\n", i, all ? "all" : c[k].name,
		       i < c[k].n ? record_words(&c[k].rec[i], words, sizeof(words)) : "-");
}

/* Whether all say the same. */
static int columns(const struct column c[], unsigned n)
{
	unsigned longest = 0;
	int same = 1;

	for (unsigned k = 0; k < n; k++) {
		longest = c[k].n > longest ? c[k].n : longest;
		same &= c[k].outcome == c[0].outcome;
	}
	for (unsigned i = 0; i < longest; i++) {
		record_lines(c, n, i);
		for (unsigned k = 1; k < n; k++)
			same &= same_at(&c[0], &c[k], i);
	}
	for (unsigned k = 0; k < n; k++)
		printf("      %-8s ends with %s\n", c[k].name, outcome_name(c[k].outcome));
	return same;
}

static struct column seen(const char *name, const struct result *r)
{
	struct column c = { .name = name, .outcome = r->outcome };

	c.rec = result_observed(r, &c.n);
	return c;
}

static struct column said(const char *name, const struct result *r)
{
	return (struct column){ .name = name, .rec = r->j.trace.rec, .n = r->j.trace.n,
				.outcome = (enum outcome)r->j.trace.outcome };
}

static int case_text(const struct seq_case *c, const struct side side[SIDES], const struct result *r[SIDES])
{
	struct column col[2 * SIDES] = { seen("first", r[0]), seen("second", r[1]), said("manual", r[0]),
					 said("manual 2", r[1]) };
	/* of one maker's CPUs the manual says one thing */
	unsigned n = side[0].profile.vendor == side[1].profile.vendor ? 3 : 4;

	printf("%s\n", c->name);
	int same = columns(col, n);
	for (unsigned k = 0; k < SIDES; k++) {
		if (r[k]->signature[0])
			printf("    %s: %s\n", side[k].spec, r[k]->signature);
		difference_write(stdout, r[k], &side[k].profile);
	}
	return same;
}

static int case_json(const struct seq_case *c, const struct side side[SIDES], const struct result *r[SIDES])
{
	unsigned n[SIDES];
	const struct record *rec[SIDES];
	json_t *engines = json_array();

	for (unsigned k = 0; k < SIDES; k++) {
		rec[k] = result_observed(r[k], &n[k]);
		json_array_append_new(engines, result_json(c->name, &c->seq, r[k], side[k].spec, &side[k].profile));
	}
	int same = r[0]->outcome == r[1]->outcome && n[0] == n[1] && !memcmp(rec[0], rec[1], n[0] * sizeof(*rec[0]));
	json_line(stdout, json_pack("{s:s, s:s, s:b, s:o}", "schema", "trainwreck.diff.1", "name", c->name, "same",
				    same, "engines", engines));
	return same && r[0]->verdict == VERDICT_PASS && r[1]->verdict == VERDICT_PASS;
}

static int compare(const struct seq_cases *cases, const struct side side[SIDES], int json)
{
	size_t n_run = 0;
	int differs = 0, bad = 0;

	for (size_t i = 0; i < cases->n; i++) {
		const struct result *r[SIDES] = { &side[0].r[i], &side[1].r[i] };

		if (!has_run(r[0]) || !has_run(r[1])) {
			const struct result *why = has_run(r[0]) ? r[1] : r[0];
			bad |= r[0]->verdict == VERDICT_ERROR || r[1]->verdict == VERDICT_ERROR;
			fprintf(json ? stderr : stdout, "%s\n    %s: %s\n", cases->v[i].name,
				verdict_name(why->verdict), why->reason);
			continue;
		}
		n_run++;
		differs |= !(json ? case_json : case_text)(&cases->v[i], side, r);
	}
	return bad ? EXIT_HARNESS : !n_run ? EXIT_SKIPPED : differs ? EXIT_FINDING : EXIT_AS_MANUAL;
}

int cmd_diff(int argc, char **argv)
{
	static const struct option options[] = { { "engines", required_argument, NULL, 'E' },
						 { "engine", required_argument, NULL, '1' },
						 { "qemu", required_argument, NULL, 'Q' },
						 { "json", no_argument, NULL, 'J' },
						 CLI_LONG,
						 { 0 } };
	static struct side side[SIDES];
	struct seq_cases cases = { 0 };
	const char *binaries = NULL, *spec = NULL;
	char why[1024];
	int opt, json = 0;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "e:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'E') {
			if (split(optarg, side))
				die(EXIT_USAGE, "--engines %s: write two engines with a comma between, like "
				    "qemu,qemu:cpu=EPYC; `trainwreck list engines` has them", optarg);
			cli_engine(side[0].spec);
		} else if (opt == '1') {
			spec = cli_engine(optarg);
		} else if (opt == 'Q') {
			binaries = optarg;
		} else if (opt == 'J') {
			json = 1;
		} else if (opt != 'e') {
			cli_option(opt);
		} else if (seq_cases_add_text(&cases, optarg, why, sizeof(why))) {
			die(EXIT_USAGE, "%s", why);
		}
	}
	for (; optind < argc; optind++) {
		if (seq_cases_add(&cases, argv[optind], why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	/* one or the other; --engine goes with the versions */
	if (!cases.n || !*side[0].spec == !binaries || (spec && !binaries))
		return cli_usage();
	if (binaries) {
		int status = diff_versions(binaries, spec ? spec : "qemu", &cases, json);

		seq_cases_free(&cases);
		return status;
	}
	for (unsigned k = 0; k < SIDES; k++)
		run_side(&side[k], &cases);
	int status = compare(&cases, side, json);
	for (unsigned k = 0; k < SIDES; k++)
		free(side[k].r);
	seq_cases_free(&cases);
	return status;
}
