/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring with no host: every row that the plan names, in every kind and placement, as a transcript
 * of the frames that a host would have exchanged, kept in memory until the firmware can write it.
 */
#ifndef TW_STANDALONE_H
#define TW_STANDALONE_H

#define STANDALONE_PATH "\\trainwreck\\bench.tw"

/* Before takeover: room for the transcript. NULL, or why it cannot be and what to do about it. */
const char *standalone_prepare(void);

/* With the machine ours. */
void standalone_run(void);

/* After handback: figures on the console, the transcript on the stick. Returns 0, or -1 if not written. */
int standalone_report(void);

#endif
