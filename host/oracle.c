/* SPDX-License-Identifier: BSD-2-Clause */
/* How a verdict is reached: by hash where the prediction holds, by the whole trace where it does not. */
#include "host/oracle.h"

#include <stdio.h>
#include <string.h>

enum { HOSTED_SHARE = 16 };

int verdict_status(enum verdict v)
{
	switch (v) {
#define VERDICT(id, name, status, words)                                                           \
	case VERDICT_##name:                                                                       \
		return status;
#include "efi/abi/verdicts.def"
#undef VERDICT
	}
	return 3;
}

const char *outcome_name(enum outcome outcome)
{
	static const char *const name[] = {
		[OUTCOME_DONE] = "DONE",
		[OUTCOME_SHUTDOWN] = "SHUTDOWN",
		[OUTCOME_HANG] = "HANG",
	};
	return name[outcome];
}

/*
 * Of how many runs that end so one is made: a death, or text run in a mode it was not made for, costs a
 * return to the snapshot; an event that the host has to give, a few milliseconds.
 */
static unsigned stride_of(const struct oracle *o, const struct trace *t, uint32_t crc)
{
	if (t->outcome != OUTCOME_DONE || t->unchecked)
		return o->death_stride;
	for (unsigned i = 0; i < sizeof(o->mortal) / sizeof(o->mortal[0]); i++)
		if (o->mortal[i] == crc)
			return o->death_stride;
	return t->hosted ? o->death_stride / HOSTED_SHARE : 0;
}

int is_unknown(const struct result *r)
{
	return verdict_status(r->verdict) == 1 && !r->n_known;
}

static struct overlay *overlay_of(struct oracle *o)
{
	return o->known ? &o->known->overlay : &o->bare;
}

/* Next time the machine is expected to choose as it chose now. */
static void learn(struct oracle *o, const struct path *path)
{
	for (unsigned i = 0; i < path->n; i++)
		overlay_of(o)->habit[path->rule[i]] = path->taken[i];
}

static int expects(const struct trace *t, const struct msg_done *done)
{
	return t->outcome == OUTCOME_DONE && t->n == done->n_rec &&
	       record_hash(t->rec, t->n) == done->hash;
}

/*
 * Look for a path whose trace has the guest's hash, first the one already predicted. Most traces
 * leave the manual no choice or take the habitual one, so this is nearly always one comparison.
 */
static int find_by_hash(struct oracle *o, const struct seq *seq, const struct msg_done *done,
			struct judgement *j)
{
	j->n_paths = 1;
	if (expects(&j->trace, done))
		return 1;
	if (!j->trace.path.n)
		return 0;

	struct path path = { 0 };
	for (; j->n_paths < TRACES_MAX; j->n_paths++) {
		model_predict(seq, o->profile, overlay_of(o), &path, &j->trace);
		if (expects(&j->trace, done))
			return 1;
		path = j->trace.path;
		if (!path_next(&path))
			return 0;
	}
	return 0;
}

/*
 * The CPU did as it must, and the handlers, being in a style, broke a promise of theirs in that very
 * trace: a finding about the software, whatever known differences the trace has besides, if by the manual
 * they break it, too.
 */
static void settle_broken(const struct seq *seq, struct result *r)
{
	r->n_known = 0;
	r->verdict = VERDICT_DIVERGE;
	judge_promise(&r->j);
	signature_of_broken(seq, &r->j.trace, r->signature, sizeof(r->signature));
}

/* A trace or death that agrees: as the manual says, or as known differences say. */
static void settle_agreement(struct oracle *o, const struct seq *seq, struct result *r)
{
	r->j.agrees = 1;
	r->n_known = 0;
	if (o->known && o->death_stride > 1)
		r->n_known = known_used(o->known, r->known, KNOWN_IDS_MAX);
	else if (o->known)
		r->n_known = known_needed(o->known, seq, o->profile, &r->j.trace, r->known, KNOWN_IDS_MAX);
	r->verdict = r->n_known ? VERDICT_DIVERGE : VERDICT_PASS;
	if (r->outcome == OUTCOME_DONE)
		learn(o, &r->j.trace.path);
	unsigned promise = r->j.trace.broken.rule;
	/* what only an engine's differences lead to is no fault of the handlers */
	if (promise && (!o->known || model_breaks(seq, o->profile, promise)))
		settle_broken(seq, r);
}

static void error(struct result *r, const char *what, const char *words)
{
	r->verdict = VERDICT_ERROR;
	snprintf(r->reason, sizeof(r->reason), "%s%s%.180s", what, *words ? ": " : "", words);
}

int oracle_recover(struct oracle *o, struct result *r)
{
	o->n_recoveries++;
	if (engine_recover(o->engine) == ENGINE_OK)
		return 0;
	o->broken = 1;
	error(r, "the engine could not be brought back to its snapshot; run `trainwreck doctor`",
	      engine_words(o->engine));
	return -1;
}

static void settle_done(struct oracle *o, const struct seq *seq, const struct msg_done *done,
			struct result *r)
{
	r->outcome = OUTCOME_DONE;
	r->hash = done->hash;
	o->n_events += done->n_rec ? done->n_rec - 1u : 0;
	if (done->flags & DONE_DIRTY) {
		error(r, "the guest's state did not verify after this run; run it alone", "");
		oracle_recover(o, r);
		return;
	}
	if (find_by_hash(o, seq, done, &r->j)) {
		settle_agreement(o, seq, r);
		return;
	}

	int n = engine_records(o->engine, r->observed, RECORDS_MAX + 1);
	if (n < 0 || record_hash(r->observed, (unsigned)n) != done->hash) {
		error(r, "the records of the run do not arrive as hashed; check the link, then run it again",
		      n < 0 ? engine_status_words(engine_last_status(o->engine)) : "");
		oracle_recover(o, r);
		return;
	}
	r->n_observed = (unsigned)n;
	r->has_observed = 1;
	model_judge(seq, o->profile, overlay_of(o), r->observed, r->n_observed, &r->j);
	if (r->j.agrees) {
		settle_agreement(o, seq, r);
		return;
	}
	r->verdict = VERDICT_DIVERGE;
	signature_of(&r->j, r->observed, r->n_observed, r->signature, sizeof(r->signature));
}

static void settle_death(struct oracle *o, const struct seq *seq, enum outcome outcome,
			 struct result *r)
{
	r->outcome = outcome;
	if (engine_registers(o->engine, r->registers, sizeof(r->registers)) < 0)
		r->registers[0] = 0;
	model_judge_death(seq, o->profile, overlay_of(o), outcome, &r->j);
	if (r->j.agrees) {
		settle_agreement(o, seq, r);
	} else {
		r->verdict = outcome == OUTCOME_HANG ? VERDICT_HANG : VERDICT_CRASH;
		signature_of_death(&r->j, outcome, r->signature, sizeof(r->signature));
	}
	oracle_recover(o, r);
}

/* Its process is gone: known when a line says that this kills it. */
static void settle_engine_death(struct oracle *o, const struct seq *seq, struct result *r)
{
	o->n_engine_deaths++;
	r->outcome = OUTCOME_SHUTDOWN;
	model_judge_death(seq, o->profile, overlay_of(o), OUTCOME_SHUTDOWN, &r->j);
	if (r->j.agrees && r->j.trace.dies) {
		settle_agreement(o, seq, r);
		oracle_recover(o, r);
		return;
	}
	r->verdict = VERDICT_CRASH;
	signature_of_engine(engine_death(o->engine), engine_stderr(o->engine), r->signature,
			    sizeof(r->signature));
	oracle_recover(o, r);
}

static void settle(struct oracle *o, const struct seq *seq, enum engine_status status,
		   const struct msg_done *done, struct result *r)
{
	switch (status) {
	case ENGINE_OK:
		settle_done(o, seq, done, r);
		return;
	case ENGINE_SHUTDOWN:
		settle_death(o, seq, OUTCOME_SHUTDOWN, r);
		return;
	case ENGINE_HANG:
		settle_death(o, seq, OUTCOME_HANG, r);
		return;
	case ENGINE_DEAD:
		settle_engine_death(o, seq, r);
		return;
	case ENGINE_REFUSED:
	case ENGINE_PANIC:
	case ENGINE_FAULT:
		break;
	}
	error(r, engine_status_words(status), engine_words(o->engine));
	oracle_recover(o, r);
}

/*
 * The agreement was with a trace that known differences have a part in. What was seen is that trace;
 * what was expected, and what differs first, the manual says without them.
 */
static void show_manual(struct oracle *o, const struct seq *seq, struct result *r)
{
	struct overlay manual = { 0 };

	memcpy(manual.habit, overlay_of(o)->habit, sizeof(manual.habit));
	if (r->outcome == OUTCOME_DONE) {
		if (!r->has_observed) {
			r->n_observed = r->j.trace.n;
			memcpy(r->observed, r->j.trace.rec, r->j.trace.n * sizeof(r->observed[0]));
			r->has_observed = 1;
		}
		model_judge(seq, o->profile, &manual, r->observed, r->n_observed, &r->j);
		if (!r->j.agrees)
			signature_of(&r->j, r->observed, r->n_observed, r->signature, sizeof(r->signature));
		return;
	}
	model_judge_death(seq, o->profile, &manual, r->outcome, &r->j);
	if (!r->j.agrees)
		signature_of_death(&r->j, r->outcome, r->signature, sizeof(r->signature));
}

static void clear(struct result *r)
{
	memset(r, 0, offsetof(struct result, observed));
	r->n_known = r->stride = 0;
	r->crc = 0;
	r->fixed = NULL;
	r->reason[0] = r->registers[0] = 0;
	memset(&r->j, 0, offsetof(struct judgement, trace));
	r->j.trace.n = 0;
	r->j.trace.outcome = OUTCOME_DONE;
}

static void predict(struct oracle *o, const struct seq *seq, struct result *r)
{
	model_predict(seq, o->profile, overlay_of(o), NULL, &r->j.trace);
	o->predicted = r;
}

int oracle_begin(struct oracle *o, const struct seq *seq, struct result *ret_result)
{
	struct result *r = ret_result;
	uint8_t bytes[SEQ_BYTES_MAX];

	clear(r);
	const char *lacks = model_lacks(seq, o->profile);
	if (!lacks && (seq_needs(seq) & HOSTED) && !engine_injects(o->engine))
		lacks = "needs an engine that can inject NMIs and machine checks, as qemu does";
	if (lacks) {
		r->verdict = VERDICT_SKIP;
		snprintf(r->reason, sizeof(r->reason), "%s", lacks);
		return 0;
	}
	predict(o, seq, r);
	r->crc = o->death_stride > 1 ? crc32_ieee(0, bytes, seq_encode(seq, bytes)) : 0;
	r->stride = stride_of(o, &r->j.trace, r->crc);
	if (r->stride > 1 && !r->j.trace.broken.rule && ++o->n_skipped_deaths % r->stride) {
		r->not_run = 1;
		r->outcome = (enum outcome)r->j.trace.outcome;
		r->verdict = VERDICT_PASS;
		return 0;
	}
	return 1;
}

static void finish(struct oracle *o, const struct seq *seq, enum engine_status status,
		   const struct msg_done *done, struct result *r)
{
	settle(o, seq, status, done, r);
	o->predicted = NULL;
	/* it was not foreseen that it might not end by itself */
	if (r->outcome != OUTCOME_DONE && !r->stride)
		o->mortal[o->n_mortal++ % (sizeof(o->mortal) / sizeof(o->mortal[0]))] = r->crc;
	/* what ran unpredicted may have left anything behind */
	if (r->j.trace.unchecked && r->outcome == OUTCOME_DONE && r->verdict != VERDICT_ERROR) {
		o->n_unchecked++;
		/* what is wrong in the engine's own memory no snapshot mends */
		if (!r->j.trace.dies || engine_renew(o->engine) != ENGINE_OK)
			oracle_recover(o, r);
	}
	if (r->n_known && o->explain)
		show_manual(o, seq, r);
}

void oracle_end(struct oracle *o, const struct seq *seq, struct result *r)
{
	uint8_t bytes[SEQ_BYTES_MAX];
	struct msg_done done = { 0 };
	const size_t len = seq_encode(seq, bytes);

	o->n_runs++;
	enum engine_status status = engine_run_send(o->engine, bytes, len, o->deadline_ms);
	/* those ahead, judged meanwhile, may have taught another habit and used other lines */
	if (o->predicted != r)
		predict(o, seq, r);
	if (status == ENGINE_OK)
		status = engine_run_wait(o->engine, &done);
	finish(o, seq, status, &done, r);
}

int oracle_ahead(struct oracle *o, const struct seq *seq, const struct result *r, struct ahead *ret_ahead)
{
	const struct trace *t = &r->j.trace;

	if (r->stride || t->broken.rule || t->hosted || o->predicted != r)
		return 0;
	*ret_ahead = (struct ahead){ .n = t->n, .hash = record_hash(t->rec, t->n), .crc = r->crc };
	ret_ahead->len = seq_encode(seq, ret_ahead->bytes);
	if (o->known)
		ret_ahead->n_known = known_used(o->known, ret_ahead->known, KNOWN_IDS_MAX);
	if (oracle_send(o, ret_ahead))
		return 0;
	o->n_runs++;
	return 1;
}

int oracle_send(struct oracle *o, const struct ahead *a)
{
	return engine_run_send(o->engine, a->bytes, a->len, o->deadline_ms) == ENGINE_OK ? 0 : -1;
}

int oracle_collect(struct oracle *o, const struct ahead *a, const struct seq *seq, struct result *r)
{
	struct msg_done done = { 0 };
	enum engine_status status = engine_run_wait(o->engine, &done);
	const int clean = status == ENGINE_OK && !(done.flags & DONE_DIRTY);

	clear(r);
	r->hash = done.hash;
	if (clean && done.n_rec == a->n && done.hash == a->hash) {
		o->n_events += done.n_rec ? done.n_rec - 1u : 0;
		r->verdict = a->n_known ? VERDICT_DIVERGE : VERDICT_PASS;
		r->n_known = a->n_known;
		memcpy(r->known, a->known, a->n_known * sizeof(a->known[0]));
		return 1;
	}
	predict(o, seq, r);
	if (clean && !find_by_hash(o, seq, &done, &r->j))
		return 0;
	r->crc = a->crc;
	finish(o, seq, status, &done, r);
	return 1;
}

void oracle_run(struct oracle *o, const struct seq *seq, struct result *ret_result)
{
	if (oracle_begin(o, seq, ret_result))
		oracle_end(o, seq, ret_result);
}

int oracle_confirm(struct oracle *o, const struct seq *seq, struct result *r)
{
	static struct result again;
	char signature[SIGNATURE_CAP];
	int same = 0;

	memcpy(signature, r->signature, sizeof(signature));
	unsigned stride = o->death_stride;
	o->death_stride = 0;
	for (int i = 0; i < CONFIRM_TIMES && !o->broken; i++) {
		if (oracle_recover(o, &again))
			break;
		oracle_run(o, seq, &again);
		same += !again.n_known && !strcmp(again.signature, signature);
	}
	o->death_stride = stride;
	if (same == CONFIRM_TIMES) {
		*r = again;
		return 1;
	}
	r->verdict = VERDICT_ERROR;
	snprintf(r->reason, sizeof(r->reason), "flaky: %.120s came %d of %d times from a fresh state",
		 signature, same, CONFIRM_TIMES);
	return 0;
}
