/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A campaign ends at any moment, by SIGKILL or a power cut. What the next sitting has to know of the one
 * before: what machine it ran on, what it had not settled, and what it left to the kernel.
 */
#ifndef TW_HOST_SITTING_H
#define TW_HOST_SITTING_H

#include <stddef.h>
#include <stdint.h>

#include "host/engine.h"

/*
 * In a campaign's folder: 0 when this engine is the one that it was begun on, or the first. 1 with why when
 * it is another version or profile: its coverage and counts are of that one. -1 with why: it cannot be written.
 */
int sitting_machine(const char *dir, const struct engine *e, char *why, size_t why_cap);

/* The words of the last refusal, which is forgotten by that; 0 when there was none. */
int sitting_refused(const char *dir, char *words, size_t cap);

/* An unknown difference whose confirmation and minimisation begin; and end. */
void sitting_open(const char *dir, const char *instance, const uint8_t *bytes, size_t len);
void sitting_settled(const char *dir, const char *instance);

/* What was not settled when this instance was ended: its length, 0 for nothing. */
size_t sitting_left(const char *dir, const char *instance, uint8_t *bytes, size_t cap);

/* AFL++'s shared memory, which nobody removes when it is killed: note ours; remove what is left of an earlier one. */
void sitting_note_memory(const char *dir, const char *instance);
void sitting_free_memory(const char *dir);

#endif
