/* SPDX-License-Identifier: BSD-2-Clause */
/* `cover`: what one sequence reaches, and that nothing reaches a cell that is called impossible. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/mutate.h"
#include "host/cover.h"

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
		cmocka_unit_test_setup(each_row_has_a_name_and_each_reason_words, reset),
		cmocka_unit_test_setup(nothing_reaches_the_impossible, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
