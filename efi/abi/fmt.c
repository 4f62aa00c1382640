/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/fmt.h"

#include <stdint.h>

struct sink {
	char *out;
	size_t cap, len;
};

struct spec {
	int left, zero, precision, longs;
	unsigned width;
};

static void put(struct sink *s, char c)
{
	if (s->len + 1 < s->cap)
		s->out[s->len] = c;
	s->len++;
}

static void pad(struct sink *s, char c, unsigned width, unsigned used)
{
	while (used++ < width)
		put(s, c);
}

static void field(struct sink *s, const struct spec *spec, const char *sign, const char *text,
		  unsigned n)
{
	unsigned n_sign = 0;

	while (sign[n_sign])
		n_sign++;
	if (!spec->left && !spec->zero)
		pad(s, ' ', spec->width, n + n_sign);
	for (unsigned i = 0; i < n_sign; i++)
		put(s, sign[i]);
	if (!spec->left && spec->zero)
		pad(s, '0', spec->width, n + n_sign);
	for (unsigned i = 0; i < n; i++)
		put(s, text[i]);
	if (spec->left)
		pad(s, ' ', spec->width, n + n_sign);
}

static void number(struct sink *s, const struct spec *spec, const char *sign, uint64_t v,
		   unsigned base, const char *digits)
{
	char buf[20];
	unsigned at = sizeof(buf);

	do {
		buf[--at] = digits[v % base];
		v /= base;
	} while (v);
	field(s, spec, sign, buf + at, sizeof(buf) - at);
}

/* A number in the format: digits, or * for an argument; a negative argument is returned as such. */
static int amount(const char **fmt, int star_value)
{
	int v = 0;

	if (**fmt == '*') {
		++*fmt;
		return star_value;
	}
	while (**fmt >= '0' && **fmt <= '9')
		v = v * 10 + *(*fmt)++ - '0';
	return v;
}

static void string(struct sink *s, struct spec *spec, const char *text)
{
	unsigned n = 0;

	if (!text)
		text = "(null)";
	while ((spec->precision < 0 || n < (unsigned)spec->precision) && text[n])
		n++;
	spec->zero = 0;
	field(s, spec, "", text, n);
}

static const char *flags(const char *fmt, struct spec *spec)
{
	for (;; fmt++) {
		if (*fmt == '-')
			spec->left = 1;
		else if (*fmt == '0')
			spec->zero = 1;
		else
			return fmt;
	}
}

static const char *lengths(const char *fmt, struct spec *spec)
{
	for (; *fmt == 'l' || *fmt == 'z'; fmt++)
		spec->longs++;
	return fmt;
}

/* One conversion; 0 when the letter is none of ours. */
static int convert(struct sink *s, struct spec *spec, char letter, va_list *args)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	uint64_t v;
	int64_t d;
	char c;

	switch (letter) {
	case 'd':
	case 'i':
		d = spec->longs ? va_arg(*args, long) : va_arg(*args, int);
		number(s, spec, d < 0 ? "-" : "", d < 0 ? 0 - (uint64_t)d : (uint64_t)d, 10, lower);
		return 1;
	case 'u':
	case 'x':
	case 'X':
		v = spec->longs ? va_arg(*args, unsigned long) : va_arg(*args, unsigned);
		number(s, spec, "", v, letter == 'u' ? 10 : 16, letter == 'X' ? upper : lower);
		return 1;
	case 'p':
		number(s, spec, "0x", (uintptr_t)va_arg(*args, void *), 16, lower);
		return 1;
	case 'c':
		c = (char)va_arg(*args, int);
		spec->zero = 0;
		field(s, spec, "", &c, 1);
		return 1;
	case 's':
		string(s, spec, va_arg(*args, const char *));
		return 1;
	case '%':
		put(s, '%');
		return 1;
	}
	return 0;
}

int fmt_vprint(char *out, size_t cap, const char *fmt, va_list list)
{
	struct sink s = { out, cap, 0 };
	va_list args;

	va_copy(args, list);
	for (; *fmt; fmt++) {
		struct spec spec = { .precision = -1 };
		const char *start = fmt;
		int width;

		if (*fmt != '%') {
			put(&s, *fmt);
			continue;
		}
		fmt = flags(fmt + 1, &spec);
		width = *fmt == '*' ? va_arg(args, int) : 0;
		width = amount(&fmt, width);
		spec.left |= width < 0;
		spec.width = width < 0 ? 0u - (unsigned)width : (unsigned)width;
		if (*fmt == '.') {
			fmt++;
			spec.precision = *fmt == '*' ? va_arg(args, int) : 0;
			spec.precision = amount(&fmt, spec.precision);
		}
		fmt = lengths(fmt, &spec);
		if (!convert(&s, &spec, *fmt, &args)) {
			/* not ours: show the percent sign, and the rest as it stands */
			put(&s, '%');
			fmt = start;
		}
	}
	va_end(args);
	if (cap)
		out[s.len < cap ? s.len : cap - 1] = 0;
	return (int)s.len;
}

int fmt_print(char *out, size_t cap, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = fmt_vprint(out, cap, fmt, args);
	va_end(args);
	return n;
}
