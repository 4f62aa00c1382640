/* SPDX-License-Identifier: BSD-2-Clause */
/* The test cases that AFL++ has had its answer to and the machine has still to run. */
#ifndef TW_HOST_TARGET_AHEAD_H
#define TW_HOST_TARGET_AHEAD_H

#include "host/target.h"

/*
 * Send t->now ahead. Returns 0 when it has to be run alone: no prediction is the answer to it, or AFL++ is to have
 * the machine's.
 */
int ahead_send(struct target *t);

/* See to those whose answers are there, and make room for one more. 0, or -1: no engine can be had any more. */
int ahead_arrived(struct target *t);

/* See to all of them: after this a test case can be run alone. 0 or -1, as above. */
int ahead_all(struct target *t);

/* For target.c to do with a result what a campaign does. Returns as target_run() does. */
int target_settle(struct target *t, const struct seq *seq, const uint8_t *bytes, size_t len, struct result *r);

/* A recovery failed: a new engine, from its own start. AFL++ would never restart this process. 0 or -1. */
int target_renew(struct target *t);

#endif
