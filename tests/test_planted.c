/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Does fuzzing find what is there to be found? A fake guest answers as the model does, but for one
 * planted defect. A blind campaign that begins with seeds which do not show it must find it, confirm
 * it and make it small; with nothing planted it must find nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/finding_load.h"
#include "host/seqfile.h"
#include "host/target.h"
#include "tests/fakeguest.h"
#include "tests/scratch.h"

enum { SECONDS = 60, QUEUE_MAX = 1024, MAP_LEN = 8192, SOUND_RUNS = 20000 };

/* What a CPU does wrong. No instruction of its own gives any of them away. */
struct plant {
	struct overlay_line line;
	const char *words;
};

#define WRONG(id, a, x, w) { { .rule = RULE_##id, .vector = -1, .and = a, .xor = x }, w }

static struct plant plants[] = {
	WRONG(NMI_BLOCKS_NMI, 0, 0, "an NMI handler is interrupted by the next NMI"),
	WRONG(SYSRET_FLAGS, UINT64_MAX, 0x40000, "SYSRET loses AC"),
	WRONG(RET_CS_L_AND_D, 0, 0, "a return accepts L and D"),
	WRONG(DOUBLE_FAULT, 0, 0, "no double faults"),
	WRONG(IRET_NT, 0, 0, "IRET takes no notice of NT"),
	WRONG(MOVSS_SHADOW, 0, 0, "MOV SS has no shadow"),
	WRONG(RF_CLEARED, 0, 0, "RF is never cleared"),
};

static uint32_t random_state;

static unsigned below(unsigned n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

static void predict(const struct seq *seq, struct plant *p, struct trace *ret_trace)
{
	struct overlay wrong = { .n = 1, .line = &p->line };
	struct path path = { 0 };

	model_predict(seq, profile_named("intel"), p ? &wrong : NULL, &path, ret_trace);
}

/* The guest's process. */
static void answer(const uint8_t *bytes, size_t len, void *arg, struct fake_run *ret_run)
{
	static struct trace t;
	struct seq seq;

	seq_decode(&seq, bytes, len);
	predict(&seq, arg, &t);
	ret_run->n = t.n;
	memcpy(ret_run->rec, t.rec, t.n * sizeof(t.rec[0]));
}

/* A fake guest cannot die, nor go on where nobody knows what comes. */
static int can_run(const struct seq *seq, struct plant *p)
{
	static struct trace t;

	predict(seq, p, &t);
	if (t.outcome != OUTCOME_DONE || t.unchecked)
		return 0;
	predict(seq, NULL, &t);
	return t.outcome == OUTCOME_DONE && !t.unchecked;
}

static int shows(const struct seq *seq, struct plant *p)
{
	static struct judgement j;
	static struct trace t;

	predict(seq, p, &t);
	model_judge(seq, profile_named("intel"), NULL, t.rec, t.n, &j);
	return !j.agrees;
}

struct campaign_run {
	struct fakeguest guest;
	struct target target;
	struct plant *plant;
	struct seq queue[QUEUE_MAX];
	unsigned n, n_runs;
	uint8_t seen[MAP_LEN];
};

static void begin(struct campaign_run *c, struct plant *p)
{
	char why[512] = "";

	memset(c, 0, sizeof(*c));
	c->plant = p;
	c->guest = (struct fakeguest){ .profile = *profile_named("intel"), .run = answer, .arg = p };
	assert_int_equal(fakeguest_start(&c->guest), 0);
	c->target.opts.spec = c->guest.spec;
	c->target.source = (struct finding_source){ .spec = c->guest.spec, .minimize_ms = 2000 };
	c->target.oracle.deadline_ms = 1000;
	if (target_open(&c->target, dir, why, sizeof(why)))
		fail_msg("%s", why);
	random_state = 1;
}

static void end(struct campaign_run *c)
{
	target_close(&c->target);
	fakeguest_stop(&c->guest);
}

/* Run one sequence; it joins the queue when it reaches what none before did. Whether it is a finding. */
static int run(struct campaign_run *c, const struct seq *seq)
{
	uint8_t bytes[SEQ_BYTES_MAX], map[MAP_LEN] = { 0 };
	int new = 0, signal_number;

	if (!can_run(seq, c->plant))
		return 0;
	signal_number = target_run(&c->target, bytes, seq_encode(seq, bytes), map, sizeof(map));
	assert_true(signal_number >= 0);
	c->n_runs++;
	for (unsigned i = 0; i < MAP_LEN; i++) {
		new |= map[i] && !c->seen[i];
		c->seen[i] |= map[i];
	}
	if (new && c->n < QUEUE_MAX)
		c->queue[c->n++] = *seq;
	return signal_number != 0;
}

/* Seeds that show the defect themselves would make it too easy. */
static void seed(struct campaign_run *c)
{
	struct seq_cases cases = { 0 };
	char why[512];

	if (seq_cases_add(&cases, "corpus", why, sizeof(why)))
		fail_msg("%s", why);
	for (size_t i = 0; i < cases.n; i++) {
		if (c->plant && shows(&cases.v[i].seq, c->plant))
			continue;
		assert_int_equal(run(c, &cases.v[i].seq), 0);
	}
	seq_cases_free(&cases);
	assert_true(c->n > 10);
}

/* What AFL++ does to bytes, at the grain of steps. */
static void mutate(const struct campaign_run *c, struct seq *s)
{
	*s = c->queue[below(c->n)];
	for (unsigned rounds = 1 + below(6); rounds; rounds--) {
		const struct seq *other = &c->queue[below(c->n)];
		unsigned at = s->n_steps ? below(s->n_steps) : 0;
		struct step *step = &s->step[at];

		switch (below(6)) {
		case 0:
			step->op = (uint8_t)(1 + below(0x37));
			break;
		case 1:
			step->arg = (uint16_t)(below(16) | below(16) << 8);
			break;
		case 2:
			step->prefix = (uint8_t)below(N_PREFIX);
			break;
		case 3:
			s->ring = (uint8_t)below(N_CTX);
			s->flags = (uint8_t)below(32);
			s->layout = (uint8_t)below(N_LAYOUT);
			break;
		case 4: /* splice */
			for (unsigned i = at; i < other->n_steps && i < STEPS_MAX; i++)
				s->step[i] = other->step[i];
			s->n_steps = other->n_steps > at ? other->n_steps : at;
			break;
		default: /* insert */
			if (s->n_steps >= STEPS_MAX || !other->n_steps)
				break;
			memmove(step + 1, step, (s->n_steps - at) * sizeof(*step));
			*step = other->step[below(other->n_steps)];
			s->n_steps++;
		}
	}
}

static void a_planted_defect_is_found(void **state)
{
	static struct campaign_run c;
	static struct finding f;
	char folder[512], why[512];
	time_t until = time(NULL) + SECONDS;
	struct seq s;
	int found = 0;

	begin(&c, *state);
	seed(&c);
	while (!found && time(NULL) < until) {
		mutate(&c, &s);
		found = run(&c, &s);
	}
	if (!found)
		fail_msg("%s: not found in %u runs", c.plant->words, c.n_runs);
	printf("%s: %s after %u runs\n", c.plant->words, c.target.now.r.signature, c.n_runs);

	snprintf(folder, sizeof(folder), "%s/findings/%s", dir, c.target.now.r.signature);
	if (finding_load(folder, &f, why, sizeof(why)))
		fail_msg("%s", why);
	assert_true(shows(&f.seq, c.plant));
	assert_in_range(f.seq.n_steps, 1, 12);
	assert_true(f.seq.n_steps <= s.n_steps);
	end(&c);
}

static void nothing_planted_is_nothing_found(void **state)
{
	static struct campaign_run c;
	struct seq s;

	(void)state;
	begin(&c, NULL);
	seed(&c);
	while (c.n_runs < SOUND_RUNS) {
		mutate(&c, &s);
		if (run(&c, &s))
			fail_msg("a false alarm: %s", c.target.now.r.signature);
		assert_true(c.target.now.r.verdict == VERDICT_PASS || c.target.now.r.verdict == VERDICT_SKIP);
	}
	end(&c);
}

int main(void)
{
	enum { N = sizeof(plants) / sizeof(plants[0]) };
	struct CMUnitTest tests[N + 1] = { cmocka_unit_test(nothing_planted_is_nothing_found) };

	for (unsigned i = 0; i < N; i++)
		tests[i + 1] = (struct CMUnitTest){ .name = plants[i].words,
						    .test_func = a_planted_defect_is_found,
						    .initial_state = &plants[i] };
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
