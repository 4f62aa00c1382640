/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequences timed by a guest that does as the model says, and whose legs are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/model.h"
#include "host/bench_seq.h"
#include "tests/fakeguest.h"

enum { SAMPLES = 8, TICKS = 1000 };

/* What the guest is to get wrong. */
enum wrong { SOUND, NO_LEGS, TOO_MANY, OTHER_TRACE, NOT_THE_SAME };

enum { DISTURBED = 3 };

static unsigned n_steps; /* of the guest's last test case; in its process */

static void run_as_predicted(const uint8_t *bytes, size_t len, void *arg, struct fake_run *ret_run)
{
	static struct trace t;
	struct seq seq;

	seq_decode(&seq, bytes, len);
	n_steps = seq.n_steps;
	model_predict(&seq, profile_named("intel"), NULL, NULL, &t);
	ret_run->n = t.n;
	memcpy(ret_run->rec, t.rec, t.n * sizeof(t.rec[0]));
	ret_run->rec[0].r11 ^= *(enum wrong *)arg == OTHER_TRACE;
}

/* Leg k takes 1000 ticks and 10 * k more. */
static void time_legs(const struct fake_run *run, const struct msg_time *req, void *arg, struct msg_timed *ret,
		      uint32_t *ret_samples)
{
	enum wrong wrong = *(enum wrong *)arg;
	unsigned legs = run->n;

	/* where the last step raised the last event, the recorder ended the run: no leg behind it */
	if (run->n > 1 && run->rec[run->n - 2].step == n_steps)
		legs--;
	ret->n = req->n;
	ret->n_legs = (uint8_t)(wrong == NO_LEGS ? 0 : legs);
	ret->hash = record_hash(run->rec, run->n);
	ret->smi = ~0ull;
	ret->disturbed = req->countable ? DISTURBED : TIMED_UNCOUNTED;
	for (unsigned i = 0; i < legs; i++)
		ret->step[i] = i + 1 < run->n ? run->rec[i].step : TIMED_AT_END;
	for (unsigned i = 0; i < req->n * legs; i++)
		ret_samples[i] = TICKS + 10 * (i % legs);
	if (wrong == TOO_MANY)
		ret->n = BENCH_SAMPLES_MAX + 1;
	if (wrong == NOT_THE_SAME) {
		ret->verdict = 3;
		ret->n = 0;
		memset(ret->reason, 'x', sizeof(ret->reason));
	}
}

static struct seq_times times;

static const struct result *row(const char *suffix)
{
	for (size_t i = 0; i < times.results.n; i++) {
		const char *path = times.row[i].path;
		size_t n = strlen(path), m = strlen(suffix);

		if (n >= m && !strcmp(path + n - m, suffix))
			return &times.results.v[i];
	}
	fail_msg("no row ends in %s", suffix);
	return NULL;
}

static const struct seq_row *extra(const struct result *r)
{
	return &times.row[r - times.results.v];
}

static void time_text(const char *text, enum wrong wrong)
{
	struct fakeguest g = { .profile = *profile_named("intel"), .run = run_as_predicted, .time = time_legs, .arg = &wrong };
	struct engine_opts opts = { .spec = g.spec, .boot_ms = 5000 };
	static struct known known;
	struct seq_cases cases = { 0 };
	struct engine *e;
	char why[512];

	assert_int_equal(seq_cases_add_text(&cases, text, why, sizeof(why)), 0);
	assert_int_equal(fakeguest_start(&g), 0);
	e = engine_start(&opts, why, sizeof(why));
	assert_non_null(e);
	assert_int_equal(seq_times_room(&times, &cases), 0);
	seq_time(e, &cases.v[0], &known, SAMPLES, 0, &times);
	engine_stop(e);
	fakeguest_stop(&g);
	seq_cases_free(&cases);
}

/* int3 ends leg 0, ret.iret and nop share leg 1, ud2 ends it. */
static void a_step_has_the_legs_since_the_event_before_it(void **state)
{
	(void)state;
	time_text("int3; ret.iret; nop; ud2", SOUND);
	assert_int_equal(times.results.n, 6);
	assert_int_equal((int)row(".whole")->stats.n, SAMPLES);
	assert_true(row("empty.k.whole")->stats.median > TICKS - 1);
	assert_int_equal((int)row(".00")->stats.median, TICKS);
	assert_int_equal((int)row(".01")->stats.median, TICKS + 10);
	assert_int_equal((int)row(".03")->stats.median, TICKS + 10);
	assert_int_equal(extra(row(".00"))->n_events, 1);
	assert_string_equal(extra(row(".00"))->event, "#BP");
	assert_int_equal(extra(row(".01"))->first, 1);
	assert_int_equal(extra(row(".01"))->over, -1);
	assert_int_equal(extra(row(".02"))->first, 1);
	assert_ptr_equal(&times.results.v[extra(row(".02"))->over], row(".01"));
	assert_int_equal(extra(row(".03"))->first, 1);
	assert_string_equal(extra(row(".03"))->event, "#UD");
	/* a step more is an instruction more, and the jump to it */
	assert_true(row(".02")->insns > row(".01")->insns);
	assert_int_equal(row("empty.k.whole")->insns, 2 + 7 + 4);
	seq_times_free(&times);
}

static void disturbed_is(const char *suffix, int n)
{
	const json_t *v = json_object_get(row(suffix)->extra, "disturbed");

	if (n < 0)
		assert_true(json_is_null(v));
	else
		assert_int_equal(json_integer_value(v), n);
}

/* A run that waits has no number of instructions by which to tell whether it was disturbed. */
static void only_what_can_be_counted_is_told_apart(void **state)
{
	(void)state;
	time_text("int3; nmi.self", SOUND);
	disturbed_is("empty.k.whole", DISTURBED);
	disturbed_is(".00", DISTURBED);
	disturbed_is(".01", -1);
	seq_times_free(&times);
}

static void another_trace_has_no_count(void **state)
{
	(void)state;
	time_text("int3; nop", OTHER_TRACE);
	assert_int_equal(row(".00")->verdict, BENCH_OK);
	assert_int_equal(row(".00")->insns, 0);
	assert_string_equal(extra(row(".00"))->event, "?");
	disturbed_is(".00", -1);
	assert_true(json_is_false(json_object_get(row(".00")->extra, "as_predicted")));
	seq_times_free(&times);
}

static void what_makes_no_sense_is_an_error(void **state)
{
	(void)state;
	time_text("int3; nop", NO_LEGS);
	assert_int_equal(row(".00")->verdict, BENCH_ERROR);
	seq_times_free(&times);
	time_text("int3; nop", TOO_MANY);
	assert_int_equal(row(".00")->verdict, BENCH_ERROR);
	seq_times_free(&times);
}

static void what_is_not_the_same_each_time_is_unstable(void **state)
{
	(void)state;
	time_text("int3; nop", NOT_THE_SAME);
	assert_int_equal(row(".00")->verdict, BENCH_UNSTABLE);
	assert_true(strlen(row(".00")->reason) < 70);
	seq_times_free(&times);
}

static void what_ends_in_a_shutdown_is_skipped(void **state)
{
	(void)state;
	time_text("gate.p 8 0; gate.p 13 0; gate.p 11 0; gp.nc", SOUND);
	assert_int_equal(row("k.whole")->verdict, BENCH_OK);
	assert_int_equal(times.results.n, 2);
	assert_int_equal(times.results.v[1].verdict, BENCH_SKIP);
	assert_true(json_is_null(json_object_get(times.results.v[1].extra, "disturbed")));
	seq_times_free(&times);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_has_the_legs_since_the_event_before_it),
		cmocka_unit_test(only_what_can_be_counted_is_told_apart),
		cmocka_unit_test(another_trace_has_no_count),
		cmocka_unit_test(what_makes_no_sense_is_an_error),
		cmocka_unit_test(what_is_not_the_same_each_time_is_unstable),
		cmocka_unit_test(what_ends_in_a_shutdown_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
