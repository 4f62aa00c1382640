/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does a campaign find a CPU that is wrong? blind [-m PERCENT] [-n SAMPLE] [-s SEED] [-t SECONDS] [NUMBER...]
 * The CPU is a mutant of the model behind a fake guest, once as Intel's and once as AMD's, in turn.
 * What looks for it is what `trainwreck fuzz` runs: the shipped seeds, the steps' mutator, coverage,
 * the oracle and its confirmation, in one process instead of AFL++'s two. Times are of one core, those
 * of the guest included.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/mutate.h"
#include "host/seqfile.h"
#include "host/target.h"
#include "tests/fakeguest.h"
#include "tests/mutant.h"
#include "tests/mutant_list.h"

enum { PATHS_MAX = 1024, QUEUE_MAX = 4096, MAP_LEN = 65536, DEADLINE_MS = 200, GUEST_MS = 100 };

/* The model with mistakes; everything else here is the model itself. */
void wrong_model_predict(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
			 const struct path *path, struct trace *ret_trace);

static sigjmp_buf died;

static void die(int signal_number)
{
	siglongjmp(died, signal_number);
}

/*
 * The guest's process. Where the manual leaves a choice this CPU has a habit, as
 * silicon has; which one depends on the mutant.
 */
static void answer(const uint8_t *bytes, size_t len, void *arg, struct fake_run *ret_run)
{
	static struct trace t;
	static struct overlay habits;
	static const struct itimerval limit = { .it_value = { 0, GUEST_MS * 1000 } }, none;
	uint32_t hash = crc32_ieee(0, &mutant, sizeof(mutant));
	struct seq seq;

	seq_decode(&seq, bytes, len);
	for (unsigned i = 0; i < N_RULES; i++)
		habits.habit[i] = (uint8_t)(hash >> i % 32 & 1);
	signal(SIGSEGV, die);
	signal(SIGBUS, die);
	signal(SIGFPE, die);
	signal(SIGPROF, die);
	setitimer(ITIMER_PROF, &limit, NULL);
	if (sigsetjmp(died, 1)) {
		ret_run->mischief = FAKE_SILENT;
		return;
	}
	wrong_model_predict(&seq, arg, &habits, NULL, &t);
	setitimer(ITIMER_PROF, &none, NULL);
	if (t.outcome != OUTCOME_DONE || t.n > RECORDS_MAX + 1) {
		ret_run->mischief = FAKE_SILENT;
		return;
	}
	ret_run->n = t.n;
	memcpy(ret_run->rec, t.rec, t.n * sizeof(t.rec[0]));
}

struct hunt {
	struct fakeguest guest;
	struct target target;
	struct seq queue[QUEUE_MAX];
	unsigned n;
	uint8_t seen[MAP_LEN];
};

struct outcome_of {
	int found, broken;
	double seconds;
	unsigned runs;
	char signature[SIGNATURE_CAP], vendor[8];
};

static double core_seconds(const struct hunt *hunts)
{
	clockid_t clock;
	struct timespec t;
	double sum = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	sum += (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	for (unsigned i = 0; i < 2; i++) {
		if (clock_getcpuclockid(hunts[i].guest.pid, &clock) || clock_gettime(clock, &t))
			continue;
		sum += (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	}
	return sum;
}

static int begin(struct hunt *h, const char *vendor, const char *dir, char *why, size_t cap)
{
	h->guest = (struct fakeguest){ .profile = *profile_named(vendor), .run = answer,
				       .arg = (void *)(uintptr_t)profile_named(vendor) };
	if (fakeguest_start(&h->guest))
		return -1;
	h->target.opts.spec = h->guest.spec;
	h->target.source = (struct finding_source){ .spec = h->guest.spec };
	h->target.oracle.deadline_ms = DEADLINE_MS;
	if (target_open(&h->target, dir, why, cap))
		return -1;
	/* a fake guest can be silent, but cannot say that it shut down */
	h->target.oracle.death_stride = UINT32_MAX;
	return 0;
}

/* Whether a CPU that is as the manual says may shut down, or wait for ever. */
static int may_end_otherwise(const struct seq *seq, const struct profile *profile)
{
	static struct trace t;
	struct path path = { 0 };
	unsigned n = 0;

	do {
		model_predict(seq, profile, NULL, &path, &t);
		if (t.outcome != OUTCOME_DONE)
			return 1;
		path = t.path;
	} while (++n < PATHS_MAX && path_next(&path));
	return n == PATHS_MAX;
}

/* 1: a confirmed difference. */
static int run(struct hunt *h, const struct seq *seq)
{
	static uint8_t map[MAP_LEN];
	uint8_t bytes[SEQ_BYTES_MAX];
	int new = 0, signal_number;

	memset(map, 0, sizeof(map));
	signal_number = target_run(&h->target, bytes, seq_encode(seq, bytes), map, sizeof(map));
	if (signal_number < 0)
		return -1;
	/* a fake guest that shuts down can but be silent, also where the manual leaves it the choice */
	if (signal_number)
		return h->target.now.r.verdict != VERDICT_HANG ||
		       !may_end_otherwise(&h->target.now.seq, &h->guest.profile);
	for (unsigned i = 0; i < MAP_LEN; i++) {
		new |= map[i] && !h->seen[i];
		h->seen[i] |= map[i];
	}
	if (new && h->n < QUEUE_MAX)
		h->queue[h->n++] = *seq;
	return 0;
}

static const struct seq *next_seq(struct hunt *h, const struct seq_cases *seeds, unsigned i, struct mutator *m)
{
	static struct seq s;

	if (i < seeds->n)
		return &seeds->v[i].seq;
	s = h->queue[mutate_below(m, h->n)];
	m->max_steps = STEPS_MAX;
	mutate(m, &s, &h->queue[mutate_below(m, h->n)]);
	return &s;
}

static void campaign(unsigned number, double seconds, const struct seq_cases *seeds, const char *dir,
		     struct outcome_of *ret)
{
	static struct hunt hunts[2];
	static const char *const vendor[2] = { "intel", "amd" };
	struct mutator m;
	char why[512] = "";
	double start;

	mutant = number;
	mutant_is_cpu = 1;
	mutate_seed(&m, number);
	for (unsigned k = 0; k < 2; k++) {
		if (begin(&hunts[k], vendor[k], dir, why, sizeof(why))) {
			fprintf(stderr, "%u: no fake guest: %s\n", number, why);
			ret->broken = 1;
			return;
		}
	}
	start = core_seconds(hunts);
	for (unsigned i = 0; !ret->found && ret->seconds < seconds; i++) {
		for (unsigned k = 0; k < 2 && !ret->found; k++) {
			ret->found = run(&hunts[k], next_seq(&hunts[k], seeds, i, &m));
			ret->runs++;
			snprintf(ret->vendor, sizeof(ret->vendor), "%s", vendor[k]);
			memcpy(ret->signature, hunts[k].target.now.r.signature, sizeof(ret->signature));
		}
		ret->seconds = core_seconds(hunts) - start;
	}
	for (unsigned k = 0; k < 2; k++)
		fakeguest_stop(&hunts[k].guest);
}

/* A sound CPU first: what is found in it is a false alarm. */
static int is_quiet(const struct seq_cases *seeds, const char *dir, struct outcome_of *o, double seconds)
{
	pid_t pid = fork();

	if (!pid) {
		campaign(0, seconds, seeds, dir, o);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	printf("blind: the model itself as the CPU: %u runs in %.1f s, %s\n", o->runs, o->seconds,
	       o->found || !o->runs ? "A FALSE ALARM or no run" : "nothing found");
	if (o->found)
		printf("blind: on %s: %s\n", o->vendor, o->signature);
	return !o->found && o->runs;
}

static int by_seconds(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* One after another, each in a process of its own. */
static int hunt_all(const unsigned *todo, unsigned n, double seconds, unsigned percent)
{
	static struct seq_cases seeds;
	static double times[N_MUTANTS];
	char why[512], dir[] = "/tmp/trainwreck-blind.XXXXXX", command[64];
	struct outcome_of *o = mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	static struct excuses unseen;
	unsigned n_found = 0, n_unseen = 0, runs = 0;

	excuses_read(&unseen, "tests/mutants.unseen");
	if (seq_cases_add(&seeds, "corpus", why, sizeof(why)) || o == MAP_FAILED || !mkdtemp(dir)) {
		fprintf(stderr, "blind: run this in the source tree, with room in /tmp: %s\n", why);
		return 3;
	}
	if (!is_quiet(&seeds, dir, o, seconds < 5 ? seconds : 5)) {
		printf("blind: look into %s/findings\n", dir);
		return 1;
	}
	for (unsigned i = 0; i < n; i++) {
		const char *why_not;
		char word[500];
		int status;
		pid_t pid;

		memset(o, 0, sizeof(*o));
		fflush(stdout);
		pid = fork();
		if (!pid) {
			campaign(todo[i], seconds, &seeds, dir, o);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		if (o->found > 0) {
			snprintf(word, sizeof(word), "%.2f s, %u runs, %s, %s:", o->seconds, o->runs, o->vendor, o->signature);
			times[n_found++] = o->seconds;
		} else if ((why_not = excuse_of(&unseen, &mutant_places[todo[i] - 1]))) {
			snprintf(word, sizeof(word), "no other CPU, %u runs (%s):", o->runs, why_not);
			n_unseen++;
		} else {
			snprintf(word, sizeof(word), "NOT FOUND in %.0f s, %u runs, status %d:", o->seconds, o->runs, status);
		}
		print_place(todo[i], word);
		runs += o->runs;
	}
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command))
		fprintf(stderr, "blind: %s is left over; remove it\n", dir);
	qsort(times, n_found, sizeof(times[0]), by_seconds);
	printf("blind: %u of %u mutants found, median %.2f s, longest %.2f s; of those that were not, %u are no other CPU "
	       "(tests/mutants.unseen); %u runs\n", n_found, n, n_found ? times[n_found / 2] : 0,
	       n_found ? times[n_found - 1] : 0, n_unseen, runs);
	return !n_found || n_found * 100 < (n - n_unseen) * percent;
}

/* Those that are another model. */
static unsigned candidates(unsigned *ret_todo)
{
	static struct excuses equal;
	unsigned n = 0;

	excuses_read(&equal, "tests/mutants.equivalent");
	for (unsigned i = 1; i <= N_MUTANTS; i++) {
		if (!excuse_of(&equal, &mutant_places[i - 1]))
			ret_todo[n++] = i;
	}
	printf("blind: of %d mutants %u are the model itself (tests/mutants.equivalent); the sample is of the other %u\n",
	       N_MUTANTS, N_MUTANTS - n, n);
	return n;
}

int main(int argc, char **argv)
{
	static unsigned todo[N_MUTANTS];
	unsigned n = 0, n_sample = 300, percent = 100;
	uint32_t seed = 1;
	double seconds = 60;
	int opt;

	while ((opt = getopt(argc, argv, "m:n:s:t:")) >= 0) {
		if (opt == 'n')
			n_sample = (unsigned)atoi(optarg);
		else if (opt == 'm')
			percent = (unsigned)atoi(optarg);
		else if (opt == 's')
			seed = (uint32_t)atoi(optarg);
		else if (opt == 't')
			seconds = atof(optarg);
		else
			return 2;
	}
	for (int i = optind; i < argc; i++)
		todo[n++] = (unsigned)atoi(argv[i]);
	if (!n) {
		n = candidates(todo);
		sample(todo, n, n_sample, seed);
		n = n_sample < n ? n_sample : n;
	}
	return hunt_all(todo, n, seconds, percent);
}
