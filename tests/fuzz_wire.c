/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer: any bytes into the receiver; what it accepts must survive being sent again. */
#include <stdlib.h>
#include <string.h>

#include "efi/abi/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct wire_msg *msg)
{
	static struct wire_rx rx;
	uint8_t wire[WIRE_FRAME_MAX];
	struct wire_msg again;
	size_t n = wire_encode(wire, msg->head, msg->payload, msg->head.len);

	if (!n || memchr(wire, 0, n) != wire + n - 1)
		abort();
	for (size_t i = 0; i + 1 < n; i++) {
		if (wire_feed(&rx, wire[i], &again))
			abort();
	}
	if (!wire_feed(&rx, 0, &again) || memcmp(&again.head, &msg->head, sizeof(again.head)) ||
	    memcmp(again.payload, msg->payload, msg->head.len))
		abort();
}

/*
 * A CRC keeps random bytes out, so the input is used twice: as it comes, and as the head and payload
 * of a frame whose bytes are damaged where the input says.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_rx rx = { 0 };
	struct wire_msg msg;
	struct wire_head head;
	uint8_t wire[WIRE_FRAME_MAX];
	size_t n;

	for (size_t i = 0; i < size; i++) {
		if (wire_feed(&rx, data[i], &msg))
			check(&msg);
	}
	if (size < sizeof(head) || size - sizeof(head) > WIRE_PAYLOAD_MAX)
		return 0;
	memcpy(&head, data, sizeof(head));
	n = wire_encode(wire, head, data + sizeof(head), size - sizeof(head));
	wire_feed(&rx, 0, &msg);
	if (head.seq & 1)
		wire[head.len % n] ^= head.epoch;
	for (size_t i = 0; i < n; i++) {
		if (wire_feed(&rx, wire[i], &msg))
			check(&msg);
		else if (i == n - 1 && !(head.seq & 1))
			abort();
	}
	return 0;
}
