/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/link.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PAUSES_MAX = 20,
	LOOKS_BUSY = 2000,
	LOOKS_MAX = 3000,
	WINDOW_NAP_MS = 1,
};

int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ll + ts.tv_nsec / 1000;
}

int64_t now_ms(void)
{
	return now_us() / 1000;
}

void link_init(struct link *l, int fd)
{
	memset(l, 0, sizeof(*l));
	l->fd = fd;
	l->copy_fd = -1;
	/* or the 20 us of let_more_come() are 70 */
	prctl(PR_SET_TIMERSLACK, 1000ul);
}

static int send_bytes(struct link *l, const void *bytes, size_t len, int deadline_ms)
{
	const int64_t end = now_ms() + deadline_ms;
	const uint8_t *p = bytes;

	while (len) {
		struct pollfd fd = { .fd = l->fd, .events = POLLOUT };
		ssize_t n = send(l->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int64_t left;

		if (n >= 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		left = end - now_ms();
		if ((errno != EAGAIN && errno != EWOULDBLOCK) || left <= 0)
			return -1;
		if (poll(&fd, 1, (int)left) < 0 && errno != EINTR)
			return -1;
	}
	return 0;
}

int link_send(struct link *l, const uint8_t *frame, size_t len, int deadline_ms)
{
	uint8_t stuffed[WIRE_FRAME_MAX];

	if (!l->window)
		return send_bytes(l, stuffed, wire_stuff(stuffed, frame, len), deadline_ms);
	shm_post(l->window->request, &l->posted, frame, len);
	return 0;
}

int link_is_unread(const struct link *l)
{
	int n = 0;

	return !ioctl(l->fd, SIOCOUTQ, &n) && n > 0;
}

void link_resync(struct link *l)
{
	send_bytes(l, "", 1, 0);
}

/* What has arrived, without waiting. Bytes, 0 for none, -1 when closed. */
static ssize_t fill(struct link *l)
{
	ssize_t n = recv(l->fd, l->in, sizeof(l->in), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	if (n <= 0)
		return -1;
	l->in_pos = 0;
	l->in_len = (size_t)n;
	/* a copy for people to read: losing some of it is no error */
	if (l->copy_fd >= 0 && write(l->copy_fd, l->in, l->in_len) < 0)
		l->copy_fd = -1;
	return n;
}

static int next_frame(struct link *l, struct wire_msg *ret_msg)
{
	while (l->in_pos < l->in_len) {
		if (wire_feed(&l->rx, l->in[l->in_pos++], ret_msg))
			return 1;
	}
	return 0;
}

/*
 * The middle of a frame: an emulated UART hands over byte by byte, and to be woken for each costs
 * both sides more than the bytes. Let some more come.
 */
static void let_more_come(void)
{
	const struct timespec ts = { .tv_nsec = 20000 };

	nanosleep(&ts, NULL);
}

/*
 * An answer through the window comes within some ten microseconds, so it is looked for as fast as can
 * be; then the processor is offered to whoever wants it, since that may be the guest; and when it
 * still does not come the guest is busy or gone, which the descriptors will tell.
 */
static int window_frame(struct link *l, struct wire_msg *ret_msg)
{
	for (unsigned i = 0; i < LOOKS_MAX; i++) {
		const struct shm_box *box = shm_look(l->window->answer, &l->seen);

		if (box)
			return wire_unpack(box->frame, box->len, ret_msg);
		if (i < LOOKS_BUSY)
			__builtin_ia32_pause();
		else
			sched_yield();
	}
	return 0;
}

int link_arrived(const struct link *l)
{
	uint32_t seen = l->seen;

	return l->window && shm_look(l->window->answer, &seen);
}

enum link_status link_receive(struct link *l, int watch_fd, int wait_ms, struct wire_msg *ret_msg)
{
	const int64_t end = now_ms() + wait_ms;
	int watched = 0, closed = 0, pauses = 0;

	for (;;) {
		struct pollfd fds[2] = { { .fd = l->fd, .events = POLLIN },
					 { .fd = watch_fd, .events = POLLIN } };
		int64_t left;
		ssize_t n;

		if (l->window && window_frame(l, ret_msg))
			return LINK_FRAME;
		if (next_frame(l, ret_msg))
			return LINK_FRAME;
		n = fill(l);
		if (n > 0)
			continue;
		if (n == 0 && l->rx.len && pauses++ < PAUSES_MAX) {
			let_more_come();
			continue;
		}
		if (watched)
			return LINK_WATCH;
		if (n < 0 && closed)
			return LINK_CLOSED;
		/* once more round for an answer that came through the window before the end */
		closed = n < 0;
		if (closed)
			continue;
		left = end - now_ms();
		if (l->window && left > WINDOW_NAP_MS)
			left = WINDOW_NAP_MS;
		if (poll(fds, 2, left > 0 ? (int)left : 0) == 0 && left <= 0)
			return LINK_TIMEOUT;
		/* once more round for what the guest said before the event */
		watched = fds[1].revents != 0;
	}
}

void link_reset(struct link *l)
{
	while (fill(l) > 0)
		;
	l->in_pos = l->in_len = 0;
	memset(&l->rx, 0, sizeof(l->rx));
	if (l->window) {
		memset(l->window, 0, sizeof(*l->window));
		l->seen = l->posted = 0;
	}
	send_bytes(l, "", 1, 100);
}
