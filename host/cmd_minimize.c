/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck minimize: the plainest sequence that shows the same difference, unknown or known. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli.h"
#include "host/finding.h"
#include "host/finding_load.h"
#include "host/minimize.h"
#include "host/seqfile.h"
#include "host/trace_print.h"

enum { DEADLINE_MS = 3000, SECONDS = 60, SECONDS_MAX = 86400, TEXT_CAP = 16384 };

struct job {
	struct engine_opts opts;
	const char *known_id;
	int max_ms, json;
	struct oracle oracle;
	struct known known;
	int n_bad, n_unknown;
};

static void say(const struct job *job, const char *name, const char *keeps, const struct seq *from,
		const struct seq *small, unsigned runs)
{
	static char text[TEXT_CAP];

	seq_print(small, text, sizeof(text));
	if (!job->json) {
		printf("# %s: %u steps, now %u, which keep %s (%u runs)\n%s", name, from->n_steps,
		       small->n_steps, keeps, runs, text);
		fflush(stdout);
		return;
	}
	json_line(stdout, json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:s}", "schema", "trainwreck.minimize.1",
				    "name", name, "keeps", keeps, "from_steps", (int)from->n_steps, "steps",
				    (int)small->n_steps, "runs", (int)runs, "seq", text));
	fflush(stdout);
}

static void nothing(const struct job *job, const char *name, const struct result *r)
{
	if (job->json)
		json_line(stdout, json_pack("{s:s, s:s, s:s, s:n}", "schema", "trainwreck.minimize.1", "name",
					    name, "verdict", verdict_name(r->verdict), "keeps"));
	else
		printf("# %s: %s%s%s; nothing to minimize\n", name, verdict_name(r->verdict),
		       r->reason[0] ? ": " : "", r->reason);
}

/* The id to keep: the one asked for, the one whose own sequence this is, or the first. NULL: none. */
static const char *known_goal(struct job *job, const char *name, const struct result *r)
{
	const struct known_entry *own = known_of_corpus(&job->known, name, job->oracle.profile);
	const char *want = job->known_id ? job->known_id : own ? own->id : r->n_known ? r->known[0] : "";

	for (unsigned i = 0; i < r->n_known; i++) {
		if (!strcmp(r->known[i], want))
			return r->known[i];
	}
	return job->known_id || !r->n_known ? NULL : r->known[0];
}

/* Whether there was a difference, and ret_small keeps it. */
static int minimize_one(struct job *job, const char *name, const struct seq *seq, struct seq *ret_small,
			struct result *r)
{
	struct oracle *o = &job->oracle;
	char signature[SIGNATURE_CAP];
	struct minimize_goal goal = { .signature = signature };

	oracle_run(o, seq, r);
	if (is_unknown(r) && !job->known_id)
		oracle_confirm(o, seq, r);
	snprintf(signature, sizeof(signature), "%s", r->signature);
	goal.known = r->n_known || job->known_id ? known_goal(job, name, r) : NULL;
	if (!goal.known && (job->known_id || !is_unknown(r))) {
		job->n_bad += r->verdict == VERDICT_ERROR;
		nothing(job, name, r);
		return 0;
	}
	unsigned runs = minimize_seq(o, seq, &goal, job->max_ms, ret_small);
	say(job, name, goal.known ? goal.known : signature, seq, ret_small, runs);
	job->n_unknown += !goal.known;
	return 1;
}

static void start(struct job *job)
{
	char why[1024];

	if (oracle_start(&job->oracle, &job->opts, why, sizeof(why)))
		die(EXIT_HARNESS, "%s", why);
}

static void load_known(struct job *job)
{
	char why[1024];

	if (oracle_know(&job->oracle, &job->known, why, sizeof(why))) {
		engine_stop(job->oracle.engine);
		die(EXIT_HARNESS, "%s", why);
	}
}

static int stop(struct job *job)
{
	engine_stop(job->oracle.engine);
	known_free(&job->known);
	return job->n_bad ? EXIT_HARNESS : job->n_unknown ? EXIT_FINDING : EXIT_AS_MANUAL;
}

/* DIR of DIR/findings/SIGNATURE; 0 when the folder is none of a campaign's. */
static int campaign_of(const char *folder, const char *signature, char *out)
{
	if (!realpath(folder, out))
		return 0;
	char *name = strrchr(out, '/');
	if (!name || strcmp(name + 1, signature))
		return 0;
	*name = 0;
	char *findings = strrchr(out, '/');
	if (!findings || strcmp(findings, "/findings"))
		return 0;
	*findings = 0;
	return 1;
}

/* A finding gets the shorter reproducer, with traces and report. */
static int minimize_finding(struct job *job, const char *folder)
{
	static struct finding f;
	static struct result r;
	struct seq small;
	char why[1024], dir[PATH_MAX];

	if (finding_load(folder, &f, why, sizeof(why)))
		die(EXIT_USAGE, "%s", why);
	if (!job->opts.spec)
		job->opts.spec = f.spec;
	start(job);
	load_known(job);
	known_forget_rule(&job->known, f.signature);
	if (!minimize_one(job, f.reproducer, &f.seq, &small, &r))
		return stop(job);
	if (strcmp(r.signature, f.signature)) {
		printf("# it now shows as %s: the finding stays as it is\n", r.signature);
	} else if (small.n_steps < f.seq.n_steps && campaign_of(folder, f.signature, dir)) {
		const struct finding_source source = { .spec = job->opts.spec };
		oracle_run(&job->oracle, &small, &r);
		if (strcmp(r.signature, f.signature) ||
		    finding_replace(&job->oracle, dir, &source, &f.seq, &small, &r)) {
			err("%s cannot be rewritten; free some space, or see that it is yours", folder);
			job->n_bad++;
		}
	}
	return stop(job);
}

static int minimize_cases(struct job *job, const struct seq_cases *cases)
{
	static struct result r;
	struct seq small;

	start(job);
	load_known(job);
	for (size_t i = 0; i < cases->n; i++) {
		const struct seq_case *c = &cases->v[i];
		const char *lacks = seq_case_lacks(c, job->oracle.profile);

		if (job->oracle.broken)
			start(job);
		if (lacks) {
			memset(&r, 0, offsetof(struct result, observed));
			r.verdict = VERDICT_SKIP;
			snprintf(r.reason, sizeof(r.reason), "needs %.*s", (int)strcspn(lacks, " "), lacks);
			nothing(job, c->name, &r);
			continue;
		}
		minimize_one(job, c->name, &c->seq, &small, &r);
	}
	return stop(job);
}

static int is_finding(const char *path)
{
	char meta[PATH_MAX];
	struct stat st;

	snprintf(meta, sizeof(meta), "%s/finding.json", path);
	return !stat(meta, &st);
}

int cmd_minimize(int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'E' },
						 { "known", required_argument, NULL, 'K' },
						 { "time", required_argument, NULL, 'V' },
						 { "json", no_argument, NULL, 'J' },
						 CLI_LONG,
						 { 0 } };
	static struct job job = { .oracle = { .deadline_ms = DEADLINE_MS, .explain = 1 }, .max_ms = SECONDS * 1000 };
	struct seq_cases cases = { 0 };
	char why[1024];
	long seconds;
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "e:V:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'E') {
			job.opts.spec = cli_engine(optarg);
		} else if (opt == 'K') {
			job.known_id = optarg;
		} else if (opt == 'V') {
			seconds = cli_number(optarg, "--time", 1, SECONDS_MAX);
			job.max_ms = (int)seconds * 1000;
		} else if (opt == 'J') {
			job.json = 1;
		} else if (opt != 'e') {
			cli_option(opt);
		} else if (seq_cases_add_text(&cases, optarg, why, sizeof(why))) {
			die(EXIT_USAGE, "%s", why);
		}
	}
	job.opts.verbose = cli.verbose;
	if (!cases.n && optind + 1 == argc && is_finding(argv[optind]))
		return minimize_finding(&job, argv[optind]);
	for (; optind < argc; optind++) {
		if (seq_cases_add(&cases, argv[optind], why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	if (!cases.n)
		return cli_usage();
	int status = minimize_cases(&job, &cases);
	seq_cases_free(&cases);
	return status;
}
