/* SPDX-License-Identifier: BSD-2-Clause */
/* A CPU that is wrong on purpose: a fake guest with the model's own answers, into which a fault is planted. */
#ifndef TW_TESTS_WRONG_CPU_H
#define TW_TESTS_WRONG_CPU_H

#include <string.h>

#include "host/oracle.h"
#include "tests/fakeguest.h"
#include "tests/parsed.h"

struct plant {
	struct overlay_line line; /* what this CPU does wrong */
	int every; /* 0: always; n: in every nth run only */
	int silent; /* it never answers a run */
	const char *leaves; /* what a run leaves behind, NULL: nothing */
	unsigned n;
};

static void answer(const uint8_t *bytes, size_t len, void *arg, struct fake_run *ret_run)
{
	static struct trace t;
	struct plant *p = arg;
	struct overlay wrong = { .n = 1, .line = &p->line };
	struct path path = { 0 };
	struct seq seq;
	int plants = !p->every || ++p->n % (unsigned)p->every == 1;

	seq_decode(&seq, bytes, len);
	model_predict(&seq, profile_named("intel"), plants ? &wrong : NULL, &path, &t);
	if (p->silent || t.outcome == OUTCOME_HANG)
		ret_run->mischief = FAKE_SILENT;
	if (p->leaves)
		ret_run->mischief |= FAKE_DIRTY;
	ret_run->wrong = p->leaves;
	ret_run->n = t.n;
	memcpy(ret_run->rec, t.rec, t.n * sizeof(t.rec[0]));
}

struct rig {
	struct fakeguest guest;
	struct oracle oracle;
};

static void start(struct rig *rig, struct plant *plant)
{
	char why[256];

	memset(rig, 0, sizeof(*rig));
	rig->guest.run = answer;
	rig->guest.arg = plant;
	rig->guest.profile = *profile_named("intel");
	assert_int_equal(fakeguest_start(&rig->guest), 0);
	struct engine_opts opts = { .spec = rig->guest.spec };
	assert_int_equal(oracle_start(&rig->oracle, &opts, why, sizeof(why)), 0);
	rig->oracle.deadline_ms = 300;
}

static void stop(struct rig *rig)
{
	engine_stop(rig->oracle.engine);
	fakeguest_stop(&rig->guest);
}

static const struct overlay_line no_rf = { .rule = RULE_RF_FAULT, .vector = -1 };

#endif
