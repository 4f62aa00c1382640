/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loaded into Bochs (LD_PRELOAD): makes copies of it, see bochs_fork.h. A copy is made by the bare
 * system call in the one thread that emulates, between two of its instructions; it is a child of the
 * driver, not of the process it is a copy of, and dies with the driver as that one does.
 */
#define _GNU_SOURCE
#include "host/bochs_fork.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FDS = 1024 };

static int port;

/* The descriptor connected to our port. */
static int find_line(void)
{
	for (int fd = FORK_FD + 1; fd < FDS; fd++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof(peer);

		if (!getpeername(fd, (struct sockaddr *)&peer, &len) && peer.sin_family == AF_INET &&
		    ntohs(peer.sin_port) == port)
			return fd;
	}
	return -1;
}

/* One message; its descriptor, or -1 when there is none: the driver is gone. */
static int receive_fd(void)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	const struct cmsghdr *head;
	int fd = -1;

	if (recvmsg(FORK_FD, &msg, 0) != 1 || byte != FORK_COPY)
		return -1;
	head = CMSG_FIRSTHDR(&msg);
	if (head && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

static void park(int number)
{
	const char parked = FORK_PARKED;
	const pid_t driver = getppid();
	const int line = find_line();

	/* another thread got it, or there is nothing to replace: nobody will be asked for copies */
	if (number != FORK_SIGNAL || syscall(SYS_gettid) != getpid() || line < 0)
		return;
	if (write(FORK_FD, &parked, 1) != 1)
		_exit(0);
	for (;;) {
		int fd = receive_fd();
		int32_t pid;

		if (fd < 0)
			_exit(0);
		pid = (int32_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != driver)
				_exit(0); /* it ended before the line above */
			dup2(fd, line);
			close(fd);
			close(FORK_FD);
			return;
		}
		close(fd);
		if (write(FORK_FD, &pid, sizeof(pid)) != sizeof(pid))
			_exit(0);
	}
}

__attribute__((constructor)) static void init(void)
{
	const struct sigaction action = { .sa_handler = park, .sa_flags = SA_RESTART };
	const char *text = getenv(FORK_ENV), here = FORK_HERE;

	if (!text)
		return;
	port = atoi(text);
	if (!sigaction(FORK_SIGNAL, &action, NULL) && write(FORK_FD, &here, 1) != 1)
		_exit(0);
}
