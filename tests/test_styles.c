/* SPDX-License-Identifier: BSD-2-Clause */
/* The handler styles by the model alone: header byte and words, and what each guard is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/model.h"
#include "fuzz/style.h"
#include "host/seqfile.h"
#include "tests/model_agreed.h"
#include "tests/parsed.h"

static struct seq_cases cases;

static void every_header_byte_survives_text(void **state)
{
	char text[128], why[256];
	struct seq seq = { 0 }, back;

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		seq.style = (uint8_t)byte;
		int n = seq_print(&seq, text, sizeof(text));
		assert_true(n >= 0);
		assert_int_equal(seq_parse(&back, text, (size_t)n, why, sizeof(why)), 0);
		assert_int_equal(back.style, byte);
		assert_true(style_variant(&seq) < N_VARIANTS);
	}
}

static void a_guard_has_its_word(void **state)
{
	char text[128];
	struct seq seq = { .style = style_byte(STYLE_NMI3, 4) };

	(void)state;
	assert_true(seq_print(&seq, text, sizeof(text)) > 0);
	assert_string_equal(text, "start style=nmi3 off=df-test\n");
	assert_int_equal(style_variant(&seq), VARIANT_NMI3_DF_TEST);
}

static void refused(const char *text, const char *words)
{
	char why[256];
	struct seq seq;

	assert_int_equal(seq_parse(&seq, text, strlen(text), why, sizeof(why)), -1);
	if (!strstr(why, words))
		fail_msg("'%s' does not say '%s'", why, words);
}

static void a_wrong_word_is_answered(void **state)
{
	(void)state;
	refused("start style=nmi4", "nmi3");
	refused("start off=df-test", "write another style= before it");
	refused("start style=nmi3 off=df-tset", "df-test");
	refused("start style=swapgs off=df-test", "ring-check");
}

/* corpus/guards/STYLE-GUARD.seq, and in it "# Breaks: RULE" */
static void check_guard(const struct seq_case *c)
{
	char line[256], rule[64] = "", name[128];
	const char *base = strrchr(c->name, '/') + 1;
	struct seq seq = c->seq;
	FILE *f = fopen(c->name, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		sscanf(line, "# Breaks: %63s", rule);
	fclose(f);
	assert_true(style_guard_off(&seq) > 0);
	snprintf(name, sizeof(name), "%s-%s.seq", style_name(style_of(&seq)),
		 style_guard_name(style_of(&seq), style_guard_off(&seq)));
	assert_string_equal(base, name);
	for (unsigned i = 0; i < 2; i++) {
		const char *profile = i ? "amd" : "intel";
		if (seq_case_lacks(c, profile_named(profile)))
			continue;
		seq.style = c->seq.style;
		assert_string_equal(rule_info[model_breaks(&seq, profile_named(profile), 0)].name, rule);
		assert_int_equal(rule_info[model_breaks(&seq, profile_named(profile), 0)].basis, BASIS_SOFTWARE);
		seq.style = style_byte(style_of(&c->seq), 0);
		if (model_breaks(&seq, profile_named(profile), 0))
			fail_msg("%s breaks %s with every guard on", c->name,
				 rule_info[model_breaks(&seq, profile_named(profile), 0)].name);
	}
}

static void each_guard_is_for_something(void **state)
{
	unsigned guards = 0;

	(void)state;
	for (unsigned s = 1; s < N_STYLES; s++)
		guards += style_guards(s);
	assert_int_equal(cases.n, guards);
	for (size_t i = 0; i < cases.n; i++)
		check_guard(&cases.v[i]);
}

static void with_all_guards_the_corpus_breaks_nothing(void **state)
{
	struct seq_cases all = { 0 };
	char why[512];

	(void)state;
	assert_int_equal(seq_cases_add(&all, "corpus", why, sizeof(why)), 0);
	for (size_t i = 0; i < all.n; i++)
		for (unsigned style = 1; style < N_STYLES; style++)
			if (!style_is_kept(&all.v[i].seq, style, INTEL) || !style_is_kept(&all.v[i].seq, style, AMD))
				fail_msg("%s in style %s breaks a promise", all.v[i].name, style_name(style));
	seq_cases_free(&all);
}

#define RETURNS "; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret"

/* What comes before a break that is certain: a kernel does it, or none does, and nothing is promised any more. */
static void only_what_no_kernel_does_ends_the_judging(void **state)
{
	static const struct {
		const char *steps;
		int is_judged;
	} rows[] = {
		{ "nop", 1 }, { "int3", 1 }, { "ud2", 1 }, { "de", 1 }, { "into", 1 }, { "gp.nc", 1 },
		{ "ss.nc", 1 }, { "pf.read np", 1 }, { "pf.write np", 1 }, { "pf.exec np", 1 }, { "nmi.self", 1 },
		{ "ipi.self 0x40", 1 }, { "eoi", 1 }, { "fpu", 1 }, { "cr0.ts 0", 1 }, { "clts", 1 }, { "sti", 1 },
		{ "cli", 1 }, { "rdmsr", 1 }, { "wrmsr.nc", 1 }, { "lock.nop", 1 }, { "mov.es np", 1 },
		{ "nmi.cross", 1 }, { "ipi.cross 0x40", 1 }, { "int3; ret.style", 1 }, { "gap.nmi nmi", 1 }, { "gap.mc nmi", 1 }, { "int 3", 1 },
		{ "int 18", 1 }, { "int 32", 1 }, { "int 64", 1 }, { "int 128", 1 }, { "flags 0", 1 }, { "flags if", 1 },
		{ "int3; ret.iret", 1 }, { "int3; flags if; ret.iret", 1 }, { "int1; ret.iret", 1 }, { "flags arg=0x0e", 1 }, { "int 18; int 18", 0 },
		/* the C part ends under TF */
		{ "int3; flags tf; ret.iret; nop" RETURNS RETURNS RETURNS RETURNS "; ret.iret", 0 },
		{ "int 0", 0 }, { "int 2", 0 }, { "int 4", 0 }, { "int 13", 0 }, { "int 16", 0 }, { "int 17", 0 },
		{ "int 19", 0 }, { "int 31", 0 }, { "flags nt", 0 }, { "flags df", 0 }, { "flags ac", 0 },
		{ "int3; frame.fl if", 0 }, { "dr7 off", 0 }, { "lidt full", 0 }, { "lgdt full", 0 }, { "cr4 own", 0 },
		{ "cr0 own", 0 }, { "mov.ss kds", 0 }, { "mov.gs uds", 0 }, { "go.k", 0 }, { "desc kcs2", 0 },
		{ "tss.rsp0 own", 0 }, { "stac", 0 }, { "hlt", 0 }, { "int3; ret.iret rip=nc", 0 },
		{ "int3; ret.retf", 0 }, { "int3; ret.jmp", 0 }, { "int3; ret.iretd", 0 }, { "call.far gate", 0 },
	};
	char text[1024], why[256];
	struct seq seq;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "start ring=k style=ist-shift off=ist-shift\n%s; int 1; int 1; ret.iret; ret.iret",
			 rows[i].steps);
		if (seq_parse(&seq, text, strlen(text), why, sizeof(why)))
			fail_msg("%s: %s", rows[i].steps, why);
		if ((model_breaks(&seq, profile_named("intel"), 0) != 0) != rows[i].is_judged)
			fail_msg("behind `%s` a broken promise is %s", rows[i].steps, rows[i].is_judged ? "missed" : "told");
	}
}

/* From compatibility mode, too. */
static void a_system_call_is_what_a_kernel_expects(void **state)
{
	static const struct {
		const char *ring, *call, *vendor;
	} row[] = {
		{ "c", "syscall", "amd" },
		{ "u", "sysenter", "intel" },
		{ "c", "sysenter", "intel" },
		{ "u", "sysenter; ret.iret; int3", "intel" },
	};
	char text[256], why[256];
	struct seq seq;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		snprintf(text, sizeof(text), "start ring=%s style=ist-shift off=ist-shift\n%s; int 1; int 1; ret.iret; ret.iret",
			 row[i].ring, row[i].call);
		assert_int_equal(seq_parse(&seq, text, strlen(text), why, sizeof(why)), 0);
		if (model_breaks(&seq, profile_named(row[i].vendor), 0) != RULE_PROMISE_FRAME)
			fail_msg("behind %s from ring %s a broken promise is missed", row[i].call, row[i].ring);
	}
}

/* Two #DBs on one IST stack: ist-shift alone has something against that. */
static void the_stack_of_another_handler_is_no_promise_of_the_style(void **state)
{
	static const char *const style[] = { "swapgs", "paranoid-msr", "paranoid-fsgsbase", "nmi3", "gap-stack" };
	char text[256], why[256];
	struct seq seq;

	(void)state;
	for (size_t i = 0; i < sizeof(style) / sizeof(style[0]); i++) {
		snprintf(text, sizeof(text), "start style=%s\nint 1; int 1; ret.iret; ret.iret", style[i]);
		assert_int_equal(seq_parse(&seq, text, strlen(text), why, sizeof(why)), 0);
		if (model_breaks(&seq, profile_named("intel"), 0))
			fail_msg("%s is said to break a promise that it never made", style[i]);
	}
}

static int load(void **state)
{
	char why[512];

	(void)state;
	if (!seq_cases_add(&cases, "corpus/guards", why, sizeof(why)))
		return 0;
	fprintf(stderr, "%s\n", why);
	return -1;
}

static int unload(void **state)
{
	(void)state;
	seq_cases_free(&cases);
	return 0;
}

/* An NMI at another place of a styled entry is another thing to find, whatever else happens alike. */
static void each_place_is_a_point_of_coverage(void **state)
{
	enum { MAP_LEN = 1 << 14 };
	static const char *const reached[] = { "syscall", "swapgs", "entry", "exit", "db" };
	static uint8_t map[sizeof(reached) / sizeof(reached[0])][MAP_LEN];
	static struct trace t;
	const unsigned n = sizeof(reached) / sizeof(reached[0]);
	char text[256];

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "start ring=u style=ist-shift\ngap.nmi %s; syscall; int 1; ret.iret; ret.iret; "
			 "ret.iret; ret.sysret ok; ret.iret; nop", reached[i]);
		struct seq s = parsed(text);

		model_predict(&s, profile_named("intel"), NULL, NULL, &t);
		cover_trace(&s, &t, map[i], MAP_LEN);
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned own = 0;

		for (unsigned k = 0; k < MAP_LEN; k++) {
			unsigned having = 0;

			for (unsigned o = 0; o < n; o++)
				having += map[o][k];
			own += map[i][k] && having == 1;
		}
		if (!own)
			fail_msg("gap.nmi %s has no point of its own", reached[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_header_byte_survives_text),
		cmocka_unit_test(a_guard_has_its_word),
		cmocka_unit_test(a_wrong_word_is_answered),
		cmocka_unit_test(each_guard_is_for_something),
		cmocka_unit_test(only_what_no_kernel_does_ends_the_judging),
		cmocka_unit_test(a_system_call_is_what_a_kernel_expects),
		cmocka_unit_test(the_stack_of_another_handler_is_no_promise_of_the_style),
		cmocka_unit_test(each_place_is_a_point_of_coverage),
		cmocka_unit_test(with_all_guards_the_corpus_breaks_nothing),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
