/* SPDX-License-Identifier: BSD-2-Clause */
/* Patterns over rows: what matches what, against the C library's matcher where that means the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fnmatch.h>

#include "efi/abi/glob.h"

enum { ROUNDS = 200000, LEN_MAX = 8 };

static void test_words(void **state)
{
	(void)state;
	assert_true(glob_matches("*", ""));
	assert_true(glob_matches("idt.*", "idt.int3.k.gate"));
	assert_true(glob_matches("*.?.gate", "idt.int3.k.gate"));
	assert_false(glob_matches("idt", "idt.int3.k.gate"));
	assert_false(glob_matches("", "x"));
	/* no sets, no escapes: these characters are themselves */
	assert_false(glob_matches("idt.[bd]*", "idt.bp"));
	assert_true(glob_matches("[a]\\*", "[a]\\b"));
}

/* A part is a name of its own where the row has it. */
static void test_names(void **state)
{
	(void)state;
	assert_true(glob_names("idt.int3.k.gate", "idt.int3.k.gate", 1));
	assert_true(glob_names("*.enter", "idt.int3.k.gate", 3));
	assert_true(glob_names("*.gate.exit", "idt.int3.k.gate", 3));
	assert_false(glob_names("*.enter", "ovh.window.k.jmp", 1));
	assert_false(glob_names("*.leave", "idt.int3.k.gate", 3));
	assert_false(glob_names("*", "idt.int3.k.gate", 0));
}

static void text(char *out, const char *of, unsigned n_of)
{
	unsigned n = (unsigned)rand() % LEN_MAX;

	for (unsigned i = 0; i < n; i++)
		out[i] = of[(unsigned)rand() % n_of];
	out[n] = 0;
}

static void test_as_fnmatch(void **state)
{
	unsigned matched = 0;

	(void)state;
	srand(1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		char glob[LEN_MAX], s[LEN_MAX];
		int got;

		text(glob, "ab.*?", 5);
		text(s, "ab.", 3);
		got = glob_matches(glob, s);
		matched += got != 0;
		if (!!got != !fnmatch(glob, s, 0))
			fail_msg("%s, %s: %d", glob, s, got);
	}
	assert_true(matched > ROUNDS / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_as_fnmatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
