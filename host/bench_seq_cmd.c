/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck bench --seq: sequences in place of the table's rows. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "host/bench_seq.h"
#include "host/cli.h"

int bench_status(const struct results *rs, unsigned first)
{
	int measured = 0;

	for (size_t i = 0; i < rs->n; i++) {
		if (rs->v[i].verdict == BENCH_ERROR)
			return EXIT_HARNESS;
		measured |= rs->v[i].verdict != BENCH_SKIP && rs->v[i].row->id >= first;
	}
	return measured ? EXIT_AS_MANUAL : EXIT_SKIPPED;
}

int bench_publish(const char *out, int json, const struct results *rs, const struct seq_times *t,
		  const struct results_context *c)
{
	char path[PATH_MAX];
	/* first, since who reads stdout may have seen enough */
	int bad = out && results_write(out, rs, c, path);

	if (bad)
		err("cannot write into %s: %s: name another folder with --out", out, strerror(errno));
	if (json && results_lines(stdout, rs, c)) {
		err("cannot write the results: %s: free some space or write elsewhere", strerror(errno));
		return EXIT_HARNESS;
	}
	if (!json && t)
		seq_times_print(stdout, t, c);
	else if (!json)
		results_print(stdout, rs, c);
	if (out && !bad)
		note("the figures are in %s", path);
	return bad ? EXIT_HARNESS : EXIT_AS_MANUAL;
}

static int measure(struct engine *e, const struct seq_bench *o, struct known *known, struct seq_times *t)
{
	for (size_t i = 0; i < o->cases.n; i++) {
		if (isatty(STDERR_FILENO) && !cli.quiet)
			fprintf(stderr, "\r\033[K%zu/%zu %s", i + 1, o->cases.n, o->cases.v[i].name);
		if (seq_time(e, &o->cases.v[i], known, o->samples, o->warmup, t))
			return -1;
	}
	if (isatty(STDERR_FILENO) && !cli.quiet)
		fputs("\r\033[K", stderr);
	return 0;
}

int seq_bench(const struct seq_bench *o)
{
	struct engine_opts eo = { .spec = o->engine, .verbose = cli.verbose, .about = 1 };
	struct results_context c = { .tables = o->tables, .only = "seq.*", .plan = o->plan, .samples = o->samples, .warmup = o->warmup };
	static struct known known;
	struct seq_times t = { 0 };
	char why[1024];
	struct engine *e;
	int lost, status;

	if (seq_times_room(&t, &o->cases))
		die(EXIT_HARNESS, "memory is short: measure fewer sequences at once");
	e = engine_start(&eo, why, sizeof(why));
	if (!e)
		die(EXIT_HARNESS, "%s", why);
	c.hello = engine_hello(e);
	c.engine = engine_name(e);
	c.engine_version = engine_version(e);
	c.command_line = engine_command_line(e);
	if (known_load(&known, c.engine, c.engine_version, why, sizeof(why))) {
		engine_stop(e);
		die(EXIT_HARNESS, "%s", why);
	}
	lost = measure(e, o, &known, &t);
	results_judge(&t.results);
	status = bench_publish(o->out, o->json, &t.results, &t, &c);
	if (lost)
		err("the engine was lost before all sequences were measured: run again with -v to see why");
	if (!status)
		status = lost ? EXIT_HARNESS : bench_status(&t.results, SEQ_IDS + 3);
	known_free(&known);
	seq_times_free(&t);
	engine_stop(e);
	return status;
}
