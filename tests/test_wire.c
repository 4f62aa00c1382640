/* SPDX-License-Identifier: BSD-2-Clause */
/* The line's frames: what goes in comes out, and damage never does more than lose a frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "efi/abi/delta.h"
#include "efi/abi/wire.h"

static uint32_t random_state = 1;

static uint8_t random_byte(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint8_t)(random_state >> 24);
}

static int feed(struct wire_rx *rx, const uint8_t *bytes, size_t len, struct wire_msg *ret_msg)
{
	int n = 0;

	for (size_t i = 0; i < len; i++)
		n += wire_feed(rx, bytes[i], ret_msg);
	return n;
}

static const struct wire_head head = { .type = MSG_RUN, .epoch = 7, .seq = 0x1200 };

static void crc_is_the_usual_one(void **state)
{
	(void)state;
	assert_int_equal(crc32_ieee(0, "123456789", 9), 0xcbf43926u);
	assert_int_equal(crc32_ieee(crc32_ieee(0, "1234", 4), "56789", 5), 0xcbf43926u);
	assert_int_equal(crc32_ieee(0, "", 0), 0);
}

/* Fillings that exercise the stuffing: none, all zero, all one, and a zero every 254 or so. */
static void fill(uint8_t *p, size_t len, int kind)
{
	for (size_t i = 0; i < len; i++)
		p[i] = kind == 0 ? 0 : kind == 1 ? 0xff : kind == 2 ? random_byte() : i % 255 != 0;
}

static void every_length_comes_back(void **state)
{
	static struct wire_rx rx;
	uint8_t payload[WIRE_PAYLOAD_MAX], wire[WIRE_FRAME_MAX + 1];
	struct wire_msg msg;

	(void)state;
	for (size_t len = 0; len <= WIRE_PAYLOAD_MAX; len++) {
		for (int kind = 0; kind < 4; kind++) {
			size_t n;

			fill(payload, len, kind);
			wire[WIRE_FRAME_MAX] = 0xa5;
			n = wire_encode(wire, head, payload, len);
			assert_in_range(n, len + 10, WIRE_FRAME_MAX);
			assert_int_equal(wire[WIRE_FRAME_MAX], 0xa5);
			assert_ptr_equal(memchr(wire, 0, n), wire + n - 1);
			assert_int_equal(feed(&rx, wire, n, &msg), 1);
			assert_int_equal(msg.head.type, head.type);
			assert_int_equal(msg.head.epoch, head.epoch);
			assert_int_equal(msg.head.seq, head.seq);
			assert_int_equal(msg.head.len, len);
			assert_memory_equal(msg.payload, payload, len);
		}
	}
	assert_int_equal(rx.n_bad, 0);
	assert_int_equal(wire_encode(wire, head, payload, WIRE_PAYLOAD_MAX + 1), 0);
}

/* Every single-bit flip loses this frame at most, and the second frame after it always arrives. */
static void a_flipped_bit_is_noticed(void **state)
{
	static struct wire_rx rx;
	uint8_t payload[300], wire[WIRE_FRAME_MAX], good[WIRE_FRAME_MAX];
	struct wire_msg msg;
	size_t n;

	(void)state;
	fill(payload, sizeof(payload), 2);
	n = wire_encode(good, head, payload, sizeof(payload));
	for (size_t bit = 0; bit < n * 8; bit++) {
		memcpy(wire, good, n);
		wire[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(feed(&rx, wire, n, &msg), 0);
		feed(&rx, good, n, &msg); /* lost when the flip hit the zero between them */
		assert_int_equal(feed(&rx, good, n, &msg), 1);
		assert_memory_equal(msg.payload, payload, sizeof(payload));
	}
	assert_true(rx.n_bad >= n * 8);
}

static void a_wrong_version_is_refused(void **state)
{
	static struct wire_rx rx;
	struct wire_msg msg;

	(void)state;
	for (uint8_t version = WIRE_VERSION; version <= WIRE_VERSION + 1; version++) {
		const uint8_t said[] = { 'W', version, MSG_RUN, 1, 1, 1 };
		/* stuffed: no zero in these raw bytes, so the block is one code byte and the bytes */
		uint8_t raw[9] = { 9, MSG_RUN, 1, 1, 1 };
		uint32_t crc = crc32_ieee(0, said, sizeof(said));

		memcpy(raw + 5, &crc, 4);
		assert_null(memchr(raw, 0, sizeof(raw)));
		assert_int_equal(feed(&rx, raw, sizeof(raw), &msg), 0);
		assert_int_equal(wire_feed(&rx, 0, &msg), version == WIRE_VERSION);
		assert_int_equal(rx.n_bad, version != WIRE_VERSION);
	}
}

static void garbage_between_frames_is_dropped(void **state)
{
	static struct wire_rx rx;
	uint8_t wire[WIRE_FRAME_MAX];
	struct wire_msg msg;
	size_t n = wire_encode(wire, head, "abc", 3);

	(void)state;
	for (int round = 0; round < 2000; round++) {
		for (int i = random_byte() * 12; i > 0; i--)
			wire_feed(&rx, random_byte(), &msg);
		wire_feed(&rx, 0, &msg);
		assert_int_equal(feed(&rx, wire, n, &msg), 1);
		assert_memory_equal(msg.payload, "abc", 3);
	}
}

static void an_endless_frame_ends_at_its_zero(void **state)
{
	static struct wire_rx rx;
	uint8_t wire[WIRE_FRAME_MAX];
	struct wire_msg msg;
	size_t n = wire_encode(wire, head, "abc", 3);

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		assert_int_equal(wire_feed(&rx, 1, &msg), 0);
	assert_int_equal(wire_feed(&rx, 0, &msg), 0);
	assert_int_equal(rx.n_bad, 1);
	assert_int_equal(feed(&rx, wire, n, &msg), 1);
}

static void zeros_are_silence(void **state)
{
	static struct wire_rx rx;
	struct wire_msg msg;

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(wire_feed(&rx, 0, &msg), 0);
	assert_int_equal(rx.n_bad, 0);
}

/* docs/protocol.md, its spaces left out; the test runs where the tree is. */
static const char *page(void)
{
	static char text[65536];
	FILE *f = fopen("docs/protocol.md", "r");
	size_t n = 0;

	assert_non_null(f);
	for (int c; (c = fgetc(f)) != EOF && n + 1 < sizeof(text);)
		if (c != ' ')
			text[n++] = (char)c;
	fclose(f);
	return text;
}

/* `ud2; ret.iret`, the first test case of epoch 1, request number 2. */
static void the_page_has_the_frame_that_is_sent(void **state)
{
	static const uint8_t seq[12] = { 0, 0, 0, 0, 5, 0, 0, 0, 0x26 };
	struct wire_head run = { .type = MSG_RUN, .epoch = 1, .seq = 2 };
	uint8_t payload[64], wire[WIRE_FRAME_MAX];
	char hex[2 * WIRE_FRAME_MAX + 1], version[32];
	uint32_t crc = ~crc32_ieee(0, seq, sizeof(seq));
	size_t n = delta_encode(NULL, 0, seq, sizeof(seq), payload + sizeof(crc));

	(void)state;
	memcpy(payload, &crc, sizeof(crc));
	n = wire_encode(wire, run, payload, sizeof(crc) + n);
	for (size_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", wire[i]);
	if (!strstr(page(), hex))
		fail_msg("docs/protocol.md has not the frame that is sent: %s", hex);
	sprintf(hex, "`%02x%02x|%02x%02x|payload|", MSG_RUN, run.epoch, run.seq, 0);
	for (size_t i = n - 5; i + 1 < n; i++) /* of the CRC no byte is 0 */
		sprintf(hex + strlen(hex), "%02x", wire[i]);
	assert_non_null(strstr(page(), hex));
	snprintf(version, sizeof(version), "Version%d.\n", WIRE_VERSION);
	assert_non_null(strstr(page(), version));
	snprintf(version, sizeof(version), "`57%02x`", WIRE_VERSION);
	assert_non_null(strstr(page(), version));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_the_usual_one),
		cmocka_unit_test(every_length_comes_back),
		cmocka_unit_test(a_flipped_bit_is_noticed),
		cmocka_unit_test(the_page_has_the_frame_that_is_sent),
		cmocka_unit_test(a_wrong_version_is_refused),
		cmocka_unit_test(garbage_between_frames_is_dropped),
		cmocka_unit_test(an_endless_frame_ends_at_its_zero),
		cmocka_unit_test(zeros_are_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
