/* SPDX-License-Identifier: BSD-2-Clause */
/* The sequences that ran on one machine since it was last fresh, for what only comes after others. */
#ifndef TW_HOST_HISTORY_H
#define TW_HOST_HISTORY_H

#include "host/oracle.h"

enum { HISTORY_RUNS = 256, HISTORIES_KEPT = 20 };

struct history {
	uint64_t recoveries; /* of the oracle after the last run */
	int is_over; /* the machine has been brought back since: the next run begins anew */
	unsigned n;	     /* runs since then; the last HISTORY_RUNS of them are held */
	unsigned saved;
	struct history_run {
		uint16_t len;
		uint8_t bytes[SEQ_BYTES_MAX];
	} run[HISTORY_RUNS];
};

/* Add a sequence after its run, when it was sent. */
void history_add(struct history *h, const struct oracle *o, const struct seq *seq,
		 const struct result *r);

/* The machine has been brought back between two runs. */
void history_end(struct history *h, const struct oracle *o);

/* Write DIR/flaky/N-NAME/000.bin and so on, oldest first, the first HISTORIES_KEPT times. */
void history_save(struct history *h, const char *dir, const char *name);

#endif
