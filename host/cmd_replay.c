/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trainwreck replay: does this finding still show? The exit status is the one `git bisect run` wants:
 * 0 the CPU does what the manual says, 1 it differs, 125 cannot tell.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "host/cli.h"
#include "host/finding_load.h"
#include "host/trace_print.h"

enum { EXIT_CANNOT_TELL = 125, DEADLINE_MS = 3000 };

static int settle(struct oracle *o, const struct finding *f, struct result *r)
{
	oracle_run(o, &f->seq, r);
	if (is_unknown(r))
		oracle_confirm(o, &f->seq, r);
	result_write(stdout, f->reproducer, r, o->profile);
	if (r->verdict == VERDICT_ERROR || r->verdict == VERDICT_SKIP)
		return EXIT_CANNOT_TELL;
	/* known by now, but of other rules than the one it is named after: it differs all the same */
	if (r->n_known && !strcmp(r->signature, f->signature))
		return EXIT_FINDING;
	if (!is_unknown(r)) {
		printf("as the manual says: %s is not seen\n", f->signature);
		return EXIT_AS_MANUAL;
	}
	if (strcmp(r->signature, f->signature))
		printf("differs from the manual, but not as the finding did (%s)\n", f->signature);
	return EXIT_FINDING;
}

static int replay(const struct finding *f, const char *spec)
{
	static struct known known;
	static struct result r;
	char why[1024];
	struct engine_opts opts = { .spec = spec, .verbose = cli.verbose };
	struct oracle o = { .deadline_ms = DEADLINE_MS, .explain = 1 };
	int status = EXIT_CANNOT_TELL;

	if (oracle_start(&o, &opts, why, sizeof(why))) {
		err("%s", why);
		return status;
	}
	if (oracle_know(&o, &known, why, sizeof(why))) {
		err("%s", why);
	} else {
		known_forget_rule(&known, f->signature);
		status = settle(&o, f, &r);
		known_free(&known);
	}
	engine_stop(o.engine);
	return status;
}

int cmd_replay(int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'E' },
						 CLI_LONG,
						 { 0 } };
	static struct finding f;
	const char *spec = NULL;
	char why[1024];
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'E')
			spec = cli_engine(optarg);
		else
			cli_option(opt);
	}
	if (optind + 1 != argc)
		return cli_usage();
	if (finding_load(argv[optind], &f, why, sizeof(why))) {
		err("%s", why);
		return EXIT_CANNOT_TELL;
	}
	return replay(&f, spec ? spec : f.spec);
}
