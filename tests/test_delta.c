/* SPDX-License-Identifier: BSD-2-Clause */
/* Differences between test cases: there and back, bounds, and bytes that no encoder writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "efi/abi/delta.h"

enum { MOST = 600 };

static void both_ways(const uint8_t *old, size_t old_len, const uint8_t *new, size_t new_len)
{
	uint8_t delta[DELTA_MAX(MOST, MOST)], back[MOST];
	size_t n = delta_encode(old, old_len, new, new_len, delta), len = 0;

	assert_true(n <= DELTA_MAX(old_len, new_len));
	assert_int_equal(delta_decode(old, old_len, delta, n, back, sizeof(back), &len), 0);
	assert_int_equal(len, new_len);
	assert_memory_equal(back, new, new_len);
}

static void random_bytes(uint8_t *p, size_t n, unsigned bits)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(rand() & ((1 << bits) - 1));
}

static void test_random_pairs(void **state)
{
	uint8_t a[MOST], b[MOST];

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 20000; i++) {
		size_t al = (size_t)rand() % MOST, bl = (size_t)rand() % MOST;

		random_bytes(a, al, 1 + (unsigned)rand() % 8);
		random_bytes(b, bl, 1 + (unsigned)rand() % 8);
		both_ways(a, al, b, bl);
	}
}

static void test_mutations(void **state)
{
	uint8_t a[MOST], b[MOST];

	(void)state;
	srand(2);
	for (unsigned i = 0; i < 20000; i++) {
		size_t al = (size_t)rand() % 260, cut = al ? (size_t)rand() % al : 0;
		size_t ins = (size_t)rand() % 9;

		random_bytes(a, al, 8);
		memcpy(b, a, cut);
		random_bytes(b + cut, ins, 8);
		memcpy(b + cut + ins, a + cut, al - cut);
		for (unsigned k = 0; al + ins && k < (unsigned)rand() % 5; k++)
			b[(size_t)rand() % (al + ins)] ^= 0x40;
		both_ways(a, al, b, al + ins);
	}
}

static void test_small_changes_are_small(void **state)
{
	uint8_t a[260], b[260], delta[DELTA_MAX(260, 260)];

	(void)state;
	memset(a, 0x55, sizeof(a));
	memcpy(b, a, sizeof(b));
	assert_int_equal(delta_encode(a, 260, b, 260, delta), 0);
	b[7] ^= 1;
	b[200] ^= 1;
	/* each: so many as before, and of one unit one byte */
	assert_int_equal(delta_encode(a, 260, b, 260, delta), 2 * (1 + 2));
	/* a step put in and another left out move what is between them, and that is not said again */
	random_bytes(a, 260, 8);
	memcpy(b, a, 40);
	memset(b + 40, 0, 4);
	b[40] = 0x77;
	memcpy(b + 44, a + 40, 100);
	memcpy(b + 144, a + 144, 116);
	assert_int_equal(delta_encode(a, 260, b, 260, delta), (1 + 2) + (1 + 1));
	assert_int_equal(delta_encode(a, 260, a, 259, delta), 1 + 2 + 1);
	/* two in a row, and behind them another change, or they would be what is left before a common end */
	memset(b + 44, 0, 4);
	b[44] = 0x78;
	memcpy(b + 48, a + 40, 212);
	b[259] ^= 1;
	assert_int_equal(delta_encode(a, 252, b, 260, delta), (1 + 2 + 2) + (1 + 2));
}

static void test_any_bytes_decode_or_not(void **state)
{
	uint8_t old[300], delta[64], out[300];

	(void)state;
	srand(3);
	random_bytes(old, sizeof(old), 8);
	for (unsigned i = 0; i < 100000; i++) {
		size_t n = (size_t)rand() % sizeof(delta), len = 12345;

		random_bytes(delta, n, 8);
		/* of the counts small ones, or hardly any is of the old bytes */
		for (size_t k = 0; k < n; k++)
			if (delta[k] < 0xc0)
				delta[k] &= 0x87;
		if (delta_decode(old, (size_t)rand() % sizeof(old), delta, n, out, sizeof(out), &len))
			assert_int_equal(len, 12345);
		else
			assert_true(len <= sizeof(out));
	}
}

/* Each at the edge of what there is, in bytes of its own, so that a tool which watches the heap sees one too many. */
static void what_does_not_fit_is_refused(void **state)
{
	static const struct {
		const char *delta;
		size_t delta_len, old_len, cap;
		int good;
	} rows[] = {
		{ "\xc0\xc0", 2, 0, 8, 1 }, { "\xc0\xc0\xc0", 3, 0, 8, 0 }, { "\xc0\xc0", 2, 0, 7, 0 },
		{ "\xc1\x05", 2, 0, 8, 1 }, { "\xc1", 1, 0, 8, 0 }, { "\xc3\x05", 2, 0, 8, 0 },
		{ "\xd0", 1, 4, 8, 1 }, { "\xd0", 1, 0, 8, 0 }, { "\xe1\x05", 2, 1, 4, 1 }, { "\xe1\x05", 2, 0, 4, 0 },
		{ "\x01", 1, 8, 8, 1 }, { "\x02", 1, 8, 16, 0 }, { "\x01", 1, 8, 4, 0 }, { "\x80", 1, 4, 4, 1 },
		{ "\x81", 1, 4, 4, 0 }, { "", 0, 8, 8, 1 }, { "", 0, 8, 4, 0 }, { "\xc0\xf3", 2, 0, 4, 1 },
		{ "\xf1", 1, 0, 4, 0 }, { "\xc0\xf1\xc0", 3, 0, 8, 0 }, { "\xc0\xf4", 2, 0, 8, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t *old = test_calloc(1, rows[i].old_len), *out = test_malloc(rows[i].cap);
		uint8_t *delta = test_malloc(rows[i].delta_len);
		size_t len = 12345;

		memcpy(delta, rows[i].delta, rows[i].delta_len);
		if (delta_decode(old, rows[i].old_len, delta, rows[i].delta_len, out, rows[i].cap, &len) !=
		    (rows[i].good ? 0 : -1))
			fail_msg("row %u", i);
		assert_true(rows[i].good ? len <= rows[i].cap : len == 12345);
		test_free(old);
		test_free(out);
		test_free(delta);
	}
}

static void the_shorter_word_is_chosen(void **state)
{
	static const uint8_t old[4] = { 1, 2, 3, 4 }, few[4] = { 9, 0, 0, 0 }, like[4] = { 1, 2, 9, 4 };
	uint8_t delta[DELTA_MAX(4, 4)];

	(void)state;
	assert_int_equal(delta_encode(old, 4, few, 4, delta), 2);
	assert_memory_equal(delta, "\xd1\x09", 2);
	assert_int_equal(delta_encode(old, 4, like, 4, delta), 2);
	assert_memory_equal(delta, "\xe4\x09", 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_pairs),
		cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_small_changes_are_small),
		cmocka_unit_test(test_any_bytes_decode_or_not),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(the_shorter_word_is_chosen),
	};

	return cmocka_run_group_tests_name("delta", tests, NULL, NULL);
}
