/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A word from the target to the mutator inside AFL++: run this next. A campaign's target gives its answer
 * while the machine still works (target.h), so a difference shows some test cases late; AFL++ then gets the
 * one that differed once more, and that time with its true answer.
 */
#ifndef TW_HOST_AGAIN_H
#define TW_HOST_AGAIN_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/seq.h"

/* The file's name, in the environment of AFL++ and so of both; without it nothing is late. */
#define AGAIN_ENV "TRAINWRECK_AGAIN"

/* More than these at once, and the oldest are AFL++'s loss; our own findings have them all. */
enum { AGAIN_HELD = 8 };

struct again {
	uint32_t turn; /* of the last one: the n-th is in post[n % AGAIN_HELD] */
	struct {
		uint32_t len;
		uint8_t bytes[SEQ_BYTES_MAX];
	} post[AGAIN_HELD];
};

/* Map the file, made when it is not there; NULL when no one is named, or it cannot be had. */
struct again *again_open(void);
void again_close(struct again *a);

void again_post(struct again *a, const uint8_t *bytes, size_t len);
/* Whether these are bytes that were posted. */
int again_is(const struct again *a, const uint8_t *bytes, size_t len);

/* The next that was posted after the turn *seen, which becomes its own: its length, 0 for nothing. */
size_t again_take(const struct again *a, uint32_t *seen, uint8_t ret_bytes[SEQ_BYTES_MAX]);

#endif
