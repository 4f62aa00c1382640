/* SPDX-License-Identifier: BSD-2-Clause */
/* SMBIOS: what is read of it, what is left alone, and that damage is only passed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "efi/abi/about.h"

/* BIOS, system with serial number and UUID, board, end. */
static const uint8_t table[] =
	"\x00\x12\x00\x00\x01\x02\x00\xe8\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00" "Maker of BIOS\0" "1.2.3 \0" "01/02/2024\0\0"
	"\x01\x1b\x01\x00\x01\x02\x03\x04UUIDUUIDUUIDUUID\x06\x05\x00" "Maker\0" " Product X\0" "v2\0" "SERIAL-1\0" "SKU\0\0"
	"\x02\x08\x02\x00\x01\x02\x00\x03" "Board \xff maker\0" "B-1\0" "SERIAL-2\0\0"
	"\x02\x08\x03\x00\x01\x02\x00\x03" "Another\0" "B-2\0" "SERIAL-3\0\0"
	"\x7f\x04\x04\x00\0\0"
	"\x01\x08\x05\x00\x01\x00\x00\x00" "Behind the end\0";

static void test_texts(void **state)
{
	struct about a = { 0 };

	(void)state;
	smbios_read(table, sizeof(table) - 1, &a);
	assert_string_equal(a.bios, "Maker of BIOS, 1.2.3, 01/02/2024");
	assert_string_equal(a.system, "Maker, Product X, v2");
	assert_string_equal(a.board, "Board ? maker, B-1");
}

/* Whatever is cut off or changed: only text comes out, and nothing is read beyond the end (valgrind, sanitizers). */
static void test_damage(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(table); n++) {
		for (unsigned with = 0; with < 256; with += 51) {
			uint8_t *copy = malloc(n ? n : 1);
			struct about a = { 0 };

			memcpy(copy, table, n);
			if (n)
				copy[(n * 7 + with) % n] = (uint8_t)with;
			smbios_read(copy, n, &a);
			for (const char *p = a.system; *p; p++)
				assert_true(*p >= ' ' && *p <= '~');
			assert_true(strlen(a.bios) < ABOUT_TEXT && strlen(a.board) < ABOUT_TEXT);
			free(copy);
		}
	}
}

/* A string longer than its place is cut. */
static void test_long(void **state)
{
	uint8_t made[300] = { 1, 8, 0, 0, 1, 1, 1, 0 };
	struct about a = { 0 };

	(void)state;
	memset(made + 8, 'x', 200);
	smbios_read(made, sizeof(made), &a);
	assert_int_equal(strlen(a.system), ABOUT_TEXT - 1);
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + p[n]);
	return s;
}

static void test_entry(void **state)
{
	uint8_t three[0x18] = "_SM3_", two[0x1f] = "_SM_";
	uint64_t base = 0;
	size_t len = 0;

	(void)state;
	three[6] = 0x18;
	three[0x0c] = 0x34, three[0x0d] = 0x12;
	three[0x10] = 0x78, three[0x14] = 1;
	three[5] = (uint8_t)-sum(three, sizeof(three));
	assert_int_equal(smbios_entry(three, sizeof(three), &base, &len), 0);
	assert_true(base == 0x100000078 && len == 0x1234);
	three[5]++;
	assert_int_equal(smbios_entry(three, sizeof(three), &base, &len), -1);
	three[5]--;
	assert_int_equal(smbios_entry(three, sizeof(three) - 1, &base, &len), -1);
	two[5] = 0x1f;
	two[0x16] = 0x10, two[0x18] = 0x20;
	two[4] = (uint8_t)-sum(two, sizeof(two));
	assert_int_equal(smbios_entry(two, sizeof(two), &base, &len), 0);
	assert_true(base == 0x20 && len == 0x10);
	two[0]++;
	assert_int_equal(smbios_entry(two, sizeof(two), &base, &len), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
