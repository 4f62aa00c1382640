/* SPDX-License-Identifier: BSD-2-Clause */
/* What a campaign makes of answers that come late: differences, deaths and lies among runs under way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/late_target.h"

static void nobody_waits_for_the_machine(void **state)
{
	struct cpu c = { .stops_in = 1 };
	static struct target t;

	(void)state;
	sit_down(&t, &c);
	give(&t, ENGINE_RUNS_MAX);
	assert_int_equal(t.ahead.n, ENGINE_RUNS_MAX);
	wait_for_stop(&c);
	assert_int_equal(c.rig.guest.counts->runs, 1);
	assert_int_equal(t.oracle.n_events, 0);
	go_on(&c);
	/* room for one more is made by the oldest */
	give(&t, 1);
	assert_in_range(t.ahead.n, 1, ENGINE_RUNS_MAX);
	assert_in_range(t.oracle.n_events, 1, ENGINE_RUNS_MAX);
	assert_int_equal(ahead_all(&t), 0);
	assert_int_equal(t.oracle.n_events, ENGINE_RUNS_MAX + 1);
	assert_int_equal(c.rig.guest.counts->runs, ENGINE_RUNS_MAX + 1);
	assert_int_equal(t.oracle.n_runs, ENGINE_RUNS_MAX + 1);
	assert_int_equal(t.campaign.errors + t.campaign.flaky + t.campaign.n, 0);
	assert_int_equal(c.rig.restores, 0);
	stand_up(&t, &c);
}

/* It is run again alone, confirmed, saved, and given to AFL++ once more, which then has the true answer. */
static void it_is_found_and_shown(struct target *t, struct cpu *c)
{
	uint32_t seen = 0;
	struct seq seq;

	give_at_once(t, c);
	assert_int_equal(t->campaign.errors, 0);
	assert_int_equal(t->campaign.flaky, 0);
	assert_int_equal(t->campaign.n, 1);
	assert_true(t->campaign.seen[0].confirmed);
	assert_int_equal(finding_steps(dir, t->campaign.seen[0].name), ODD);
	assert_in_range(c->rig.restores, CONFIRM_TIMES, CONFIRM_TIMES * 3);
	assert_int_equal(handed(t, &seen, &seq), ODD);
	assert_int_equal(give_seq(t, &seq), SIGABRT);
	assert_int_equal(t->campaign.seen[0].count, 2);
	assert_int_equal(t->campaign.n, 1);
	assert_int_equal(handed(t, &seen, &seq), 0);
}

static void a_difference(void **state)
{
	struct cpu c = { .steps = ODD, .is_wrong = 1 };
	static struct target t;

	(void)state;
	it_is_found_and_shown(&t, &c);
	stand_up(&t, &c);
}

/* What was under way behind it is sent again, and each is judged once. */
static void a_death(void **state)
{
	struct cpu c = { .steps = ODD, .mischief = FAKE_SHUTDOWN };
	static struct target t;

	(void)state;
	it_is_found_and_shown(&t, &c);
	assert_int_equal(t.oracle.n_events, N - 1);
	stand_up(&t, &c);
}

/* One that died is expected to die and passed over; of one that ended by itself that is not believed. */
static void the_same_differs_in_two_ways(void **state)
{
	struct cpu c = { .dies_in = 1, .from = 2, .is_wrong = 1, .stops_in = 1 };
	struct seq seq = plain(ODD);
	static struct target t;

	(void)state;
	sit_down(&t, &c);
	assert_int_equal(give_seq(&t, &seq), 0);
	assert_int_equal(give_seq(&t, &seq), 0);
	wait_for_stop(&c);
	go_on(&c);
	assert_int_equal(ahead_all(&t), 0);
	/* the death, which does not come again when it is to be confirmed, and the difference */
	assert_int_equal(t.campaign.n, 2);
	assert_int_equal(t.campaign.flaky, 1);
	assert_false(t.campaign.seen[0].confirmed);
	assert_true(t.campaign.seen[1].confirmed);
	stand_up(&t, &c);
}

/* The one that ran behind the others differed, and alone it does not. */
static void a_difference_in_company_only(void **state)
{
	struct cpu c = { .from = ODD, .to = ODD, .is_wrong = 1 };
	static struct target t;
	uint32_t seen = 0;
	struct seq seq;

	(void)state;
	give_at_once(&t, &c);
	assert_int_equal(t.campaign.flaky, 1);
	assert_int_equal(t.campaign.n, 0);
	assert_int_equal(t.campaign.errors, 0);
	/* alone it is given more than one chance */
	assert_int_equal(t.oracle.n_events, N - 1 + TRIES);
	assert_true(is_there("flaky/00-not-when-alone/006.bin"));
	/* what the first one left behind nobody knows */
	assert_int_equal(c.rig.restores, 1);
	assert_int_equal(handed(&t, &seen, &seq), 0);
	stand_up(&t, &c);
}

static void a_death_in_company_only(void **state)
{
	struct cpu c = { .from = ODD, .to = ODD, .mischief = FAKE_SHUTDOWN };
	static struct target t;
	uint32_t seen = 0;
	struct seq seq;

	(void)state;
	give_at_once(&t, &c);
	assert_int_equal(t.campaign.flaky, 1);
	assert_int_equal(t.campaign.n, 1);
	assert_false(t.campaign.seen[0].confirmed);
	assert_false(is_there("findings/*"));
	assert_true(is_there("flaky/00-*DONE-SHUTDOWN*/006.bin"));
	/* and as often as it was asked for confirmation it gave its event */
	assert_int_equal(t.oracle.n_events, N - 1 + CONFIRM_TIMES);
	assert_int_equal(handed(&t, &seen, &seq), 0);
	stand_up(&t, &c);
}

/* Where the manual leaves a choice: the other branch is no difference, and is expected from then on. */
static void a_choice(void **state)
{
	struct cpu c = { .habit = 1, .stops_in = 1 };
	struct seq chooses = parsed("bp.x movss; movss+nop; nop");
	static struct target t;
	static struct trace trace;

	(void)state;
	sit_down(&t, &c);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(give_seq(&t, &chooses), 0);
	wait_for_stop(&c);
	go_on(&c);
	assert_int_equal(t.ahead.n, 3);
	assert_int_equal(ahead_all(&t), 0);
	assert_int_equal(t.oracle.bare.habit[RULE_CODE_BP_MOVSS], 1);
	model_predict(&chooses, t.oracle.profile, NULL, NULL, &trace);
	assert_int_equal(t.oracle.bare.habit_at[trace.path.at[0]], 1 + 1);
	assert_int_equal(t.campaign.errors + t.campaign.flaky + t.campaign.n, 0);
	assert_int_equal(c.rig.guest.counts->runs, 3);
	stand_up(&t, &c);
}

/* And one that went no way that is allowed, but was free to go several, is not counted when it goes a right one alone. */
static void a_choice_that_went_wrong(void **state)
{
	struct cpu c = { .from = 1, .to = 1, .is_wrong = 1 };
	struct seq chooses = parsed("bp.x movss; movss+nop; nop");
	static struct target t;

	(void)state;
	sit_down(&t, &c);
	assert_int_equal(give_seq(&t, &chooses), 0);
	assert_int_equal(ahead_all(&t), 0);
	assert_int_equal(c.rig.guest.counts->runs, 1 + TRIES);
	assert_int_equal(t.campaign.errors + t.campaign.flaky + t.campaign.n, 0);
	assert_int_equal(c.rig.restores, 1);
	stand_up(&t, &c);
}

/* Two ways agree equally long: which one names the difference does not hang on what this machine was seen to do. */
static void a_name_without_habits(void **state)
{
	struct cpu c = { .is_wrong = 1 };
	struct seq chooses = parsed("bp.x movss; movss+nop; ud2");
	char name[SIGNATURE_CAP];
	static struct target t;
	static struct result r;

	(void)state;
	sit_down(&t, &c);
	for (unsigned habit = 0; habit < 2; habit++) {
		t.oracle.bare.habit[RULE_CODE_BP_MOVSS] = (uint8_t)habit;
		oracle_run(&t.oracle, &chooses, &r);
		assert_true(is_unknown(&r));
		if (!habit)
			memcpy(name, r.signature, sizeof(name));
		assert_string_equal(r.signature, name);
	}
	stand_up(&t, &c);
}

/* As long as others are under way doubts wait, but for so many that it is time to stop for them. */
static void doubts_wait_for_one_another(void **state)
{
	for (unsigned n = DOUBTS_MAX - 1; n <= DOUBTS_MAX + 1; n++) {
		struct cpu c = { .from = 1, .to = n, .is_wrong = 1, .stops_in = 1, .stops_again = n + 1 };
		static struct target t;
		struct seq seq = plain(40);

		(void)state;
		sit_down(&t, &c);
		give(&t, n + 1);
		wait_for_stop(&c);
		go_on(&c);
		wait_for_stop(&c);
		/* the guest stands in the run behind those that differed, and has answered these */
		if (n < DOUBTS_MAX) {
			assert_int_equal(give_seq(&t, &seq), 0);
			assert_int_equal(t.ahead.n_doubts, n);
			assert_int_equal(t.campaign.flaky, 0);
			assert_int_equal(t.ahead.n, 2);
			go_on(&c);
			assert_int_equal(ahead_all(&t), 0);
		} else {
			pid_t child = go_on_soon(&c);

			assert_int_equal(give_seq(&t, &seq), 0);
			assert_int_equal(waitpid(child, NULL, 0), child);
			assert_int_equal(t.ahead.n_doubts, 0);
			assert_int_equal(t.ahead.n, 1);
		}
		assert_int_equal(t.campaign.flaky, n);
		assert_int_equal(t.campaign.n + t.campaign.errors, 0);
		stand_up(&t, &c);
	}
}

/* What the harness cannot make sense of is an ERROR, never the CPU's; the others are judged all the same. */
static void the_harness_is_wrong(unsigned mischief)
{
	struct cpu c = { .steps = ODD, .mischief = mischief };
	static struct target t;
	uint32_t seen = 0;
	struct seq seq;

	give_at_once(&t, &c);
	assert_int_equal(t.campaign.errors, 1);
	assert_int_equal(t.campaign.flaky, 0);
	assert_int_equal(t.campaign.n, 0);
	assert_true(is_there("errors/1.bin"));
	assert_in_range(t.oracle.n_events, N - 1, N);
	assert_int_equal(handed(&t, &seen, &seq), 0);
	stand_up(&t, &c);
}

static void lies_are_errors(void **state)
{
	(void)state;
	the_harness_is_wrong(FAKE_LIE);
}

static void nonsense_is_an_error(void **state)
{
	(void)state;
	the_harness_is_wrong(FAKE_WRONG);
}

static void a_guest_that_is_always_dirty(void **state)
{
	(void)state;
	the_harness_is_wrong(FAKE_DIRTY);
}

/* It did not put everything back, and what it did was right: nobody's fault but the machine begins afresh. */
static void a_guest_that_was_dirty_once(void **state)
{
	struct cpu c = { .from = ODD, .to = ODD, .mischief = FAKE_DIRTY };
	static struct target t;

	(void)state;
	give_at_once(&t, &c);
	nothing_happened(&t, 0);
	assert_int_equal(c.rig.restores, 1);
	/* those behind it, which may have run already, and the one itself */
	assert_in_range(c.rig.guest.counts->runs, N + 1, 2 * N - ODD + 1);
	stand_up(&t, &c);
}

/* Before one that may not come back is run, all others are seen to. */
static void a_predicted_death_is_run_alone(void **state)
{
	struct seq triple = parsed("gate.p 8 0; gate.p 13 0; gate.p 11 0; gp.nc");
	struct cpu c = { .stops_in = 1 };
	static struct target t;
	pid_t child;

	(void)state;
	sit_down(&t, &c);
	give(&t, N);
	wait_for_stop(&c);
	child = go_on_soon(&c);
	t.oracle.death_stride = 1;
	assert_int_equal(give_seq(&t, &triple), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(t.ahead.n, 0);
	assert_int_equal(t.now.r.outcome, OUTCOME_SHUTDOWN);
	assert_int_equal(c.rig.guest.counts->runs, N + 1);
	assert_int_equal(c.rig.restores, 1);
	nothing_happened(&t, 0);
	stand_up(&t, &c);
}

/* The time to the first execution ends with the machine's first answer, not with one that AFL++ had early. */
static void the_first_answer_is_timed(void **state)
{
	struct cpu c = { .stops_in = 1 };
	static struct target t;
	char begun[24], path[sizeof(dir) + 24];
	json_t *stats;

	(void)state;
	snprintf(begun, sizeof(begun), "%lld", (long long)now_ms() - 3000);
	setenv(BEGUN_ENV, begun, 1);
	sit_down(&t, &c);
	unsetenv(BEGUN_ENV);
	give(&t, 3);
	assert_int_equal(t.campaign.first_ms, 0);
	wait_for_stop(&c);
	go_on(&c);
	assert_int_equal(ahead_all(&t), 0);
	give(&t, 1);
	assert_int_equal(ahead_all(&t), 0);
	give(&t, 1);
	const int64_t first = t.campaign.first_ms;
	assert_in_range(first, 3000, 3000 + DEADLINE_MS);
	stand_up(&t, &c);
	/* of several fuzzers it is the first one's */
	snprintf(path, sizeof(path), "%s/stats/z.json", dir);
	for (int more = -1; more <= 1; more += 2) {
		json_t *other = json_pack("{s:I}", "first_exec_ms", (json_int_t)(first + more));

		assert_int_equal(json_dump_file(other, path, 0), 0);
		json_decref(other);
		stats = campaign_stats(dir);
		assert_int_equal(json_integer_value(json_object_get(stats, "first_exec_ms")),
				 more < 0 ? first - 1 : first);
		json_decref(stats);
	}
}

/* It says so, and does not wait for a machine that there is not. */
static void no_engine_can_be_had(void **state)
{
	struct cpu c = { .steps = ODD, .mischief = FAKE_DIE };
	static struct target t;

	(void)state;
	sit_down(&t, &c);
	c.rig.is_gone = 1;
	give(&t, ODD);
	assert_int_equal(ahead_all(&t), -1);
	assert_null(t.oracle.engine);
	c.rig.engine = NULL;
	stand_up(&t, &c);
}

#define EACH(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH(nobody_waits_for_the_machine),
		EACH(a_difference),
		EACH(a_death),
		EACH(the_same_differs_in_two_ways),
		EACH(a_difference_in_company_only),
		EACH(a_death_in_company_only),
		EACH(a_choice),
		EACH(a_choice_that_went_wrong),
		EACH(a_name_without_habits),
		EACH(doubts_wait_for_one_another),
		EACH(lies_are_errors),
		EACH(nonsense_is_an_error),
		EACH(a_guest_that_is_always_dirty),
		EACH(a_guest_that_was_dirty_once),
		EACH(a_predicted_death_is_run_alone),
		EACH(the_first_answer_is_timed),
		EACH(no_engine_can_be_had),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
