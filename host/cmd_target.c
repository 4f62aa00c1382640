/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck target: what afl-fuzz, afl-showmap, afl-tmin and afl-cmin run. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cli.h"
#include "host/sitting.h"
#include "host/target.h"
#include "host/trace_print.h"

enum {
	/* A run takes microseconds; on a busy machine the emulator may wait this long for a core. */
	DEADLINE_MS = 1000,
	MINIMIZE_MS = 3000,
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* No SA_RESTART: a read of the next test case ends, and the engine is put down in order. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

/*
 * AFL++ ends its target with SIGKILL, after which nobody removes a temporary folder: under AFL++
 * the engine's files have a folder of a fixed name for each of its instances.
 */
static void choose_rundir(struct target *t, const char *dir)
{
	static char path[1200];
	const char *instance = getenv("__AFL_OUT_DIR");

	if (!instance || !*instance)
		return;
	const char *base = strrchr(instance, '/');
	snprintf(path, sizeof(path), "%s/engine-%s", dir, base && base[1] ? base + 1 : instance);
	mkdir(dir, 0777);
	t->opts.rundir = path;
}

static int serve(struct target *t, struct forksrv *f)
{
	const uint8_t *bytes;
	size_t len;
	int got = 0, signal_number = 0;

	while (!stopped && (got = forksrv_next(f, &bytes, &len)) > 0) {
		signal_number = target_run(t, bytes, len, f->map, f->map_len);
		if (signal_number < 0)
			return EXIT_HARNESS;
		if (forksrv_done(f, signal_number))
			break;
	}
	if (got < 0) {
		err("the test case cannot be read: give a FILE that is there, or bytes on standard input");
		return EXIT_USAGE;
	}
	if (f->is_afl || stopped)
		return EXIT_AS_MANUAL;
	if (getenv("__AFL_SHM_ID"))
		return signal_number ? -signal_number : EXIT_AS_MANUAL;
	const struct result *r = &t->now.r;
	result_write(stdout, f->path ? f->path : "-", r, t->oracle.profile);
	return r->n_known ? EXIT_AS_MANUAL : verdict_status(r->verdict);
}

static int target_main(struct target *t, const char *dir, const char *path)
{
	struct forksrv f = { 0 };
	char why[1024];

	catch_signals();
	choose_rundir(t, dir);
	int bad = target_open(t, dir, why, sizeof(why));
	if (bad)
		die(bad > 0 ? EXIT_USAGE : EXIT_HARNESS, "%s", why);
	int status = EXIT_HARNESS;
	sitting_note_memory(dir, t->campaign.instance);
	if (target_resume(t))
		err("the engine does not start any more: see that `trainwreck run -e ud2` works");
	else if (forksrv_open(&f, path, why, sizeof(why)))
		err("%s", why);
	else
		status = serve(t, &f);
	target_close(t);
	forksrv_close(&f);
	if (status < 0) {
		/* an afl-* tool without its fork server sees a crash as the death of the process */
		signal(-status, SIG_DFL);
		raise(-status);
	}
	return status;
}

int cmd_target(int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'E' },
						 { "link", required_argument, NULL, 'L' },
						 { "out", required_argument, NULL, 'o' },
						 { "tables", required_argument, NULL, 'T' },
						 { "strict", no_argument, NULL, 'S' },
						 { "style", required_argument, NULL, 'Y' },
						 CLI_LONG,
						 { 0 } };
	static struct target t = { .oracle.deadline_ms = DEADLINE_MS,
				   .source = { .spec = "qemu", .minimize_ms = MINIMIZE_MS } };
	const char *dir = NULL;
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "o:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'E')
			t.source.spec = t.opts.spec = cli_engine(optarg);
		else if (opt == 'T')
			cli_tables(optarg);
		else if (opt == 'L')
			t.opts.link = cli_link(optarg);
		else if (opt == 'o')
			dir = optarg;
		else if (opt == 'S')
			t.strict = 1;
		else if (opt == 'Y')
			t.style = cli_style(optarg);
		else
			cli_option(opt);
	}
	if (!dir || optind + 1 < argc)
		return cli_usage();
	t.opts.verbose = cli.verbose;
	return target_main(&t, dir, argv[optind]);
}
