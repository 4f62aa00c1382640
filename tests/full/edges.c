/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequences that tell mutants of the model from the model, so that recorded.def and a campaign's seeds do:
 *     edges [-k TRIES] [-l LIST] [-o FOLDER] [-s SEED] [-t SECONDS] POOL...
 * POOL: folders of sequences, as text or as AFL++ leaves them. Those that the corpus tells already are left out
 * (make recorded before). A mutant is told when the set of traces that it allows is another, on one of the
 * recorded CPUs. The pool is gone through in random order and then mutated, until SECONDS of processor time
 * are over or every mutant has been looked at TRIES times. LIST: what `mutants` printed: only its survivors are looked for. What was found is reduced to few sequences and
 * each to few steps, and written to FOLDER with its claim.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/mutate.h"
#include "tests/full/edges.h"
#include "tests/model_case.h"
#include "tests/mutant.h"
#include "tests/mutant_list.h"
#include "tests/recorded.h"

enum { FOUND_MAX = 4096, OUTCOMES_MAX = 8, STEPS_FOUND_MAX = 40 };

/* OURS: the corpus tells it. TOLD: a sequence that was found does. KEPT: one that is kept does. */
static enum { LEFT, OURS, TOLD, KEPT } state[N_MUTANTS + 1];
static uint8_t *told; /* by the sequence just tried; shared with the child */
static unsigned *trying; /* how far it is in `todo`, so too */
static unsigned short tries[N_MUTANTS + 1];
static unsigned *todo, n_todo; /* the child cannot write to it, whatever a mutant does */
static unsigned first_cpu, n_cpus = 1; /* to look on: one at a time while there is much to find */
static struct found found[FOUND_MAX];
static unsigned n_found, n_tried;

/* A sequence that every recorded CPU can run to an end that the model can name, in few ways. */
static int is_fit(const struct seq *seq)
{
	static struct trace t;

	if (!seq->n_steps || seq->n_steps > STEPS_FOUND_MAX || seq_needs(seq) & HOSTED)
		return 0;
	for (unsigned i = 0; i < seq->n_steps; i++)
		if (op_is_slow(seq->step[i].op))
			return 0;
	for (unsigned i = 0; i < N_RECORDED_CPUS; i++) {
		const struct profile *p = &recorded_cpus[i].profile;
		struct path path = { 0 };
		unsigned n = 0;

		if (model_lacks(seq, p))
			return 0;
		do {
			model_predict(seq, p, NULL, &path, &t);
			if (t.unchecked || t.outcome != OUTCOME_DONE || t.broken.rule)
				return 0;
			path = t.path;
		} while (path_next(&path) && ++n < OUTCOMES_MAX);
		if (n == OUTCOMES_MAX)
			return 0;
	}
	return 1;
}

/* In a process of its own: what a mutant damages ends with it, and it ends when it crashes or takes too long. */
static void try_todo(const struct seq *seq)
{
	static const struct itimerval limit = { .it_value = { 0, 30000 } };
	struct recorded_traces was[N_RECORDED_CPUS], now;
	const unsigned last = n_todo, end = first_cpu + n_cpus;

	mprotect(todo, (N_MUTANTS + 1) * sizeof(*todo), PROT_READ);
	mutant = 0;
	for (unsigned k = first_cpu; k < end; k++)
		recorded_follow(seq, &recorded_cpus[k].profile, NULL, &was[k]);
	for (unsigned i = *trying; i < last; i++) {
		*trying = i;
		mutant = todo[i];
		setitimer(ITIMER_PROF, &limit, NULL);
		for (unsigned k = first_cpu; k < end && !told[mutant]; k++)
			told[mutant] = !recorded_follow(seq, &recorded_cpus[k].profile, &was[k], &now);
	}
	*trying = last;
}

/* How many of `todo` the sequence tells; told[] says which. */
static unsigned tell(const struct seq *seq)
{
	unsigned n = 0;

	memset(told, 0, N_MUTANTS + 1);
	*trying = 0;
	while (*trying < n_todo) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			try_todo(seq);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		if (WIFSIGNALED(status))
			told[todo[(*trying)++]] = 1;
	}
	n_tried++;
	for (unsigned i = 0; i < n_todo; i++)
		n += told[todo[i]];
	return n;
}

static void reach(const struct seq *seq)
{
	unsigned n;

	mutant = 0;
	memset(mutant_reached, 0, sizeof(mutant_reached));
	for (unsigned i = first_cpu; i < first_cpu + n_cpus; i++)
		recorded_set(seq, &recorded_cpus[i].profile, &n);
}

static void consider(const struct seq *seq, unsigned tries_max, int is_ours)
{
	unsigned n;

	first_cpu = (first_cpu + 1) % N_RECORDED_CPUS;
	if (!is_ours && !is_fit(seq))
		return;
	reach(seq);
	n_todo = 0;
	for (unsigned i = 1; i <= N_MUTANTS; i++)
		if (state[i] == LEFT && mutant_reached[i] && tries[i] < tries_max)
			todo[n_todo++] = i;
	n = n_todo ? tell(seq) : 0;
	for (unsigned i = 0; i < n_todo; i++) {
		tries[todo[i]] += !is_ours;
		if (told[todo[i]])
			state[todo[i]] = is_ours ? OURS : TOLD;
	}
	if (n && !is_ours && n_found < FOUND_MAX)
		found[n_found++].seq = *seq;
}

/* The last ones found tell what nobody else did: from them backwards, each keeps what is not told yet. */
static void assign(void)
{
	for (unsigned k = n_found; k-- > 0;) {
		struct found *f = &found[k];

		reach(&f->seq);
		n_todo = 0;
		for (unsigned i = 1; i <= N_MUTANTS; i++)
			if (state[i] == TOLD && mutant_reached[i])
				todo[n_todo++] = i;
		if (!n_todo || !tell(&f->seq))
			continue;
		f->tells = calloc(n_todo, sizeof(*f->tells));
		for (unsigned i = 0; f->tells && i < n_todo; i++)
			if (told[todo[i]]) {
				f->tells[f->n_tells++] = todo[i];
				state[todo[i]] = KEPT;
			}
	}
}

static int still_tells(const struct found *f, const struct seq *seq)
{
	if (!is_fit(seq))
		return 0;
	n_todo = f->n_tells;
	memcpy(todo, f->tells, n_todo * sizeof(todo[0]));
	return tell(seq) == f->n_tells;
}

/* Without each step in turn, without its prefix and its argument, from a plain start. */
static void reduce(struct found *f)
{
	struct seq s;

	for (unsigned i = f->seq.n_steps; i-- > 0;) {
		s = f->seq;
		s.n_steps--;
		memmove(&s.step[i], &s.step[i + 1], (s.n_steps - i) * sizeof(s.step[0]));
		if (still_tells(f, &s))
			f->seq = s;
	}
	for (unsigned i = 0; i < f->seq.n_steps; i++) {
		s = f->seq;
		s.step[i].prefix = 0;
		if (f->seq.step[i].prefix && still_tells(f, &s))
			f->seq = s;
		s = f->seq;
		s.step[i].arg = 0;
		if (f->seq.step[i].arg && still_tells(f, &s))
			f->seq = s;
	}
	for (unsigned i = 0; i < SEQ_HEADER_LEN; i++) {
		s = f->seq;
		*(i == 0 ? &s.ring : i == 1 ? &s.flags : i == 2 ? &s.layout : &s.style) = 0;
		if (memcmp(&s, &f->seq, sizeof(s)) && still_tells(f, &s))
			f->seq = s;
	}
}

static double seconds(void)
{
	struct rusage own, children;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	return (double)(own.ru_utime.tv_sec + children.ru_utime.tv_sec) +
	       (double)(own.ru_utime.tv_usec + children.ru_utime.tv_usec) / 1e6;
}

static void say(const char *what)
{
	unsigned left = 0;

	for (unsigned i = 1; i <= N_MUTANTS; i++)
		left += state[i] == LEFT;
	fprintf(stderr, "edges: %s: %u sequences tried in %.0f s, %u found, %u of %d mutants left\n", what, n_tried,
		seconds(), n_found, left, N_MUTANTS);
}

/* The corpus has its rows already, and the cases of the tests are short. */
static void search_ours(unsigned tries_max)
{
	struct seq s;
	char why[512], path[512];

	for (unsigned i = 0; i < N_RECORDED; i++) {
		snprintf(path, sizeof(path), "corpus/%s", recorded[i].file);
		if (!seq_load(path, &s, why, sizeof(why)))
			consider(&s, UINT16_MAX, 1);
	}
	say("the corpus");
	for (unsigned i = 0; i < N_MODEL_CASES; i++)
		if (!parse_case(&model_cases[i], &s))
			consider(&s, tries_max, 0);
	say("the cases");
}

static void search(const struct seq_cases *pool, unsigned tries_max, double limit, uint32_t seed)
{
	struct mutator m;
	struct seq s;

	mutate_seed(&m, seed);
	m.max_steps = STEPS_FOUND_MAX;
	for (size_t i = 0; i < pool->n && seconds() < limit; i++) {
		consider(&pool->v[mutate_below(&m, (unsigned)pool->n)].seq, tries_max, 0);
		if (i % 2000 == 1999)
			say("the pool");
	}
	for (unsigned i = 0; pool->n && seconds() < limit; i++) {
		s = n_found && i % 2 ? found[mutate_below(&m, n_found)].seq : pool->v[mutate_below(&m, (unsigned)pool->n)].seq;
		mutate(&m, &s, &pool->v[mutate_below(&m, (unsigned)pool->n)].seq);
		seq_fold(&s);
		consider(&s, tries_max * 4, 0);
		if (i % 5000 == 4999)
			say("mutated");
	}
	say("mutated");
}

static void write_all(const char *folder)
{
	unsigned n = 0;

	for (unsigned k = 0; k < n_found; k++) {
		if (!found[k].n_tells)
			continue;
		reduce(&found[k]);
		mutant = 0;
		edge_write(&found[k], folder);
		n++;
	}
	fprintf(stderr, "edges: %u sequences written to %s; run them on the engines, then `make recorded`\n", n, folder);
}

/* All others count as told. */
static void only_listed(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[4096];
	unsigned number;

	if (!f) {
		fprintf(stderr, "edges: %s cannot be read; write there what build/mutants/mutants prints\n", path);
		exit(2);
	}
	for (unsigned i = 1; i <= N_MUTANTS; i++)
		state[i] = OURS;
	while (fgets(line, sizeof(line), f))
		if ((sscanf(line, "survives %u:", &number) == 1 || sscanf(line, "unreached %u:", &number) == 1) &&
		    number <= N_MUTANTS)
			state[number] = LEFT;
	fclose(f);
}

int main(int argc, char **argv)
{
	struct seq_cases pool = { 0 };
	const char *folder = "corpus/edges", *list = NULL;
	unsigned tries_max = 40;
	uint32_t seed = 1;
	double limit = 300;
	char why[512];
	int opt;

	while ((opt = getopt(argc, argv, "k:l:o:s:t:")) >= 0) {
		if (opt == 'k')
			tries_max = (unsigned)atoi(optarg);
		else if (opt == 'l')
			list = optarg;
		else if (opt == 'o')
			folder = optarg;
		else if (opt == 's')
			seed = (uint32_t)atoi(optarg);
		else if (opt == 't')
			limit = atof(optarg);
		else
			return 2;
	}
	for (int i = optind; i < argc; i++)
		if (seq_cases_add(&pool, argv[i], why, sizeof(why))) {
			fprintf(stderr, "edges: %s\n", why);
			return 2;
		}
	told = mmap(NULL, N_MUTANTS + 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	todo = mmap(NULL, (N_MUTANTS + 1) * sizeof(*todo), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	trying = mmap(NULL, sizeof(*trying), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED || trying == MAP_FAILED || todo == MAP_FAILED)
		return 3;
	if (list)
		only_listed(list);
	else
		search_ours(tries_max);
	search(&pool, tries_max, limit, seed);
	first_cpu = 0;
	n_cpus = N_RECORDED_CPUS;
	assign();
	write_all(folder);
	for (unsigned i = 1; i <= N_MUTANTS; i++)
		if (state[i] == LEFT)
			print_place(i, tries[i] ? "left" : "unreached");
	return 0;
}
