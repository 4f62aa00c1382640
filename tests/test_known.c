/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists of known differences: what is read, what is refused, and which version an entry is for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/known.h"

static struct known known;
static char why[512];

#define TAIL "manual: m\ncorpus: c\nwhy: w\n"
#define HEAD(id) "id: " id "\nrule: RF_FAULT\nvendor: any\nversions: any\n"
#define GOOD(id) HEAD(id) "effect: never\n" TAIL

static int parse(const char *text, const char *version)
{
	return known_parse(&known, "x.known", text, version, why, sizeof(why));
}

static void refused(const char *text, const char *words)
{
	assert_int_equal(parse(text, NULL), -1);
	if (!strstr(why, words))
		fail_msg("'%s' does not say '%s'", why, words);
	assert_int_equal(known.n, 0);
	assert_int_equal(known.overlay.n, 0);
}

static void an_entry_becomes_an_overlay_line(void **state)
{
	(void)state;
	assert_int_equal(parse("# a remark\n\n" HEAD("a") "vector: #GP\neffect: and 0xf0\n" TAIL "\n\n"
			       "id: b\nrule: INT1\nvendor: amd\nversions: 7.0-\nvector: 0x80-130\n"
			       "effect: xor 3\nlink: http://l:80/\n" TAIL, "7.2.22"), 0);
	assert_int_equal(known.n, 2);
	assert_int_equal(known.overlay.n, 2);
	assert_string_equal(known.entry[1].id, "b");
	assert_string_equal(known.entry[1].link, "http://l:80/");

	const struct overlay_line *l = known.overlay.line;
	assert_int_equal(l[0].rule, RULE_RF_FAULT);
	assert_int_equal(l[0].vendor, VENDOR_OTHER);
	assert_int_equal(l[0].vector, 13);
	assert_int_equal(l[0].more, 0);
	assert_int_equal(l[0].and, 0xf0);
	assert_int_equal(l[0].xor, 0);
	assert_int_equal(l[1].rule, RULE_INT1);
	assert_int_equal(l[1].vendor, VENDOR_AMD);
	assert_int_equal(l[1].vector, 0x80);
	assert_int_equal(l[1].more, 2);
	assert_int_equal(l[1].and, UINT64_MAX);
	assert_int_equal(l[1].xor, 3);
	known_free(&known);
}

static void effects_are_what_they_say(void **state)
{
	static const struct {
		const char *words;
		uint64_t and, xor;
		int maybe;
	} rows[] = { { "never", 0, 0, 0 },	{ "always", 0, 1, 0 },	       { "value 16", 0, 16, 0 },
		     { "and 0xff", 0xff, 0, 0 }, { "xor 0x2", UINT64_MAX, 2, 0 }, { "maybe never", 0, 0, 1 },
		     { "maybe value 16", 0, 16, 1 },	   { "kills", UINT64_MAX, 0, 0 } };
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), HEAD("a") "effect: %s\n" TAIL, rows[i].words);
		assert_int_equal(parse(text, NULL), 0);
		assert_int_equal(known.line[0].and, rows[i].and);
		assert_int_equal(known.line[0].xor, rows[i].xor);
		assert_int_equal(known.line[0].maybe, rows[i].maybe);
		known_free(&known);
	}
}

static void a_feature_can_say_where_not(void **state)
{
	(void)state;
	assert_int_equal(parse(GOOD("a"), NULL), 0);
	assert_true(known.line[0].unless == 0);
	known_free(&known);
	assert_int_equal(parse(HEAD("a") "unless: second\neffect: never\n" TAIL, NULL), 0);
	assert_true(known.line[0].unless == FEAT(SECOND));
	known_free(&known);
	refused(HEAD("a") "unless: third\neffect: never\n" TAIL, "x.known:1: no feature 'third'");
}

static void a_death_names_its_entry(void **state)
{
	(void)state;
	assert_int_equal(parse(GOOD("a") "\n" HEAD("b") "effect: kills\ndeath: engine.SIGABRT.fgh engine.SIGABRT.f\n" TAIL "\n"
			       HEAD("c") "effect: kills\ndeath: engine.SIGABRT.f\n" TAIL, "7.2"), 0);
	assert_string_equal(known_of_death(&known, "engine.SIGABRT.f"), "b");
	assert_string_equal(known_of_death(&known, "engine.SIGABRT.fgh"), "b");
	assert_null(known_of_death(&known, "engine.SIGSEGV.f"));
	assert_null(known_of_death(&known, "engine.SIGABRT.fg"));
	known_free(&known);
	/* not of this version */
	assert_int_equal(parse("id: b\nrule: RF_FAULT\nvendor: any\nversions: 9.0-\neffect: kills\n"
			       "death: engine.SIGABRT.f\n" TAIL, "7.2"), 0);
	assert_null(known_of_death(&known, "engine.SIGABRT.f"));
	known_free(&known);
}

static void malformed_files_are_refused(void **state)
{
	(void)state;
	refused("id: a\n", "x.known:1: this entry has no 'rule'; add a line");
	refused(GOOD("a") "\n" GOOD("a"), "x.known:10: id 'a' is taken by the entry at line 1");
	refused("\n\nwhat\n", "x.known:3: 'what' is no 'key: value' line");
	refused("id: a\nid: b\n", "x.known:2: a second 'id'");
	refused("id:\n", "x.known:1: 'id' has no value");
	refused("colour: red\n", "x.known:1: no key 'colour'");
	refused(HEAD("a") "effect: sometimes\n" TAIL, "effect 'sometimes' is none");
	refused(HEAD("a") "effect: and 0xzz\n" TAIL, "effect 'and 0xzz' is none");
	refused(HEAD("a") "vector: XX\neffect: never\n" TAIL, "no vector 'XX'");
	refused(HEAD("a") "vector: 256\neffect: never\n" TAIL, "no vector '256'");
	refused(HEAD("a") "vector: 3-256\neffect: never\n" TAIL, "no vector '3-256'");
	refused(HEAD("a") "vector: 4-3\neffect: never\n" TAIL, "no vector '4-3'");
	refused(HEAD("a") "vector: 3-4x\neffect: never\n" TAIL, "no vector '3-4x'");
	refused("id: a\nrule: NO_SUCH\nvendor: any\nversions: any\neffect: never\n" TAIL,
		"no rule 'NO_SUCH'");
	refused("id: a\nrule: INT1\nvendor: via\nversions: any\neffect: never\n" TAIL, "vendor 'via'");
	refused("id: a\nrule: INT1\nvendor: any\nversions: new\neffect: never\n" TAIL, "versions 'new'");
}

static void versions_bound_on_both_sides(void **state)
{
	static const struct {
		const char *version, *range;
		int in;
	} rows[] = {
		{ "7.2.22", "7.0-9.1", 1 },  { "9.1.3", "7.0-9.1", 1 }, { "9.2.0", "7.0-9.1", 0 },
		{ "6.2.0", "7.0-9.1", 0 },   { "10.0.0", "7.0-", 1 },	 { "7.2.22", "-7.2", 1 },
		{ "7.3", "-7.2", 0 },	      { "8.1.5", "8.1", 1 },	 { "8.2", "8.1", 0 },
		{ "1.0", "any", 1 },	      { "7.2", "-", -1 },	 { "7.2", "7..", -1 },
		{ "7.2", "a-b", -1 },	      { "7.2", "", -1 },	 { "7.10", "7.9-", 1 },
		{ "QEMU emulator version 7.2.22 (Debian 1:7.2)", "7.2.20-7.2.22", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (version_in_range(rows[i].version, rows[i].range) != rows[i].in)
			fail_msg("%s in %s", rows[i].version, rows[i].range);
	}
}

static void entries_out_of_range_have_no_effect(void **state)
{
	(void)state;
	assert_int_equal(parse("id: a\nrule: INT1\nvendor: any\nversions: 9.0-\neffect: never\n" TAIL "\n"
			       GOOD("b"), "7.2"), 0);
	assert_int_equal(known.n, 2);
	assert_int_equal(known.entry[0].line, -1);
	assert_int_equal(known.overlay.n, 1);
	assert_int_equal(known.line[known.entry[1].line].rule, RULE_RF_FAULT);
	known_free(&known);
}

static void what_was_used_is_named_and_counted(void **state)
{
	const char *ids[4];

	(void)state;
	assert_int_equal(parse(GOOD("a") "\n" GOOD("b"), NULL), 0);
	assert_int_equal(known_used(&known, ids, 4), 0);
	known.line[1].uses = 3;
	assert_int_equal(known_used(&known, ids, 4), 1);
	assert_string_equal(ids[0], "b");
	known_count(&known, ids, 1);
	known_count(&known, ids, 1);
	assert_int_equal(known.entry[0].seen, 0);
	assert_int_equal(known.entry[1].seen, 2);
	known_free(&known);
}

static void an_entry_is_found_by_its_corpus_file(void **state)
{
	static const struct profile intel = { .vendor = VENDOR_INTEL };

	(void)state;
	assert_int_equal(parse(GOOD("a") "\nid: b\nrule: INT1\nvendor: amd\nversions: any\neffect: never\n"
			       "manual: m\ncorpus: known/b.seq\nwhy: w\n", NULL), 0);
	assert_ptr_equal(known_of_corpus(&known, "/x/c", &intel), &known.entry[0]);
	assert_null(known_of_corpus(&known, "corpus/known/b.seq", &intel)); /* not this vendor's */
	assert_null(known_of_corpus(&known, "d", &intel));
	known_free(&known);
}

static void a_rule_that_is_forgotten_has_no_effect(void **state)
{
	(void)state;
	assert_int_equal(parse(GOOD("a") "\n" HEAD("b") "effect: maybe kills\n" TAIL "\n"
			       "id: c\nrule: INT1\nvendor: any\nversions: any\neffect: kills\n" TAIL, NULL), 0);
	known_forget_rule(&known, "RF_FAUL.event");
	known_forget_rule(&known, "RF_FAULT_X.event");
	assert_int_equal(known.line[0].and, 0);
	known_forget_rule(&known, "RF_FAULT.event");
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(known.line[i].and, UINT64_MAX);
		assert_int_equal(known.line[i].xor, 0);
		assert_int_equal(known.line[i].kills, 0);
	}
	assert_int_equal(known.line[2].kills, 1);
	known_free(&known);
}

/* The list that is shipped: every entry is sound, and its sequence is there. */
static void the_list_for_qemu_is_sound(void **state)
{
	(void)state;
	assert_int_equal(setenv("TRAINWRECK_KNOWN", "fuzz/known", 1), 0);
	if (known_load(&known, "qemu", "7.2.22", why, sizeof(why)))
		fail_msg("%s", why);
	assert_true(known.n > 0);
	for (unsigned i = 0; i < known.n; i++) {
		FILE *f = fopen(known.entry[i].corpus, "r");
		if (!f)
			fail_msg("%s: no file %s", known.entry[i].id, known.entry[i].corpus);
		fclose(f);
	}
	known_free(&known);
	assert_int_equal(setenv("TRAINWRECK_KNOWN", "no/such/file", 1), 0);
	assert_int_equal(known_load(&known, "qemu", "7.2.22", why, sizeof(why)), -1);
	assert_non_null(strstr(why, "TRAINWRECK_KNOWN"));
	unsetenv("TRAINWRECK_KNOWN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_becomes_an_overlay_line),
		cmocka_unit_test(effects_are_what_they_say),
		cmocka_unit_test(a_feature_can_say_where_not),
		cmocka_unit_test(a_death_names_its_entry),
		cmocka_unit_test(malformed_files_are_refused),
		cmocka_unit_test(versions_bound_on_both_sides),
		cmocka_unit_test(entries_out_of_range_have_no_effect),
		cmocka_unit_test(what_was_used_is_named_and_counted),
		cmocka_unit_test(an_entry_is_found_by_its_corpus_file),
		cmocka_unit_test(a_rule_that_is_forgotten_has_no_effect),
		cmocka_unit_test(the_list_for_qemu_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
