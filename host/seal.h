/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines of JSON that say themselves whether they are whole: the last member of each is a CRC-32 of what
 * stands before it, and the last line of a file counts the others. docs/results.md describes both.
 */
#ifndef TW_HOST_SEAL_H
#define TW_HOST_SEAL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What has been written so far, for the last line. Begin with all zero. */
struct seal {
	unsigned lines;
	uint32_t crc;
};

#define SEAL_END "trainwreck.bench-end.2"

/* Write an object as a sealed line. Takes the reference to o. 0, or -1 with errno. */
int seal_line(FILE *f, struct seal *s, json_t *o);
/* The last line. */
int seal_end(FILE *f, struct seal *s);

/* Whether a line (without its newline) is whole by its own account. */
int seal_good(const char *line, size_t len);

/* The CRC of a file's bytes so far, one more line of them taken in. */
void seal_take(struct seal *s, const char *line, size_t len);

#endif
