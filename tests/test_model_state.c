/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine before a record, for reports: each field as the steps before it have set it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "efi/abi/wire.h"
#include "host/seqfile.h"
#include "tests/model_case.h"

static struct trace t;
static struct model_state s;

/* The state before record `record`, on the nth path. */
static void state_of(const char *text, unsigned record, unsigned nth)
{
	const struct model_case c = { .seq = text };
	struct path path = { 0 };
	struct seq seq;

	assert_int_equal(parse_case(&c, &seq), 0);
	model_predict(&seq, profile_named("intel"), NULL, &path, &t);
	while (nth--) {
		path = t.path;
		assert_true(path_next(&path));
		model_predict(&seq, profile_named("intel"), NULL, &path, &t);
	}
	memset(&s, 0x5a, sizeof(s));
	model_state_at(&seq, profile_named("intel"), &t.path, record, &s);
}

static void it_is_where_the_instruction_begins(void **state)
{
	(void)state;
	state_of("int3; ud2", 0, 0);
	assert_true(addr_matches(s.rip, "int3[k]:INT3"));
	assert_int_equal(s.cs, SEL_KCS);
	assert_int_equal(s.ss, 0x10);
	assert_int_equal(s.cpl, 0);
	assert_int_equal(s.rflags, 2);
	assert_int_equal(s.reg[4], t.rec[0].rsp);
	state_of("int3; ud2", 1, 0);
	assert_true(addr_matches(s.rip, "ud2[k]:UD2"));
	state_of("start ring=u flags=if; ud2", 0, 0);
	assert_true(addr_matches(s.rip, "ud2[u]:UD2"));
	assert_int_equal(s.cs, t.rec[0].cs);
	assert_int_equal(s.ss, t.rec[0].ss);
	assert_int_equal(s.cpl, 3);
	assert_int_equal(s.rflags, 0x202);
}

/* What one step has written, in the state before the event of the next. */
static void it_has_what_the_steps_have_written(void **state)
{
	(void)state;
	state_of("pf.read np; ud2", 0, 0);
	assert_int_equal(s.cr2, 0);
	assert_int_equal(s.efer & 1, 1);
	assert_int_equal(s.idt[3 * 16 + 5], 0xee);
	assert_int_equal(s.cr0 & 8, 0);
	state_of("pf.read np; ud2", 1, 0);
	assert_int_equal(s.cr2, t.rec[0].cr2);
	assert_int_not_equal(s.cr2, 0);
	state_of("efer.sce 0; ud2", 0, 0);
	assert_int_equal(s.efer & 1, 0);
	state_of("gate.p 3 0; ud2", 0, 0);
	assert_int_equal(s.idt[3 * 16 + 5], 0x6e);
	state_of("cr0.ts 1; ud2", 0, 0);
	assert_int_equal(s.cr0 & 8, 8);
	state_of("fmask none; ud2", 0, 0);
	assert_int_equal(s.fmask, 0);
	state_of("fmask max; ud2", 0, 0);
	assert_int_equal(s.fmask, 0xffffffff);
	state_of("flags tf; nop; ud2", 1, 0);
	assert_int_equal(s.dr6 & 0x4000, 0x4000);
}

static void it_has_both_bases_and_the_entry(void **state)
{
	uint64_t gs, kgs, lstar;

	(void)state;
	state_of("ud2", 0, 0);
	gs = s.gs_base;
	kgs = s.kernel_gs_base;
	lstar = s.lstar;
	assert_int_equal(gs, t.rec[0].gs_base);
	assert_int_not_equal(gs, kgs);
	assert_int_equal(lstar, victim_labels()->entry_syscall);
	state_of("swapgs; ud2", 0, 0);
	assert_int_equal(s.gs_base, kgs);
	assert_int_equal(s.kernel_gs_base, gs);
}

static void it_knows_of_nmis(void **state)
{
	(void)state;
	state_of("nmi.self; nmi.self; ud2", 0, 0);
	assert_int_equal(s.nmi_blocked, 0);
	state_of("nmi.self; nmi.self; ud2", 1, 0);
	assert_int_equal(t.rec[1].vector, 6);
	assert_int_equal(s.nmi_blocked, 1);
	assert_int_equal(s.nmi_pending, 1);
	state_of("nmi.self; ud2", 1, 0);
	assert_int_equal(s.nmi_blocked, 1);
	assert_int_equal(s.nmi_pending, 0);
}

/* A record that there is not: the end. A branch that was taken is taken again. */
static void it_follows_the_path_to_its_end(void **state)
{
	(void)state;
	state_of("start ring=u; ud2; nop", 9, 0);
	assert_int_equal(s.cpl, 0);
	assert_int_equal(s.ss, t.rec[0].live_ss);
	for (unsigned nth = 0; nth < 2; nth++) {
		state_of("start layout=linux; nmi.self; ud2", 1, nth);
		assert_int_equal(s.ss, t.rec[0].live_ss);
		assert_int_equal(s.ss, nth ? 0 : 0x10);
	}
	/* nothing is kept for one that did not ask */
	state_of("ud2", 0, 0);
	s.rip = 1;
	model_predict(&(struct seq){ 0 }, profile_named("intel"), NULL, NULL, &t);
	assert_int_equal(s.rip, 1);
}

/* A path that was followed with a machine's habits is the same one without them. */
static void it_needs_no_habits(void **state)
{
	static struct overlay habits = { .habit[RULE_SS_WITH_IST] = 1 };
	const struct model_case c = { .seq = "start layout=linux; nmi.self; ud2" };
	struct path path = { 0 };
	struct seq seq;

	(void)state;
	assert_int_equal(parse_case(&c, &seq), 0);
	model_predict(&seq, profile_named("intel"), &habits, &path, &t);
	assert_int_equal(t.rec[0].live_ss, 0);
	model_state_at(&seq, profile_named("intel"), &t.path, 1, &s);
	assert_int_equal(s.ss, 0);
}

/* From the start: land, body of three (LEA, INT3 and the jump behind it); then the exit, and the end. */
static void instructions_are_counted_by_leg(void **state)
{
	const struct model_case c = { .seq = "int3; ret.iret; nop" }, empty = { .seq = "start ring=k" };
	const struct model_case choice = { .seq = "start layout=linux; nmi.self; nop" };
	uint32_t count[RECORDS_MAX + 1] = { 0 }, bare[RECORDS_MAX + 1] = { 0 };
	struct seq seq;

	(void)state;
	assert_int_equal(parse_case(&empty, &seq), 0);
	model_count(&seq, profile_named("intel"), NULL, &t, bare);
	assert_int_equal(t.n, 1);
	assert_int_equal(bare[0], 2); /* the jump to the tape's end, and the one out of the run */
	assert_int_equal(parse_case(&c, &seq), 0);
	model_count(&seq, profile_named("intel"), NULL, &t, count);
	assert_int_equal(t.n, 2);
	assert_int_equal(count[0], 3); /* the jump to the body, LEA, INT3 */
	assert_true(count[1] > count[0] + bare[0]);
	/* where there is a choice, its first branch */
	assert_int_equal(parse_case(&choice, &seq), 0);
	model_count(&seq, profile_named("intel"), NULL, &t, count);
	assert_int_equal(t.path.n, 1);
}

static uint32_t sum_of(const struct seq *seq, const char *profile)
{
	uint32_t sum;

	model_predict(seq, profile_named(profile), NULL, NULL, &t);
	t.insns = 0;
	sum = crc32_ieee(0, &t, sizeof(t));
	return sum;
}

/* Forwards, backwards, and each behind itself: what a run has written is gone before the next one. */
static void a_run_leaves_nothing_to_the_next(void **state)
{
	struct seq_cases all = { 0 };
	uint32_t *sum[2];
	char why[512];

	(void)state;
	assert_int_equal(seq_cases_add(&all, "corpus", why, sizeof(why)), 0);
	for (unsigned p = 0; p < 2; p++) {
		sum[p] = calloc(all.n, sizeof(*sum[p]));
		assert_non_null(sum[p]);
		for (size_t i = 0; i < all.n; i++)
			sum[p][i] = sum_of(&all.v[i].seq, p ? "amd" : "intel");
	}
	for (unsigned p = 0; p < 2; p++) {
		for (size_t i = all.n; i-- > 0;)
			for (unsigned again = 0; again < 2; again++)
				if (sum_of(&all.v[i].seq, p ? "amd" : "intel") != sum[p][i])
					fail_msg("%s: another prediction behind another run", all.v[i].name);
		free(sum[p]);
	}
	seq_cases_free(&all);
}

static void run_of(const char *text, const char *profile)
{
	const struct model_case c = { .seq = text };
	struct seq seq;

	assert_int_equal(parse_case(&c, &seq), 0);
	model_predict(&seq, profile_named(profile), NULL, NULL, &t);
}

/* With CR0.WP clear constants and the page behind a text can be written, by a frame or by a step. */
static void what_a_run_has_written_over_is_made_anew(void **state)
{
	(void)state;
	for (unsigned again = 0; again < 2; again++) {
		run_of("lgdt kcs; cr0 no-wp; go.u; int3; cr4.de 1", again ? "amd" : "intel");
		assert_int_equal(t.unchecked, 1);
		run_of("cr0 no-wp; cr4.de 1; dr.read dr4; nop", again ? "intel" : "amd");
		assert_int_equal(t.rec[0].vector, 6);
		run_of("lgdt kcs; cr0 no-wp; go.u; int3; cr4.de 1", again ? "amd" : "intel");
		run_of("cr0 no-wp; cr4 own; int3; nop", again ? "intel" : "amd");
		assert_int_equal(t.unchecked, 0);
		assert_int_equal(t.rec[0].vector, 3);
		run_of("cr0 no-wp; pf.write ktext; pf.write utext; nop", "intel");
		run_of("gp.nc; cr0 no-wp; pf.read ktext; syscall; ret.iret", "intel");
		assert_int_equal(t.rec[2].vector, 14);
		assert_int_equal(t.rec[2].cr2, 0);
		run_of("cr0 no-wp; pf.write ktext; pf.write utext; nop", "intel");
		run_of("gp.nc; cr0 no-wp; pf.read utext; syscall; ret.iret", "intel");
		assert_int_equal(t.rec[2].vector, 14);
		assert_int_equal(t.rec[2].cr2, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_are_counted_by_leg),
		cmocka_unit_test(it_is_where_the_instruction_begins),
		cmocka_unit_test(it_has_what_the_steps_have_written),
		cmocka_unit_test(it_has_both_bases_and_the_entry),
		cmocka_unit_test(it_knows_of_nmis),
		cmocka_unit_test(it_needs_no_habits),
		cmocka_unit_test(it_follows_the_path_to_its_end),
		cmocka_unit_test(what_a_run_has_written_over_is_made_anew),
		cmocka_unit_test(a_run_leaves_nothing_to_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
