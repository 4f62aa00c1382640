/* SPDX-License-Identifier: BSD-2-Clause */
/* A test case of AFL++, from its bytes to the map and the wait status. */
#include "host/target.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "efi/abi/wire.h"
#include "fuzz/style.h"
#include "host/file.h"
#include "host/inputs.h"
#include "host/sitting.h"
#include "host/target_ahead.h"

enum { DEATH_STRIDE = 1000, ENGINE_TRIES = 3, ERRORS_KEPT = 50 };

int target_open(struct target *t, const char *dir, char *err, size_t err_cap)
{
	t->oracle.death_stride = DEATH_STRIDE;
	if (oracle_start(&t->oracle, &t->opts, err, err_cap))
		return -1;
	if (!t->strict) {
		if (oracle_know(&t->oracle, &t->known, err, err_cap)) {
			engine_stop(t->oracle.engine);
			return -1;
		}
	}
	int other = sitting_machine(dir, t->oracle.engine, err, err_cap);
	if (other) {
		engine_stop(t->oracle.engine);
		known_free(&t->known);
		return other;
	}
	campaign_open(&t->campaign, dir);
	/* over a line nothing is gained: the guest's bytes come one by one, and want to be fetched */
	t->again = engine_has_window(t->oracle.engine) ? again_open() : NULL;
	return 0;
}

int target_renew(struct target *t)
{
	char err[512] = "";

	for (int i = 0; i < ENGINE_TRIES; i++) {
		if (!oracle_start(&t->oracle, &t->opts, err, sizeof(err)))
			return 0;
	}
	fprintf(stderr, "trainwreck: the engine does not start any more: %s\n", err);
	return -1;
}

/*
 * AFL++ keeps a crash only when its map has a bit that no crash had before. With nothing in the map
 * but the signature, its count of crashes is the count of signatures.
 */
static void mark_signature(const char *signature, uint8_t *map, size_t map_len)
{
	uint32_t hash = crc32_ieee(0, signature, strlen(signature));

	memset(map, 0, map_len);
	map[0] = 1;
	map[1 + hash % (map_len - 1)] = 1;
	map[1 + (hash >> 13) % (map_len - 1)] = 1;
}

static int finding(struct target *t, const struct seq *seq, struct result *r)
{
	struct campaign *c = &t->campaign;
	char err[512];

	if (finding_save(&t->oracle, c->dir, &t->source, seq, r, err, sizeof(err))) {
		fprintf(stderr, "trainwreck: %s\n", err);
		return -1;
	}
	return 0;
}

/* An unknown difference: confirm it when it is new, save it when its sequence is the shortest yet. */
static int settle_unknown(struct target *t, const struct seq *seq, const uint8_t *bytes, size_t len,
			  struct result *r)
{
	struct campaign *c = &t->campaign;
	struct seen_signature *s = campaign_signature(c, r->signature);

	if (!s || (!s->confirmed && s->flaky >= FLAKY_TRIES)) {
		c->flaky++;
		return 0;
	}
	int better = !s->confirmed || seq->n_steps < s->steps;
	if (better) {
		sitting_open(c->dir, c->instance, bytes, len);
		int same = oracle_confirm(&t->oracle, seq, r);

		history_end(&t->history, &t->oracle);
		if (!same) {
			history_save(&t->history, c->dir, s->name);
			s->flaky++;
			c->flaky++;
			sitting_settled(c->dir, c->instance);
			return 0;
		}
	}
	s->count++;
	if (!s->too_long || seq->n_steps < s->too_long)
		s->too_long = inputs_keep(c->dir, s->name, seq);
	if (better) {
		s->steps = seq->n_steps;
		if (!finding(t, seq, r)) {
			int steps = finding_steps(c->dir, r->signature);
			if (steps >= 0 && (uint32_t)steps < s->steps)
				s->steps = (uint32_t)steps;
		}
		s->confirmed = 1;
		campaign_write(c, &t->oracle, 1);
		sitting_settled(c->dir, c->instance);
	}
	return SIGABRT;
}

/* An ERROR is ours to mend, never the CPU's: keep its input, its reason and what ran before, the first few times. */
static void keep_error(struct target *t, const uint8_t *bytes, size_t len, const char *reason)
{
	const struct campaign *c = &t->campaign;
	char path[4096];
	FILE *f;

	if (c->errors > ERRORS_KEPT)
		return;
	snprintf(path, sizeof(path), "%s/errors", c->dir);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/errors/%u.bin", c->dir, (unsigned)c->errors);
	file_write(path, bytes, len);
	history_save(&t->history, c->dir, "ERROR");
	snprintf(path, sizeof(path), "%s/errors/log", c->dir);
	f = fopen(path, "a");
	if (f) {
		fprintf(f, "%u.bin: %s\n", (unsigned)c->errors, reason);
		fclose(f);
	}
}

int target_settle(struct target *t, const struct seq *seq, const uint8_t *bytes, size_t len, struct result *r)
{
	struct campaign *c = &t->campaign;
	int crash = 0;

	history_add(&t->history, &t->oracle, seq, r);
	c->skips += r->verdict == VERDICT_SKIP;
	if (r->verdict == VERDICT_ERROR) {
		c->errors++;
		keep_error(t, bytes, len, r->reason);
	}
	if (r->n_known)
		known_count(&t->known, r->known, r->n_known);
	else if (is_unknown(r))
		crash = settle_unknown(t, seq, bytes, len, r);
	if (t->oracle.broken && target_renew(t))
		return -1;
	return crash;
}

static void take(struct target *t, const uint8_t *bytes, size_t len)
{
	t->now.len = len < SEQ_BYTES_MAX ? len : SEQ_BYTES_MAX;
	if (len)
		memcpy(t->now.bytes, bytes, t->now.len);
	seq_decode(&t->now.seq, bytes, len);
	seq_fold(&t->now.seq);
	/* a guard is off only where that is asked for */
	t->now.seq.style = t->style ? t->style : style_byte(style_of(&t->now.seq), 0);
}

int target_resume(struct target *t)
{
	uint8_t bytes[SEQ_BYTES_MAX];
	size_t len = sitting_left(t->campaign.dir, t->campaign.instance, bytes, sizeof(bytes));

	if (!len)
		return 0;
	take(t, bytes, len);
	oracle_run(&t->oracle, &t->now.seq, &t->now.r);
	int bad = target_settle(t, &t->now.seq, bytes, len, &t->now.r) < 0;
	sitting_settled(t->campaign.dir, t->campaign.instance);
	return bad ? -1 : 0;
}

/*
 * As oracle_begin(). What AFL++ was handed once more it is to have the machine's answer to, also when that was a
 * death, which is expected by now and would be passed over.
 */
static int begin(struct target *t)
{
	const unsigned stride = t->oracle.death_stride;
	int runs;

	if (t->again && again_is(t->again, t->now.bytes, t->now.len))
		t->oracle.death_stride = 1;
	runs = oracle_begin(&t->oracle, &t->now.seq, &t->now.r);
	t->oracle.death_stride = stride;
	return runs;
}

int target_run(struct target *t, const uint8_t *bytes, size_t len, uint8_t *map, size_t map_len)
{
	struct result *r = &t->now.r;
	int crash = 0, ahead = 0;

	if (ahead_arrived(t))
		return -1;
	take(t, bytes, len);
	t->campaign.execs++;
	if (begin(t)) {
		ahead = ahead_send(t);
		if (!ahead) {
			if (ahead_all(t))
				return -1;
			oracle_end(&t->oracle, &t->now.seq, r);
		}
	}
	if (!ahead) {
		crash = target_settle(t, &t->now.seq, t->now.bytes, t->now.len, r);
		if (crash < 0)
			return -1;
	}
	/* not what it was told while the machine still works */
	if (t->oracle.n_runs > t->ahead.n)
		campaign_answered(&t->campaign);
	if (crash)
		mark_signature(r->signature, map, map_len);
	else if (!r->not_run && r->verdict != VERDICT_SKIP && r->verdict != VERDICT_ERROR)
		cover_trace(&t->now.seq, &r->j.trace, map, map_len);
	campaign_write(&t->campaign, &t->oracle, 0);
	return crash;
}

void target_close(struct target *t)
{
	if (t->oracle.engine)
		ahead_all(t);
	again_close(t->again);
	campaign_write(&t->campaign, &t->oracle, 1);
	if (t->oracle.engine)
		engine_stop(t->oracle.engine);
	known_free(&t->known);
}
