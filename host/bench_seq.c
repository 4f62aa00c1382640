/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bench_seq.h"

#include <stdlib.h>
#include <string.h>

#include "efi/abi/victim.h"
#include "fuzz/model.h"

enum { ID_EMPTY = SEQ_IDS, ID_FIRST = ID_EMPTY + N_CTX, RUN_MS = 3000 };

static const char ring_letter[] = "kuc";

int seq_times_room(struct seq_times *t, const struct seq_cases *cases)
{
	t->cap = N_CTX;
	for (size_t i = 0; i < cases->n; i++)
		t->cap += cases->v[i].seq.n_steps + 1;
	t->row = calloc(t->cap, sizeof(*t->row));
	t->results.v = calloc(t->cap, sizeof(*t->results.v));
	return t->row && t->results.v ? 0 : -1;
}

void seq_times_free(struct seq_times *t)
{
	for (size_t i = 0; i < t->results.n; i++)
		json_decref(t->results.v[i].extra);
	free(t->results.v);
	free(t->row);
	*t = (struct seq_times){ 0 };
}

/* Legs of a timed run, and what the model knows of them. */
struct timing {
	struct msg_timed timed;
	struct trace trace;
	uint32_t count[RECORDS_MAX + 1]; /* victim instructions by leg */
	int as_predicted, countable;
	uint32_t *leg; /* n_legs for each sample */
};

static void fail(struct result *r, enum bench_verdict verdict, const char *reason, const char *words)
{
	r->verdict = verdict;
	snprintf(r->reason, sizeof(r->reason), "%s%s%.90s", reason, *words ? ": " : "", words);
}

/* Why there is nothing to time, or NULL; predicts and counts. */
static const char *lacks(struct engine *e, const struct seq *seq, struct known *known, struct timing *t)
{
	const struct profile *profile = &engine_hello(e)->profile;
	const char *why = model_lacks(seq, profile);

	if (why)
		return why;
	if (seq_needs(seq) & HOSTED)
		return "it waits for an event that the host gives, at no time that could be told";
	memset(t->count, 0, sizeof(t->count));
	model_count(seq, profile, &known->overlay, &t->trace, t->count);
	if (t->trace.outcome != OUTCOME_DONE || t->trace.dies)
		return "this ends in a shutdown or hangs: `trainwreck model` shows why";
	return t->trace.unchecked ? "the model cannot follow it to its end" : NULL;
}

/* What arrives when it likes, traps at instructions of its own, or repeats has no count. */
static int is_countable(const struct seq *seq, const struct trace *t)
{
	if (seq_needs(seq) & (ASYNC | HOSTED | DEBUG | MCHECK))
		return 0;
	for (unsigned i = 0; i < seq->n_steps; i++)
		if (ops[seq->step[i].op].arg == ARG_REP)
			return 0;
	for (unsigned i = 0; i + 1 < t->n; i++)
		if (t->rec[i].flags & REC_HARNESS || (t->rec[i].entry == ENTRY_IDT && t->rec[i].vector == 1))
			return 0;
	return 1;
}

/* The instructions of leg i: those of the victim, and what the harness has between its stamps and them. */
static uint32_t leg_insns(const struct timing *t, unsigned i)
{
	uint32_t n = t->count[i] + (i ? TIME_LEAVE : TIME_START);

	if (t->timed.step[i] == TIMED_AT_END)
		return n + TIME_END;
	return n + (t->trace.rec[i].flags & REC_STYLE ? TIME_STYLED : TIME_ENTER);
}

/* Run it and fetch its legs. 1: they are there; 0: *r says why not; -1: the engine is of no more use. */
static int time_one(struct engine *e, const struct seq *seq, const struct msg_time *wanted, struct timing *t,
		    struct result *r)
{
	uint8_t bytes[SEQ_BYTES_MAX];
	struct msg_time req = *wanted;
	struct msg_done done;
	struct wire_msg msg;
	enum engine_status status = engine_run(e, bytes, seq_encode(seq, bytes), RUN_MS, &done);
	const uint64_t predicted = record_hash(t->trace.rec, t->trace.n);
	const int countable = is_countable(seq, &t->trace);

	req.countable = status == ENGINE_OK && done.hash == predicted && countable;
	if (status == ENGINE_OK)
		status = engine_request(e, MSG_TIME, &req, sizeof(req), BENCH_BATCH_MS, &msg);
	if (status != ENGINE_OK)
		return bench_failed(e, status, r);
	if (msg.head.type != MSG_TIMED || msg.head.len != sizeof(t->timed))
		return bench_nonsense(r, "TIMED");
	memcpy(&t->timed, msg.payload, sizeof(t->timed));
	t->timed.reason[sizeof(t->timed.reason) - 1] = 0;
	if (!t->timed.n_legs || t->timed.n_legs > RECORDS_MAX + 1 ||
	    t->timed.n > BENCH_SAMPLES_MAX / t->timed.n_legs)
		return bench_nonsense(r, "TIMED");
	if (t->timed.verdict != 0 || !t->timed.n) {
		fail(r, BENCH_UNSTABLE, t->timed.reason, "");
		return 0;
	}
	t->as_predicted = t->timed.hash == predicted;
	t->countable = t->as_predicted && countable;
	return bench_fetch(e, t->leg, t->timed.n * t->timed.n_legs, r);
}

/* In ring 3 a tape ends with an UD2 of the harness. */
static int is_end(uint64_t rip)
{
	return rip == victim_labels()->end_u || rip == victim_labels()->end_c;
}

/* The sum of the legs from `from` on, as the samples of a row. */
static void sum_legs(const struct timing *t, unsigned from, struct seq_row *row, struct result *r)
{
	static uint32_t sum[BENCH_SAMPLES_MAX];
	unsigned legs = t->timed.n_legs;

	memset(sum, 0, sizeof(sum));
	for (uint32_t i = 0; i < t->timed.n; i++)
		for (unsigned k = from; k < legs; k++)
			sum[i] += t->leg[i * legs + k];
	for (unsigned k = from; k < legs; k++) {
		r->insns += t->countable ? leg_insns(t, k) : 0;
		if (t->timed.step[k] == TIMED_AT_END || (t->as_predicted && is_end(t->trace.rip[k])))
			continue;
		row->n_events++;
		if (t->as_predicted)
			event_words(&t->trace.rec[k], row->event, sizeof(row->event));
		else
			snprintf(row->event, sizeof(row->event), "?");
	}
	r->discards = t->timed.discards;
	r->smi = t->timed.smi;
	r->aperf = t->timed.aperf;
	r->mperf = t->timed.mperf;
	r->verdict = BENCH_OK;
	r->n_rounds = results_rounds(t->timed.n);
	batches_of(sum, t->timed.n, r->n_rounds, r->batch[0]);
	if (stats_of(sum, t->timed.n, &r->stats))
		fail(r, BENCH_ERROR, "memory is short: measure fewer samples with -n", "");
}

/*
 * Where the window of step p-1 opens in the run cut behind step p-1: at the last event before that step,
 * with the steps since then.
 */
static unsigned window_of_step(const struct timing *t, unsigned p, unsigned *ret_first)
{
	unsigned from = 0;

	*ret_first = 0;
	for (unsigned k = 0; k < t->timed.n_legs; k++) {
		if (t->timed.step[k] >= p)
			break;
		from = k + 1;
		*ret_first = t->timed.step[k];
	}
	return from;
}

static struct seq_row *new_row(struct seq_times *t, enum ctx ctx, unsigned id, struct result **ret_r)
{
	struct seq_row *s = &t->row[t->results.n];
	struct result *r = &t->results.v[t->results.n++];

	s->over = -1;
	s->row = (struct bench_row){ .id = (uint16_t)id, .from = (uint8_t)ctx, .to = (uint8_t)ctx, .via = VIA_NONE,
				     .overhead = (uint16_t)(ID_EMPTY + ctx), .path = s->path, .words = s->words };
	*r = (struct result){ .row = &s->row, .smi = ~0ull };
	*ret_r = r;
	return s;
}

/* "corpus/int3.seq" is int3; what has no file is named by its bytes. */
static void name_of(const struct seq_case *c, char *out, size_t cap)
{
	const char *base = strrchr(c->name, '/');
	uint8_t bytes[SEQ_BYTES_MAX];
	size_t n;

	base = base ? base + 1 : c->name;
	n = strcspn(base, ".");
	if (*c->name == '-')
		snprintf(out, cap, "x%08x", crc32_ieee(0, bytes, seq_encode(&c->seq, bytes)));
	else
		snprintf(out, cap, "%.*s", (int)(n < cap ? n : cap - 1), base);
}

static json_t *extra(const struct seq_times *t, const struct seq_row *s, const struct seq *seq, const struct timing *tm)
{
	static char text[16384];
	int counted = t->results.v[s - t->row].stats.n && tm->timed.disturbed != TIMED_UNCOUNTED;

	seq_print(seq, text, sizeof(text));
	return json_pack("{s:s, s:i, s:i, s:o, s:i, s:s, s:b, s:o}", "sequence", text, "first_step", (int)s->first,
			 "last_step", (int)s->step, "over",
			 s->over < 0 ? json_null() : json_string(t->row[s->over].path), "events",
			 (int)s->n_events, "event", s->event, "as_predicted", tm->as_predicted, "disturbed",
			 counted ? json_integer(tm->timed.disturbed) : json_null());
}

/* The empty sequence of a ring: what is in every window besides. */
static int time_empty(struct engine *e, enum ctx ctx, struct known *known, const struct msg_time *req,
		      struct timing *tm, struct seq_times *t)
{
	struct seq seq = { .ring = (uint8_t)ctx };
	struct result *r;
	struct seq_row *s;
	const char *why;
	int got;

	if (results_find(&t->results, ID_EMPTY + ctx, BENCH_RT))
		return 0;
	s = new_row(t, ctx, ID_EMPTY + ctx, &r);
	snprintf(s->path, sizeof(s->path), "seq.empty.%c.whole", ring_letter[ctx]);
	snprintf(s->words, sizeof(s->words), "a sequence without steps: what the harness has in the first leg of a run, "
		 "and %s", ctx == CTX_K ? "the end of the tape" : "the #UD that ends one in ring 3");
	why = lacks(e, &seq, known, tm);
	if (why) {
		fail(r, BENCH_SKIP, why, "");
		return 0;
	}
	got = time_one(e, &seq, req, tm, r);
	if (got > 0)
		sum_legs(tm, 0, s, r);
	r->extra = extra(t, s, &seq, tm);
	return got < 0 ? -1 : 0;
}

/* The row of the step that the run `seq` ends behind. */
static void step_row(const struct seq *seq, const struct timing *tm, struct seq_times *t, struct seq_row *s,
		     struct result *r)
{
	unsigned from = window_of_step(tm, seq->n_steps, &s->first);
	char text[64];

	s->step = seq->n_steps - 1;
	if (s->first < s->step)
		s->over = (int)(t->results.n - 2);
	sum_legs(tm, from, s, r);
	step_print(&seq->step[s->step], text, sizeof(text));
	snprintf(s->words, sizeof(s->words), "steps %u to %u, the last one %s: from where the handler of the event before "
		 "them goes on (or from the start) to %s", s->first, s->step, text,
		 s->n_events ? "the entry of the last event that it leads to" : "the end of a tape cut behind it");
}

static int time_steps(struct engine *e, const struct seq_case *c, struct known *known, const struct msg_time *req,
		      const char *name, unsigned id, struct timing *tm, struct seq_times *t)
{
	enum ctx ctx = seq_ctx(&c->seq);

	for (unsigned p = 1; p <= c->seq.n_steps; p++) {
		struct seq cut = c->seq;
		struct result *r;
		struct seq_row *s = new_row(t, ctx, id + p, &r);
		const char *why;
		int got = 0;

		cut.n_steps = p;
		snprintf(s->path, sizeof(s->path), "seq.%s.%c.%02u", name, ring_letter[ctx], p - 1);
		why = lacks(e, &cut, known, tm);
		if (why)
			fail(r, BENCH_SKIP, why, "");
		else
			got = time_one(e, &cut, req, tm, r);
		if (got > 0)
			step_row(&cut, tm, t, s, r);
		r->extra = extra(t, s, &c->seq, tm);
		if (got < 0)
			return -1;
	}
	return 0;
}

int seq_time(struct engine *e, const struct seq_case *c, struct known *known, unsigned samples, unsigned warmup,
	     struct seq_times *t)
{
	static uint32_t legs[BENCH_SAMPLES_MAX];
	static struct timing tm;
	struct msg_time req = { .n = samples, .warmup = warmup };
	enum ctx ctx = seq_ctx(&c->seq);
	const char *why = seq_case_lacks(c, &engine_hello(e)->profile);
	unsigned id = ID_FIRST + (unsigned)t->results.n;
	struct result *r;
	struct seq_row *s;
	char name[32], needs[80];
	int got = 0;

	memset(&tm, 0, sizeof(tm));
	tm.leg = legs;
	if (time_empty(e, ctx, known, &req, &tm, t))
		return -1;
	name_of(c, name, sizeof(name));
	s = new_row(t, ctx, id, &r);
	snprintf(s->path, sizeof(s->path), "seq.%s.%c.whole", name, ring_letter[ctx]);
	snprintf(s->words, sizeof(s->words), "the sequence from its start to its end, without the recorder: the sum of "
		 "its legs");
	if (why)
		snprintf(needs, sizeof(needs), "needs %.*s, which this CPU lacks", (int)strcspn(why, " "), why);
	why = why ? needs : lacks(e, &c->seq, known, &tm);
	if (why)
		fail(r, BENCH_SKIP, why, "");
	else
		got = time_one(e, &c->seq, &req, &tm, r);
	s->step = c->seq.n_steps ? c->seq.n_steps - 1 : 0;
	if (got > 0)
		sum_legs(&tm, 0, s, r);
	r->extra = extra(t, s, &c->seq, &tm);
	if (why || got < 0)
		return got < 0 ? -1 : 0;
	return time_steps(e, c, known, &req, name, id, &tm, t);
}
