/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every mutant of the model against the model's own tests: mutants [-n SAMPLE] [-s SEED] [-v] [NUMBER...]
 * A mutant is killed when a case of tests/model_*.def fails, or one of the other tests of the model
 * (build/mutants/test_*), or when it crashes or takes too long. Those that nobody can kill are listed
 * in tests/mutants.equivalent; any other survivor fails.
 */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/model_case.h"
#include "tests/mutant.h"

enum { JOBS = 2, EXCUSES_MAX = 512, KINDS_MAX = 16, LIMIT_FACTOR = 20 };

static const struct place {
	const char *file;
	unsigned line;
	const char *function, *kind, *what, *text;
} places[] = {
#define MUTANT(number, file, line, function, kind, what, text) { file, line, function, kind, what, text },
#include "list.inc"
#undef MUTANT
};
enum { N_MUTANTS = sizeof(places) / sizeof(places[0]) };

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
static const char *const programs[] = { "test_model_paths", "test_mask" };

/* A line of tests/mutants.equivalent; the first four are patterns as of a shell. */
static struct excuse {
	char *file, *function, *kind, *text, *why;
	unsigned uses;
} excuses[EXCUSES_MAX];
static unsigned n_excuses;

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

static void try_all(const unsigned *todo, unsigned n, enum fate *fate)
{
	struct {
		pid_t pid;
		unsigned number;
	} job[JOBS] = { 0 };
	unsigned next = 0, running = 0;

	while (next < n || running) {
		int status;
		pid_t pid;

		for (unsigned i = 0; i < JOBS && next < n; i++) {
			if (job[i].pid)
				continue;
			job[i].number = todo[next++];
			job[i].pid = fork();
			if (!job[i].pid)
				be_mutant(job[i].number);
			running++;
		}
		pid = wait(&status);
		for (unsigned i = 0; i < JOBS; i++) {
			if (job[i].pid != pid)
				continue;
			fate[job[i].number] = fate_of(status);
			job[i].pid = 0;
			running--;
		}
	}
}

static void read_excuses(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	if (!f) {
		fprintf(stderr, "%s: cannot be read; run this in the source tree\n", path);
		exit(3);
	}
	for (unsigned n = 1; getline(&line, &cap, f) > 0; n++) {
		char *field[5], *p = line;

		line[strcspn(line, "\n")] = 0;
		if (!*line || *line == '#')
			continue;
		for (unsigned i = 0; i < 5; i++) {
			char *end = i < 4 ? strstr(p ? p : "", " :: ") : NULL;

			field[i] = p;
			p = end ? end + 4 : NULL;
			if (end)
				*end = 0;
		}
		if (!field[4] || !*field[4] || n_excuses == EXCUSES_MAX) {
			fprintf(stderr, "%s:%u: write `file :: function :: kind what :: text :: reason`\n", path, n);
			exit(2);
		}
		excuses[n_excuses++] = (struct excuse){ field[0], field[1], field[2], field[3], field[4], 0 };
		line = NULL;
		cap = 0;
	}
	fclose(f);
}

static int is_excused(const struct place *p)
{
	char kind[128];

	snprintf(kind, sizeof(kind), "%s %s", p->kind, p->what);
	for (unsigned i = 0; i < n_excuses; i++) {
		struct excuse *e = &excuses[i];

		if (fnmatch(e->file, p->file, 0) || fnmatch(e->function, p->function, 0) ||
		    fnmatch(e->kind, kind, 0) || fnmatch(e->text, p->text, 0))
			continue;
		e->uses++;
		return 1;
	}
	return 0;
}

static void print_kinds(const enum fate *fate)
{
	const char *kind[KINDS_MAX] = { 0 };
	unsigned count[KINDS_MAX + 1][EXCUSED + 1] = { 0 }, n = 0, total = 0;

	for (unsigned i = 1; i <= N_MUTANTS; i++) {
		unsigned k = 0;

		while (k < n && strcmp(kind[k], places[i - 1].kind))
			k++;
		if (k == n)
			kind[n++] = places[i - 1].kind;
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

static void print_place(unsigned n, const char *word)
{
	const struct place *p = &places[n - 1];

	printf("%s %u: %s:%u: %s: %s %s: %s\n", word, n, p->file, p->line, p->function, p->kind, p->what, p->text);
}

static int report(enum fate *fate, int full, int verbose)
{
	unsigned bad = 0;

	for (unsigned i = 1; i <= N_MUTANTS; i++) {
		if (fate[i] == LIVES && is_excused(&places[i - 1]))
			fate[i] = EXCUSED;
		if (fate[i] == LIVES)
			print_place(i, "survives");
		else if (verbose && fate[i] != UNTRIED)
			print_place(i, fate[i] == EXCUSED ? "equal" : "killed");
		bad += fate[i] == LIVES;
	}
	for (unsigned i = 0; full && i < n_excuses; i++) {
		if (excuses[i].uses)
			continue;
		printf("tests/mutants.equivalent: nothing that survives is `%s :: %s :: %s :: %s`: take the line out\n",
		       excuses[i].file, excuses[i].function, excuses[i].kind, excuses[i].text);
		bad++;
	}
	print_kinds(fate);
	return bad != 0;
}

static uint32_t random_state = 1;

static unsigned below(unsigned n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (unsigned)((uint64_t)random_state * n >> 32);
}

int main(int argc, char **argv)
{
	static unsigned todo[N_MUTANTS];
	static enum fate fate[N_MUTANTS + 1];
	unsigned n = 0, sample = 0;
	int opt, verbose = 0;
	char *slash;

	while ((opt = getopt(argc, argv, "n:s:v")) >= 0) {
		if (opt == 'n')
			sample = (unsigned)atoi(optarg);
		else if (opt == 's')
			random_state = (uint32_t)atoi(optarg);
		else if (opt == 'v')
			verbose = 1;
		else
			return 2;
	}
	snprintf(folder, sizeof(folder), "%s", argv[0]);
	slash = strrchr(folder, '/');
	snprintf(slash ? slash : folder, 2, "%s", slash ? "" : ".");
	read_excuses("tests/mutants.equivalent");
	mutant = 0;
	measure();
	for (int i = optind; i < argc; i++)
		todo[n++] = (unsigned)atoi(argv[i]);
	for (unsigned i = 1; !n && i <= N_MUTANTS; i++)
		todo[i - 1] = i;
	n = n ? n : N_MUTANTS;
	for (unsigned i = 0; sample && sample < n && i < sample; i++) {
		unsigned j = i + below(n - i), t = todo[i];

		todo[i] = todo[j];
		todo[j] = t;
	}
	n = sample && sample < n ? sample : n;
	try_all(todo, n, fate);
	return report(fate, n == N_MUTANTS, verbose);
}
