/* SPDX-License-Identifier: BSD-2-Clause */
/* Figures of a benchmark run: judged, printed, written. docs/results.md describes the format. */
#ifndef TW_HOST_RESULTS_H
#define TW_HOST_RESULTS_H

#include <jansson.h>
#include <stdio.h>

#include "bench/bench.h"
#include "efi/abi/wire.h"
#include "host/stats.h"

enum bench_verdict { BENCH_OK, BENCH_SKIP, BENCH_UNSTABLE, BENCH_ERROR };

/* Batches that a placement's samples come in: docs/method.md says why more than one. */
enum { RESULT_ROUNDS = 4, RESULT_BATCHES = RESULT_ROUNDS * BENCH_ALIGNS };

/* Rows that are in no table have ids from here on: of sequences (host/bench_seq.c), in one placement. */
enum { SEQ_IDS = 0x8000 };

/* One row, one kind. */
struct result {
	const struct bench_row *row;
	enum bench_kind kind;
	enum bench_verdict verdict;
	char reason[160];
	struct stats stats;
	double placed[BENCH_ALIGNS]; /* the median of each placement */
	double batch[BENCH_ALIGNS][RESULT_ROUNDS]; /* the median of each batch of a placement */
	unsigned n_rounds; /* batches of each placement */
	uint32_t discards, insns;
	uint32_t discarded[DISCARD_REASONS];
	uint32_t retired[RESULT_BATCHES], cycles[RESULT_BATCHES]; /* of each batch, as in struct msg_benched */
	unsigned n_counted; /* batches */
	json_t *extra; /* more members of its line; or NULL */
	uint64_t smi, aperf, mperf; /* as in struct msg_benched, summed over the placements */
};

struct results {
	struct result *v;
	size_t n;
};

/* Where figures came from. */
struct results_context {
	const struct msg_hello *hello;
	const char *engine, *engine_version, *command_line, *tables;
	const char *only; /* the glob over ids */
	const char *plan; /* its file's name; "": what the guest says */
	unsigned samples, warmup; /* of each placement */
};

/* "hardware", "virtual" or "emulated": figures of different labels never share a table. */
const char *results_label(const struct msg_hello *hello, const char *engine);

/* `idt.int3.k.gate`, or with the kind behind it. buf has 64 bytes. Returns buf. */
const char *bench_result_id(const struct result *r, char *buf);

/* Into how many batches n samples of a placement are divided; each of them has 16 or more. */
unsigned results_rounds(uint32_t n);

const char *bench_verdict_name(enum bench_verdict verdict);

/* The result of a row and kind, or NULL. */
struct result *results_find(const struct results *rs, unsigned row_id, enum bench_kind kind);

/*
 * Turn OK into UNSTABLE, with a reason, where samples do not agree: with each other, with those of
 * the split window, or where the row's overhead did not hold still. docs/method.md states the
 * bounds.
 */
void results_judge(struct results *rs);

/* New references. */
json_t *results_context_json(const struct results *rs, const struct results_context *c);
json_t *bench_result_json(const struct results *rs, const struct result *r, const char *label);

/* One line a result, under a heading. */
void results_print(FILE *f, const struct results *rs, const struct results_context *c);

/* Make a folder for results, with those above it; it can be written. 0, or -1 with errno. */
int results_dir(const char *dir);

/*
 * Write the run as JSON lines to the first of DIR/1.jsonl, DIR/2.jsonl, ... that does not exist;
 * DIR is made if need be, and nothing is ever overwritten. Returns 0 and the path (PATH_MAX bytes),
 * or -1 with errno and without a file.
 */
int results_write(const char *dir, const struct results *rs, const struct results_context *c,
		  char *ret_path);

/* The same lines to a stream. Returns 0, or -1 with errno. */
int results_lines(FILE *f, const struct results *rs, const struct results_context *c);

#endif
