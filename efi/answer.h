/* SPDX-License-Identifier: BSD-2-Clause */
/* What came of one sequence of the stick, and how it is told: console, summary, KTAP, JSON. */
#ifndef TW_ANSWER_H
#define TW_ANSWER_H

#include "efi/abi/verdicts.h"
#include "fuzz/model.h"

struct answer {
	enum verdict verdict;
	char reason[160]; /* of a SKIP, a death and an ERROR */
	char signature[160];
	unsigned n;
	struct record rec[RECORDS_MAX + 1];
	struct judgement j;
};

/* Whether it is something else than the manual says. */
int answer_is_bad(enum verdict v);

/* Into all files of the run; a difference with both traces and the manual's section. */
void answer_say(unsigned number, unsigned of, const char *name, const struct answer *a);

#endif
