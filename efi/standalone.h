/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring with no host: every row that the plan names, in every kind and placement. The machine is taken
 * and given back for each row, so that what was measured is on the stick, and on the console, before the next
 * one begins: as a transcript of the frames that a host would have exchanged.
 */
#ifndef TW_STANDALONE_H
#define TW_STANDALONE_H

/* Before the first takeover: room for a row. NULL, or why it cannot be and what to do about it. */
const char *standalone_prepare(void);

/*
 * Measure them all: `taken` takes the machine, calls body(arg) and gives it back. Returns 0, or -1 when
 * this CPU runs none of our code or the results cannot be written.
 */
int standalone_all(int (*taken)(void (*body)(void *arg), void *arg));

#endif
