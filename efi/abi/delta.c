/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/delta.h"

#include <string.h>

#include "efi/abi/wire.h"

enum { KEEP = 0x00, LEAVE_OUT = 0x80, NEW = 0xc0, INSTEAD = 0xd0, CHANGE = 0xe0, SHORT = 0xf0, NOTHING = 0xf4 };
enum {
	KEEP_MAX = 128,
	LEAVE_OUT_MAX = 64,
	REACH = 8, /* units that the encoder looks ahead, in both together: a mutation moves few of them */
};

struct units {
	const uint8_t *bytes;
	size_t len, n;
};

static struct units units_of(const uint8_t *bytes, size_t len)
{
	return (struct units){ bytes, len, (len + DELTA_UNIT - 1) / DELTA_UNIT };
}

static uint32_t unit(const struct units *u, size_t i)
{
	const size_t at = i * DELTA_UNIT, left = at < u->len ? u->len - at : 0;
	uint32_t v = 0;

	if (left)
		memcpy(&v, u->bytes + at, left < DELTA_UNIT ? left : DELTA_UNIT);
	return v;
}

/* What is no chance: two units in a row are the same, or the last ones are. */
static int go_on_alike(const struct units *old, size_t i, const struct units *new, size_t j)
{
	if (i == old->n || j == new->n)
		return i == old->n && j == new->n;
	if (unit(old, i) != unit(new, j))
		return 0;
	return i + 1 == old->n || j + 1 == new->n || unit(old, i + 1) == unit(new, j + 1);
}

/* How many units of each stand before the place where they go on alike; one of each when that is far. */
static void differ_for(const struct units *old, size_t i, const struct units *new, size_t j, size_t *ret_old,
		       size_t *ret_new)
{
	/* most often one has been changed */
	if (i < old->n && j < new->n && go_on_alike(old, i + 1, new, j + 1)) {
		*ret_old = *ret_new = 1;
		return;
	}
	for (size_t both = 1; both <= REACH; both++)
		for (size_t a = 0; a <= both; a++) {
			const size_t b = both - a;

			if (i + a <= old->n && j + b <= new->n && go_on_alike(old, i + a, new, j + b)) {
				*ret_old = a;
				*ret_new = b;
				return;
			}
		}
	*ret_old = j < new->n ? i < old->n : old->n - i;
	*ret_new = j < new->n;
}

static unsigned bytes_set(uint32_t v)
{
	unsigned mask = 0;

	for (unsigned k = 0; k < DELTA_UNIT; k++)
		mask |= (unsigned)(v >> 8 * k & 0xff ? 1u << k : 0);
	return mask;
}

static unsigned count(unsigned mask)
{
	return (mask & 1) + (mask >> 1 & 1) + (mask >> 2 & 1) + (mask >> 3 & 1);
}

static size_t put_unit(uint8_t *out, unsigned code, uint32_t v, unsigned mask)
{
	size_t at = 0;

	out[at++] = (uint8_t)(code | mask);
	for (unsigned k = 0; k < DELTA_UNIT; k++)
		if (mask >> k & 1)
			out[at++] = (uint8_t)(v >> 8 * k);
	return at;
}

/* Either all that is not 0, or all that is not as it was. */
static size_t put_instead(uint8_t *out, uint32_t was, uint32_t v)
{
	const unsigned set = bytes_set(v), changed = bytes_set(v ^ was);

	return count(set) < count(changed) ? put_unit(out, INSTEAD, v, set) : put_unit(out, CHANGE, v, changed);
}

static size_t put_count(uint8_t *out, unsigned code, size_t most, size_t n)
{
	size_t at = 0;

	for (size_t k; n; n -= k) {
		k = n < most ? n : most;
		out[at++] = (uint8_t)(code | (k - 1));
	}
	return at;
}

size_t delta_encode(const uint8_t *old_bytes, size_t old_len, const uint8_t *new_bytes, size_t new_len, uint8_t *out)
{
	struct units old = units_of(old_bytes, old_len), new = units_of(new_bytes, new_len);
	size_t i = 0, j = 0, at = 0;

	while (old.n && new.n && unit(&old, old.n - 1) == unit(&new, new.n - 1)) {
		old.n--;
		new.n--;
	}
	while (i < old.n || j < new.n) {
		size_t same = 0, a, b;

		while (i + same < old.n && j + same < new.n && unit(&old, i + same) == unit(&new, j + same))
			same++;
		at += put_count(out + at, KEEP, KEEP_MAX, same);
		i += same;
		j += same;
		differ_for(&old, i, &new, j, &a, &b);
		for (; a && b; a--, b--)
			at += put_instead(out + at, unit(&old, i++), unit(&new, j++));
		at += put_count(out + at, LEAVE_OUT, LEAVE_OUT_MAX, a);
		i += a;
		for (; b; b--, j++)
			at += put_unit(out + at, NEW, unit(&new, j), bytes_set(unit(&new, j)));
	}
	if (new_len % DELTA_UNIT)
		out[at++] = (uint8_t)(SHORT | (DELTA_UNIT - new_len % DELTA_UNIT));
	return at;
}

int delta_decode(const uint8_t *old_bytes, size_t old_len, const uint8_t *delta, size_t delta_len,
		 uint8_t *out, size_t cap, size_t *ret_len)
{
	const struct units old = units_of(old_bytes, old_len);
	const size_t most = cap / DELTA_UNIT;
	size_t i = 0, n = 0, at = 0, less = 0;

	while (at < delta_len && delta[at] < SHORT) {
		const unsigned code = delta[at++];

		if (code < NEW) {
			const size_t count = (code & (code < LEAVE_OUT ? KEEP_MAX - 1 : LEAVE_OUT_MAX - 1)) + 1;

			if (count > old.n - i || (code < LEAVE_OUT && count > most - n))
				return -1;
			for (size_t k = 0; code < LEAVE_OUT && k < count; k++) {
				const uint32_t v = unit(&old, i + k);

				memcpy(out + DELTA_UNIT * n++, &v, DELTA_UNIT);
			}
			i += count;
		} else {
			uint32_t v = code >= CHANGE ? unit(&old, i) : 0;

			if (n == most || (code >= INSTEAD && i++ == old.n))
				return -1;
			for (unsigned k = 0; k < DELTA_UNIT; k++)
				if (code >> k & 1) {
					if (at == delta_len)
						return -1;
					v = (v & ~(0xffu << 8 * k)) | (uint32_t)delta[at++] << 8 * k;
				}
			memcpy(out + DELTA_UNIT * n++, &v, DELTA_UNIT);
		}
	}
	if (at < delta_len && delta[at] < NOTHING)
		less = delta[at++] - SHORT;
	if (at < delta_len || old.n - i > most - n)
		return -1;
	for (; i < old.n; i++) {
		const uint32_t v = unit(&old, i);

		memcpy(out + DELTA_UNIT * n++, &v, DELTA_UNIT);
	}
	if (less && !n)
		return -1;
	*ret_len = DELTA_UNIT * n - less;
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
