/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A campaign's target without AFL++: pump [-r] [-t SECONDS] ENGINE POOL. The sequences of POOL, a folder as AFL++ or
 * people leave it, are given to it in random order as fast as it takes them: how fast engine and model are by themselves.
 * -r: each in turn a hundred times, and what it took, so that the slow ones show (sort -rn).
 * Those that are passed over, or that end in a return to the snapshot, are left out.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz/mutate.h"
#include "fuzz/text.h"
#include "host/link.h"
#include "host/seqfile.h"
#include "host/target_ahead.h"

enum { DEADLINE_MS = 3000, MAP_LEN = 65536, IN_A_ROW = 100, AT_ONCE = 50 };

static struct target t = { .oracle.deadline_ms = DEADLINE_MS };
static struct seq_cases pool;
static unsigned n; /* of the pool, those that are given */

static void fail(const char *what, const char *words)
{
	fprintf(stderr, "pump: %s: %s\n", what, words);
	exit(3);
}

static void usage(void)
{
	fail("usage", "pump [-r] [-t SECONDS] ENGINE POOL");
}

static void give(const struct seq *seq)
{
	static uint8_t map[MAP_LEN];
	uint8_t bytes[SEQ_BYTES_MAX];

	if (target_run(&t, bytes, seq_encode(seq, bytes), map, sizeof(map)) < 0)
		fail(t.opts.spec, "no engine can be had any more");
}

/* Answered at once, so that each is known to be an ordinary run. */
static void choose_from_pool(void)
{
	struct again *again = t.again;

	t.again = NULL;
	for (size_t i = 0; i < pool.n; i++) {
		const uint64_t recoveries = t.oracle.n_recoveries;
		const struct result *r = &t.now.r;

		give(&pool.v[i].seq);
		if (!r->not_run && !r->stride && r->verdict != VERDICT_SKIP && t.oracle.n_recoveries == recoveries)
			pool.v[n++].seq = pool.v[i].seq;
	}
	t.again = again;
	if (!n)
		fail("nothing to run", "no sequence of the pool is an ordinary run");
}

static void rank(void)
{
	static char text[8192];

	for (unsigned i = 0; i < n; i++) {
		const int64_t begun = now_us();

		for (unsigned k = 0; k < IN_A_ROW; k++)
			give(&pool.v[i].seq);
		ahead_all(&t);
		if (seq_print(&pool.v[i].seq, text, sizeof(text)) < 0)
			text[0] = 0;
		for (char *c = text; *c; c++)
			*c = *c == '\n' ? ';' : *c;
		printf("%8.2f us  %s\n", (double)(now_us() - begun) / IN_A_ROW, text);
	}
}

static void at_random(double limit)
{
	const uint64_t events = t.oracle.n_events, recoveries = t.oracle.n_recoveries;
	const int64_t begun = now_us();
	struct mutator m;
	double took = 0;
	unsigned runs = 0;

	for (mutate_seed(&m, 1); took < limit; took = (double)(now_us() - begun) / 1e6)
		for (unsigned i = 0; i < AT_ONCE; i++, runs++)
			give(&pool.v[mutate_below(&m, n)].seq);
	printf("%s: %u of %zu sequences, %.0f runs a second of %.1f events, %" PRIu64 " recoveries\n", t.opts.spec, n, pool.n,
	       runs / took, (double)(t.oracle.n_events - events) / runs, t.oracle.n_recoveries - recoveries);
}

int main(int argc, char **argv)
{
	char why[1024], dir[] = "/tmp/trainwreck-pump.XXXXXX", again[PATH_MAX], command[PATH_MAX];
	double limit = 10;
	int opt, ranks = 0;

	while ((opt = getopt(argc, argv, "rt:")) >= 0) {
		if (opt == 'r')
			ranks = 1;
		else if (opt == 't')
			limit = atof(optarg);
		else
			usage();
	}
	if (argc - optind != 2)
		usage();
	t.source.spec = t.opts.spec = argv[optind];
	if (seq_cases_add(&pool, argv[optind + 1], why, sizeof(why)))
		fail(argv[optind + 1], why);
	if (!mkdtemp(dir))
		fail(dir, "no room in /tmp");
	setenv("TRAINWRECK_KNOWN", "fuzz/known", 0);
	setenv("TRAINWRECK_IMG", "build/trainwreck.img", 0);
	snprintf(again, sizeof(again), "%s/again", dir);
	setenv(AGAIN_ENV, again, 1);
	if (target_open(&t, dir, why, sizeof(why)))
		fail(t.opts.spec, why);
	choose_from_pool();
	if (ranks)
		rank();
	else
		at_random(limit);
	target_close(&t);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) != 0;
}
