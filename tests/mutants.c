/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every mutant of the model against the model's own tests:
 *     mutants [-f FILE]... [-j JOBS] [-m PERCENT] [-n SAMPLE] [-q PIECES] [-s SEED] [-v] [-x] [NUMBER...]
 * -f: only those of this source (fuzz/model_return.c). -v: the dead, too, and what killed them. The tests are
 * taken by the piece (mutant_items.c), and a mutant meets those pieces that can tell it from the model: an
 * unmutated run has shown where each one comes by. It is killed when a piece fails, crashes or takes too
 * long. UNREACHED are those that no piece comes by. Those that nobody can kill are listed in
 * tests/mutants.equivalent; any other survivor fails, or with -m more of them than leave PERCENT dead.
 * -q: a first look; a mutant meets the cases of its function's rules, at most twice so many other pieces, and no
 * programs. What it survives so it may yet die of.
 * -x: without those that are excused. They meet every piece that reaches them and take most of the time; whether a line still
 * excuses something is for a run of all.
 */
#define _GNU_SOURCE
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/mutant_items.h"
#include "tests/mutant_list.h"

enum { JOBS_MAX = 64, GROUPS_MAX = 64 };

_Static_assert((int)N_MUTANTS < (int)MUTANTS_MAX, "raise MUTANTS_MAX");

static const struct {
	unsigned n;
	const char *why;
} not_mutated[] = {
#define NOT_MUTATED(n, why) { n, why },
#include "not.inc"
#undef NOT_MUTATED
	{ 0, NULL },
};

static struct excuses excuses;
static int verbose;
static unsigned pieces; /* of each kind that a mutant meets at most; 0: all */
static struct item *richest[ITEMS_MAX];
static unsigned short *killer; /* by mutant: one more than the item that it failed; shared with the children */

enum fate { UNTRIED, LIVES, UNREACHED, KILLED, TIMED_OUT, CRASHED, EXCUSED, N_FATES };

static int is_reached(unsigned number)
{
	for (unsigned i = 0; i < n_items; i++)
		if (item_reaches(items[i], number))
			return 1;
	return 0;
}

/* The killer's number is written before the item is run: a crash or a hang has one, too. */
static void meet(unsigned number, const struct item *item)
{
	killer[number] = (unsigned short)item->number;
	setitimer(ITIMER_PROF, &item->limit, NULL);
	if (!item->holds(item))
		_exit(1);
}

/* Whether a line of the mutant's function names the rule. */
static int function_names(const struct mutant_place *p, const char *rule)
{
	const struct mutant_place *row = p;
	const char *at;

	while (row > mutant_places && !strcmp(row[-1].function, p->function) && !strcmp(row[-1].file, p->file))
		row--;
	for (; row < mutant_places + N_MUTANTS && !strcmp(row->function, p->function); row++)
		for (at = row->text; (at = strstr(at, "RULE_"));) {
			size_t len = strspn(at += 5, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

			if (len == strlen(rule) && !memcmp(at, rule, len))
				return 1;
		}
	return 0;
}

/* The cases of the rules that the function is about are the likeliest to tell. */
static void meet_cases(unsigned number)
{
	const char *last = "";
	int is_named = 0;

	for (unsigned i = 0; i < n_items; i++) {
		if (!items[i]->rule || !item_reaches(items[i], number))
			continue;
		if (items[i]->rule != last)
			is_named = function_names(&mutant_places[number - 1], items[i]->rule);
		last = items[i]->rule;
		if (is_named)
			meet(number, items[i]);
	}
}

/* For a first look: those that have killed lately, and those that come by the most mutants. */
static void meet_some(unsigned number)
{
	unsigned n = 0;

	for (unsigned i = 0; i < n_items && n < pieces; i++)
		if (item_reaches(items[i], number) && !items[i]->limit.it_value.tv_sec && ++n)
			meet(number, items[i]);
	for (unsigned i = 0; i < n_items && n < 2 * pieces; i++)
		if (item_reaches(richest[i], number) && !richest[i]->limit.it_value.tv_sec && ++n)
			meet(number, richest[i]);
	_exit(0);
}

static void be_mutant(unsigned number)
{
	mutant = number;
	meet_cases(number);
	if (pieces)
		meet_some(number);
	for (unsigned i = 0; i < n_items; i++)
		if (item_reaches(items[i], number))
			meet(number, items[i]);
	_exit(0);
}

static unsigned richness(const struct item *item)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sizeof(item->reaches); i++)
		n += (unsigned)__builtin_popcount(item->reaches[i]);
	return n;
}

static int by_richness(const void *a, const void *b)
{
	unsigned x = richness(*(struct item *const *)a), y = richness(*(struct item *const *)b);

	return x < y ? 1 : x > y ? -1 : 0;
}

static enum fate fate_of(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGPROF ? TIMED_OUT : CRASHED;
	return WEXITSTATUS(status) ? KILLED : LIVES;
}

static void print_one(unsigned number, enum fate fate)
{
	static const char *const word[N_FATES] = { [LIVES] = "survives", [UNREACHED] = "unreached", [KILLED] = "killed",
						   [TIMED_OUT] = "hung", [CRASHED] = "crashed", [EXCUSED] = "equal" };

	print_place(number, word[fate]);
	if (fate == KILLED || fate == TIMED_OUT || fate == CRASHED)
		for (unsigned i = 0; i < n_items; i++)
			if (items[i]->number == killer[number])
				printf("\tby %s\n", items[i]->name);
}

/* As it comes, so that a long run can be read before its end. */
static void settle(unsigned number, enum fate now, enum fate *fate)
{
	int is_bad = now == LIVES || now == UNREACHED;

	if (is_bad && excuse_of(&excuses, &mutant_places[number - 1])) {
		now = EXCUSED;
		is_bad = 0;
	}
	fate[number] = now;
	if (is_bad || verbose)
		print_one(number, now);
	fflush(stdout);
}

/* What has killed one mutant is likely to kill its neighbour: to the front with it, if it is quick. */
static void promote(unsigned number)
{
	struct item *item;
	unsigned i = 0;

	while (items[i]->number != number)
		i++;
	item = items[i];
	if (item->limit.it_value.tv_sec)
		return;
	memmove(items + 1, items, i * sizeof(items[0]));
	items[0] = item;
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
			if (!is_reached(job[i].number)) {
				settle(job[i].number, UNREACHED, fate);
				continue;
			}
			job[i].pid = fork();
			if (!job[i].pid)
				be_mutant(job[i].number);
			running++;
		}
		pid = running ? wait(&status) : 0;
		for (unsigned i = 0; i < jobs; i++) {
			if (!pid || job[i].pid != pid)
				continue;
			settle(job[i].number, fate_of(status), fate);
			if (fate[job[i].number] == KILLED)
				promote(killer[job[i].number]);
			job[i].pid = 0;
			running--;
		}
	}
}

static const char *kind_of(const struct mutant_place *p)
{
	return p->kind;
}

static const char *file_of(const struct mutant_place *p)
{
	return p->file;
}

static void print_table(const char *title, const char *(*group_of)(const struct mutant_place *), const enum fate *fate)
{
	const char *group[GROUPS_MAX] = { 0 };
	unsigned count[GROUPS_MAX][N_FATES] = { 0 }, all[N_FATES] = { 0 }, n = 0;

	for (unsigned i = 1; i <= N_MUTANTS; i++) {
		const char *word = group_of(&mutant_places[i - 1]);
		unsigned k = 0;

		while (k < n && strcmp(group[k], word))
			k++;
		if (k == n)
			group[n++] = word;
		count[k][fate[i]]++;
		all[fate[i]]++;
	}
	group[n] = "all";
	memcpy(count[n++], all, sizeof(all));
	printf("%-24s %8s %8s %8s %8s %8s %8s %9s\n", title, "mutants", "killed", "hung", "crashed", "equal", "survived",
	       "unreached");
	for (unsigned k = 0; k < n; k++) {
		const unsigned *c = count[k];
		unsigned total = 0;

		for (unsigned f = UNTRIED + 1; f < N_FATES; f++)
			total += c[f];
		if (total)
			printf("%-24s %8u %8u %8u %8u %8u %8u %9u\n", group[k], total, c[KILLED], c[TIMED_OUT],
			       c[CRASHED], c[EXCUSED], c[LIVES], c[UNREACHED]);
	}
}

static void print_tables(const enum fate *fate)
{
	unsigned tried = 0;

	for (unsigned i = 1; i <= N_MUTANTS; i++)
		tried += fate[i] != UNTRIED;
	print_table("kind", kind_of, fate);
	print_table("file", file_of, fate);
	for (unsigned i = 0; not_mutated[i].why; i++)
		if (not_mutated[i].n)
			printf("not mutated: %u, %s\n", not_mutated[i].n, not_mutated[i].why);
	printf("of %d mutants %u were tried\n", N_MUTANTS, tried);
}

/* With all tried, one that excused nothing; else, one whose source has moved on. */
static int is_idle(const struct excuse *e, int full)
{
	unsigned i = 0;

	while (!full && i < N_MUTANTS && !speaks_of(e, &mutant_places[i]))
		i++;
	return full ? !e->uses : i == N_MUTANTS;
}

static int report(const enum fate *fate, int full, unsigned percent)
{
	unsigned bad = 0, idle = 0, n = 0;

	for (unsigned i = 1; i <= N_MUTANTS; i++) {
		bad += fate[i] == LIVES || fate[i] == UNREACHED;
		n += fate[i] != UNTRIED;
	}
	for (unsigned i = 0; i < excuses.n; i++) {
		if (!is_idle(&excuses.v[i], full))
			continue;
		printf("tests/mutants.equivalent: nothing that survives is `%s :: %s :: %s :: %s`: take the line out\n",
		       excuses.v[i].file, excuses.v[i].function, excuses.v[i].kind, excuses.v[i].text);
		idle++;
	}
	print_tables(fate);
	return idle || bad * 100 > n * (100 - percent);
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

static unsigned leave_out_excused(unsigned *todo, unsigned n)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		if (!excuse_of(&excuses, &mutant_places[todo[i] - 1]))
			todo[kept++] = todo[i];
	return kept;
}

int main(int argc, char **argv)
{
	static unsigned todo[2 * N_MUTANTS];
	static enum fate fate[N_MUTANTS + 1];
	unsigned n = 0, n_sample = 0, percent = 100, jobs = 2, all = 1;
	uint32_t seed = 1;
	int opt;

	while ((opt = getopt(argc, argv, "f:j:m:n:q:s:vx")) >= 0) {
		if (opt == 'f' && n < N_MUTANTS)
			n = choose_mutants(todo, n, optarg);
		else if (opt == 'j' && atoi(optarg) > 0 && atoi(optarg) <= JOBS_MAX)
			jobs = (unsigned)atoi(optarg);
		else if (opt == 'n')
			n_sample = (unsigned)atoi(optarg);
		else if (opt == 'm')
			percent = (unsigned)atoi(optarg);
		else if (opt == 'q' && atoi(optarg) > 0)
			pieces = (unsigned)atoi(optarg);
		else if (opt == 's')
			seed = (uint32_t)atoi(optarg);
		else if (opt == 'v')
			verbose = 1;
		else if (opt == 'x')
			all = 0;
		else
			return 2;
	}
	killer = mmap(NULL, (N_MUTANTS + 1) * sizeof(*killer), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (killer == MAP_FAILED)
		return 3;
	excuses_read(&excuses, "tests/mutants.equivalent");
	items_make(dirname(argv[0]));
	memcpy(richest, items, n_items * sizeof(richest[0]));
	qsort(richest, n_items, sizeof(richest[0]), by_richness);
	for (int i = optind; i < argc && n < N_MUTANTS; i++)
		if (atoi(argv[i]) > 0 && atoi(argv[i]) <= N_MUTANTS)
			todo[n++] = (unsigned)atoi(argv[i]);
	if (!n)
		n = choose_mutants(todo, n, NULL);
	if (!all)
		n = leave_out_excused(todo, n);
	if (n_sample && n_sample < n) {
		sample(todo, n, n_sample, seed);
		n = n_sample;
	}
	try_all(todo, n, jobs, fate);
	return report(fate, n == N_MUTANTS, percent);
}
