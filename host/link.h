/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames over a descriptor: one write a frame, buffered reads, and one more descriptor to watch. Or, once
 * a window is given, through shared memory; what the guest says of its own accord still comes by the line.
 */
#ifndef TW_HOST_LINK_H
#define TW_HOST_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "efi/abi/shm.h"

struct link {
	int fd;
	int copy_fd; /* everything received is also written here; -1: nowhere */
	size_t in_pos, in_len;
	uint8_t in[4096];
	struct wire_rx rx;
	struct shm_window *window; /* NULL: everything goes over fd */
	uint32_t seen, posted; /* turns in the window */
};

enum link_status {
	LINK_FRAME,
	LINK_WATCH, /* the other descriptor has something to read */
	LINK_TIMEOUT,
	LINK_CLOSED,
};

void link_init(struct link *l, int fd);

/* A frame from wire_pack. 0, or -1 when the other side is gone. */
int link_send(struct link *l, const uint8_t *frame, size_t len, int deadline_ms);

/*
 * Whether something that was sent has not been taken yet: then it is not lost, and to send it again would only
 * lengthen the queue. A socket of TCP does not know.
 */
int link_is_unread(const struct link *l);

/* End a frame that the other side may have half of, since its end was lost. */
void link_resync(struct link *l);

/*
 * The next sound frame, which stays good until the next call. What has arrived on the link is read
 * before watch_fd (-1: none) is looked at. wait_ms < 0 is not allowed: nothing waits for ever.
 */
enum link_status link_receive(struct link *l, int watch_fd, int wait_ms, struct wire_msg *ret_msg);

/* Whether a frame has come through the window; it stays there. */
int link_arrived(const struct link *l);

/*
 * Forget what has arrived, and end any frame that the other side has half of. The window is made fresh,
 * so the guest must stand still, or have been taken back to when it was.
 */
void link_reset(struct link *l);

/* Micro- and milliseconds of the monotonic clock. */
int64_t now_us(void);
int64_t now_ms(void);

#endif
