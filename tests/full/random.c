/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing that a run does may reach another one: random [-n N] [-s SEED] [ENGINE]. N random sequences run from a
 * fresh state each, and then one after the other in another order. Where the manual leaves no choice both must
 * deliver the same trace, byte for byte; where it does, each one that it allows. No ERROR, and no difference that is not known.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/mutate.h"
#include "fuzz/style.h"
#include "fuzz/text.h"
#include "host/oracle.h"

enum { DEADLINE_MS = 3000, STEPS_RANDOM_MAX = 24 };

/* What a sequence did when it ran alone. */
struct alone {
	uint64_t hash;
	uint8_t verdict, outcome;
	uint8_t may_vary; /* the manual leaves a choice, or the model does not follow it to its end */
};

static struct oracle o = { .deadline_ms = DEADLINE_MS, .death_stride = 1 };
static struct engine_opts opts;
static struct known known;
static struct result r;
static unsigned n_bad, n_skip, n_death, n_vary;

static void fail(const char *what, const char *words)
{
	fprintf(stderr, "random: %s: %s\n", what, words);
	exit(3);
}

static void start(void)
{
	char why[1024];

	if (oracle_start(&o, &opts, why, sizeof(why)))
		fail("no engine", why);
}

/* The sequence of that number: always the same one. */
static struct seq make(uint64_t seed, unsigned number)
{
	struct mutator m = { .max_steps = STEPS_MAX };
	uint8_t head[SEQ_HEADER_LEN];
	struct seq seq;

	mutate_seed(&m, (seed << 32) + number);
	for (unsigned i = 0; i < sizeof(head); i++)
		head[i] = (uint8_t)mutate_below(&m, 256);
	seq_decode(&seq, head, sizeof(head));
	for (unsigned n = 1 + mutate_below(&m, STEPS_RANDOM_MAX); n; n--)
		seq.step[seq.n_steps++] = mutate_step(&m);
	seq_fold(&seq);
	seq.style = style_byte(style_of(&seq), 0);
	return seq;
}

static void bad(const struct seq *seq, const char *what, const char *words)
{
	char text[8192];

	n_bad++;
	if (seq_print(seq, text, sizeof(text)) < 0)
		text[0] = 0;
	printf("# %s: %s\n%s\n", what, words, text);
	fflush(stdout);
}

static void run(const struct seq *seq)
{
	if (o.broken)
		start();
	oracle_run(&o, seq, &r);
	if (is_unknown(&r))
		oracle_confirm(&o, seq, &r);
	if (r.verdict == VERDICT_ERROR)
		bad(seq, "ERROR", r.reason);
	else if (is_unknown(&r))
		bad(seq, "unknown difference", r.signature);
}

static struct alone run_alone(const struct seq *seq)
{
	if (!o.broken)
		oracle_recover(&o, &r);
	run(seq);
	n_skip += r.verdict == VERDICT_SKIP;
	n_death += r.outcome != OUTCOME_DONE;
	const int may_vary = r.j.trace.path.n != 0 || r.j.trace.unchecked;
	n_vary += (unsigned)may_vary;
	return (struct alone){ .hash = r.hash, .verdict = (uint8_t)r.verdict, .outcome = (uint8_t)r.outcome,
			       .may_vary = (uint8_t)may_vary };
}

static void run_behind_others(const struct seq *seq, const struct alone *a)
{
	char words[128];

	if (a->verdict == VERDICT_SKIP || a->verdict == VERDICT_ERROR)
		return;
	run(seq);
	if (r.verdict == VERDICT_ERROR || a->may_vary || (r.outcome == a->outcome && r.hash == a->hash))
		return;
	snprintf(words, sizeof(words), "%s %#" PRIx64 " alone, %s %#" PRIx64 " behind others", outcome_name(a->outcome), a->hash,
		 outcome_name(r.outcome), r.hash);
	bad(seq, "something is left over", words);
}

static void shuffle(unsigned *order, unsigned n, uint64_t seed)
{
	struct mutator m = { .max_steps = STEPS_MAX };

	mutate_seed(&m, ~seed);
	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	for (unsigned i = n; i > 1; i--) {
		unsigned k = mutate_below(&m, i), was = order[i - 1];

		order[i - 1] = order[k];
		order[k] = was;
	}
}

int main(int argc, char **argv)
{
	unsigned n = 1000;
	uint64_t seed = 1;
	char why[512];
	int opt;

	while ((opt = getopt(argc, argv, "n:s:")) >= 0) {
		if (opt == 'n')
			n = (unsigned)strtoul(optarg, NULL, 0);
		else if (opt == 's')
			seed = strtoull(optarg, NULL, 0);
		else
			fail("usage", "random [-n N] [-s SEED] [ENGINE]");
	}
	opts.spec = argv[optind] ? argv[optind] : "qemu";
	setenv("TRAINWRECK_KNOWN", "fuzz/known", 0);
	start();
	if (oracle_know(&o, &known, why, sizeof(why)))
		fail(opts.spec, why);

	struct alone *alone = calloc(n + 1, sizeof(*alone));
	unsigned *order = calloc(n + 1, sizeof(*order));
	if (!alone || !order)
		fail("no memory", "fewer sequences: -n");
	for (unsigned i = 0; i < n; i++) {
		struct seq seq = make(seed, i);

		alone[i] = run_alone(&seq);
	}
	shuffle(order, n, seed);
	for (unsigned i = 0; i < n; i++) {
		struct seq seq = make(seed, order[i]);

		run_behind_others(&seq, &alone[order[i]]);
	}
	printf("%s: %u random sequences, each alone and behind others: %" PRIu64 " events, %u deaths, %u that may vary, %u not for this "
	       "machine; %u bad\n", opts.spec, n, o.n_events, n_death, n_vary, n_skip, n_bad);
	engine_stop(o.engine);
	return n_bad != 0;
}
