/* SPDX-License-Identifier: BSD-2-Clause */
/* One sound file of results, as set-up and tear-down of a group of tests: two measured rows and one SKIP. */
#ifndef TW_TESTS_RUN_SAMPLE_H
#define TW_TESTS_RUN_SAMPLE_H

#include "tests/run_text.h"

static char *text;
static size_t len;

static int build(void **state)
{
	struct made rows[] = {
		{ .row = 0, .median = 30, .width = 1 },
		{ .row = 3, .median = 40.5 },
		{ .row = 12, .verdict = BENCH_SKIP },
	};

	(void)state;
	for (unsigned a = 0; a < BENCH_ALIGNS; a++)
		for (unsigned k = 0; k < RESULT_ROUNDS; k++)
			rows[0].batch[a][k] = 29 + a + k, rows[1].batch[a][k] = 40.5;
	text = run_lines(rows, 3, &len);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	free(text);
	return 0;
}

/* Which line of it the byte is in. */
static unsigned line_of(size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

#endif
