/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/wire.h"

#include <string.h>

/*
 * One byte a step. A CRC is linear, so the entry of a byte is the XOR of the entries of its bits;
 * the compiler computes the table and it lies in read-only memory from the start.
 */
#define BIT(i, b, e) ((i) >> (b) & 1 ? (e) : 0u)
#define E1(i)                                                                                      \
	(BIT(i, 0, 0x77073096u) ^ BIT(i, 1, 0xee0e612cu) ^ BIT(i, 2, 0x076dc419u) ^                \
	 BIT(i, 3, 0x0edb8832u) ^ BIT(i, 4, 0x1db71064u) ^ BIT(i, 5, 0x3b6e20c8u) ^                \
	 BIT(i, 6, 0x76dc4190u) ^ BIT(i, 7, 0xedb88320u))
#define E4(i)  E1(i), E1((i) + 1), E1((i) + 2), E1((i) + 3)
#define E16(i) E4(i), E4((i) + 4), E4((i) + 8), E4((i) + 12)
#define E64(i) E16(i), E16((i) + 16), E16((i) + 32), E16((i) + 48)

static const uint32_t crc_table[256] = { E64(0), E64(64), E64(128), E64(192) };

uint32_t crc32_ieee(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	crc = ~crc;
	while (len--)
		crc = crc >> 8 ^ crc_table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static uint32_t load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Undo the byte stuffing in place. Returns the length, or 0 when the block is not well-formed. */
static size_t unstuff(uint8_t *buf, size_t len)
{
	size_t in = 0, out = 0;

	while (in < len) {
		size_t run = buf[in++] - 1;

		if (run > len - in)
			return 0;
		memmove(buf + out, buf + in, run);
		in += run;
		out += run;
		if (run != 254 && in < len)
			buf[out++] = 0;
	}
	return out;
}

/* Of a frame as it is sent up to its CRC, and of what is not sent before it. */
static uint32_t crc_of(const uint8_t *frame, size_t len)
{
	static const uint8_t unsent[] = { 'W', WIRE_VERSION };

	return crc32_ieee(crc32_ieee(0, unsent, sizeof(unsent)), frame, len);
}

int wire_unpack(const uint8_t *buf, size_t len, struct wire_msg *ret_msg)
{
	const size_t overhead = WIRE_HEAD_LEN + WIRE_CRC_LEN;

	if (len < overhead || len > WIRE_RAW_MAX)
		return 0;
	if (crc_of(buf, len - WIRE_CRC_LEN) != load32(buf + len - WIRE_CRC_LEN))
		return 0;
	memcpy(&ret_msg->head, buf, WIRE_HEAD_LEN);
	ret_msg->head.len = (uint16_t)(len - overhead);
	ret_msg->payload = buf + WIRE_HEAD_LEN;
	return 1;
}

int wire_feed(struct wire_rx *rx, uint8_t byte, struct wire_msg *ret_msg)
{
	size_t len = rx->len;
	int lost = rx->lost;

	if (byte) {
		if (len < sizeof(rx->buf))
			rx->buf[rx->len++] = byte;
		else
			rx->lost = 1;
		return 0;
	}
	rx->len = 0;
	rx->lost = 0;
	if (!len)
		return 0; /* a zero between frames: what a sender says to end any earlier damage */
	if (!lost && wire_unpack(rx->buf, unstuff(rx->buf, len), ret_msg))
		return 1;
	rx->n_bad++;
	return 0;
}

/* Stuff len bytes at in, which may lie in the same buffer above out. Returns the stuffed length. */
static size_t stuff(uint8_t *out, const uint8_t *in, size_t len)
{
	size_t code = 0, n = 1;

	for (size_t i = 0; i < len; i++) {
		uint8_t byte = in[i];

		if (byte)
			out[n++] = byte;
		if (!byte || n - code == 255) {
			out[code] = (uint8_t)(n - code);
			code = n++;
		}
	}
	out[code] = (uint8_t)(n - code);
	return n;
}

size_t wire_pack(uint8_t *out, struct wire_head head, const void *payload, size_t len)
{
	uint32_t crc;

	if (len > WIRE_PAYLOAD_MAX)
		return 0;
	memcpy(out, &head, WIRE_HEAD_LEN);
	if (len)
		memcpy(out + WIRE_HEAD_LEN, payload, len);
	crc = crc_of(out, WIRE_HEAD_LEN + len);
	memcpy(out + WIRE_HEAD_LEN + len, &crc, sizeof(crc));
	return WIRE_HEAD_LEN + len + sizeof(crc);
}

size_t wire_stuff(uint8_t *out, const uint8_t *raw, size_t raw_len)
{
	size_t n = stuff(out, raw, raw_len);

	out[n++] = 0;
	return n;
}

size_t wire_encode(uint8_t *out, struct wire_head head, const void *payload, size_t len)
{
	/* At the far end of out: stuffing moves each byte down and never overtakes what it reads. */
	uint8_t *raw = out + WIRE_FRAME_MAX - (WIRE_HEAD_LEN + len + WIRE_CRC_LEN);

	if (len > WIRE_PAYLOAD_MAX)
		return 0;
	return wire_stuff(out, raw, wire_pack(raw, head, payload, len));
}
