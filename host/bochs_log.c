/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "host/bochs_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A guest can make it say the same for hours: of more than this only the newest is kept. */
enum { KEEP_MAX = 1 << 20 };

static const char triple_fault[] = "exception with no resolution";

void bochs_log_open(struct bochs_log *l, int fd, const char *path)
{
	l->fd = fd;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (l->out < 0)
		l->out = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	bochs_log_forget(l);
}

void bochs_log_close(struct bochs_log *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->out >= 0)
		close(l->out);
	l->fd = l->out = -1;
}

void bochs_log_forget(struct bochs_log *l)
{
	l->len = 0;
	l->shutdown = 0;
	l->tail[0] = 0;
}

/* To the file; losing some of it is no error. */
static void keep(struct bochs_log *l, const char *text, size_t len)
{
	if (l->kept > KEEP_MAX && !ftruncate(l->out, 0))
		l->kept = 0;
	if (write(l->out, text, len) == (ssize_t)len)
		l->kept += (long)len;
}

static void take(struct bochs_log *l, const char *text, size_t len)
{
	const size_t seen = sizeof(triple_fault);
	size_t from;

	keep(l, text, len);
	if (l->len + len > BOCHS_LOG_TAIL) {
		const size_t drop = l->len + len - BOCHS_LOG_TAIL;

		memmove(l->tail, l->tail + drop, l->len - drop);
		l->len -= drop;
	}
	from = l->len > seen ? l->len - seen : 0;
	memcpy(l->tail + l->len, text, len);
	l->len += len;
	l->tail[l->len] = 0;
	if (memmem(l->tail + from, l->len - from, triple_fault, sizeof(triple_fault) - 1))
		l->shutdown = 1;
}

int bochs_log_read(struct bochs_log *l)
{
	char text[BOCHS_LOG_TAIL / 2];

	for (;;) {
		ssize_t n = read(l->fd, text, sizeof(text));

		if (n > 0)
			take(l, text, (size_t)n);
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return -1;
		else if (errno == EAGAIN)
			return 0;
	}
}

void bochs_log_last(const struct bochs_log *l, char *buf, size_t cap)
{
	static const char panic[] = ">>PANIC<< ";
	const char *at = strstr(l->tail, panic), *end = l->tail + l->len;

	if (at) {
		at += sizeof(panic) - 1;
	} else {
		while (end > l->tail && end[-1] == '\n')
			end--;
		at = memrchr(l->tail, '\n', (size_t)(end - l->tail));
		at = at ? at + 1 : l->tail;
	}
	snprintf(buf, cap, "%.*s", (int)strcspn(at, "\n"), *at ? at : "it said nothing");
}

/* Each of its lines opens with the time and who speaks: "00565817423i[CPU0  ] ". */
int bochs_log_registers(const struct bochs_log *l, char *buf, size_t cap)
{
	static const char first[] = "CPU is in ", last[] = "| CR4=";
	const char *at = NULL, *end;
	size_t n = 0;

	for (const char *next = strstr(l->tail, first); next; next = strstr(next + 1, first))
		at = next;
	end = at ? strstr(at, last) : NULL;
	if (!end)
		return -1;
	end += strcspn(end, "\n");
	while (at < end && n + 2 < cap) {
		size_t len = strcspn(at, "\n");
		const char *bracket = memchr(at, ']', len);

		if (bracket && len > 12 && at[0] >= '0' && at[0] <= '9' && bracket + 2 <= at + len) {
			len -= (size_t)(bracket + 2 - at);
			at = bracket + 2;
		}
		n += (size_t)snprintf(buf + n, cap - n, "%.*s\n", (int)len, at);
		at += len + 1;
	}
	if (n >= cap)
		n = cap - 1;
	return (int)n;
}
