/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of results: read whole, of both versions; cut short or damaged at any byte, and said where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/run_file.h"
#include "tests/run_sample.h"

static void test_whole(void **state)
{
	struct run_file f;
	char why[256] = "";
	const struct run_row *r;

	(void)state;
	if (run_parse(text, len, "x", &f, why, sizeof(why)) != RUN_GOOD)
		fail_msg("%s", why);
	assert_int_equal(f.n_rows, 3);
	assert_true(f.sealed && f.step >= 1 && f.step <= 1);
	assert_string_equal(run_text(&f, "brand"), "a CPU of the tests");
	assert_string_equal(run_text(&f, "label"), "hardware");
	r = run_row(&f, "ovh.window.k.rdtsc");
	assert_non_null(r);
	assert_true(r->ok && r->fig[F_MEDIAN] >= 30 && r->fig[F_MEDIAN] <= 30 && r->instructions == 9);
	assert_int_equal(r->n_units, BENCH_ALIGNS * RESULT_ROUNDS);
	assert_true(r->unit_of[5] >= 31 && r->unit_of[5] <= 31);
	assert_null(run_row(&f, "no.such"));
	run_free(&f);
}

/* The line that an error names, from 1. */
static unsigned line_named(const char *why)
{
	unsigned line = 0;

	if (sscanf(why, "x:%u: ", &line) != 1)
		fail_msg("no file and line in: %s", why);
	return line;
}

static void test_cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < len; n++) {
		struct run_file f;
		char why[512] = "";

		if (run_parse(text, n, "x", &f, why, sizeof(why)) != RUN_BAD)
			fail_msg("cut at %zu of %zu: not noticed", n, len);
		if (line_named(why) != line_of(n))
			fail_msg("cut at %zu, in line %u: %s", n, line_of(n), why);
		run_free(&f);
	}
}

/* Every byte, every bit; an error never names a line before the one that was hit. */
static void test_damage(void **state)
{
	(void)state;
	for (size_t at = 0; at < len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct run_file f;
			char why[512] = "", was = text[at];

			text[at] = (char)(was ^ 1 << bit);
			if (run_parse(text, len, "x", &f, why, sizeof(why)) != RUN_BAD)
				fail_msg("bit %u of byte %zu: not noticed", bit, at);
			if (line_named(why) != line_of(at))
				fail_msg("byte %zu, line %u: %s", at, line_of(at), why);
			run_free(&f);
			text[at] = was;
		}
	}
}

/* Whole lines taken out, twice there, or in another order. */
static void test_lines(void **state)
{
	char *lines[8], *copy = strdup(text), *made = malloc(2 * len + 1);
	unsigned n = 0;

	(void)state;
	for (char *l = strtok(copy, "\n"); l; l = strtok(NULL, "\n"))
		lines[n++] = l;
	assert_int_equal(n, 5);
	for (unsigned out = 0; out < n; out++) {
		for (unsigned twice = 0; twice < 2; twice++) {
			struct run_file f;
			char why[512] = "";

			made[0] = 0;
			for (unsigned i = 0; i < n; i++) {
				for (unsigned k = 0; k < (i == out ? 2 * twice : 1); k++) {
					strcat(made, lines[i]);
					strcat(made, "\n");
				}
			}
			if (run_parse(made, strlen(made), "x", &f, why, sizeof(why)) != RUN_BAD)
				fail_msg("line %u %s: not noticed", out + 1, twice ? "twice" : "gone");
			line_named(why);
			run_free(&f);
		}
	}
	free(copy);
	free(made);
}

#define V1_CONTEXT                                                                                                  \
	"{\"schema\":\"trainwreck.bench-context.1\",\"label\":\"emulated\",\"engine\":\"qemu\",\"engine_version\":" \
	"\"7\",\"command_line\":\"\",\"tables\":\"idt\",\"program\":\"0.1\",\"build\":\"0x1\",\"vendor\":\"Intel\"," \
	"\"brand\":\"b\",\"signature\":\"0x1\",\"microcode\":\"0x1\",\"hypervisor\":\"\",\"firmware\":\"f\","        \
	"\"features\":[\"NX\"],\"tsc_hz\":\"0x0\",\"samples_per_placement\":4,\"warmup_per_placement\":0}\n"
#define V1_ROW                                                                                                       \
	"{\"schema\":\"trainwreck.bench.1\",\"id\":\"a.b.k.c\",\"kind\":\"round-trip\",\"verdict\":\"OK\",\"reason\":" \
	"\"\",\"label\":\"emulated\",\"unit\":\"tsc-ticks\",\"n\":16,\"discards\":0,\"min\":1,\"p5\":1,\"q1\":2,"      \
	"\"median\":3,\"q3\":4,\"p95\":5,\"p99\":6,\"max\":7,\"mad\":1,\"placement_medians\":[3,3,4,2],"               \
	"\"overhead_id\":\"o\",\"overhead_median\":null,\"instructions\":null,\"smi\":null,\"aperf\":null,"            \
	"\"mperf\":null,\"definition\":\"d\"}\n"

/* Files of before there were seals. */
static void test_older(void **state)
{
	struct run_file f;
	char why[256] = "";

	(void)state;
	if (run_parse(V1_CONTEXT V1_ROW, strlen(V1_CONTEXT V1_ROW), "x", &f, why, sizeof(why)) != RUN_GOOD)
		fail_msg("%s", why);
	assert_int_equal(f.n_rows, 1);
	assert_false(f.sealed);
	assert_int_equal(f.rows[0].n_units, 4);
	assert_int_equal(f.rows[0].instructions, -1);
	run_free(&f);
}

/* Sound JSON, well sealed or older, that says what no run can say. */
static void test_nonsense(void **state)
{
	static const struct {
		const char *from, *to, *words;
	} rows[] = {
		{ "\"median\":3", "\"median\":9", "rising order" },
		{ "\"n\":16", "\"n\":-1", "\"n\" must be a whole number" },
		{ "\"n\":16", "\"n\":0", "samples" },
		{ "\"kind\":\"round-trip\"", "\"kind\":\"trip\"", "\"kind\" must be" },
		{ "\"label\":\"emulated\",\"unit\"", "\"label\":\"hardware\",\"unit\"", "label" },
		{ "\"definition\":\"d\"", "\"definition\":\"\\u001b[2J\"", "\"definition\" must be a string" },
		{ ",\"definition\":\"d\"", "", "\"definition\" is missing" },
		{ "[3,3,4,2]", "[3,3,4]", "four placements" },
		{ "[3,3,4,2]", "[3,3,4,\"2\"]", "four placements" },
		{ "\"id\":\"a.b", "\"id\":\"../b", "\"id\" must be" },
		{ "bench.1", "bench.7", "schema must be" },
		{ "\"mad\":1", "\"mad\":1,\"mad\":1", "duplicate" },
		{ "context.1", "context.9", "newer trainwreck" },
		{ "\"signature\":\"0x1\"", "\"signature\":\"1\"", "\"signature\" must be a hex string" },
		{ "[\"NX\"]", "[1]", "\"features\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *whole = V1_CONTEXT V1_ROW, *at = strstr(whole, rows[i].from);
		char made[4096], why[512] = "";
		struct run_file f;

		assert_non_null(at);
		snprintf(made, sizeof(made), "%.*s%s%s", (int)(at - whole), whole, rows[i].to,
			 at + strlen(rows[i].from));
		if (run_parse(made, strlen(made), "x", &f, why, sizeof(why)) != RUN_BAD || !strstr(why, rows[i].words))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].to, why, rows[i].words);
		line_named(why);
		run_free(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_cut),   cmocka_unit_test(test_damage),
		cmocka_unit_test(test_lines), cmocka_unit_test(test_older), cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, build, drop);
}
