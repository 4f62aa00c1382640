/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The application's own memory and string functions and its formatted print, against the C library's,
 * on many inputs. The former are compiled in here under other names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "efi/abi/fmt.h"

#define memcpy	       own_memcpy
#define memmove	       own_memmove
#define memset	       own_memset
#define memcmp	       own_memcmp
#define memchr	       own_memchr
#define strlen	       own_strlen
#define strnlen	       own_strnlen
#define strcmp	       own_strcmp
#define strncmp	       own_strncmp
#define strchr	       own_strchr
#define strrchr	       own_strrchr
#define __stack_chk_fail own_stack_chk_fail
void *own_memcpy(void *restrict to, const void *restrict from, size_t n);
void *own_memmove(void *to, const void *from, size_t n);
void *own_memset(void *to, int c, size_t n);
int own_memcmp(const void *a, const void *b, size_t n);
void *own_memchr(const void *s, int c, size_t n);
size_t own_strlen(const char *s);
size_t own_strnlen(const char *s, size_t max);
int own_strcmp(const char *a, const char *b);
int own_strncmp(const char *a, const char *b, size_t n);
char *own_strchr(const char *s, int c);
char *own_strrchr(const char *s, int c);
#include "efi/lib.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

enum { ROUNDS = 20000, LEN = 64 };

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

/* Few letters, so that equal prefixes and repeated letters are common; NUL-terminated. */
static void some_text(char *out)
{
	size_t n = (size_t)rand() % (LEN - 1);

	for (size_t i = 0; i < n; i++)
		out[i] = "abc\xff"[rand() % 4];
	out[n] = 0;
}

static void test_memory(void **state)
{
	uint8_t a[LEN], b[LEN];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t from = (size_t)rand() % (LEN / 2), to = (size_t)rand() % (LEN / 2);
		size_t n = (size_t)rand() % (LEN / 2 + 1);
		int c = rand() & 0x1ff;

		for (int i = 0; i < LEN; i++)
			a[i] = b[i] = (uint8_t)rand();
		assert_ptr_equal(own_memmove(a + to, a + from, n), a + to);
		memmove(b + to, b + from, n);
		assert_memory_equal(a, b, LEN);
		assert_ptr_equal(own_memset(a + to, c, n), a + to);
		memset(b + to, c, n);
		assert_memory_equal(a, b, LEN);
		assert_ptr_equal(own_memcpy(a, b + from, n), a);
		assert_memory_equal(a, b + from, n);
		assert_memory_equal(a + n, b + n, LEN - n);
		assert_ptr_equal(own_memchr(a, c, n), memchr(a, c, n));
	}
}

static void test_memcmp(void **state)
{
	uint8_t a[LEN], b[LEN];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = (size_t)rand() % (LEN + 1);

		for (int i = 0; i < LEN; i++)
			a[i] = b[i] = (uint8_t)rand();
		b[rand() % LEN] = (uint8_t)rand();
		assert_int_equal(own_memcmp(a, b, n), sign(memcmp(a, b, n)));
	}
}

static void test_strings(void **state)
{
	char a[LEN], b[LEN];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t n = (size_t)rand() % LEN;
		int c = "abc\xff\0x"[rand() % 6];

		some_text(a);
		some_text(b);
		if (rand() % 2)
			memcpy(b, a, n);
		a[LEN - 1] = b[LEN - 1] = 0;
		assert_int_equal(own_strlen(a), strlen(a));
		assert_int_equal(own_strnlen(a, n), strnlen(a, n));
		assert_int_equal(sign(own_strcmp(a, b)), sign(strcmp(a, b)));
		assert_int_equal(sign(own_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		assert_ptr_equal(own_strchr(a, c), strchr(a, c));
		assert_ptr_equal(own_strrchr(a, c), strrchr(a, c));
	}
}

/* One format and its arguments through both printers, at every capacity. */
#define BOTH(...)                                                                                  \
	do {                                                                                       \
		for (size_t cap = 0; cap < LEN; cap++) {                                           \
			char ours[LEN], theirs[LEN];                                               \
			memset(ours, '#', LEN);                                                    \
			memset(theirs, '#', LEN);                                                  \
			assert_int_equal(fmt_print(ours, cap, __VA_ARGS__),                        \
					 snprintf(theirs, cap, __VA_ARGS__));                      \
			assert_memory_equal(ours, theirs, LEN);                                    \
		}                                                                                  \
	} while (0)

/* The formats in use, over values at the edges of every width. */
static void test_formats(void **state)
{
	static const uint64_t values[] = {
		0, 1, 9, 10, 0x7f, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX, 1ull << 63, UINT64_MAX,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		unsigned long v = values[i];
		unsigned u = (unsigned)v;

		BOTH("%d|%i", (int)u, (int)u);
		BOTH("%u|%x|%X", u, u, u);
		BOTH("%ld|%lx", (long)v, v);
		BOTH("%lu|%zu", v, (size_t)v);
		BOTH("%llu", (unsigned long long)v);
		BOTH("%5d|%-5d|%05d", (int)u, (int)u, (int)u);
		BOTH("%016lx|%-18lx|", v, v);
		BOTH("%20ld", (long)v);
		BOTH("%020ld", (long)v);
		BOTH("%*u|%-*u", 7, u, 7, u);
		BOTH("%p", v ? (void *)(uintptr_t)v : (void *)&values);
	}
	BOTH("%s|%10s|%-10s|", "ab", "cd", "ef");
	BOTH("%.3s|%.*s|%10.2s", "abcdef", 2, "xyz", "pq");
	BOTH("%*d", -6, 42);
	BOTH("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	BOTH("100%% of %s", "it");
	BOTH("%s", "");
}

/* What is not in the subset is shown, and what follows is still printed. */
static void test_unknown_conversion(void **state)
{
	const char *fmt = "a %q b %";
	char out[32];

	(void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	assert_int_equal(fmt_print(out, sizeof(out), fmt), 8);
#pragma GCC diagnostic pop
	assert_string_equal(out, fmt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),	cmocka_unit_test(test_memcmp),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_formats),
		cmocka_unit_test(test_unknown_conversion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
