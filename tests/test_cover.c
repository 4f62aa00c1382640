/* SPDX-License-Identifier: BSD-2-Clause */
/* `cover`: what one sequence reaches, and that nothing reaches a cell that is called impossible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/mutate.h"
#include "host/fill.h"

enum { INTEL, AMD, DEPTH_1 = 0, DEPTH_2 };

static struct cover cover;

static void add(unsigned maker, const char *text)
{
	struct seq s;
	char err[256];

	if (seq_parse(&s, text, strlen(text), err, sizeof(err)))
		fail_msg("%s", err);
	cover_add(&cover, maker, &s);
}

static unsigned event(const char *name)
{
	for (unsigned i = 0; cover_event(i); i++) {
		if (!strcmp(cover_event(i), name))
			return i;
	}
	fail_msg("no event %s", name);
	return 0;
}

static unsigned exit_called(const char *name)
{
	for (unsigned i = 0; cover_exit(i); i++) {
		if (!strcmp(cover_exit(i), name))
			return i;
	}
	fail_msg("no exit %s", name);
	return 0;
}

static uint32_t count(unsigned maker, const char *ev, enum ctx ctx, unsigned depth, const char *exit)
{
	return cover.n[maker][event(ev)][ctx][depth][exit_called(exit)];
}

static int reset(void **state)
{
	(void)state;
	memset(&cover, 0, sizeof(cover));
	return 0;
}

static void exits_belong_to_their_handlers(void **state)
{
	(void)state;
	add(INTEL, "start ring=u\nint3; int1; ret.iret; ret.iretd");
	assert_int_equal(count(INTEL, "#DB", CTX_K, DEPTH_2, "iret"), 1);
	assert_int_equal(count(INTEL, "#BP", CTX_U, DEPTH_1, "iretd"), 0);
	assert_int_equal(count(INTEL, "#BP", CTX_U, DEPTH_1, "fault"), 1);
	assert_int_equal(count(AMD, "#BP", CTX_U, DEPTH_1, "iretd"), 0);
	assert_int_equal(cover_at_depth(&cover, INTEL, event("#BP"), CTX_U, DEPTH_1), 1);
	assert_int_equal(cover_at_depth(&cover, INTEL, event("#BP"), CTX_U, DEPTH_2), 0);
}

static void other_ends_are_told_apart(void **state)
{
	(void)state;
	add(AMD, "int3; go.u; int3; frame.rip ok; ret.iret; int3");
	assert_int_equal(count(AMD, "#BP", CTX_K, DEPTH_1, "go"), 1);
	assert_int_equal(count(AMD, "#BP", CTX_U, DEPTH_1, "damaged"), 1);
	assert_int_equal(count(AMD, "#BP", CTX_U, DEPTH_1, "none"), 1);
}

static void ways_in_are_told_apart(void **state)
{
	(void)state;
	add(INTEL, "start ring=u\nint 0x80; ret.iret; syscall; ret.sysret ok; go.c; sysenter; ret.sysexitl ok");
	add(AMD, "start ring=c\nsyscall; ret.sysretl ok");
	assert_int_equal(count(INTEL, "INT n", CTX_U, DEPTH_1, "iret"), 1);
	assert_int_equal(count(INTEL, "SYSCALL", CTX_U, DEPTH_1, "sysret"), 1);
	assert_int_equal(count(INTEL, "SYSENTER", CTX_C, DEPTH_1, "sysexitl"), 1);
	assert_int_equal(count(AMD, "SYSCALL32", CTX_C, DEPTH_1, "sysretl"), 1);
}

static void an_exit_that_faults_has_left_nothing(void **state)
{
	(void)state;
	add(INTEL, "start ring=u\nint3; ret.sysexit ok; nop");
	add(AMD, "start ring=u\nint3; ret.sysexit ok; nop");
	assert_int_equal(count(INTEL, "#BP", CTX_U, DEPTH_1, "sysexit"), 1);
	assert_int_equal(count(INTEL, "#BP", CTX_U, DEPTH_1, "fault"), 0);
	assert_int_equal(count(AMD, "#BP", CTX_U, DEPTH_1, "sysexit"), 0);
	assert_int_equal(count(AMD, "#BP", CTX_U, DEPTH_1, "fault"), 1);
	/* the target's own fault is none of the exit's, and in ring 3 a ret.* step leaves no handler */
	add(AMD, "start ring=u\nud2; ret.iret rip=np; go.u; ret.iret");
	assert_int_equal(count(AMD, "#UD", CTX_U, DEPTH_1, "iret"), 1);
	assert_int_equal(count(AMD, "#UD", CTX_U, DEPTH_1, "fault"), 0);
	assert_int_equal(count(AMD, "#PF", CTX_U, DEPTH_1, "go"), 1);
	assert_int_equal(count(AMD, "#PF", CTX_U, DEPTH_1, "iret"), 0);
}

static void any_frame_at_rsp_will_do(void **state)
{
	(void)state;
	add(INTEL, "start ring=u\nde; int3; flags nt; ret.iret16; frame.fl 0; frame.rip ktext; ret.iret; ret.iretw");
	/* by each of the ways that an interrupt of the #GP can go */
	assert_in_range(count(INTEL, "#DE", CTX_U, DEPTH_1, "iretw"), 1, COVER_PATHS);
	assert_int_equal(count(INTEL, "#DE", CTX_U, DEPTH_1, "damaged"), 0);
}

/* An NMI on the first instruction of an exit: back from it, the exit's body takes the place of the next step. */
static void a_body_can_take_the_place_of_the_next_step(void **state)
{
	(void)state;
	add(AMD, "start flags=if layout=linux\nss.nc; nmi.raw; ret.iret; ret.sysexit ok; ud2; go.k");
	assert_true(cover_at_depth(&cover, AMD, event("#NMI"), CTX_K, DEPTH_2) > 0);
	for (unsigned depth = 0; depth < COVER_DEPTHS; depth++)
		assert_int_equal(count(AMD, "#SS", CTX_K, depth, "sysexit"), 0);
}

/* The gate of #UD leads to ring-3 text, where nothing is recorded. */
static void a_fault_can_go_where_nothing_is_recorded(void **state)
{
	(void)state;
	add(AMD, "gate.off 6 3; int3; ret.sysexit ok; nop; int3");
	for (unsigned depth = 0; depth < COVER_DEPTHS; depth++)
		assert_int_equal(count(AMD, "#BP", CTX_K, depth, "sysexit"), 0);
	add(AMD, "gate.off 6 3; int3; ret.iret; nop; int3");
	assert_int_equal(count(AMD, "#BP", CTX_K, DEPTH_1, "iret"), 1);
}

static void what_is_reached_is_not_impossible(void **state)
{
	char why[512] = "";

	(void)state;
	assert_int_equal(cover_refuted(&cover, why, sizeof(why)), 0);
	cover.n[AMD][event("#UD")][CTX_C][DEPTH_2][exit_called("sysexitl")] = 1;
	assert_int_equal(cover_refuted(&cover, why, sizeof(why)), 1);
	assert_non_null(strstr(why, "#UD from c, 2 deep, in column sysexitl is reached on amd"));
	cover.n[INTEL][event("#OF")][CTX_U][DEPTH_2][exit_called("go")] = 1;
	assert_int_equal(cover_refuted(&cover, why, sizeof(why)), 2);
}

static void the_search_refuses_what_it_disproves(void **state)
{
	static struct fill f;
	struct cells c = { 0 };
	struct seq s;
	char err[256];
	const unsigned left = cell_of((struct place){ AMD, event("#UD"), CTX_C, DEPTH_1, exit_called("iret") });
	const struct place others[] = {
		{ INTEL, event("#UD"), CTX_U, DEPTH_1, exit_called("iret") },
		{ INTEL, event("#UD"), CTX_C, DEPTH_2, exit_called("iret") },
		{ INTEL, event("#UD"), CTX_C, DEPTH_1, exit_called("iretd") },
		{ INTEL, event("#BP"), CTX_C, DEPTH_1, exit_called("iret") },
	};
	static const char text[] = "start ring=c\nud2; ret.iret; ud2";

	(void)state;
	assert_int_equal(seq_parse(&s, text, strlen(text), err, sizeof(err)), 0);
	assert_int_equal(fill_reach(&f, &s, &c), 0);
	assert_true(cell_in(&c, left));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(cell_in(&c, cell_of(others[i])));
	f.never.bit[left / 64] |= 1ull << left % 64;
	assert_int_equal(fill_reach(&f, &s, &c), -1);
	assert_non_null(strstr(f.why, "calls impossible"));
}

static void a_cell_has_one_number(void **state)
{
	(void)state;
	for (unsigned cell = 0; cell < N_CELLS; cell++) {
		const struct place p = place_of(cell);

		assert_int_equal(cell_of(p), cell);
		assert_true(p.maker < COVER_MAKERS && p.event < COVER_EVENTS && p.ctx < N_CTX && p.depth < COVER_DEPTHS);
	}
}

static void each_row_has_a_name_and_each_reason_words(void **state)
{
	unsigned n;
	const struct cover_never *never = cover_nevers(&n);

	(void)state;
	for (unsigned i = 0; i < COVER_EVENTS; i++)
		assert_non_null(cover_event(i));
	for (unsigned i = 0; i < n; i++) {
		assert_in_range(never[i].ctx, 1, 7);
		assert_true(never[i].rule < N_RULES || strchr(never[i].words, '('));
	}
}

static void nothing_reaches_the_impossible(void **state)
{
	struct mutator m;
	struct seq s = { .n_steps = 0 };
	char why[512];

	(void)state;
	mutate_seed(&m, 11);
	for (unsigned i = 0; i < 20000; i++) {
		if (i % 50 == 0)
			memset(&s, 0, sizeof(s));
		mutate(&m, &s, NULL);
		cover_add(&cover, i & 1, &s);
	}
	if (cover_refuted(&cover, why, sizeof(why)))
		fail_msg("%s", why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(exits_belong_to_their_handlers, reset),
		cmocka_unit_test_setup(other_ends_are_told_apart, reset),
		cmocka_unit_test_setup(ways_in_are_told_apart, reset),
		cmocka_unit_test_setup(an_exit_that_faults_has_left_nothing, reset),
		cmocka_unit_test_setup(any_frame_at_rsp_will_do, reset),
		cmocka_unit_test_setup(a_body_can_take_the_place_of_the_next_step, reset),
		cmocka_unit_test_setup(a_fault_can_go_where_nothing_is_recorded, reset),
		cmocka_unit_test_setup(what_is_reached_is_not_impossible, reset),
		cmocka_unit_test_setup(the_search_refuses_what_it_disproves, reset),
		cmocka_unit_test(a_cell_has_one_number),
		cmocka_unit_test_setup(each_row_has_a_name_and_each_reason_words, reset),
		cmocka_unit_test_setup(nothing_reaches_the_impossible, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
