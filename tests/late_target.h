/* SPDX-License-Identifier: BSD-2-Clause */
/* A campaign's target on a CPU that does as a test says, in the runs that it says. After <cmocka.h>. */
#ifndef TW_TESTS_LATE_TARGET_H
#define TW_TESTS_LATE_TARGET_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/target_ahead.h"
#include "tests/parsed.h"
#include "tests/scratch.h"
#include "tests/window_rig.h"

enum { ODD = 7, N = 20, TRIES = 3, DEADLINE_MS = 5000, MAP_LEN = 1024, RF = 0x10000 };

/*
 * A sound CPU, but for the runs of sequences of `steps` steps (0: of any) from the run number `from` to `to`, counted
 * over all its lives (0: from the first, to the last).
 */
struct cpu {
	struct window_rig rig;
	unsigned steps, from, to;
	int is_wrong; /* the first event's saved RF is turned round */
	unsigned mischief;
	unsigned dies_in; /* the run in which it shuts down, whatever else is said */
	unsigned stops_in, stops_again; /* the runs in which the whole guest stops, before it answers */
	uint8_t habit; /* where CODE_BP_MOVSS leaves a choice */
};

static void answer(const uint8_t *bytes, size_t len, void *arg, struct fake_run *ret_run)
{
	static struct trace t;
	static struct overlay habits;
	const struct cpu *c = arg;
	const unsigned nth = c->rig.guest.counts->runs;
	struct seq seq;

	seq_decode(&seq, bytes, len);
	habits.habit[RULE_CODE_BP_MOVSS] = c->habit;
	model_predict(&seq, profile_named("intel"), &habits, NULL, &t);
	ret_run->n = t.n;
	memcpy(ret_run->rec, t.rec, t.n * sizeof(t.rec[0]));
	if (t.outcome == OUTCOME_SHUTDOWN)
		ret_run->mischief = FAKE_SHUTDOWN;
	if ((!c->steps || seq.n_steps == c->steps) && nth >= c->from && (!c->to || nth <= c->to)) {
		ret_run->mischief |= c->mischief;
		ret_run->rec[0].rflags ^= c->is_wrong ? RF : 0;
	}
	if (nth == c->dies_in)
		ret_run->mischief |= FAKE_SHUTDOWN;
	if (nth == c->stops_in || nth == c->stops_again)
		raise(SIGSTOP);
}

static void sit_down(struct target *t, struct cpu *c)
{
	static char again[sizeof(dir) + 8];

	memset(t, 0, sizeof(*t));
	c->rig.guest.run = answer;
	c->rig.guest.arg = c;
	c->rig.guest.profile = *profile_named("intel");
	rig_start(&c->rig);
	t->oracle.engine = c->rig.engine;
	t->oracle.profile = &engine_hello(c->rig.engine)->profile;
	t->oracle.deadline_ms = DEADLINE_MS;
	t->oracle.death_stride = 200;
	/* that many have died unforeseen already: no place is free */
	memset(t->oracle.mortal, 0xff, sizeof(t->oracle.mortal));
	/* where another engine is asked for, there is none */
	t->opts.spec = "fd:none";
	t->source = (struct finding_source){ .spec = c->rig.guest.spec };
	campaign_open(&t->campaign, dir);
	snprintf(again, sizeof(again), "%s/again", dir);
	setenv(AGAIN_ENV, again, 1);
	t->again = again_open();
	assert_non_null(t->again);
}

static void stand_up(struct target *t, struct cpu *c)
{
	target_close(t);
	fakeguest_stop(&c->rig.guest);
}

static int give_seq(struct target *t, const struct seq *seq)
{
	uint8_t bytes[SEQ_BYTES_MAX], map[MAP_LEN] = { 0 };

	return target_run(t, bytes, seq_encode(seq, bytes), map, sizeof(map));
}

/* A sequence of so many steps, with one event. */
static struct seq plain(unsigned steps)
{
	struct seq nop = parsed("nop"), seq = parsed("ud2");

	for (; seq.n_steps < steps; seq.n_steps++) {
		seq.step[seq.n_steps] = seq.step[seq.n_steps - 1];
		seq.step[seq.n_steps - 1] = nop.step[0];
	}
	return seq;
}

/* Those of 1 to n steps; the answer to each is the model's and comes at once. */
static void give(struct target *t, unsigned n)
{
	for (unsigned steps = 1; steps <= n; steps++) {
		struct seq seq = plain(steps);

		assert_int_equal(give_seq(t, &seq), 0);
	}
}

/* The guest stands still in the run that was said. */
static void wait_for_stop(const struct cpu *c)
{
	int status;

	assert_int_equal(waitpid(c->rig.guest.pid, &status, WUNTRACED), c->rig.guest.pid);
	assert_true(WIFSTOPPED(status));
}

static void go_on(const struct cpu *c)
{
	kill(c->rig.guest.pid, SIGCONT);
}

/* The same while this process waits for the guest. */
static pid_t go_on_soon(const struct cpu *c)
{
	pid_t child = fork();

	if (child)
		return child;
	usleep(50000);
	go_on(c);
	_exit(0);
}

/* N of them, of which none is answered before all are under way. */
static void give_at_once(struct target *t, struct cpu *c)
{
	c->stops_in = 1;
	sit_down(t, c);
	give(t, N);
	assert_int_equal(t->ahead.n, N);
	wait_for_stop(c);
	go_on(c);
	assert_int_equal(ahead_all(t), 0);
	assert_int_equal(t->ahead.n + t->ahead.n_doubts, 0);
	assert_int_equal(t->campaign.execs, N);
}

/* The next that AFL++ is handed once more: its steps, 0 for none. */
static unsigned handed(const struct target *t, uint32_t *seen, struct seq *ret_seq)
{
	uint8_t bytes[SEQ_BYTES_MAX];
	size_t len = again_take(t->again, seen, bytes);

	seq_decode(ret_seq, bytes, len);
	return len ? ret_seq->n_steps : 0;
}

static int is_there(const char *file)
{
	char command[256];

	snprintf(command, sizeof(command), "ls -d %s/%s >/dev/null 2>&1", dir, file);
	return !system(command);
}

/* Nothing that anybody should hear of; each event came once, but those of `missing` runs. */
static void nothing_happened(struct target *t, unsigned missing)
{
	uint32_t seen = 0;
	struct seq seq;

	assert_int_equal(t->campaign.errors, 0);
	assert_int_equal(t->campaign.flaky, 0);
	assert_int_equal(t->campaign.n, 0);
	assert_int_equal(t->oracle.n_events, N - missing);
	assert_int_equal(handed(t, &seen, &seq), 0);
}

#endif
