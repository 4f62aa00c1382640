/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Testing with no host: every sequence of the stick's \trainwreck\seq is run on this machine and compared
 * with the model, which is in the application. The machine is taken and given back for each of them, so
 * that what came of it is on the stick before the next one runs.
 */
#ifndef TW_SELFTEST_H
#define TW_SELFTEST_H

/* Before the first takeover: read the sequences. NULL, or why it cannot be and what to do about it. */
const char *selftest_prepare(void);

/*
 * Run them all: `taken` takes the machine, calls body(arg) and gives it back. Returns 0, or -1 when the
 * results cannot be written; that they differ from the model is no failure of this application.
 */
int selftest_all(int (*taken)(void (*body)(void *arg), void *arg));

#endif
