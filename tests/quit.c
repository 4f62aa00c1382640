/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * quit SOCKET: the shortest host there can be. Waits for HELLO on a serial line that is a socket, says
 * QUIT, and prints what the guest says of its plan and of the hand-back.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "efi/abi/wire.h"

enum { SECONDS = 90 };

static int line_open(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	for (int i = 0; fd >= 0 && i < 100; i++, usleep(50000)) {
		if (!connect(fd, (const struct sockaddr *)&addr, sizeof(addr)))
			return fd;
	}
	return -1;
}

/* The next frame of this type, in msg; 0, or -1 at the end of the line. */
static int wait_for(int fd, enum msg_type type, struct wire_msg *ret_msg)
{
	static struct wire_rx rx;
	uint8_t byte;

	while (read(fd, &byte, 1) == 1) {
		if (wire_feed(&rx, byte, ret_msg) && ret_msg->head.type == type)
			return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	uint8_t frame[WIRE_FRAME_MAX];
	struct wire_msg msg;
	int fd = argc == 2 ? line_open(argv[1]) : -1;

	if (fd < 0) {
		fprintf(stderr, "quit: give the socket of a guest's serial line\n");
		return 2;
	}
	alarm(SECONDS);
	if (wait_for(fd, MSG_HELLO, &msg))
		return 1;

	uint16_t flags;
	memcpy(&flags, msg.payload + offsetof(struct msg_hello, flags), sizeof(flags));
	printf("HELLO%s\n", flags & HELLO_PLAN_BAD ? " plan refused" : "");

	struct wire_head head = { .type = MSG_QUIT, .epoch = 1, .seq = 1 };
	size_t n = wire_encode(frame, head, NULL, 0);
	if (write(fd, frame, n) != (ssize_t)n || wait_for(fd, MSG_BYE, &msg))
		return 1;
	printf("BYE %.*s", (int)msg.head.len, (const char *)msg.payload);
	return 0;
}
