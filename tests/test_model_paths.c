/* SPDX-License-Identifier: BSD-2-Clause */
/* Choices, judging and deaths: what the model makes of a trace that somebody else has seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/model_agreed.h"

static struct seq parsed(const char *text)
{
	const struct model_case c = { .seq = text };
	struct seq seq;

	assert_int_equal(parse_case(&c, &seq), 0);
	return seq;
}

/* The sequence `text`, and behind it n times `more`. */
static struct seq repeated(const char *text, unsigned n, const char *more)
{
	char all[1024];

	snprintf(all, sizeof(all), "%s", text);
	while (n--)
		strncat(all, more, sizeof(all) - strlen(all) - 1);
	return parsed(all);
}

static void every_path_of_every_case_is_agreed_to(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2 * N_MODEL_CASES; i++) {
		const struct model_case *c = &model_cases[i / 2];
		enum case_profile which = i % 2 ? AMD : INTEL;

		if (c->profile & which && !case_is_agreed_to(c, which))
			fail_msg("%s", c->seq);
	}
}

/* One wrong bit in any field of any record is found in that record, and the field is named. */
static void a_wrong_field_is_named(void **state)
{
	static struct judgement j;
	static struct trace t;
	struct seq seq = parsed("start ring=u flags=if; int3; ret.iret; syscall; pf.read np; ud2");
	struct path path = { 0 };
	struct record rec[RECORDS_MAX + 1];
	char signature[256];

	(void)state;
	model_predict(&seq, profile_named("intel"), NULL, &path, &t);
	assert_in_range(t.n, 4, 8);
	for (unsigned i = 0; i < t.n; i++) {
		for (size_t k = 0; k < sizeof(rec[0]); k++) {
			memcpy(rec, t.rec, t.n * sizeof(rec[0]));
			((uint8_t *)&rec[i])[k] ^= 1;
			model_judge(&seq, profile_named("intel"), NULL, rec, t.n, &j);
			assert_false(j.agrees);
			assert_int_equal(j.record, i);
			assert_int_equal(j.expected, field_value(&t.rec[i], j.field));
			assert_int_equal(j.observed, field_value(&rec[i], j.field));
			assert_int_not_equal(j.expected, j.observed);
			signature_of(&j, rec, t.n, signature, sizeof(signature));
			assert_null(strpbrk(signature, "/ \n"));
			assert_non_null(strstr(signature, rule_info[j.rule].name));
		}
	}
}

static void a_record_too_few_or_too_many_is_seen(void **state)
{
	static struct judgement j;
	static struct trace t;
	struct seq seq = parsed("int3; int3; ud2");
	struct path path = { 0 };
	struct record rec[RECORDS_MAX + 2];

	(void)state;
	model_predict(&seq, profile_named("amd"), NULL, &path, &t);
	memcpy(rec, t.rec, sizeof(t.rec));
	rec[t.n] = rec[0];
	for (unsigned n = 0; n <= t.n + 1u; n++) {
		model_judge(&seq, profile_named("amd"), NULL, rec, n, &j);
		assert_int_equal(j.agrees, n == t.n);
		if (n != t.n) {
			assert_int_equal(j.record, n < t.n ? n : t.n);
			assert_int_equal(j.field, F_COUNT);
		}
	}
}

/* The branch that the machine took is found wherever it is, and all of them are tried. */
static void choices_are_searched(void **state)
{
	static struct trace t;
	struct seq seq = parsed("ipi.self 0x40; movss+sti+nop; ipi.self 0x42; sti+movss+nop; nop");
	struct path path = { 0 };
	unsigned n = 0, differs = 0;
	uint64_t hash[64];

	(void)state;
	do {
		model_predict(&seq, profile_named("intel"), NULL, &path, &t);
		hash[n] = record_hash(t.rec, t.n);
		for (unsigned i = 0; i < n; i++)
			differs += hash[i] != hash[n];
		path = t.path;
	} while (++n < 64 && path_next(&path));
	assert_in_range(n, 2, 16);
	assert_true(differs > 0);
}

static void a_predicted_death_is_agreed_to(void **state)
{
	static struct judgement j;
	struct seq dies = parsed("gate.p 8 0; gate.p 13 0; gate.p 11 0; gp.nc"), lives = parsed("int3");
	char signature[256];

	(void)state;
	model_judge_death(&dies, profile_named("intel"), NULL, OUTCOME_SHUTDOWN, &j);
	assert_true(j.agrees);
	assert_int_equal(j.trace.death, RULE_TRIPLE_FAULT);
	model_judge_death(&dies, profile_named("intel"), NULL, OUTCOME_HANG, &j);
	assert_false(j.agrees);
	model_judge_death(&lives, profile_named("intel"), NULL, OUTCOME_SHUTDOWN, &j);
	assert_false(j.agrees);
	signature_of_death(&j, OUTCOME_SHUTDOWN, signature, sizeof(signature));
	assert_non_null(strstr(signature, "SHUTDOWN"));
	model_judge(&dies, profile_named("intel"), NULL, j.trace.rec, 0, &j);
	assert_false(j.agrees);
}

/* Where nobody can say what comes, anything may; what came before is judged all the same. */
static void after_the_unchecked_anything_goes(void **state)
{
	static struct judgement j;
	static struct trace t;
	struct seq seq = parsed("start ring=c; syscall; ret.sysret ok");
	struct path path = { 0 };
	struct record rec[4];

	(void)state;
	model_predict(&seq, profile_named("amd"), NULL, &path, &t);
	assert_true(t.unchecked);
	assert_int_equal(t.n, 1);
	memset(rec, 0x5a, sizeof(rec));
	rec[0] = t.rec[0];
	model_judge(&seq, profile_named("amd"), NULL, rec, 4, &j);
	assert_true(j.agrees);
	rec[0].rcx ^= 1;
	model_judge(&seq, profile_named("amd"), NULL, rec, 4, &j);
	assert_false(j.agrees);
	assert_int_equal(j.record, 0);
}

/*
 * Fifteen choices: one of them decides whether the processor halts for ever, and that is found; for what
 * none of the first thousands of paths has, the model does not say that it is wrong.
 */
static void among_too_many_paths_the_near_ones_are_tried(void **state)
{
	static struct judgement j;
	static struct trace t;
	static struct overlay habits = { .habit[RULE_ASYNC_ARRIVAL] = 1 };
	struct seq seq = repeated("nmi.before hlt; ret.iret", 14, "; int3; sti+movss+nop");
	struct path path = { 0 };

	(void)state;
	model_predict(&seq, profile_named("intel"), &habits, &path, &t);
	assert_int_equal(t.outcome, OUTCOME_DONE);
	assert_int_equal(t.path.n, 15);
	model_judge_death(&seq, profile_named("intel"), &habits, OUTCOME_HANG, &j);
	assert_true(j.agrees);
	assert_false(j.trace.unchecked);
	assert_in_range(j.n_paths, 2, 32);
	model_judge_death(&seq, profile_named("intel"), &habits, OUTCOME_SHUTDOWN, &j);
	assert_true(j.agrees);
	assert_true(j.trace.unchecked);
	t.rec[t.n - 1].rip ^= 1;
	model_judge(&seq, profile_named("intel"), &habits, t.rec, t.n, &j);
	assert_true(j.agrees);
	assert_true(j.trace.unchecked);
}

/*
 * Of all the paths behind a record that differs none is tried: 8192 of them would be more than anybody can,
 * and the model could not say that it is wrong.
 */
static void a_record_that_differs_ends_its_path(void **state)
{
	static struct judgement j;
	static struct trace t;
	static struct record wrong[RECORDS_MAX + 1];
	struct seq seq = repeated("ud2; int3", 13, "; mov.ss null3");
	struct path path = { 0 };

	(void)state;
	model_predict(&seq, profile_named("amd"), NULL, &path, &t);
	assert_int_equal(t.path.n, 13);
	model_judge(&seq, profile_named("amd"), NULL, t.rec, t.n, &j);
	assert_true(j.agrees);
	for (unsigned i = 0; i < 2; i++) {
		memcpy(wrong, t.rec, sizeof(wrong));
		((uint8_t *)&wrong[i])[sizeof(wrong[i]) - 1] ^= 1;
		model_judge(&seq, profile_named("amd"), NULL, wrong, t.n, &j);
		assert_false(j.agrees);
		assert_int_equal(j.n_paths, 1);
		assert_int_equal(j.record, i);
	}
	model_judge(&seq, profile_named("amd"), NULL, t.rec, 1, &j);
	assert_false(j.agrees);
	assert_int_equal(j.n_paths, 1);
	assert_int_equal(j.record, 1);
}

/*
 * Single steps in the middle of a step's own bookkeeping, and a return that puts other registers in
 * its place: the pointer to the register sets then is anything.
 */
static void bookkeeping_that_was_interrupted_harms_nobody(void **state)
{
	static struct trace t;
	struct seq seq = parsed("start ring=c flags=if+df+nt+ts; int3; ac; syscall arg=0x0604; "
				"sysenter arg=0x0c0a; ret.iret fl=tf; ret.iret; movss+sti+ret.iret; frame.rsp u; "
				"frame.fl tf+if; ret.iret; frame.ss null; movss+ret.iret; ret.iret; syscall; "
				"efer.sce 0; nop; ret.iret; ret.sysret ok; ret.iret; ret.iret; int3");
	struct path path = { 0 };
	unsigned n = 0;

	(void)state;
	do {
		model_predict(&seq, profile_named("intel"), NULL, &path, &t);
		assert_in_range(t.n, 1, RECORDS_MAX + 1);
		path = t.path;
	} while (++n < 256 && path_next(&path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_path_of_every_case_is_agreed_to),
		cmocka_unit_test(a_wrong_field_is_named),
		cmocka_unit_test(a_record_too_few_or_too_many_is_seen),
		cmocka_unit_test(choices_are_searched),
		cmocka_unit_test(a_predicted_death_is_agreed_to),
		cmocka_unit_test(after_the_unchecked_anything_goes),
		cmocka_unit_test(among_too_many_paths_the_near_ones_are_tried),
		cmocka_unit_test(a_record_that_differs_ends_its_path),
		cmocka_unit_test(bookkeeping_that_was_interrupted_harms_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
