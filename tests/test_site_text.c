/* SPDX-License-Identifier: BSD-2-Clause */
/* The report for mail: what is in it, and that it is never wider than 78 columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/site_made.h"

/* Hardware and emulated figures in tables of their own, each headed; a narrow table whatever the words. */
static void test_text(void **state)
{
	struct run_file a = run(10, 20), b = run(11, 21);
	char *text, *hardware, *emulated;
	struct site s;

	(void)state;
	member(&a, "system", "a word that is longer than any line of a mail could be: "
			     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx end");
	member(&b, "label", "emulated");
	make(&s, 2, a, b);
	text = printed(&s, report_text);
	assert_non_null(strstr(text, "\n[A] a CPU of the tests, CPUID 0x800f12, microcode 0x0; 1\n"));
	/* the name of a CPU is not first where an emulator has it */
	assert_non_null(strstr(text, "\n[B] 1 as a CPU of the tests, CPUID 0x800f12\n"));
	assert_non_null(strstr(text, "TSC       1000000000 Hz (1.000 ns a tick; "));
	hardware = strstr(text, "== hardware\n");
	emulated = strstr(text, "== emulated: these figures describe the emulator, no CPU\n");
	assert_non_null(hardware);
	assert_non_null(emulated);
	assert_true(hardware < emulated);
	for (char *l = strtok(text, "\n"); l; l = strtok(NULL, "\n"))
		if (strlen(l) > 78)
			fail_msg("%zu columns: %s", strlen(l), l);
	free(text);
	site_free(&s);
}

/* The text for mail: the spread is beside each median, and nothing is wider than 78 columns or cut. */
static void test_text_spread(void **state)
{
	struct run_file a = run(10, 20), b = run(1234567, 20), c = run(14, 20);
	const char id[] = "ovh.window.k.rather-long-a-name-for-a-row";
	struct site s;
	char *text;

	(void)state;
	member(&b, "microcode", "0x2");
	b.rows[0].fig[F_Q3] = 4294967295.;
	b.rows[1].id = id;
	assert_string_equal(b.rows[0].id, "ovh.window.k.jmp");
	make(&s, 2, a, b);
	text = printed(&s, report_text);
	assert_non_null(strstr(text, "\nmedian, quartiles                        A     q1     q3       B     q1     q3\n"));
	assert_non_null(strstr(text, "\novh.window.k.jmp                        20     20     20      20     20  4295M\n"));
	assert_non_null(strstr(text, "\novh.window.k.rather-long-a-name-for-a-row\n"
				     "                                          -              1234567  1235k  1235k\n"));
	assert_non_null(strstr(text, "\novh.window.k.rdtsc                      10      9     11        -\n"));
	for (const char *p = text, *end; (end = strchr(p, '\n')); p = end + 1)
		assert_in_range(end - p, 0, 78);
	free(text);
	site_free(&s);
	/* boots of one machine */
	a = run(10, 20);
	make(&s, 2, a, c);
	text = printed(&s, report_text);
	assert_non_null(strstr(text, "\nid                                  median     q1     q3    p99    low   high\n"));
	assert_non_null(strstr(text, "\novh.window.k.rdtsc                      12     11     13     13     10     14\n"));
	free(text);
	site_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
