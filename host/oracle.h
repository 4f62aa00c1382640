/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One sequence, one verdict: runs it on an engine, asks the model, and says what the difference is.
 * `run`, `target`, `triage` and `replay` all judge through here.
 */
#ifndef TW_HOST_ORACLE_H
#define TW_HOST_ORACLE_H

#include <stddef.h>

#include "efi/abi/verdicts.h"
#include "fuzz/model.h"
#include "host/engine.h"
#include "host/known.h"

enum { SIGNATURE_CAP = 192, KNOWN_IDS_MAX = 16, CONFIRM_TIMES = 3 };

struct oracle {
	struct engine *engine;
	const struct profile *profile;
	struct known *known; /* NULL: strict, no difference is known */
	int deadline_ms;
	struct overlay bare; /* where there are no known differences: only the machine's habits */
	uint64_t n_runs, n_events, n_recoveries, n_skipped_deaths, n_unchecked, n_engine_deaths;
	/*
	 * Run one predicted death in this many, and 80 times as many that wait for the host; 0: every one, and there is
	 * time to tell which of the known differences are needed.
	 */
	unsigned death_stride;
	/* Checksums of those that died in another way than the first one predicted: passed over like those. */
	uint32_t mortal[64];
	unsigned n_mortal;
	int explain; /* time for known differences against the manual, each run by itself; a campaign has none */
	int broken; /* the engine could not be recovered: it has to be started anew */
	const struct result *predicted; /* the last one: the overlay's lines say what it used */
};

/* A run that has been sent ahead: its bytes, and what it is expected to end with. */
struct ahead {
	size_t len;
	uint8_t bytes[SEQ_BYTES_MAX];
	unsigned n;
	uint64_t hash;
	uint32_t crc;
	unsigned n_known;
	const char *known[KNOWN_IDS_MAX];
};

struct result {
	enum verdict verdict;
	int not_run; /* a predicted death that was passed over */
	char signature[SIGNATURE_CAP]; /* "" unless DIVERGE, CRASH or HANG, or known */
	enum outcome outcome; /* what was observed */
	uint64_t hash; /* of what was observed, when that was DONE */
	int has_observed;
	unsigned n_observed;
	struct record observed[RECORDS_MAX + 1];
	struct judgement j; /* j.trace: what was expected; of a known difference the manual's, if o->explain */
	unsigned n_known;
	const char *known[KNOWN_IDS_MAX]; /* ids of the known differences that explain it */
	/* Between the two halves: the sequence's checksum, and of how many of its kind one is run; 0: every one. */
	uint32_t crc;
	unsigned stride;
	const char *fixed; /* id of the known difference whose own sequence this is and no longer shows */
	char reason[320]; /* SKIP, ERROR: why */
	char registers[4096]; /* after a death */
};

/* Start the engine, or start it anew when it is broken. 0, or -1 with err: there is none. */
int oracle_start(struct oracle *o, const struct engine_opts *opts, char *err, size_t err_cap);

/* Read the known differences of its engine into *known, which it goes by from then on. 0, or -1 with err. */
int oracle_know(struct oracle *o, struct known *known, char *err, size_t err_cap);

/* Run and judge. A dead engine is recovered before this returns. */
void oracle_run(struct oracle *o, const struct seq *seq, struct result *ret_result);

/*
 * The same in two parts. The first returns 0 when nothing has to be run and the result is there; else
 * j.trace is what is expected, and the second runs and judges, when no run is ahead any more.
 */
int oracle_begin(struct oracle *o, const struct seq *seq, struct result *ret_result);
void oracle_end(struct oracle *o, const struct seq *seq, struct result *r);

/*
 * Or instead of the second: send it and see to it later. Returns 0 when this is no ordinary run, which ends
 * by itself and which the model follows to its end, or the engine takes no more.
 */
int oracle_ahead(struct oracle *o, const struct seq *seq, const struct result *r, struct ahead *ret_ahead);

/*
 * Wait for the oldest run ahead and judge it. Returns 0 when only its records could tell what happened: then
 * r has the hash alone, and the run has to be made again alone. All that were still ahead are lost when the machine
 * had to be brought back (engine_runs_open()).
 */
int oracle_collect(struct oracle *o, const struct ahead *a, const struct seq *seq, struct result *r);

/* Send one ahead again that was lost. 0, or -1: the engine takes none. */
int oracle_send(struct oracle *o, const struct ahead *a);

/* Take the machine back to its snapshot. 0, or -1: o->broken, and *r is an ERROR that says so. */
int oracle_recover(struct oracle *o, struct result *r);

/*
 * Run a sequence that diverged CONFIRM_TIMES more, each from a fresh state. Returns 1 when each time
 * gives the same signature; 0 when not: *r is then ERROR and its reason says how often it came.
 */
int oracle_confirm(struct oracle *o, const struct seq *seq, struct result *r);

/* Whether the result is a difference that no known one covers. */
int is_unknown(const struct result *r);

int verdict_status(enum verdict v); /* the exit status it calls for when it is not known */
const char *outcome_name(enum outcome outcome);

/* The signature of an engine's own death: its signal, and the frame or assertion its stderr names. */
void signature_of_engine(int wait_status, const char *stderr_path, long from, char *out, size_t cap);

#endif
