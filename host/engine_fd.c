/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd:N: a guest at the other end of a connected socket that this process already holds. There is no
 * machine to stop or restore: what the other side does about a new epoch is its own affair.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/engine_ops.h"

static int fd_start(struct engine *e, const char *options, char *err, size_t err_cap)
{
	int type, fd;
	socklen_t len = sizeof(type);
	char *end;

	fd = (int)strtol(options, &end, 10);
	if (end == options || *end || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0) {
		snprintf(err, err_cap, "fd:%s is no connected socket: give the number of one", options);
		return -1;
	}
	snprintf(e->version, sizeof(e->version), "a guest on descriptor %d", fd);
	link_init(&e->link, fd);
	return 0;
}

static int fd_snapshot(struct engine *e, char *err, size_t err_cap)
{
	(void)e, (void)err, (void)err_cap;
	return 0;
}

static enum engine_status fd_watch(struct engine *e)
{
	(void)e;
	return ENGINE_DEAD;
}

static void fd_nothing(struct engine *e)
{
	(void)e;
}

static int fd_restore(struct engine *e, int afresh)
{
	(void)afresh;
	(void)e;
	return 0;
}

static int fd_registers(struct engine *e, char *buf, size_t cap)
{
	(void)e, (void)buf, (void)cap;
	return -1;
}

static int fd_log(struct engine *e, const char *path)
{
	(void)e, (void)path;
	return -1;
}

const struct engine_ops fd_ops = {
	.name = "fd",
	.words = "a guest at the other end of a socket: fd:N",
	.start = fd_start,
	.snapshot = fd_snapshot,
	.watch = fd_watch,
	.freeze = fd_nothing,
	.restore = fd_restore,
	.registers = fd_registers,
	.log = fd_log,
	.stop = fd_nothing,
};
