/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "tests/mutant_items.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "efi/abi/wire.h"
#include "host/seqfile.h"
#include "tests/model_agreed.h"
#include "tests/recorded.h"

enum { LIMIT_FACTOR = 20, LIMIT_LEAST_MS = 200 };

struct item *items[ITEMS_MAX];
unsigned n_items;

static char folder[512];

/* The model's other tests, linked with the mutants too, but for those of their tests that are items here. */
static const struct program {
	const char *name, *skip;
} programs[] = {
	{ "test_model_known", "" },
	{ "test_model_rules", "" },
	{ "test_model_state", "" },
	{ "test_mask", "" },
	{ "test_styles", "with_all_guards_the_corpus_breaks_nothing" },
	{ "test_model_paths", "every_path_of_every_case_is_agreed_to" },
};

/* Of all that the model says of a case, on so many of its paths. */
static uint64_t digest_of(const struct model_case *c, enum case_profile which, unsigned n_paths)
{
	static struct trace t;
	struct path path = { 0 };
	uint64_t digest = 0;
	struct seq seq;
	unsigned n = 0;

	if (parse_case(c, &seq))
		return 0;
	do {
		uint32_t sum = 0;

		model_predict(&seq, case_profile(which), NULL, &path, &t);
		path = t.path;
		t.insns = 0;
		sum = crc32_ieee(sum, t.rec, t.n * sizeof(t.rec[0]));
		sum = crc32_ieee(sum, t.why, t.n * sizeof(t.why[0]));
		sum = crc32_ieee(sum, &t, offsetof(struct trace, rec));
		sum = crc32_ieee(sum, &t.death, sizeof(t) - offsetof(struct trace, death));
		digest = digest * 0x9e3779b97f4a7c15 + sum;
	} while (++n < n_paths && path_next(&path));
	return digest;
}

/* What the model would say, the tests have passed already; the search through the paths is most of them. */
static int a_case(const struct item *i)
{
	enum case_profile which = (enum case_profile)i->in;

	if (i->digest && i->first == digest_of(i->of, which, 1) && i->digest == digest_of(i->of, which, CASE_PATHS_MAX))
		return 1;
	return case_holds(i->of, which, NULL, 0) && case_is_agreed_to(i->of, which);
}

static struct seq_cases recorded_seqs; /* by row */
static struct known known[N_RECORDED_CPUS];

/* As test_recorded: the set is the same when each trace is one of the model's and as many are. */
static int a_recorded(const struct item *i)
{
	const struct recorded *r = i->of;
	const struct profile *profile = &recorded_cpus[r->cpu].profile;
	const struct seq *seq = &recorded_seqs.v[r - recorded].seq;
	struct recorded_traces now;

	if (!i->traces->n)
		return !recorded_differs(r, seq, &known[r->cpu]);
	return recorded_follow(seq, profile, i->traces, &now) &&
	       (r->how != KNOWN || recorded_is_allowed(r, seq, profile, &known[r->cpu].overlay));
}

/* In one style of the six that test_styles takes, its own if it has one: all of them would be most of the time, for next to nothing. */
static int a_style(const struct item *i)
{
	return style_is_kept(i->of, i->in, INTEL) && style_is_kept(i->of, i->in, AMD);
}

static int a_program(const struct item *i)
{
	const struct program *p = i->of;
	char path[600], number[16];
	int status;
	pid_t pid = fork();

	if (!pid) {
		snprintf(number, sizeof(number), "%u", mutant);
		setenv("MUTANT", number, 1);
		setenv("MUTANT_SKIP", p->skip, 1);
		setitimer(ITIMER_PROF, &i->limit, NULL);
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(3);
		snprintf(path, sizeof(path), "%s/%s", folder, p->name);
		execl(path, path, (char *)NULL);
		_exit(3);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		raise(WTERMSIG(status));
	return !WEXITSTATUS(status);
}

static void give_up(const char *why)
{
	fprintf(stderr, "%s; run this in the source tree\n", why);
	exit(3);
}

static void add(const char *name, int (*holds)(const struct item *), const void *of, unsigned in)
{
	struct item *i = calloc(1, sizeof(*i));

	if (!i || n_items == ITEMS_MAX) {
		fprintf(stderr, "no room for test %u: raise ITEMS_MAX\n", n_items);
		exit(3);
	}
	*i = (struct item){ .name = name, .number = n_items, .holds = holds, .of = of, .in = in };
	items[n_items++] = i;
}

static double processor_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What a program has reached it leaves in a file. */
static void read_reached(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f || fread(mutant_reached, sizeof(mutant_reached), 1, f) != 1) {
		fprintf(stderr, "%s: a test has left nothing there; `make tests` first\n", path);
		exit(3);
	}
	fclose(f);
	unlink(path);
}

static void measure(struct item *i)
{
	char path[64];
	double seconds = processor_seconds();
	int is_program = i->holds == a_program;

	snprintf(path, sizeof(path), "/tmp/trainwreck-reached.%u", (unsigned)getpid());
	if (is_program)
		setenv("MUTANT_REACHED", path, 1);
	memset(mutant_reached, 0, sizeof(mutant_reached));
	if (!i->holds(i)) {
		fprintf(stderr, "with no mutant `%s` fails already: `make unit` first\n", i->name);
		exit(1);
	}
	if (i->holds == a_case) {
		i->first = digest_of(i->of, (enum case_profile)i->in, 1);
		i->digest = digest_of(i->of, (enum case_profile)i->in, CASE_PATHS_MAX);
	}
	if (i->traces) {
		const struct recorded *r = i->of;

		recorded_follow(&recorded_seqs.v[r - recorded].seq, &recorded_cpus[r->cpu].profile, NULL, i->traces);
	}
	seconds = is_program ? 1 : processor_seconds() - seconds;
	if (is_program) {
		read_reached(path);
		unsetenv("MUTANT_REACHED");
	}
	seconds = seconds * LIMIT_FACTOR + LIMIT_LEAST_MS / 1000.0;
	i->limit.it_value.tv_sec = (time_t)seconds;
	i->limit.it_value.tv_usec = (suseconds_t)((seconds - (double)i->limit.it_value.tv_sec) * 1e6);
	for (unsigned n = 0; n < MUTANTS_MAX; n++)
		i->reaches[n / 8] |= (uint8_t)(mutant_reached[n] << n % 8);
}

static int by_time(const void *a, const void *b)
{
	const struct timeval *x = &(*(struct item *const *)a)->limit.it_value;
	const struct timeval *y = &(*(struct item *const *)b)->limit.it_value;

	return x->tv_sec != y->tv_sec ? (x->tv_sec < y->tv_sec ? -1 : 1) :
	       x->tv_usec != y->tv_usec ? (x->tv_usec < y->tv_usec ? -1 : 1) : 0;
}

static void add_recorded(void)
{
	char path[512], why[512];

	setenv("TRAINWRECK_KNOWN", "fuzz/known", 0);
	for (unsigned i = 0; i < N_RECORDED_CPUS; i++)
		if (known_load(&known[i], recorded_cpus[i].engine, recorded_cpus[i].version, why, sizeof(why)))
			give_up(why);
	for (unsigned i = 0; i < N_RECORDED; i++) {
		snprintf(path, sizeof(path), "corpus/%s", recorded[i].file);
		if (seq_cases_add(&recorded_seqs, path, why, sizeof(why)))
			give_up(why);
	}
	for (unsigned i = 0; i < N_RECORDED; i++) {
		if (recorded_is_stale(&recorded[i], &recorded_seqs.v[i].seq))
			continue;
		add(recorded[i].file, a_recorded, &recorded[i], 0);
		items[n_items - 1]->traces = calloc(1, sizeof(struct recorded_traces));
		if (!items[n_items - 1]->traces)
			give_up("no memory");
	}
}

void items_make(const char *programs_folder)
{
	static struct seq_cases corpus;
	char why[512];

	snprintf(folder, sizeof(folder), "%s", programs_folder);
	if (seq_cases_add(&corpus, "corpus", why, sizeof(why)))
		give_up(why);
	add_recorded();
	for (unsigned i = 0; i < 2 * N_MODEL_CASES; i++) {
		const struct model_case *c = &model_cases[i / 2];
		enum case_profile which = i % 2 ? AMD : INTEL;

		if (!(c->profile & which))
			continue;
		add(c->seq, a_case, c, which);
		items[n_items - 1]->rule = rule_info[c->rule].name;
	}
	for (size_t i = 0; i < corpus.n; i++)
		add(corpus.v[i].name, a_style, &corpus.v[i].seq,
		    style_of(&corpus.v[i].seq) ? style_of(&corpus.v[i].seq) : 1 + i % (N_STYLES - 1));
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		add(programs[i].name, a_program, &programs[i], 0);
	for (unsigned i = 0; i < n_items; i++)
		measure(items[i]);
	qsort(items, n_items, sizeof(items[0]), by_time);
}
