/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_HOST_MINIMIZE_H
#define TW_HOST_MINIMIZE_H

#include "host/oracle.h"

/*
 * Make a sequence simpler while it keeps its signature: fewer steps first, then no prefixes, no
 * arguments and a plain start. Runs from the present state, for at most max_ms; the result has been
 * seen once more from a fresh state, or is the sequence itself. Returns the number of runs.
 */
unsigned minimize_seq(struct oracle *o, const struct seq *seq, const char *signature, int max_ms,
		      struct seq *ret_seq);

#endif
