/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs as a report has them, for the tests of reports. After <cmocka.h>. */
#ifndef TW_TESTS_SITE_MADE_H
#define TW_TESTS_SITE_MADE_H

#include <stdarg.h>

#include "host/site.h"
#include "tests/run_text.h"

static json_t *member(struct run_file *f, const char *name, const char *value)
{
	json_object_set_new(f->context, name, json_string(value));
	return f->context;
}

/* A run whose rows 0 and 3 have these medians. */
static struct run_file run(double a, double b)
{
	struct made rows[] = { { .row = 3, .median = b }, { .row = 0, .median = a, .width = 1 },
			       { .row = 12, .verdict = BENCH_SKIP } };

	for (unsigned k = 0; k < BENCH_ALIGNS * RESULT_ROUNDS; k++)
		rows[0].batch[k / 4][k % 4] = b, rows[1].batch[k / 4][k % 4] = a;
	return run_of(rows, 3);
}

/* The report of n runs, which are its own from then on. */
static void make(struct site *s, size_t n, ...)
{
	struct run_set set = { .v = calloc(n, sizeof(*set.v)), .n = n };
	va_list args;

	va_start(args, n);
	for (size_t i = 0; i < n; i++)
		set.v[i] = va_arg(args, struct run_file);
	va_end(args);
	assert_int_equal(site_make(&set, s), 0);
}

/* What a part of a report prints. The caller frees it. */
static char *printed(const struct site *s, void (*print)(FILE *f, const struct site *s))
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	print(f, s);
	fclose(f);
	return text;
}

#endif
