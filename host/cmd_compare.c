/* SPDX-License-Identifier: BSD-2-Clause */
/* Two runs, row by row: what changed by more than chance. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli.h"
#include "host/compare.h"
#include "host/run_set.h"

static const char *const kind_words[] = { "same", "CHANGED", "REFUSED", "lacking" };

/* The runs of one machine, or the end. */
static void load(const char *path, struct run_set *set)
{
	run_set_add(set, path);
	if (set->n_bad)
		die(EXIT_HARNESS, "%s has files that cannot be read: nothing is compared with a part of a run", path);
	if (!set->n)
		die(EXIT_USAGE, "%s holds no runs: name a file or folder that `trainwreck bench --out` wrote", path);
	for (size_t i = 1; i < set->n; i++)
		if (!run_same_machine(&set->v[0], &set->v[i]))
			die(EXIT_USAGE, "%s and %s are not of the same machine and build: name one of them, or a folder of one machine",
			    set->v[0].name, set->v[i].name);
}

static json_t *number(double v)
{
	return json_real(v);
}

static void print_json(const struct comparison *k)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct change *c = &k->v[i];
		int has = c->kind == CHANGE_NONE || c->kind == CHANGE_YES;
		json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "schema", "trainwreck.compare.1", "id", c->id,
				      "verdict", kind_words[c->kind], "reason", c->why ? c->why : "", "units_a",
				      (int)c->n_a, "units_b", (int)c->n_b);
		const struct {
			const char *name;
			double v;
		} figures[] = {
			{ "a", c->a }, { "b", c->b }, { "ratio", c->ratio }, { "low", c->low }, { "high", c->high },
			{ "p_holm", c->p },
		};

		for (size_t f = 0; f < sizeof(figures) / sizeof(figures[0]); f++)
			json_object_set_new(o, figures[f].name, has ? number(figures[f].v) : json_null());
		json_object_set_new(o, "unit", json_string(k->boots ? "boot" : "round"));
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
	}
}

static void print_text(const struct comparison *k, const struct run_set *a, const struct run_set *b)
{
	printf("A: %.70s, %zu run%s\n", run_text(&a->v[0], "brand"), a->n, a->n > 1 ? "s" : "");
	printf("B: %.70s, %zu run%s\n", run_text(&b->v[0], "brand"), b->n, b->n > 1 ? "s" : "");
	printf("%s%-34s %9s %9s %6s %-13s%s\n", paint("1"), "id", "A", "B", "B/A", "interval", paint("0"));
	for (size_t i = 0; i < k->n; i++) {
		const struct change *c = &k->v[i];

		if (c->kind == CHANGE_REFUSED)
			printf("%-34s %sREFUSED%s: %s\n", c->id, paint("33"), paint("0"), c->why);
		else if (c->kind == CHANGE_YES || (cli.verbose && c->kind == CHANGE_NONE))
			printf("%-34s %9.1f %9.1f %6.3f %6.3f %6.3f%s\n", c->id, c->a, c->b, c->ratio, c->low,
			       c->high, c->kind == CHANGE_YES ? " CHANGED" : "");
		else if (cli.verbose)
			printf("%-34s not compared: %s\n", c->id, c->why);
	}
	printf("%u rows compared, %u changed, %u refused, %zu not compared%s; unit: %s", k->n_compared, k->n_changed, k->n_refused,
	       k->n - k->n_compared - k->n_refused, cli.verbose || k->n == k->n_compared + k->n_refused ? "" : " (-v says why)",
	       k->boots ? "a boot" : "a round");
	printf("; all rows: %+.1f %%\n", 100 * (k->level - 1));
	if (!k->boots)
		printf("One boot on a side: what boots differ by is taken from how all rows differ (%.1f %%).\n",
		       100 * k->spread);
}

int cmd_compare(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		CLI_LONG,
		{ 0 },
	};
	struct run_set a = { 0 }, b = { 0 };
	struct comparison k;
	int opt, json = 0, status;

	while ((opt = getopt_long(argc, argv, CLI_SHORT, longs, NULL)) != -1) {
		if (opt == 'j')
			json = 1;
		else
			cli_option(opt);
	}
	if (argc - optind != 2)
		return cli_usage();
	load(argv[optind], &a);
	load(argv[optind + 1], &b);
	if (strcmp(run_text(&a.v[0], "label"), run_text(&b.v[0], "label")))
		die(EXIT_USAGE, "A is %s, B is %s: figures of the two are never compared",
		    run_text(&a.v[0], "label"), run_text(&b.v[0], "label"));
	if (compare_runs(a.v, a.n, b.v, b.n, &k))
		die(EXIT_HARNESS, "memory is short: compare fewer runs at a time");
	if (json)
		print_json(&k);
	else
		print_text(&k, &a, &b);
	status = k.n_changed ? EXIT_FINDING : k.n_compared ? EXIT_AS_MANUAL : EXIT_SKIPPED;
	free(k.v);
	run_set_free(&a);
	run_set_free(&b);
	return status;
}
