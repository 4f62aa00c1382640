/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test case as a difference from the one before, since a serial line is slow and AFL++ changes
 * little at a time:
 *
 *	u16 len	  length of the new bytes
 *	u16 tail  that many of its last bytes are the last ones of the old bytes
 *	then, for the bytes before the tail, hunks: u8 skip, u8 n, n bytes. `skip` bytes are as in the
 *	old bytes at the same offset (0 where the old ones end), n are given. What no hunk reaches is
 *	as in the old bytes.
 */
#ifndef TW_ABI_DELTA_H
#define TW_ABI_DELTA_H

#include <stddef.h>
#include <stdint.h>

enum { DELTA_HEAD = 4 };

/* The most that delta_encode() writes for new bytes of that length. */
#define DELTA_MAX(len) (DELTA_HEAD + (len) + 2 * ((len) / 255 + 1) + 2)

/* Returns the length written to out, at most DELTA_MAX(new_len); new_len < 65536. */
size_t delta_encode(const uint8_t *old, size_t old_len, const uint8_t *new, size_t new_len,
		    uint8_t *out);

/*
 * Total: returns 0 and the new bytes, or -1 when the delta is cut short, asks for a tail that the
 * old bytes do not have, or gives more than cap bytes. out must not overlap old.
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
