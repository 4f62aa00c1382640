/* SPDX-License-Identifier: BSD-2-Clause */
/* The model allows what engines delivered, and no more than it did then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/recorded.h"

static struct known known[N_RECORDED_CPUS];

static void what_engines_delivered_is_allowed(void **state)
{
	unsigned bad = 0, stale = 0;

	(void)state;
	for (unsigned i = 0; i < N_RECORDED; i++) {
		const struct recorded *r = &recorded[i];
		char path[512], why[512] = "";
		const char *differs;
		struct seq seq;

		snprintf(path, sizeof(path), "corpus/%s", r->file);
		if (seq_load(path, &seq, why, sizeof(why)) || recorded_is_stale(r, &seq)) {
			stale++;
			continue;
		}
		differs = recorded_differs(r, &seq, &known[r->cpu]);
		if (differs)
			fprintf(stderr, "%s on %s: %s\n", path, recorded_cpus[r->cpu].spec, differs);
		bad += differs != NULL;
	}
	/* others may change and add sequences without an engine at hand; not all of them */
	if (stale > N_RECORDED / 10)
		fail_msg("%u of %d rows are of sequences that are others now: make recorded", stale, N_RECORDED);
	if (bad)
		fail_msg("%u of %d runs; if the manual wants it so, record them anew: make recorded", bad, N_RECORDED);
}

/* Every engine has rows, of which it delivered some without any known difference. */
static void every_engine_has_its_share(void **state)
{
	(void)state;
	for (unsigned cpu = 0; cpu < N_RECORDED_CPUS; cpu++) {
		unsigned n[3] = { 0 };

		for (unsigned i = 0; i < N_RECORDED; i++)
			if (recorded[i].cpu == cpu)
				n[recorded[i].how]++;
		assert_true(n[AGREED] > 10 && n[KNOWN] > 10);
		assert_true(n[OPEN] < n[AGREED] + n[KNOWN]);
	}
}

static int load(void **state)
{
	char why[512];

	(void)state;
	setenv("TRAINWRECK_KNOWN", "fuzz/known", 0);
	for (unsigned i = 0; i < N_RECORDED_CPUS; i++)
		if (known_load(&known[i], recorded_cpus[i].engine, recorded_cpus[i].version, why, sizeof(why))) {
			fprintf(stderr, "%s\n", why);
			return -1;
		}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N_RECORDED_CPUS; i++)
		known_free(&known[i]);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_engines_delivered_is_allowed),
		cmocka_unit_test(every_engine_has_its_share),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
