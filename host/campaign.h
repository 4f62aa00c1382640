/* SPDX-License-Identifier: BSD-2-Clause */
/* What a campaign has seen so far: its figures and its signatures, kept in DIR/stats/INSTANCE.json. */
#ifndef TW_HOST_CAMPAIGN_H
#define TW_HOST_CAMPAIGN_H

#include <jansson.h>

#include "host/oracle.h"

/* When `fuzz` began (now_ms()), in the environment of AFL++ and so of the target. */
#define BEGUN_ENV "TRAINWRECK_BEGUN"

enum { SIGNATURES_MAX = 1024, FLAKY_TRIES = 3 };

struct seen_signature {
	char name[SIGNATURE_CAP];
	uint64_t count, saved_count;
	uint32_t steps; /* of the shortest sequence that showed it */
	uint32_t too_long; /* from so many steps on an input is not kept any more; 0: any is */
	int confirmed;
	int flaky; /* confirmations that failed */
};

struct campaign {
	const char *dir, *instance; /* of AFL++: its folder, and who of it we are */
	json_t *before; /* what an earlier sitting left; NULL: nothing */
	uint64_t execs, skips, errors, flaky;
	int64_t started_ms, written_ms;
	int64_t begun_ms, first_ms; /* of `fuzz`, and how long after that the machine first answered; 0: not known, not yet */
	unsigned n;
	struct seen_signature seen[SIGNATURES_MAX];
};

/* Begin or, when DIR has figures of this instance, go on from them. */
void campaign_open(struct campaign *c, const char *dir);

/* The row of a signature, made when it is new; NULL when the table is full. */
struct seen_signature *campaign_signature(struct campaign *c, const char *name);

/* The machine has answered: remember when, if it is the first time. */
void campaign_answered(struct campaign *c);

/* Write the figures now, or when a second has passed since it was written. */
void campaign_write(struct campaign *c, const struct oracle *o, int now);

/* The last written figures of a campaign, all its instances together, or NULL. */
json_t *campaign_stats(const char *dir);

/* How many of their signatures were confirmed. */
size_t campaign_confirmed(const json_t *stats);

/* A figure of AFL++'s own from DIR/afl/INSTANCE/fuzzer_stats; 0 when there is none. */
double afl_stat(const char *dir, const char *instance, const char *key);

#endif
