/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record SPEC... >tests/recorded.def: run the corpus on each engine and write down what it delivered. A
 * sequence that the engine cannot run has no row. A difference that is not known stops it: settle that first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/oracle.h"
#include "tests/recorded.h"

enum { DEADLINE_MS = 3000 };

static void fail(const char *what, const char *words)
{
	fprintf(stderr, "record: %s: %s\n", what, words);
	exit(1);
}

/* A string of C. */
static void put(const char *words)
{
	putchar('"');
	for (const char *p = words; *p; p++)
		printf("%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
	putchar('"');
}

static void put_cpu(const char *spec, const struct engine *e, const struct profile *p)
{
	printf("RECORDED_CPU(");
	put(spec);
	printf(", ");
	put(engine_name(e));
	printf(", ");
	put(engine_version(e));
	printf(", %u, %u, %u, %#x, %#" PRIx64 ", %#" PRIx64 ")\n", p->vendor, p->phys_bits, p->lin_bits, p->signature,
	       p->features, p->cr4);
}

/* Whether any of the predictions that are followed ends where nobody can say what comes. */
static int is_open(const struct seq *seq, const struct profile *profile, struct overlay *overlay)
{
	static struct trace t;
	struct path path = { 0 };

	for (unsigned n = 0; n < RECORDED_PATHS_MAX; n++) {
		model_predict(seq, profile, overlay, &path, &t);
		if (t.unchecked)
			return 1;
		path = t.path;
		if (!path_next(&path))
			return 0;
	}
	return 1;
}

static void put_row(unsigned cpu, const struct seq_case *c, struct oracle *o, const struct result *res)
{
	static const char *const word[] = { "AGREED", "KNOWN", "OPEN" };
	struct overlay known = { .n = o->known->overlay.n, .line = o->known->overlay.line };
	uint8_t bytes[SEQ_BYTES_MAX];
	struct recorded r = { .outcome = (uint8_t)res->outcome };

	r.sum = crc32_ieee(0, bytes, seq_encode(&c->seq, bytes));
	r.manual = recorded_set(&c->seq, o->profile, &r.n);
	if (r.outcome == OUTCOME_DONE)
		r.seen = res->has_observed ? recorded_trace(res->observed, res->n_observed) :
					     recorded_trace(res->j.trace.rec, res->j.trace.n);
	if (!recorded_is_allowed(&r, &c->seq, o->profile, NULL))
		r.how = recorded_is_allowed(&r, &c->seq, o->profile, &known) ? KNOWN : OPEN;
	if (r.how == OPEN && !is_open(&c->seq, o->profile, res->n_known ? &known : NULL))
		fail(c->name, "the model agreed to it and does not any more; is tests/recorded.h right?");
	printf("RECORDED(%u, ", cpu);
	put(c->name + strlen("corpus/"));
	printf(", %#x, %s, %u, %#" PRIx64 ", %u, %#" PRIx64 ")\n", r.sum, word[r.how], r.outcome, r.how == OPEN ? 0 : r.seen,
	       r.n, r.manual);
}

static void record(unsigned cpu, const char *spec, const struct seq_cases *cases)
{
	static struct known known;
	struct engine_opts opts = { .spec = spec };
	struct oracle o = { .deadline_ms = DEADLINE_MS };
	char why[1024];
	unsigned n = 0;

	if (oracle_start(&o, &opts, why, sizeof(why)) || oracle_know(&o, &known, why, sizeof(why)))
		fail(spec, why);
	put_cpu(spec, o.engine, o.profile);
	for (size_t i = 0; i < cases->n; i++) {
		static struct result r;

		if (seq_case_lacks(&cases->v[i], o.profile))
			continue;
		oracle_run(&o, &cases->v[i].seq, &r);
		/* a busy machine is late with an event of the host */
		for (unsigned again = 0; again < CONFIRM_TIMES && is_unknown(&r) && !r.j.trace.broken.rule; again++)
			if (engine_recover(o.engine) == ENGINE_OK)
				oracle_run(&o, &cases->v[i].seq, &r);
		if (r.verdict == VERDICT_SKIP)
			continue;
		if (r.verdict == VERDICT_ERROR)
			fail(cases->v[i].name, r.reason);
		/* a promise that a handler breaks is no difference: the row says so */
		if (is_unknown(&r) && !r.j.trace.broken.rule)
			fail(cases->v[i].name, "an unknown difference; `trainwreck run` shows it");
		put_row(cpu, &cases->v[i], &o, &r);
		n++;
	}
	fprintf(stderr, "record: %s: %u of %zu sequences\n", spec, n, cases->n);
	engine_stop(o.engine);
	known_free(&known);
}

int main(int argc, char **argv)
{
	struct seq_cases cases = { 0 };
	char why[512];

	setenv("TRAINWRECK_KNOWN", "fuzz/known", 0);
	if (argc < 2)
		fail("usage", "record SPEC...");
	if (seq_cases_add(&cases, "corpus", why, sizeof(why)))
		fail("corpus", why);
	for (int i = 1; i < argc; i++)
		record((unsigned)i - 1, argv[i], &cases);
	seq_cases_free(&cases);
	return 0;
}
