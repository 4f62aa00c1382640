/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted text without a C library: %d %i %u %x %X %c %s %p %%, the lengths l, ll and z, a width
 * (or *), a precision for %s (or *), and the flags - and 0. Anything else is printed as it stands.
 */
#ifndef TW_ABI_FMT_H
#define TW_ABI_FMT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * As snprintf: writes at most cap bytes, always NUL-terminated when cap > 0, and returns the length
 * the whole text has, so that a result >= cap says it was cut.
 */
int fmt_print(char *out, size_t cap, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int fmt_vprint(char *out, size_t cap, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
