/* SPDX-License-Identifier: BSD-2-Clause */
/* The model against the manual: every rule has cases, and each case's traces are the manual's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/model_case.h"

static void the_manual_holds(void **state)
{
	const struct model_case *c = *state;
	int ok = 1;

	if (c->profile & INTEL)
		ok &= case_holds(c, INTEL, NULL, 1);
	if (c->profile & AMD)
		ok &= case_holds(c, AMD, NULL, 1);
	assert_true(ok);
}

/*
 * No sequence can make the model run for ever, so HANG is shown with a planted fault instead; what a
 * style promises is in corpus/guards and test_styles.c.
 */
static void every_rule_has_a_case(void **state)
{
	int missing = 0;

	(void)state;
	for (unsigned rule = 0; rule < N_RULES; rule++) {
		int has = rule == RULE_HANG || rule_info[rule].basis == BASIS_SOFTWARE;

		for (unsigned i = 0; i < N_MODEL_CASES; i++)
			has |= model_cases[i].rule == rule;
		if (!has)
			fprintf(stderr, "rule %s has no case: add one to tests/model_*.def\n",
				rule_info[rule].name);
		missing += !has;
	}
	assert_int_equal(missing, 0);
}

static void every_case_says_where_it_stands(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N_MODEL_CASES; i++)
		assert_true(*model_cases[i].manual);
}

int main(void)
{
	static struct CMUnitTest tests[N_MODEL_CASES + 2] = {
		cmocka_unit_test(every_rule_has_a_case),
		cmocka_unit_test(every_case_says_where_it_stands),
	};

	for (unsigned i = 0; i < N_MODEL_CASES; i++)
		tests[i + 2] = (struct CMUnitTest){ .name = model_cases[i].seq,
						    .test_func = the_manual_holds,
						    .initial_state = (void *)(uintptr_t)&model_cases[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
