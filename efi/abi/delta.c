/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/delta.h"

#include <string.h>

#include "efi/abi/wire.h"

enum { HUNK_HEAD = 2, HUNK_MAX = 255 };

static uint8_t old_at(const uint8_t *old, size_t old_len, size_t i)
{
	return i < old_len ? old[i] : 0;
}

/* How many of the last bytes are the same. */
static size_t same_tail(const uint8_t *old, size_t old_len, const uint8_t *new, size_t new_len)
{
	size_t most = old_len < new_len ? old_len : new_len, n = 0;

	while (n < most && old[old_len - 1 - n] == new[new_len - 1 - n])
		n++;
	return n;
}

size_t delta_encode(const uint8_t *old, size_t old_len, const uint8_t *new, size_t new_len, uint8_t *out)
{
	/* without a shift the hunks see the same tail themselves, for nothing */
	size_t tail = old_len == new_len ? 0 : same_tail(old, old_len, new, new_len);
	size_t end = new_len - tail, i = 0, at = DELTA_HEAD;

	out[0] = (uint8_t)new_len;
	out[1] = (uint8_t)(new_len >> 8);
	out[2] = (uint8_t)tail;
	out[3] = (uint8_t)(tail >> 8);
	for (;;) {
		size_t from = i, n = 0, same = 0;

		while (i < end && old_at(old, old_len, i) == new[i])
			i++;
		if (i == end)
			return at;
		for (; i - from > HUNK_MAX; from += HUNK_MAX) {
			out[at++] = HUNK_MAX;
			out[at++] = 0;
		}
		/* a hunk ends where more bytes are the same than the next one's head costs */
		while (i + n < end && n < HUNK_MAX && same <= HUNK_HEAD) {
			same = old_at(old, old_len, i + n) == new[i + n] ? same + 1 : 0;
			n++;
		}
		n -= same;
		out[at++] = (uint8_t)(i - from);
		out[at++] = (uint8_t)n;
		memcpy(out + at, new + i, n);
		at += n;
		i += n;
	}
}

int delta_decode(const uint8_t *old, size_t old_len, const uint8_t *delta, size_t delta_len,
		 uint8_t *out, size_t cap, size_t *ret_len)
{
	size_t len, tail, end, i, at = DELTA_HEAD;

	if (delta_len < DELTA_HEAD)
		return -1;
	len = delta[0] | (size_t)delta[1] << 8;
	tail = delta[2] | (size_t)delta[3] << 8;
	if (len > cap || tail > len || tail > old_len)
		return -1;
	end = len - tail;
	i = old_len < end ? old_len : end;
	memcpy(out, old, i);
	memset(out + i, 0, end - i);
	memcpy(out + end, old + old_len - tail, tail);
	for (i = 0; at < delta_len;) {
		size_t n;

		if (delta_len - at < HUNK_HEAD)
			return -1;
		i += delta[at];
		n = delta[at + 1];
		at += HUNK_HEAD;
		if (n > delta_len - at || i > end || n > end - i)
			return -1;
		memcpy(out + i, delta + at, n);
		at += n;
		i += n;
	}
	*ret_len = len;
	return 0;
}

int run_unpack(const uint8_t *old, size_t old_len, const uint8_t *payload, size_t payload_len,
	       uint8_t *out, size_t cap, size_t *ret_len)
{
	const uint8_t *delta = payload + sizeof(struct msg_run);
	struct msg_run run;
	size_t n, len;

	if (payload_len < sizeof(run))
		return -1;
	memcpy(&run, payload, sizeof(run));
	n = payload_len - sizeof(run);
	if (!delta_decode(old, old_len, delta, n, out, cap, &len) &&
	    crc32_ieee(0, out, len) == run.crc) {
		*ret_len = len;
		return 0;
	}
	if (delta_decode(old, 0, delta, n, out, cap, &len) || ~crc32_ieee(0, out, len) != run.crc)
		return -1;
	*ret_len = len;
	return 0;
}
