/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test case as what turns the one before into it, since a serial line is slow and AFL++ changes little at a time.
 * Both are taken in units of four bytes, which is what a step has; a unit begins where the one before ended.
 *
 *	0nnnnnnn  n + 1 units are as the next ones of the old bytes
 *	10nnnnnn  n + 1 units of the old bytes are left out
 *	1100mmmm  a unit is put in: of its bytes those of the mask follow, the others are 0
 *	1101mmmm  the same in place of the next one of the old bytes
 *	1110mmmm  the next one of the old bytes is changed: those of the mask follow, the others are as they were
 *	111100nn  in the end, of the new bytes n fewer than all that is the length: the last unit is not whole
 *
 * What is left of the old bytes in the end is as it was; where they end within a unit the rest of that is 0.
 */
#ifndef TW_ABI_DELTA_H
#define TW_ABI_DELTA_H

#include <stddef.h>
#include <stdint.h>

enum { DELTA_UNIT = 4 };

/* The most that delta_encode() writes for bytes of these lengths. */
#define DELTA_MAX(old_len, new_len) \
	((DELTA_UNIT + 1) * ((new_len) / DELTA_UNIT + 1) + (old_len) / DELTA_UNIT / 64 + 3)

/* Returns the length written to out, at most DELTA_MAX(old_len, new_len). */
size_t delta_encode(const uint8_t *old, size_t old_len, const uint8_t *new, size_t new_len, uint8_t *out);

/*
 * Total: returns 0 and the new bytes, or -1 when the delta is cut short, asks for more than the old bytes
 * have, says what nothing means, or gives more whole units than fit into cap bytes; those it may write
 * though *ret_len says that the last bytes do not count. out must not overlap old.
 */
int delta_decode(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t delta_len,
		 uint8_t *out, size_t cap, size_t *ret_len);

/*
 * The test case that a MSG_RUN carries, against the one before; 0, or -1 when it does not belong to
 * that one (or is damaged), and the host must send a difference from nothing.
 */
int run_unpack(const uint8_t *old, size_t old_len, const uint8_t *payload, size_t payload_len,
	       uint8_t *out, size_t cap, size_t *ret_len);

#endif
