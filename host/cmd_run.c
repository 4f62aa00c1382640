/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck run: each sequence on an engine, compared with the model. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "host/cli.h"
#include "host/seqfile.h"
#include "host/trace_print.h"

enum { DEADLINE_MS = 3000 };

struct run {
	struct engine_opts opts;
	int strict, json, ktap;
	struct seq_cases cases;
	struct oracle oracle;
	struct known known;
	unsigned n, n_skip, n_error, n_unknown, n_fixed;
};

/* A known difference that its own sequence no longer shows is not known any more: it is gone. */
static void look_for_fixed(struct run *run, const struct seq_case *c, struct result *r)
{
	const struct known_entry *e = run->oracle.known ? known_of_corpus(&run->known, c->name,
									  run->oracle.profile) :
							  NULL;

	if (!e || r->verdict == VERDICT_SKIP || r->verdict == VERDICT_ERROR)
		return;
	for (unsigned i = 0; i < r->n_known; i++) {
		if (!strcmp(r->known[i], e->id))
			return;
	}
	r->fixed = e->id;
	snprintf(r->reason, sizeof(r->reason), "FIXED: %.80s no longer shows; end its versions before this "
		 "one", e->id);
	run->n_fixed++;
}

static void run_case(struct run *run, const struct seq_case *c)
{
	static struct result r;
	struct oracle *o = &run->oracle;
	const char *lacks = seq_case_lacks(c, o->profile);

	if (lacks) {
		memset(&r, 0, sizeof(r));
		r.verdict = VERDICT_SKIP;
		snprintf(r.reason, sizeof(r.reason), "needs %.*s, which this CPU lacks",
			 (int)strcspn(lacks, " "), lacks);
	} else {
		oracle_run(o, &c->seq, &r);
		if (is_unknown(&r))
			oracle_confirm(o, &c->seq, &r);
		look_for_fixed(run, c, &r);
	}
	run->n++;
	run->n_skip += r.verdict == VERDICT_SKIP;
	run->n_error += r.verdict == VERDICT_ERROR;
	run->n_unknown += is_unknown(&r);
	if (run->json)
		json_line(stdout, result_json(c->name, &c->seq, &r, engine_version(o->engine), o->profile));
	else if (run->ktap)
		result_write_ktap(stdout, run->n, c->name, &r, o->profile);
	else
		result_write(stdout, c->name, &r, o->profile);
	fflush(stdout);
}

/* After a recovery that failed: the same engine from its start. */
static void start(struct run *run)
{
	char why[1024];

	if (oracle_start(&run->oracle, &run->opts, why, sizeof(why)))
		die(EXIT_HARNESS, "%s", why);
}

static int run_all(struct run *run)
{
	char why[1024];

	start(run);
	if (!run->strict && oracle_know(&run->oracle, &run->known, why, sizeof(why))) {
		engine_stop(run->oracle.engine);
		die(EXIT_HARNESS, "%s", why);
	}
	if (run->ktap)
		printf("KTAP version 1\n1..%zu\n", run->cases.n);
	for (size_t i = 0; i < run->cases.n; i++) {
		if (run->oracle.broken)
			start(run);
		run_case(run, &run->cases.v[i]);
	}
	engine_stop(run->oracle.engine);
	known_free(&run->known);
	if (run->n_error)
		return EXIT_HARNESS;
	if (run->n_unknown || run->n_fixed)
		return EXIT_FINDING;
	return run->n_skip == run->n ? EXIT_SKIPPED : EXIT_AS_MANUAL;
}

int cmd_run(int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'E' },
						 { "link", required_argument, NULL, 'L' },
						 { "tables", required_argument, NULL, 'T' },
						 { "strict", no_argument, NULL, 'S' },
						 { "json", no_argument, NULL, 'J' },
						 { "ktap", no_argument, NULL, 'K' },
						 CLI_LONG,
						 { 0 } };
	static struct run run = { .oracle = { .deadline_ms = DEADLINE_MS, .explain = 1 } };
	char why[1024];
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "e:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'E')
			run.opts.spec = cli_engine(optarg);
		else if (opt == 'T')
			cli_tables(optarg);
		else if (opt == 'L')
			run.opts.link = cli_link(optarg);
		else if (opt == 'S')
			run.strict = 1;
		else if (opt == 'J')
			run.json = 1;
		else if (opt == 'K')
			run.ktap = 1;
		else if (opt != 'e')
			cli_option(opt);
		else if (seq_cases_add_text(&run.cases, optarg, why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	for (; optind < argc; optind++) {
		if (seq_cases_add(&run.cases, argv[optind], why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	if (!run.cases.n || (run.json && run.ktap))
		return cli_usage();
	run.opts.verbose = cli.verbose;
	int status = run_all(&run);
	seq_cases_free(&run.cases);
	return status;
}
