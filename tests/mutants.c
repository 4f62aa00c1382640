/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every mutant of the model against the model's own tests:
 *     mutants [-f FILE]... [-j JOBS] [-m PERCENT] [-n SAMPLE] [-s SEED] [-v] [NUMBER...]
 * -f: only those of this source (fuzz/model_return.c). A mutant is killed when a case of tests/model_*.def
 * fails, or one of the other tests of the model (build/mutants/test_*), or when it crashes or takes too
 * long. Those that nobody can kill are listed in tests/mutants.equivalent; any other survivor fails, or
 * with -m more of them than leave PERCENT dead.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/model_case.h"
#include "tests/mutant.h"
#include "tests/mutant_list.h"

enum { JOBS_MAX = 64, KINDS_MAX = 16, LIMIT_FACTOR = 20 };

static const struct {
	unsigned n;
	const char *why;
} not_mutated[] = {
#define NOT_MUTATED(n, why) { n, why },
#include "not.inc"
#undef NOT_MUTATED
	{ 0, NULL },
};

/* The model's other tests, linked with the mutants too. Slower: only what the cases let live meets them. */
static const char *const programs[] = { "test_model_known", "test_model_rules", "test_mask", "test_styles",
					     "test_model_paths" };

static struct excuses excuses;
static struct itimerval limit;
static char folder[512];

enum fate { UNTRIED, LIVES, KILLED, TIMED_OUT, CRASHED, EXCUSED };

static const char *case_that_fails(void)
{
	for (unsigned i = 0; i < N_MODEL_CASES; i++) {
		const struct model_case *c = &model_cases[i];

		if ((c->profile & INTEL && !case_holds(c, INTEL, NULL, 0)) ||
		    (c->profile & AMD && !case_holds(c, AMD, NULL, 0)))
			return c->seq;
	}
	return NULL;
}

/* The limit is of processor time, so that a busy machine kills no mutant. */
static void measure(void)
{
	clock_t t = clock();
	const char *bad = case_that_fails();

	if (bad) {
		fprintf(stderr, "with no mutant `%s` fails already: `make unit` first\n", bad);
		exit(1);
	}
	t = (clock() - t) * LIMIT_FACTOR + CLOCKS_PER_SEC / 5;
	limit.it_value.tv_sec = t / CLOCKS_PER_SEC;
	limit.it_value.tv_usec = t % CLOCKS_PER_SEC;
}

static void be_mutant(unsigned n)
{
	char path[600], number[16];

	setitimer(ITIMER_PROF, &limit, NULL);
	mutant = n;
	if (case_that_fails())
		_exit(1);
	snprintf(number, sizeof(number), "%u", n);
	setenv("MUTANT", number, 1);
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			setitimer(ITIMER_PROF, &limit, NULL);
			if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
				_exit(3);
			snprintf(path, sizeof(path), "%s/%s", folder, programs[i]);
			execl(path, path, (char *)NULL);
			_exit(3);
		}
		waitpid(pid, &status, 0);
		if (WIFSIGNALED(status))
			raise(WTERMSIG(status));
		if (WEXITSTATUS(status))
			_exit(1);
	}
	_exit(0);
}

static enum fate fate_of(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGPROF ? TIMED_OUT : CRASHED;
	return WEXITSTATUS(status) ? KILLED : LIVES;
}

static void try_all(const unsigned *todo, unsigned n, unsigned jobs, enum fate *fate)
{
	struct {
		pid_t pid;
		unsigned number;
	} job[JOBS_MAX] = { 0 };
	unsigned next = 0, running = 0;

	while (next < n || running) {
		int status;
		pid_t pid;

		for (unsigned i = 0; i < jobs && next < n; i++) {
			if (job[i].pid)
				continue;
			job[i].number = todo[next++];
			job[i].pid = fork();
			if (!job[i].pid)
				be_mutant(job[i].number);
			running++;
		}
		pid = wait(&status);
		for (unsigned i = 0; i < jobs; i++) {
			if (job[i].pid != pid)
				continue;
			fate[job[i].number] = fate_of(status);
			job[i].pid = 0;
			running--;
		}
	}
}

static void print_kinds(const enum fate *fate)
{
	const char *kind[KINDS_MAX] = { 0 };
	unsigned count[KINDS_MAX + 1][EXCUSED + 1] = { 0 }, n = 0, total = 0;

	for (unsigned i = 1; i <= N_MUTANTS; i++) {
		unsigned k = 0;

		while (k < n && strcmp(kind[k], mutant_places[i - 1].kind))
			k++;
		if (k == n)
			kind[n++] = mutant_places[i - 1].kind;
		count[k][fate[i]]++;
		count[KINDS_MAX][fate[i]]++;
	}
	kind[n] = "all";
	memcpy(count[n], count[KINDS_MAX], sizeof(count[n]));
	printf("%-12s %8s %8s %8s %8s %8s %8s\n", "kind", "mutants", "killed", "hung", "crashed", "equal", "survived");
	for (unsigned k = 0; k <= n; k++) {
		unsigned *c = count[k];

		total = c[LIVES] + c[KILLED] + c[TIMED_OUT] + c[CRASHED] + c[EXCUSED];
		printf("%-12s %8u %8u %8u %8u %8u %8u\n", kind[k], total, c[KILLED], c[TIMED_OUT], c[CRASHED],
		       c[EXCUSED], c[LIVES]);
	}
	for (unsigned i = 0; not_mutated[i].why; i++)
		if (not_mutated[i].n)
			printf("not mutated: %u, %s\n", not_mutated[i].n, not_mutated[i].why);
	printf("of %d mutants %u were tried\n", N_MUTANTS, total);
}

static int report(enum fate *fate, int full, int verbose, unsigned percent)
{
	unsigned bad = 0, n = 0;

	for (unsigned i = 1; i <= N_MUTANTS; i++) {
		if (fate[i] == LIVES && excuse_of(&excuses, &mutant_places[i - 1]))
			fate[i] = EXCUSED;
		if (fate[i] == LIVES)
			print_place(i, "survives");
		else if (verbose && fate[i] != UNTRIED)
			print_place(i, fate[i] == EXCUSED ? "equal" : "killed");
		bad += fate[i] == LIVES;
		n += fate[i] != UNTRIED;
	}
	for (unsigned i = 0; full && i < excuses.n; i++) {
		if (excuses.v[i].uses)
			continue;
		printf("tests/mutants.equivalent: nothing that survives is `%s :: %s :: %s :: %s`: take the line out\n",
		       excuses.v[i].file, excuses.v[i].function, excuses.v[i].kind, excuses.v[i].text);
		bad++;
	}
	print_kinds(fate);
	return bad * 100 > n * (100 - percent);
}

/* All the mutants, or those of one source. */
static unsigned choose_mutants(unsigned *todo, unsigned n, const char *file)
{
	unsigned before = n;

	for (unsigned i = 1; i <= N_MUTANTS; i++)
		if (!file || !strcmp(file, mutant_places[i - 1].file))
			todo[n++] = i;
	if (n == before) {
		fprintf(stderr, "%s: no mutant is of that file; write fuzz/model.c\n", file);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	static unsigned todo[2 * N_MUTANTS];
	static enum fate fate[N_MUTANTS + 1];
	unsigned n = 0, n_sample = 0, percent = 100, jobs = 2;
	uint32_t seed = 1;
	int opt, verbose = 0;
	char *slash;

	while ((opt = getopt(argc, argv, "f:j:m:n:s:v")) >= 0) {
		if (opt == 'f' && n < N_MUTANTS)
			n = choose_mutants(todo, n, optarg);
		else if (opt == 'j' && atoi(optarg) > 0 && atoi(optarg) <= JOBS_MAX)
			jobs = (unsigned)atoi(optarg);
		else if (opt == 'n')
			n_sample = (unsigned)atoi(optarg);
		else if (opt == 'm')
			percent = (unsigned)atoi(optarg);
		else if (opt == 's')
			seed = (uint32_t)atoi(optarg);
		else if (opt == 'v')
			verbose = 1;
		else
			return 2;
	}
	snprintf(folder, sizeof(folder), "%s", argv[0]);
	slash = strrchr(folder, '/');
	snprintf(slash ? slash : folder, 2, "%s", slash ? "" : ".");
	excuses_read(&excuses, "tests/mutants.equivalent");
	mutant = 0;
	measure();
	for (int i = optind; i < argc && n < N_MUTANTS; i++)
		if (atoi(argv[i]) > 0 && atoi(argv[i]) <= N_MUTANTS)
			todo[n++] = (unsigned)atoi(argv[i]);
	if (!n)
		n = choose_mutants(todo, n, NULL);
	if (n_sample && n_sample < n) {
		sample(todo, n, n_sample, seed);
		n = n_sample;
	}
	try_all(todo, n, jobs, fate);
	return report(fate, n == N_MUTANTS, verbose, percent);
}
