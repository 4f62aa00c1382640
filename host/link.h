/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames over a descriptor. One write a frame, buffered reads, and one more descriptor to watch. */
#ifndef TW_HOST_LINK_H
#define TW_HOST_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "efi/abi/wire.h"

struct link {
	int fd;
	int copy_fd; /* everything received is also written here; -1: nowhere */
	size_t in_pos, in_len;
	uint8_t in[4096];
	struct wire_rx rx;
};

enum link_status {
	LINK_FRAME,
	LINK_WATCH, /* the other descriptor has something to read */
	LINK_TIMEOUT,
	LINK_CLOSED,
};

void link_init(struct link *l, int fd);

/* Bytes as they are (a frame from wire_encode). 0, or -1 when the other side is gone. */
int link_send(struct link *l, const void *bytes, size_t len, int deadline_ms);

/*
 * The next sound frame, which stays good until the next call. What has arrived on the link is read
 * before watch_fd (-1: none) is looked at. wait_ms < 0 is not allowed: nothing waits for ever.
 */
enum link_status link_receive(struct link *l, int watch_fd, int wait_ms, struct wire_msg *ret_msg);

/* Forget what has arrived, and end any frame that the other side has half of. */
void link_reset(struct link *l);

/* Milliseconds of the monotonic clock. */
int64_t now_ms(void);

#endif
