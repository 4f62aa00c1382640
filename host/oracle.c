/* SPDX-License-Identifier: BSD-2-Clause */
/* A run, from its prediction to its result. */
#include "host/oracle.h"

#include <stdio.h>
#include <string.h>

#include "host/settle.h"

enum { HOSTED_SHARE = 80 };

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

void result_error(struct result *r, const char *what, const char *words)
{
	r->verdict = VERDICT_ERROR;
	snprintf(r->reason, sizeof(r->reason), "%s%s%.180s", what, *words ? ": " : "", words);
}

int oracle_start(struct oracle *o, const struct engine_opts *opts, char *err, size_t err_cap)
{
	if (o->engine)
		engine_stop(o->engine);
	o->engine = engine_start(opts, err, err_cap);
	if (!o->engine)
		return -1;
	o->profile = &engine_hello(o->engine)->profile;
	o->broken = 0;
	return 0;
}

int oracle_know(struct oracle *o, struct known *known, char *err, size_t err_cap)
{
	if (known_load(known, engine_name(o->engine), engine_version(o->engine), err, err_cap))
		return -1;
	o->known = known;
	return 0;
}

int oracle_recover(struct oracle *o, struct result *r)
{
	o->n_recoveries++;
	if (engine_recover(o->engine) == ENGINE_OK)
		return 0;
	o->broken = 1;
	result_error(r, "the engine could not be brought back to its snapshot; run `trainwreck doctor`",
	      engine_words(o->engine));
	return -1;
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

	/* of several runs that may wait for the host nobody could tell which one does */
	if (r->stride || t->broken.rule || seq_needs(seq) & HOSTED || o->predicted != r)
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
	const int ended = status == ENGINE_OK, dirty = ended && done.flags & DONE_DIRTY;

	clear(r);
	r->hash = done.hash;
	if (ended && !dirty && done.n_rec == a->n && done.hash == a->hash) {
		o->n_events += done.n_rec ? done.n_rec - 1u : 0;
		r->verdict = a->n_known ? VERDICT_DIVERGE : VERDICT_PASS;
		r->n_known = a->n_known;
		memcpy(r->known, a->known, a->n_known * sizeof(a->known[0]));
		return 1;
	}
	predict(o, seq, r);
	if (dirty)
		oracle_recover(o, r);
	if (dirty || (ended && !find_by_hash(o, seq, &done, &r->j)))
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
