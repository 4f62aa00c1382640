/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_HOST_TARGET_H
#define TW_HOST_TARGET_H

#include "host/again.h"
#include "host/campaign.h"
#include "host/engine.h"
#include "host/finding.h"
#include "host/forksrv.h"
#include "host/history.h"

/* So many of those that only their records can settle are run again in a row: each time the machine has to stand still. */
enum { DOUBTS_MAX = 8 };

/* A run ahead that ended in another way than foreseen, and may have been free to. */
struct doubt {
	struct ahead a;
	uint64_t hash;
	int may_vary;
};

/* What AFL++ runs: one engine, any number of test cases. */
struct target {
	struct engine_opts opts;
	struct finding_source source;
	int strict;
	uint8_t style; /* that every test case is run in; 0: its own, with all guards */
	struct oracle oracle;
	struct known known;
	struct campaign campaign;
	struct history history;

	struct again *again; /* answers may be late, but that to what was posted there; NULL: none is */
	/* The runs ahead, oldest at `first`. */
	struct {
		unsigned first, n;
		struct ahead run[ENGINE_RUNS_MAX];
		unsigned n_doubts;
		struct doubt doubt[DOUBTS_MAX + ENGINE_RUNS_MAX];
	} ahead;
	struct result late; /* of the last of them */
	/* The last test case; its result, when that was not late. */
	struct {
		size_t len;
		uint8_t bytes[SEQ_BYTES_MAX];
		struct seq seq;
		struct result r;
	} now;
};

/*
 * Start the engine and read its known differences. 0, or -1 with err; 1 with err when DIR has a campaign on
 * another machine.
 */
int target_open(struct target *t, const char *dir, char *err, size_t err_cap);

/* What an earlier sitting was about to confirm or to save when it was ended. 0, or -1: no engine can be had any more. */
int target_resume(struct target *t);

/*
 * Run one test case and set the map; t->now.r is its result. Returns the signal to report to AFL++: 0 when
 * the CPU did as it must or as is known, SIGABRT for a confirmed difference; or -1 when no engine can be
 * had any more.
 *
 * With t->again the answer to an ordinary test case is the model's, given while the machine still works:
 * that is nearly always the true one, and machine and AFL++ need not wait for each other. If it was wrong,
 * all that belongs to a finding is done when the machine's answer comes, and AFL++ is handed the same test
 * case again. As many test cases are under way as the engine takes (engine_runs_max()).
 */
int target_run(struct target *t, const uint8_t *bytes, size_t len, uint8_t *map, size_t map_len);

void target_close(struct target *t);

#endif
