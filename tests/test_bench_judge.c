/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of measured figures: their verdicts, their label, their record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "efi/abi/verdicts.h"
#include "host/bench_run.h"
#include "host/results.h"

static struct result figures(unsigned id, enum bench_kind kind, double median, double spread)
{
	struct result r = { .row = bench_row(id), .kind = kind };

	r.stats.n = 100;
	r.stats.median = median;
	r.stats.q1 = median - spread / 2;
	r.stats.q3 = median + spread / 2;
	return r;
}

static void judging(double ovh_spread, double rt_spread, double exit_median, struct result v[4])
{
	struct results rs = { v, 4 };

	v[0] = figures(B_OVH_K_JMP, BENCH_RT, 40, ovh_spread);
	v[1] = figures(B_INT3_K, BENCH_RT, 1000, rt_spread);
	v[2] = figures(B_INT3_K, BENCH_ENTER, 600, 0);
	v[3] = figures(B_INT3_K, BENCH_EXIT, exit_median, 0);
	results_judge(&rs);
}

static void steady_figures_that_fit_are_ok(void **state)
{
	struct result v[4];

	(void)state;
	judging(2, 100, 440, v);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(v[i].verdict, BENCH_OK);
}

/* An unstable row says by what figures. */
static void says_figures(const struct result *r)
{
	if (!strpbrk(r->reason, "0123456789"))
		fail_msg("no figures in: %s", r->reason);
}

static void a_wide_spread_is_unstable(void **state)
{
	struct result v[4];

	(void)state;
	judging(2, 320, 440, v);
	assert_int_equal(v[1].verdict, BENCH_UNSTABLE);
	says_figures(&v[1]);
	assert_int_equal(v[0].verdict, BENCH_OK);
}

static void an_unstable_overhead_spoils_what_depends_on_it(void **state)
{
	struct result v[4];

	(void)state;
	judging(60, 100, 440, v);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(v[i].verdict, BENCH_UNSTABLE);
	assert_non_null(strstr(v[1].reason, "ovh.window.k.jmp"));
	assert_non_null(strstr(v[1].reason, "half of the samples lie 60 ticks apart"));
}

static void parts_that_do_not_make_the_whole_are_unstable(void **state)
{
	struct result v[4];

	(void)state;
	judging(2, 100, 700, v);
	assert_int_equal(v[1].verdict, BENCH_OK);
	assert_int_equal(v[2].verdict, BENCH_UNSTABLE);
	assert_int_equal(v[3].verdict, BENCH_UNSTABLE);
	says_figures(&v[2]);
	says_figures(&v[3]);
}

static void labels_follow_the_profile_and_the_engine(void **state)
{
	struct msg_hello h = { 0 };

	(void)state;
	assert_string_equal(results_label(&h, "tty"), "hardware");
	assert_string_equal(results_label(&h, "bochs"), "emulated");
	h.profile.features = FEAT(HYPERVISOR);
	assert_string_equal(results_label(&h, "qemu"), "virtual");
	memcpy(h.profile.hypervisor, "TCGTCGTCGTCG", 12);
	assert_string_equal(results_label(&h, "qemu"), "emulated");
	memset(h.profile.hypervisor, 0, sizeof(h.profile.hypervisor));
	h.profile.features |= FEAT(EMULATED);
	assert_string_equal(results_label(&h, "tty"), "emulated");
}

static void a_record_has_the_fields_of_its_schema(void **state)
{
	static const char *const fields[] = {
		"schema",   "id",  "verdict", "reason", "unit",	       "n",
		"discards", "min", "p5",      "q1",	"median",      "q3",
		"p95",	    "p99", "max",     "mad",	"overhead_id", "definition",
	};
	struct result v[4];
	struct results rs = { v, 4 };
	json_t *o;

	(void)state;
	judging(2, 100, 440, v);
	o = bench_result_json(&rs, &v[2], "emulated");
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_non_null(json_object_get(o, fields[i]));
	assert_string_equal(json_string_value(json_object_get(o, "id")), "idt.int3.k.gate.enter");
	assert_true(json_real_value(json_object_get(o, "overhead_median")) > 39.9);
	assert_true(json_is_null(json_object_get(o, "smi")) || v[2].smi != ~0ull);
	json_decref(o);
}

/* Instructions retired only where every batch has the same number, core cycles as the median of the batches. */
static void what_was_counted_is_published(void **state)
{
	struct msg_benched b = { .verdict = VERDICT_OK, .n = 4, .retired = 321, .discards = 3, .discarded = { 0, 1, 2, 0 } };
	struct result v[4];
	struct results rs = { v, 4 };
	struct result *r = &v[2];
	json_t *o;

	(void)state;
	judging(2, 100, 440, v);
	o = bench_result_json(&rs, r, "emulated");
	assert_true(json_is_null(json_object_get(o, "retired_instructions")));
	assert_true(json_is_null(json_object_get(o, "core_cycles")));
	json_decref(o);
	for (b.cycles = 1001; b.cycles <= 1003; b.cycles++)
		assert_int_equal(bench_answered(&b, r), 1);
	o = bench_result_json(&rs, r, "hardware");
	assert_int_equal(json_integer_value(json_object_get(o, "retired_instructions")), 321);
	assert_true(json_real_value(json_object_get(o, "core_cycles")) == 1002.0);
	assert_int_equal(json_integer_value(json_object_get(o, "discards")), 9);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "discarded_for"), "smi")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "discarded_for"), "retired")), 6);
	json_decref(o);
	b.retired = 322;
	assert_int_equal(bench_answered(&b, r), 1);
	o = bench_result_json(&rs, r, "hardware");
	assert_true(json_is_null(json_object_get(o, "retired_instructions")));
	assert_true(json_real_value(json_object_get(o, "core_cycles")) == 1002.5);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steady_figures_that_fit_are_ok),
		cmocka_unit_test(a_wide_spread_is_unstable),
		cmocka_unit_test(an_unstable_overhead_spoils_what_depends_on_it),
		cmocka_unit_test(parts_that_do_not_make_the_whole_are_unstable),
		cmocka_unit_test(labels_follow_the_profile_and_the_engine),
		cmocka_unit_test(a_record_has_the_fields_of_its_schema),
		cmocka_unit_test(what_was_counted_is_published),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
