/* SPDX-License-Identifier: BSD-2-Clause */
/* The oracle's judgement of one answer. */
#ifndef TW_HOST_SETTLE_H
#define TW_HOST_SETTLE_H

#include "host/oracle.h"

/* Of a run that was predicted in *r: verdict, signature, known differences. An engine that is down is brought back. */
void settle(struct oracle *o, const struct seq *seq, enum engine_status status, const struct msg_done *done,
	    struct result *r);

/*
 * Look for a path whose trace has the guest's hash, first the one already predicted. Most traces leave the manual
 * no choice or take the habitual one, so this is nearly always one comparison. Whether there is one: *j has it.
 */
int find_by_hash(struct oracle *o, const struct seq *seq, const struct msg_done *done, struct judgement *j);

/*
 * The agreement was with a trace that known differences have a part in. What was seen is that trace; what was
 * expected, and what differs first, the manual says without them; or it allows what was seen in another of its ways.
 */
void show_manual(struct oracle *o, const struct seq *seq, struct result *r);

/* The known differences and habits that a prediction goes by. */
struct overlay *overlay_of(struct oracle *o);

void result_error(struct result *r, const char *what, const char *words);

#endif
