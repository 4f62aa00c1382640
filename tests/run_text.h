/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of results as the writer would write them, for the tests of what reads them. After <cmocka.h>. */
#ifndef TW_TESTS_RUN_TEXT_H
#define TW_TESTS_RUN_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/results.h"
#include "host/run_file.h"

/* One row of a run: its samples are around `median`. */
struct made {
	unsigned row; /* index in bench_rows() */
	double median;
	double batch[BENCH_ALIGNS][RESULT_ROUNDS];
	double width; /* between the quartiles and the median; 0: all samples are the same */
	enum bench_verdict verdict;
};

/* The lines of a run with these rows. The caller frees them. */
static char *run_lines(const struct made *v, size_t n, size_t *ret_len)
{
	static const struct msg_hello hello = { .tsc_hz = 1000000000, .firmware = "test 1",
						.profile = { .vendor = VENDOR_AMD, .signature = 0x800f12,
							     .brand = "a CPU of the tests" } };
	struct results_context c = { .hello = &hello, .engine = "tty", .engine_version = "1", .command_line = "",
				     .tables = "idt", .only = "*", .plan = "quick.dts", .samples = 256, .warmup = 64 };
	struct results rs = { calloc(n, sizeof(*rs.v)), n };
	unsigned n_rows;
	const struct bench_row *rows = bench_rows(&n_rows);
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_len);

	if (!f || !rs.v)
		abort();
	for (size_t i = 0; i < n; i++) {
		struct result *r = &rs.v[i];
		double m = v[i].median, w = v[i].width;

		*r = (struct result){ .row = &rows[v[i].row], .verdict = v[i].verdict, .smi = ~0ull, .insns = 9 };
		if (r->verdict == BENCH_SKIP) {
			snprintf(r->reason, sizeof(r->reason), "this CPU lacks: it");
			continue;
		}
		r->stats = (struct stats){ .n = 1024, .min = m - w, .p5 = m - w, .q1 = m - w, .median = m, .q3 = m + w,
					   .p95 = m + w, .p99 = m + w, .max = m + w, .mad = w, .step = w > 0 ? 1 : 0 };
		r->n_rounds = RESULT_ROUNDS;
		memcpy(r->batch, v[i].batch, sizeof(r->batch));
		for (unsigned a = 0; a < BENCH_ALIGNS; a++)
			r->placed[a] = m;
	}
	if (results_lines(f, &rs, &c) || fclose(f))
		abort();
	free(rs.v);
	return text;
}

/* A run of such rows, as it is read from a file. */
static inline struct run_file run_of(const struct made *rows, size_t n)
{
	struct run_file f;
	char why[256], *text;
	size_t len;

	text = run_lines(rows, n, &len);
	if (run_parse(text, len, "made", &f, why, sizeof(why)) != RUN_GOOD)
		fail_msg("%s", why);
	free(text);
	return f;
}

#endif
