/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What engines delivered for the sequences of the corpus, and what the manual allows there, as numbers that
 * no address of the build enters: tests/recorded.def, which tests/full/record.c writes (`make recorded`).
 *
 * A row is made only of a run that the model agreed to, by itself or with known differences. `seen` is then
 * the trace of the engine and owes the model nothing; `manual` is the whole set of traces that the model
 * allows without known differences, for a model that allows too much or cites another rule.
 */
#ifndef TW_TESTS_RECORDED_H
#define TW_TESTS_RECORDED_H

#include <string.h>

#include "efi/abi/wire.h"
#include "fuzz/model.h"
#include "host/known.h"
#include "host/seqfile.h"

/* With known differences; where the model says nothing of the end; with more paths than are followed. */
enum recorded_how { AGREED, KNOWN, OPEN };

struct recorded_cpu {
	const char *spec, *engine, *version;
	struct profile profile;
};

struct recorded {
	unsigned cpu;
	const char *file; /* below corpus */
	uint32_t sum; /* of the sequence's bytes */
	enum recorded_how how;
	uint8_t outcome; /* enum outcome, of the engine */
	uint64_t seen, manual;
	unsigned n; /* traces in `manual` */
};

static const struct recorded_cpu recorded_cpus[] = {
#define RECORDED_CPU(spec, engine, version, vendor, phys, lin, signature, features, cr4)                           \
	{ spec, engine, version, { vendor, phys, lin, 0, signature, features, cr4, 0, 0, "", "" } },
#define RECORDED(cpu, file, sum, how, outcome, seen, n, manual)
#include "tests/recorded.def"
#undef RECORDED_CPU
#undef RECORDED
};

static const struct recorded recorded[] = {
#define RECORDED_CPU(spec, engine, version, vendor, phys, lin, signature, features, cr4)
#define RECORDED(cpu, file, sum, how, outcome, seen, n, manual) { cpu, file, sum, how, outcome, seen, manual, n },
#include "tests/recorded.def"
#undef RECORDED_CPU
#undef RECORDED
};

enum {
	N_RECORDED_CPUS = sizeof(recorded_cpus) / sizeof(recorded_cpus[0]),
	N_RECORDED = sizeof(recorded) / sizeof(recorded[0]),
	RECORDED_PATHS_MAX = 64,
};

static inline uint64_t recorded_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdull;
	return h ^ h >> 32;
}

/* An address as people write it: another build has its bodies elsewhere. Looked up once, for it is slow. */
static inline uint64_t recorded_place(uint64_t addr)
{
	static struct {
		uint64_t addr, sum;
	} seen[1 << 14];
	unsigned i = (unsigned)(recorded_mix(1, addr) >> 7) & ((1 << 14) - 1);
	char words[128];

	if (!seen[i].sum || seen[i].addr != addr) {
		addr_words(addr, words, sizeof(words));
		seen[i].addr = addr;
		seen[i].sum = 1ull << 32 | crc32_ieee(0, words, strlen(words));
	}
	return seen[i].sum;
}

static inline uint64_t recorded_rule(unsigned rule)
{
	static uint32_t sum[N_RULES];

	if (rule >= N_RULES)
		return 0;
	if (!sum[rule])
		sum[rule] = crc32_ieee(0, rule_info[rule].name, strlen(rule_info[rule].name));
	return sum[rule];
}

static inline int recorded_is_address(enum record_field f)
{
	return f == F_rip || f == F_rsp || f == F_landed || f == F_cr2 || f == F_gs_base || f == F_rcx;
}

static inline uint64_t recorded_trace(const struct record *rec, unsigned n)
{
	uint64_t h = n;

	for (unsigned i = 0; i < n && i <= RECORDS_MAX; i++)
		for (unsigned f = 0; f < F_COUNT; f++) {
			uint64_t v = field_value(&rec[i], (enum record_field)f);

			if (recorded_is_address((enum record_field)f) && rec[i].entry != ENTRY_LATE)
				v = recorded_place(v);
			h = recorded_mix(h, v);
		}
	return h;
}

/* A whole prediction: the trace, its end, the rules that it names, and the promise that it breaks. */
static inline uint64_t recorded_prediction(const struct trace *t)
{
	const struct broken *b = &t->broken;
	uint64_t h = recorded_trace(t->rec, t->n);

	h = recorded_mix(h, t->outcome | t->unchecked << 8 | t->hosted << 16 | t->harness << 24);
	h = recorded_mix(h, t->outcome == OUTCOME_DONE ? 0 : recorded_rule(t->death));
	for (unsigned i = 0; i < t->n && i <= RECORDS_MAX; i++)
		for (unsigned f = 0; f < F_COUNT; f++)
			h = recorded_mix(h, recorded_rule(t->why[i][f]));
	if (b->rule)
		h = recorded_mix(h, recorded_rule(b->rule) ^ (uint64_t)b->field << 32 ^ (uint64_t)b->record << 40) ^
		    recorded_mix(recorded_place(b->expected), recorded_place(b->observed));
	return h;
}

/* The predictions that differ from each other; all: there are no paths that were not followed. */
struct recorded_traces {
	unsigned n, all;
	uint64_t v[RECORDED_PATHS_MAX];
};

static inline int recorded_has(const struct recorded_traces *s, uint64_t hash)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->v[i] == hash)
			return 1;
	return 0;
}

/* If `was` is not NULL it ends with the first one that is not in there, and returns 0. */
static inline int recorded_follow(const struct seq *seq, const struct profile *profile,
				  const struct recorded_traces *was, struct recorded_traces *ret)
{
	static struct trace t;
	struct path path = { 0 };
	unsigned n_paths = 0;

	ret->n = 0;
	do {
		uint64_t h;

		model_predict(seq, profile, NULL, &path, &t);
		h = recorded_prediction(&t);
		if (was && !recorded_has(was, h))
			return 0;
		if (!recorded_has(ret, h))
			ret->v[ret->n++] = h;
		path = t.path;
		ret->all = !path_next(&path);
	} while (++n_paths < RECORDED_PATHS_MAX && !ret->all);
	return !was || (was->n == ret->n && was->all == ret->all);
}

/* As one number, in no order; how many, and 0 when there are more than are followed. */
static inline uint64_t recorded_set(const struct seq *seq, const struct profile *profile, unsigned *ret_n)
{
	struct recorded_traces s;
	uint64_t sum = 0;

	recorded_follow(seq, profile, NULL, &s);
	for (unsigned i = 0; i < s.n; i++)
		sum += s.v[i];
	*ret_n = s.all ? s.n : 0;
	return sum;
}

/* Whether one of the traces that the model allows, with these known differences, is the engine's. */
static inline int recorded_is_allowed(const struct recorded *r, const struct seq *seq,
				      const struct profile *profile, struct overlay *overlay)
{
	static struct trace t;
	struct path path = { 0 };
	unsigned n = 0;

	do {
		model_predict(seq, profile, overlay, &path, &t);
		if (t.outcome == r->outcome && !t.unchecked &&
		    (t.outcome != OUTCOME_DONE || recorded_trace(t.rec, t.n) == r->seen))
			return 1;
		path = t.path;
	} while (++n < RECORDED_PATHS_MAX && path_next(&path));
	return 0;
}

/* Not the sequence any more that ran. */
static inline int recorded_is_stale(const struct recorded *r, const struct seq *seq)
{
	uint8_t bytes[SEQ_BYTES_MAX];

	return crc32_ieee(0, bytes, seq_encode(seq, bytes)) != r->sum;
}

/* NULL: the model agrees with the row. known: of the row's engine. */
static inline const char *recorded_differs(const struct recorded *r, const struct seq *seq, struct known *known)
{
	const struct profile *profile = &recorded_cpus[r->cpu].profile;
	unsigned n;
	uint64_t set;

	set = recorded_set(seq, profile, &n);
	if (r->how != OPEN && !recorded_is_allowed(r, seq, profile, r->how == KNOWN ? &known->overlay : NULL))
		return "the model does not allow what the engine delivered";
	if (n != r->n)
		return "the model allows another number of traces";
	return set == r->manual ? NULL : "the model allows other traces, or cites other rules for them";
}

#endif
