/* SPDX-License-Identifier: BSD-2-Clause */
/* Measure the paths into and out of ring 0, print the table, keep the figures. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/bench_file.h"
#include "host/bench_plan.h"
#include "host/bench_run.h"
#include "host/bench_seq.h"
#include "host/cli.h"

/* For each placement; a row is four times as many. */
enum { SAMPLES = 256, WARMUP = 64 };

struct bench_opts {
	struct bench_plan plan;
	const char *engine, *tables, *out, *from, *plan_name;
	int json, seq;
};

/* Why nothing of this run can be measured, or NULL. */
static const char *no_tables(const struct bench_opts *o, const struct msg_hello *hello)
{
	if (strcmp(o->tables, "fred"))
		return NULL;
	return hello->profile.features & FEAT(FRED) ? "this build measures through the IDT only"
						    : "this CPU lacks: FRED";
}

/* What of n samples comes in round i of so many. */
static unsigned share(unsigned n, unsigned i, unsigned rounds)
{
	return (unsigned)((uint64_t)n * (i + 1) / rounds - (uint64_t)n * i / rounds);
}

/* A row for each wanted path and kind; those that cannot be measured say why. */
static void lay_out(const char *why, const struct bench_opts *o, struct results *rs)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	for (unsigned i = 0; i < n; i++) {
		if (!bench_wanted(&rows[i], o->plan.only))
			continue;
		for (unsigned k = 0; k < bench_kinds(&rows[i]); k++) {
			struct result *r = &rs->v[rs->n++];

			if (why)
				bench_skip(&rows[i], (enum bench_kind)k, why, r);
			else
				bench_begin(&rows[i], (enum bench_kind)k, r);
		}
	}
}

/*
 * All rows, then all rows again: so the batches of a row are spread over the whole run, and what went
 * on beside a part of it shows in their spread. -1 when the engine was lost; what was not measured
 * then is an ERROR.
 */
static int measure(struct engine *e, const struct bench_opts *o, struct results *rs, struct bench_pool *pools)
{
	unsigned rounds = results_rounds(o->plan.samples);
	int lost = 0;

	for (unsigned round = 0; round < rounds && !lost; round++) {
		for (size_t i = 0; i < rs->n && !lost; i++) {
			struct result *r = &rs->v[i];

			if (isatty(STDERR_FILENO) && !cli.quiet)
				fprintf(stderr, "\r\033[K%u/%u: %zu/%zu %s", round + 1, rounds, i + 1, rs->n,
					r->row->path);
			if (r->verdict == BENCH_OK)
				lost = bench_round(e, share(o->plan.samples, round, rounds), o->plan.warmup,
						   &pools[i], r);
		}
	}
	for (size_t i = 0; i < rs->n; i++)
		pool_end(&pools[i], &rs->v[i]);
	return lost;
}

static int run(const struct bench_opts *o)
{
	struct engine_opts eo = { .spec = o->engine, .verbose = cli.verbose, .about = 1 };
	unsigned n = bench_count_wanted(o->plan.only);
	struct results rs = { calloc(n, sizeof(*rs.v)), 0 };
	struct bench_pool *pools = calloc(n, sizeof(*pools));
	struct results_context c = { .tables = o->tables,
				     .only = o->plan.only,
				     .plan = o->plan_name,
				     .samples = o->plan.samples,
				     .warmup = o->plan.warmup };
	char why[512];
	struct engine *e;
	int lost, status;

	if (!rs.v || !pools)
		die(EXIT_HARNESS, "memory is short: measure fewer rows with --only");
	e = engine_start(&eo, why, sizeof(why));
	if (!e) {
		free(rs.v);
		free(pools);
		die(EXIT_HARNESS, "%s", why);
	}
	c.hello = engine_hello(e);
	c.engine = engine_name(e);
	c.engine_version = engine_version(e);
	c.command_line = engine_command_line(e);
	lay_out(no_tables(o, c.hello), o, &rs);
	lost = measure(e, o, &rs, pools);
	if (isatty(STDERR_FILENO) && !cli.quiet)
		fputs("\r\033[K", stderr);
	results_judge(&rs);
	status = bench_publish(o->out, o->json, &rs, NULL, &c);
	if (lost)
		err("the engine was lost before all rows were measured: run again with -v to see "
		    "why");
	if (!status)
		status = lost ? EXIT_HARNESS : bench_status(&rs, 0);
	engine_stop(e);
	free(rs.v);
	free(pools);
	return status;
}

/* What a stick brought home: judged and written as if it had been measured now. */
static int import(const struct bench_opts *o)
{
	struct bench_file file;
	/* what a stick measures it measures through the IDT */
	struct results_context c = { .engine = "stick", .command_line = "", .tables = "idt", .only = "",
				     .plan = "" };
	char why[512];
	int status;

	if (bench_file_read(o->from, &file, why, sizeof(why))) {
		bench_file_free(&file);
		die(EXIT_HARNESS, "%s", why);
	}
	c.hello = &file.hello;
	c.engine_version = TW_VERSION;
	c.samples = file.samples;
	c.warmup = file.warmup;
	results_judge(&file.results);
	status = bench_publish(o->out, o->json, &file.results, NULL, &c);
	if (file.n_bad)
		err("%s is damaged in %u place%s, or cut short: rows are ERROR or missing; copy it from the stick again", o->from,
		    file.n_bad, file.n_bad == 1 ? "" : "s");
	if (!status)
		status = file.n_bad ? EXIT_HARNESS : bench_status(&file.results, 0);
	bench_file_free(&file);
	return status;
}

static unsigned number(const char *text, unsigned max, const char *what)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !v || v > max)
		die(EXIT_USAGE, "%s must be a number from 1 to %u, not %s", what, max, text);
	return (unsigned)v;
}

/* What is measured already is not asked for again, and what is not looked at is not taken. */
static void only_from(const struct bench_opts *o, const char *plan, const char *only, const char *samples)
{
	const struct {
		const char *option, *given;
	} not_with[] = {
		{ "--engine", o->engine }, { "--tables", o->tables }, { "--plan", plan },
		{ "--only", only },	   { "-n", samples },	      { "--seq", o->seq ? "" : NULL },
	};

	for (size_t i = 0; i < sizeof(not_with) / sizeof(not_with[0]); i++)
		if (not_with[i].given)
			die(EXIT_USAGE, "--from takes what the transcript holds, %s changes nothing of it: leave %s out", not_with[i].option,
			    not_with[i].option);
}

static void options(int argc, char **argv, struct bench_opts *o)
{
	static const struct option longs[] = {
		{ "engine", required_argument, NULL, 'e' },
		{ "tables", required_argument, NULL, 't' },
		{ "plan", required_argument, NULL, 'p' },
		{ "only", required_argument, NULL, 'o' },
		{ "out", required_argument, NULL, 'O' },
		{ "json", no_argument, NULL, 'j' },
		{ "from", required_argument, NULL, 'f' },
		{ "seq", no_argument, NULL, 's' },
		{ "samples", required_argument, NULL, 'n' },
		CLI_LONG,
		{ 0 },
	};
	const char *plan = NULL, *only = NULL, *samples = NULL;
	char why[1024];
	int opt, bad;

	while ((opt = getopt_long(argc, argv, "n:" CLI_SHORT, longs, NULL)) != -1) {
		switch (opt) {
		case 'e':
			o->engine = cli_engine(optarg);
			break;
		case 't':
			o->tables = optarg;
			break;
		case 'p':
			plan = optarg;
			break;
		case 'o':
			only = optarg;
			break;
		case 'O':
			o->out = optarg;
			break;
		case 'j':
			o->json = 1;
			break;
		case 'f':
			o->from = optarg;
			break;
		case 'n':
			samples = optarg;
			break;
		case 's':
			o->seq = 1;
			break;
		default:
			cli_option(opt);
		}
	}
	if (o->from)
		only_from(o, plan, only, samples);
	else if (o->seq && only)
		die(EXIT_USAGE, "--only chooses rows of `trainwreck list paths`, --seq measures the sequences that it names: leave one of them out");
	if (!o->tables)
		o->tables = "idt";
	if (only && strlen(only) >= sizeof(o->plan.only))
		die(EXIT_USAGE, "--only takes %zu characters at most, these are %zu: write a shorter pattern, * is any text",
		    sizeof(o->plan.only) - 1, strlen(only));
	bad = plan ? bench_plan_read(plan, &o->plan, why, sizeof(why)) : EXIT_AS_MANUAL;
	if (bad)
		die(bad, "%s", why);
	if (plan)
		o->plan_name = strrchr(plan, '/') ? strrchr(plan, '/') + 1 : plan;
	if (only)
		snprintf(o->plan.only, sizeof(o->plan.only), "%s", only);
	if (samples)
		o->plan.samples = number(samples, BENCH_SAMPLES_MAX, "-n");
}

/* What is no file is the sequence itself, but no step has a slash. */
static int sequences(int argc, char **argv, const struct bench_opts *o)
{
	struct seq_bench s = { .engine = o->engine, .tables = o->tables, .out = o->out, .plan = o->plan_name, .json = o->json,
			       .samples = o->plan.samples, .warmup = o->plan.warmup };
	char why[1024];
	int status;

	cli_tables(o->tables);
	if (optind == argc)
		return cli_usage();
	for (; optind < argc; optind++) {
		const char *arg = argv[optind];
		int is_file = !strcmp(arg, "-") || strchr(arg, '/') || !access(arg, F_OK);

		if (is_file ? seq_cases_add(&s.cases, arg, why, sizeof(why)) :
			      seq_cases_add_text(&s.cases, arg, why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	status = seq_bench(&s);
	seq_cases_free(&s.cases);
	return status;
}

int cmd_bench(int argc, char **argv)
{
	struct bench_opts o = { .plan = { "*", SAMPLES, WARMUP }, .plan_name = "" };

	options(argc, argv, &o);
	/* before minutes are spent on what then cannot be kept */
	if (o.out && results_dir(o.out))
		die(EXIT_USAGE, "cannot write into %s: %s: name another folder with --out", o.out, strerror(errno));
	if (o.seq)
		return sequences(argc, argv, &o);
	if (optind != argc)
		return cli_usage();
	if (strcmp(o.tables, "idt") && strcmp(o.tables, "fred"))
		die(EXIT_USAGE, "no such tables: %s; say idt or fred", o.tables);
	if (!bench_count_wanted(o.plan.only))
		die(EXIT_USAGE, "no path is called %s: `trainwreck list paths` prints them all",
		    o.plan.only);
	return o.from ? import(&o) : run(&o);
}
