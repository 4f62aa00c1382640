/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck fuzz: seeds, afl-fuzz on `trainwreck target`, and a summary at the end. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/cli.h"
#include "host/fuzz.h"

/* AFL++ takes no longer ones for what they are */
enum { SECONDS_MAX = 31536000 };

static pid_t afl_pid;
static volatile sig_atomic_t was_stopped;

/* AFL++ stops in order on SIGINT: it writes its figures, and ends its target. */
static void on_signal(int number)
{
	(void)number;
	was_stopped = 1;
	if (afl_pid > 0)
		kill(afl_pid, SIGINT);
}

static void set_default(const char *name, const char *value)
{
	setenv(name, value, 0);
}

static void set_environment(const struct fuzz *fuzz)
{
	set_default("AFL_SKIP_CPUFREQ", "1");
	set_default("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1");
	set_default("AFL_NO_AFFINITY", "1");
	set_default("AFL_FORKSRV_INIT_TMOUT", "120000");
	/* our target makes the map's few edges mean much: the deterministic and trim stages find little */
	set_default("AFL_DISABLE_TRIM", "1");
	if (!fuzz->on_terminal)
		set_default("AFL_NO_UI", "1");
	if (*fuzz->mutator)
		set_default("AFL_CUSTOM_MUTATOR_LIBRARY", fuzz->mutator);
}

/* The argument vector of afl-fuzz; the strings live in `fuzz` or in main's argv. */
static const char **afl_arguments(struct fuzz *fuzz)
{
	static const char *argv[128];
	unsigned n = 0;
	/* 24 steps at the least: left alone, AFL++ goes for short inputs, in which little nests */
	const char *fixed[] = { "afl-fuzz", "-i", fuzz->resumes ? "-" : fuzz->seeds, "-o", fuzz->afl_dir,
				"-t", "20000", "-m", "none", "-g", "100", "-G", "260" };
	const char *target[] = { "--", fuzz->exe, "target", "--engine", fuzz->engine, "--out", fuzz->dir };

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		argv[n++] = fixed[i];
	if (fuzz->seconds) {
		argv[n++] = "-V";
		argv[n++] = fuzz->seconds;
	}
	for (int i = 0; i < fuzz->n_extra && n < 100; i++)
		argv[n++] = fuzz->extra[i];
	for (unsigned i = 0; i < sizeof(target) / sizeof(target[0]); i++)
		argv[n++] = target[i];
	if (fuzz->link) {
		argv[n++] = "--link";
		argv[n++] = fuzz->link;
	}
	if (fuzz->strict)
		argv[n++] = "--strict";
	argv[n] = NULL;
	return argv;
}

static void become_afl(struct fuzz *fuzz)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!fuzz->on_terminal) {
		if (!freopen(fuzz->log, "w", stdout))
			_exit(126);
		dup2(STDOUT_FILENO, STDERR_FILENO);
	}
	execvp("afl-fuzz", (char *const *)(void *)afl_arguments(fuzz));
	_exit(127);
}

/* Wait for AFL++, saying now and then how far it is. */
static int wait_for_afl(struct fuzz *fuzz)
{
	int status;

	for (unsigned tick = 1;; tick++) {
		pid_t pid = waitpid(afl_pid, &status, WNOHANG);
		if (pid == afl_pid)
			break;
		if (pid < 0 && errno != EINTR)
			return -1;
		usleep(200 * 1000);
		if (!fuzz->on_terminal && tick % 50 == 0)
			fuzz_progress(fuzz);
	}
	afl_pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int fuzz_main(struct fuzz *fuzz)
{
	struct sigaction action = { .sa_handler = on_signal };
	char why[1024];

	if (fuzz_prepare(fuzz, why, sizeof(why)))
		die(EXIT_HARNESS, "%s", why);
	set_environment(fuzz);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	note("fuzzing %s: %zu seeds, findings go to %s/findings", fuzz->engine, fuzz->n_seeds, fuzz->dir);
	afl_pid = fork();
	if (!afl_pid)
		become_afl(fuzz);
	int status = afl_pid < 0 ? -1 : wait_for_afl(fuzz);
	if (status == 127)
		die(EXIT_HARNESS, "no afl-fuzz in the PATH: install AFL++ (apt install afl++)");
	int found = fuzz_summary(fuzz);
	if (found < 0 || (status && !was_stopped))
		die(EXIT_HARNESS, "afl-fuzz ended with status %d: read %s, and see that `trainwreck run "
		    "--engine %s -e ud2` works", status, fuzz->on_terminal ? "its last lines" : fuzz->log,
		    fuzz->engine);
	return found ? EXIT_FINDING : EXIT_AS_MANUAL;
}

int cmd_fuzz(int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'E' },
						 { "link", required_argument, NULL, 'L' },
						 { "time", required_argument, NULL, 'V' },
						 { "seeds", required_argument, NULL, 'i' },
						 { "out", required_argument, NULL, 'o' },
						 { "tables", required_argument, NULL, 'T' },
						 { "strict", no_argument, NULL, 'S' },
						 CLI_LONG,
						 { 0 } };
	static struct fuzz fuzz = { .engine = "qemu" };
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "i:o:V:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'E')
			fuzz.engine = optarg;
		else if (opt == 'T')
			cli_tables(optarg);
		else if (opt == 'L')
			fuzz.link = optarg;
		else if (opt == 'V')
			fuzz.seconds = cli_number(optarg, "--time", 1, SECONDS_MAX) ? optarg : NULL;
		else if (opt == 'i')
			fuzz.seed_source = optarg;
		else if (opt == 'o')
			fuzz.dir = optarg;
		else if (opt == 'S')
			fuzz.strict = 1;
		else
			cli_option(opt);
	}
	if (!fuzz.dir)
		return cli_usage();
	if (optind < argc && strcmp(argv[optind - 1], "--"))
		return cli_usage();
	fuzz.extra = argv + optind;
	fuzz.n_extra = argc - optind;
	fuzz.on_terminal = isatty(STDOUT_FILENO) && !cli.quiet;
	return fuzz_main(&fuzz);
}
