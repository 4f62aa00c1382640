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

#include "host/again.h"
#include "host/campaign.h"
#include "host/cli.h"
#include "host/fuzz.h"
#include "host/link.h"
#include "host/sitting.h"

/* AFL++ takes no longer ones for what they are */
enum { SECONDS_MAX = 31536000 };

static pid_t afl_pid[JOBS_MAX];
static unsigned n_afl; /* of them, as far as they were started */
static volatile sig_atomic_t was_stopped;

static void stop_all(void)
{
	for (unsigned i = 0; i < n_afl; i++)
		if (afl_pid[i] > 0)
			kill(afl_pid[i], SIGINT);
}

/* AFL++ stops in order on SIGINT: it writes its figures, and ends its target. */
static void on_signal(int number)
{
	(void)number;
	was_stopped = 1;
	stop_all();
}

static void set_default(const char *name, const char *value)
{
	setenv(name, value, 0);
}

static void set_environment(const struct fuzz *fuzz)
{
	char begun[24];

	snprintf(begun, sizeof(begun), "%lld", (long long)fuzz->begun_ms);
	setenv(BEGUN_ENV, begun, 1);
	set_default("AFL_SKIP_CPUFREQ", "1");
	set_default("AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES", "1");
	set_default("AFL_NO_AFFINITY", "1");
	/* a test case is the same each time: three runs of a new one show that as well as eight */
	set_default("AFL_FAST_CAL", "1");
	set_default("AFL_FORKSRV_INIT_TMOUT", "120000");
	if (!fuzz->on_terminal)
		set_default("AFL_NO_UI", "1");
	if (*fuzz->mutator) {
		set_default("AFL_CUSTOM_MUTATOR_LIBRARY", fuzz->mutator);
		/* AFL++'s own havoc knows no steps, and has turns without end as well (afl_custom_fuzz_count) */
		set_default("AFL_CUSTOM_MUTATOR_ONLY", "1");
	}
	/* AFL++ removes an entry before it writes the trimmed one: a SIGKILL between the two would lose it */
	set_default("AFL_DISABLE_TRIM", "1");
}

/* The argument vector of afl-fuzz; the strings live in `fuzz` or in main's argv. */
static const char **afl_arguments(struct fuzz *fuzz, unsigned job)
{
	static const char *argv[128];
	static char name[FUZZ_NAME];
	char stats[FUZZ_PATH + 80];
	unsigned n = 0;

	fuzz_job_name(fuzz, job, name);
	snprintf(stats, sizeof(stats), "%s/%s/fuzzer_stats", fuzz->afl_dir, name);
	/* 24 steps at the least: left alone, AFL++ goes for short inputs, in which little nests */
	const char *fixed[] = { "afl-fuzz", "-i", access(stats, R_OK) ? fuzz->seeds : "-", "-o", fuzz->afl_dir,
				"-t", "20000", "-m", "none", "-g", "100", "-G", "260" };
	const char *target[] = { "--", fuzz->exe, "target", "--engine", fuzz->engine, "--out", fuzz->dir };

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		argv[n++] = fixed[i];
	if (fuzz->seconds) {
		argv[n++] = "-V";
		argv[n++] = fuzz->seconds;
	}
	if (fuzz->jobs > 1) {
		argv[n++] = job ? "-S" : "-M";
		argv[n++] = name;
	}
	for (int i = 0; i < fuzz->n_extra && n < 100; i++)
		argv[n++] = fuzz->extra[i];
	for (unsigned i = 0; i < sizeof(target) / sizeof(target[0]); i++)
		argv[n++] = target[i];
	if (fuzz->link) {
		argv[n++] = "--link";
		argv[n++] = fuzz->link;
	}
	if (fuzz->style) {
		argv[n++] = "--style";
		argv[n++] = fuzz->style;
	}
	if (fuzz->strict)
		argv[n++] = "--strict";
	argv[n] = NULL;
	return argv;
}

/* Only the first one has the screen. */
static void become_afl(struct fuzz *fuzz, unsigned job)
{
	char name[FUZZ_NAME], again[FUZZ_PATH + 64];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	fuzz_job_name(fuzz, job, name);
	snprintf(again, sizeof(again), "%s/again-%s", fuzz->dir, name);
	setenv(AGAIN_ENV, again, 1);
	if (job)
		set_default("AFL_NO_UI", "1");
	if (job || !fuzz->on_terminal) {
		char log[FUZZ_PATH + 64];

		snprintf(log, sizeof(log), job ? "%s.%u" : "%s", fuzz->log, job);
		if (!freopen(log, "w", stdout))
			_exit(126);
		dup2(STDOUT_FILENO, STDERR_FILENO);
	}
	execvp("afl-fuzz", (char *const *)(void *)afl_arguments(fuzz, job));
	_exit(127);
}

static int start_afl(struct fuzz *fuzz)
{
	for (unsigned job = 0; job < fuzz->jobs; job++) {
		pid_t pid = fork();

		if (!pid)
			become_afl(fuzz, job);
		if (pid < 0) {
			stop_all();
			return -1;
		}
		afl_pid[n_afl++] = pid;
	}
	return 0;
}

/*
 * Wait for all of AFL++, saying now and then how far it is. Returns the first status that was not 0.
 * When the first fuzzer ends the others do, too: it is the one that was given the time to run.
 */
static int wait_for_afl(struct fuzz *fuzz)
{
	unsigned left = n_afl;
	int result = 0;

	for (unsigned tick = 1; left; tick++) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0 && errno != EINTR)
			return -1;
		for (unsigned i = 0; pid > 0 && i < n_afl; i++) {
			if (afl_pid[i] != pid)
				continue;
			afl_pid[i] = 0;
			left--;
			status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			if (!result && !was_stopped)
				result = status;
			if (!i)
				stop_all();
		}
		if (pid > 0)
			continue;
		usleep(200 * 1000);
		if (!fuzz->on_terminal && tick % 50 == 0)
			fuzz_progress(fuzz);
	}
	return result;
}

static int fuzz_main(struct fuzz *fuzz)
{
	struct sigaction action = { .sa_handler = on_signal };
	char why[1024];

	int bad = fuzz_prepare(fuzz, why, sizeof(why));
	if (bad)
		die(bad > 0 ? EXIT_USAGE : EXIT_HARNESS, "%s", why);
	set_environment(fuzz);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	note("fuzzing %s: %zu seeds, findings go to %s/findings", fuzz->engine, fuzz->n_seeds, fuzz->dir);
	int status = start_afl(fuzz) ? -1 : wait_for_afl(fuzz);
	if (status == 127)
		die(EXIT_HARNESS, "no afl-fuzz in the PATH: install AFL++ (apt install afl++)");
	if (status && sitting_refused(fuzz->dir, why, sizeof(why)))
		die(EXIT_USAGE, "%s", why);
	int found = fuzz_summary(fuzz);
	if (found < 0 || (status && !was_stopped))
		die(EXIT_HARNESS, "afl-fuzz ended with status %d: read %s, and see that `trainwreck run "
		    "--engine %s -e ud2` works", status, fuzz->on_terminal ? "its last lines" : fuzz->log,
		    fuzz->engine);
	return found ? EXIT_FINDING : EXIT_AS_MANUAL;
}

/*
 * The name that AFL++ is told by -M or -S, so that its folder is found again: NULL when it is told none. With --jobs the
 * names are ours.
 */
static const char *given_name(const struct fuzz *fuzz)
{
	const char *name = NULL;

	for (int i = 0; i < fuzz->n_extra; i++) {
		const char *arg = fuzz->extra[i];

		if (strncmp(arg, "-M", 2) && strncmp(arg, "-S", 2))
			continue;
		name = arg[2] ? arg + 2 : fuzz->extra[i + 1 < fuzz->n_extra ? i + 1 : i];
	}
	if (name && fuzz->jobs > 1)
		die(EXIT_USAGE, "--jobs %u names its fuzzers itself: leave out --jobs, or -M and -S", fuzz->jobs);
	return name;
}

int cmd_fuzz(int argc, char **argv)
{
	static const struct option options[] = { { "engine", required_argument, NULL, 'E' },
						 { "link", required_argument, NULL, 'L' },
						 { "jobs", required_argument, NULL, 'j' },
						 { "time", required_argument, NULL, 'V' },
						 { "seeds", required_argument, NULL, 'i' },
						 { "out", required_argument, NULL, 'o' },
						 { "tables", required_argument, NULL, 'T' },
						 { "strict", no_argument, NULL, 'S' },
						 { "plain", no_argument, NULL, 'P' },
						 { "style", required_argument, NULL, 'Y' },
						 CLI_LONG,
						 { 0 } };
	static struct fuzz fuzz = { .engine = "qemu", .jobs = 1 };
	int opt, plain = 0;

	fuzz.begun_ms = now_ms();
	optind = 1;
	while ((opt = getopt_long(argc, argv, "i:j:o:V:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'E')
			fuzz.engine = cli_engine(optarg);
		else if (opt == 'T')
			cli_tables(optarg);
		else if (opt == 'L')
			fuzz.link = cli_link(optarg);
		else if (opt == 'V')
			fuzz.seconds = cli_number(optarg, "--time", 1, SECONDS_MAX) ? optarg : NULL;
		else if (opt == 'j')
			fuzz.jobs = (unsigned)cli_number(optarg, "--jobs", 1, JOBS_MAX);
		else if (opt == 'i')
			fuzz.seed_source = optarg;
		else if (opt == 'o')
			fuzz.dir = optarg;
		else if (opt == 'S')
			fuzz.strict = 1;
		else if (opt == 'P')
			plain = 1;
		else if (opt == 'Y')
			fuzz.style = cli_style(optarg) ? optarg : NULL;
		else
			cli_option(opt);
	}
	if (!fuzz.dir)
		return cli_usage();
	if (optind < argc && strcmp(argv[optind - 1], "--"))
		return cli_usage();
	fuzz.extra = argv + optind;
	fuzz.n_extra = argc - optind;
	fuzz.name = given_name(&fuzz);
	fuzz.on_terminal = isatty(STDOUT_FILENO) && !cli.quiet && !plain;
	return fuzz_main(&fuzz);
}
