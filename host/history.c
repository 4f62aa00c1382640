/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A difference that a fresh machine does not show was left behind by an earlier run, so the input alone
 * is worth nothing: what ran before it is kept with it, to be run again in the same order.
 */
#include "host/history.h"

#include <stdio.h>
#include <sys/stat.h>

#include "host/file.h"

void history_add(struct history *h, const struct oracle *o, const struct seq *seq,
		 const struct result *r)
{
	if (r->not_run || r->verdict == VERDICT_SKIP)
		return;
	if (h->is_over)
		h->n = 0;
	struct history_run *run = &h->run[h->n++ % HISTORY_RUNS];
	run->len = (uint16_t)seq_encode(seq, run->bytes);
	/* what killed the machine belongs to what led there */
	h->is_over = h->recoveries != o->n_recoveries;
	h->recoveries = o->n_recoveries;
}

void history_end(struct history *h, const struct oracle *o)
{
	h->is_over = 1;
	h->recoveries = o->n_recoveries;
}

void history_save(struct history *h, const char *dir, const char *name)
{
	char path[4096];
	unsigned held = h->n < HISTORY_RUNS ? h->n : HISTORY_RUNS;

	if (h->saved == HISTORIES_KEPT)
		return;
	snprintf(path, sizeof(path), "%s/flaky", dir);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/flaky/%02u-%.160s", dir, h->saved++, name);
	mkdir(path, 0777);
	for (unsigned i = 0; i < held; i++) {
		const struct history_run *run = &h->run[(h->n - held + i) % HISTORY_RUNS];
		snprintf(path, sizeof(path), "%s/flaky/%02u-%.160s/%03u.bin", dir, h->saved - 1, name, i);
		if (file_write(path, run->bytes, run->len))
			return;
	}
}
