/* SPDX-License-Identifier: BSD-2-Clause */
/* From what an engine answered to a verdict: by hash where the prediction holds, by the whole trace where it does not. */
#include "host/settle.h"

#include <stdio.h>
#include <string.h>

struct overlay *overlay_of(struct oracle *o)
{
	return o->known ? &o->known->overlay : &o->bare;
}

/*
 * Next time the machine is expected to choose as it chose now. Where there is time to explain each sequence is taken by
 * itself instead: two known differences may say the same, and which one is named must not hang on what ran before.
 */
static void learn(struct oracle *o, const struct path *path)
{
	struct overlay *overlay = overlay_of(o);

	if (o->explain)
		return;
	for (unsigned i = 0; i < path->n; i++) {
		overlay->habit[path->rule[i]] = path->taken[i];
		overlay->habit_at[path->at[i]] = (uint8_t)(1 + path->taken[i]);
	}
}

static int expects(const struct trace *t, const struct msg_done *done)
{
	return t->outcome == OUTCOME_DONE && t->n == done->n_rec &&
	       record_hash(t->rec, t->n) == done->hash;
}

int find_by_hash(struct oracle *o, const struct seq *seq, const struct msg_done *done,
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
	if (o->known && o->death_stride)
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

/*
 * What is expected of a machine that nothing is known of. Of several paths that agree equally long the one tried first
 * names a difference: tried in an order that hangs on what ran before it would have several names.
 */
static struct overlay *without_habits(const struct overlay *overlay)
{
	static struct overlay without;

	without = *overlay;
	memset(without.habit, 0, sizeof(without.habit));
	memset(without.habit_at, 0, sizeof(without.habit_at));
	return &without;
}

static void judge_done(struct oracle *o, const struct seq *seq, struct result *r)
{
	model_judge(seq, o->profile, overlay_of(o), r->observed, r->n_observed, &r->j);
	if (!r->j.agrees)
		model_judge(seq, o->profile, without_habits(overlay_of(o)), r->observed, r->n_observed, &r->j);
}

static void judge_death(struct oracle *o, const struct seq *seq, struct result *r)
{
	model_judge_death(seq, o->profile, overlay_of(o), r->outcome, &r->j);
	if (!r->j.agrees)
		model_judge_death(seq, o->profile, without_habits(overlay_of(o)), r->outcome, &r->j);
}

/* Nothing can be said of the run, and nobody knows what state the machine is in. */
static void give_up(struct oracle *o, struct result *r, const char *what, const char *words)
{
	result_error(r, what, words);
	oracle_recover(o, r);
}

static void settle_done(struct oracle *o, const struct seq *seq, const struct msg_done *done,
			struct result *r)
{
	r->outcome = OUTCOME_DONE;
	r->hash = done->hash;
	o->n_events += done->n_rec ? done->n_rec - 1u : 0;
	if (!(done->flags & DONE_DIRTY) && find_by_hash(o, seq, done, &r->j)) {
		settle_agreement(o, seq, r);
		return;
	}

	int n = engine_records(o->engine, r->observed, RECORDS_MAX + 1);
	if (n < 0 || record_hash(r->observed, (unsigned)n) != done->hash) {
		give_up(o, r, "the records of the run do not arrive as hashed; check the link, then run it again",
			n < 0 ? engine_status_words(engine_last_status(o->engine)) : "");
		return;
	}
	r->n_observed = (unsigned)n;
	r->has_observed = 1;
	judge_done(o, seq, r);
	/* where the model does not follow to the end anything may be left behind; else all must have been put back */
	if (done->flags & DONE_DIRTY && !(r->j.agrees && r->j.trace.unchecked)) {
		char words[128];

		engine_selfcheck(o->engine, words, sizeof(words));
		give_up(o, r, "the guest's state did not verify after this run; run it alone", words);
		return;
	}
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
	judge_death(o, seq, r);
	if (r->j.agrees) {
		settle_agreement(o, seq, r);
	} else {
		r->verdict = outcome == OUTCOME_HANG ? VERDICT_HANG : VERDICT_CRASH;
		signature_of_death(&r->j, outcome, r->signature, sizeof(r->signature));
	}
	oracle_recover(o, r);
}

/*
 * Its process is gone: known when a line says that this kills it, or that it is led where the model does not follow,
 * or when in a run that the model does not follow it died as it is known to die.
 */
static void settle_engine_death(struct oracle *o, const struct seq *seq, struct result *r)
{
	const char *known, *path;
	long from;

	o->n_engine_deaths++;
	r->outcome = OUTCOME_SHUTDOWN;
	judge_death(o, seq, r);
	if (r->j.agrees && (r->j.trace.dies || (r->j.trace.unchecked && r->j.trace.death != RULE_UNCHECKED))) {
		settle_agreement(o, seq, r);
		oracle_recover(o, r);
		return;
	}
	path = engine_stderr(o->engine, &from);
	signature_of_engine(engine_death(o->engine), path, from, r->signature, sizeof(r->signature));
	known = o->known && r->j.agrees && r->j.trace.unchecked ? known_of_death(o->known, r->signature) : NULL;
	r->verdict = known ? VERDICT_DIVERGE : VERDICT_CRASH;
	r->n_known = known != NULL;
	r->known[0] = known;
	oracle_recover(o, r);
}

void settle(struct oracle *o, const struct seq *seq, enum engine_status status, const struct msg_done *done,
	    struct result *r)
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
	give_up(o, r, engine_status_words(status), engine_words(o->engine));
}

void show_manual(struct oracle *o, const struct seq *seq, struct result *r)
{
	struct overlay *manual = without_habits(overlay_of(o));

	manual->n = 0;
	if (r->outcome == OUTCOME_DONE) {
		if (!r->has_observed) {
			r->n_observed = r->j.trace.n;
			memcpy(r->observed, r->j.trace.rec, r->j.trace.n * sizeof(r->observed[0]));
			r->has_observed = 1;
		}
		model_judge(seq, o->profile, manual, r->observed, r->n_observed, &r->j);
		if (!r->j.agrees)
			signature_of(&r->j, r->observed, r->n_observed, r->signature, sizeof(r->signature));
	} else {
		model_judge_death(seq, o->profile, manual, r->outcome, &r->j);
		if (!r->j.agrees)
			signature_of_death(&r->j, r->outcome, r->signature, sizeof(r->signature));
	}
	/* what a known difference explains, another way that the manual leaves open may explain as well */
	if (r->j.agrees && !r->j.trace.unchecked) {
		r->n_known = 0;
		r->verdict = VERDICT_PASS;
	}
}
