/* SPDX-License-Identifier: BSD-2-Clause */
/* DIR/inputs/<signature>/: the shortest inputs that showed a signature. The others are counted, no more. */
#ifndef TW_HOST_INPUTS_H
#define TW_HOST_INPUTS_H

#include "fuzz/seq.h"

enum { INPUTS_KEPT = 20 };

/*
 * Keep this one if it is among the shortest. Returns the number of steps from which on none would be kept; 0:
 * there is room for any.
 */
unsigned inputs_keep(const char *dir, const char *signature, const struct seq *seq);

#endif
