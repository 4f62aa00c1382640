/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QEMU with a bad line: QEMU=build/tests/noisy runs $NOISY_QEMU (qemu-system-x86_64) with its arguments, and
 * between its serial port and whoever started it $NOISY_PERMILLE (10) of a thousand bytes are damaged, and as many
 * of a thousand frames are lost, and come twice. What it did goes to the file $NOISY_LOG, a line for each emulator.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_CAP = 4096 };

/* One direction: bytes are held until the zero that ends a frame, or a pause. */
struct way {
	int from, to;
	size_t len;
	uint8_t frame[FRAME_CAP];
};

static struct {
	unsigned long bytes, damaged, frames, lost, twice;
} did;

static uint64_t seed = 88172645463325252u;
static unsigned permille;

static unsigned draw(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static int put(int fd, const uint8_t *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int put_damaged(const struct way *w)
{
	uint8_t out[FRAME_CAP];

	for (size_t i = 0; i < w->len; i++) {
		out[i] = w->frame[i];
		did.bytes++;
		if (draw(1000) < permille) {
			out[i] ^= (uint8_t)(1 + draw(255));
			did.damaged++;
		}
	}
	return put(w->to, out, w->len);
}

static int pass(struct way *w)
{
	int bad = 0;

	did.frames++;
	if (draw(1000) < permille) {
		did.lost++;
	} else {
		bad = put_damaged(w);
		if (!bad && draw(1000) < permille) {
			did.twice++;
			bad = put_damaged(w);
		}
	}
	w->len = 0;
	return bad;
}

static int take(struct way *w)
{
	uint8_t in[FRAME_CAP];
	ssize_t n = recv(w->from, in, sizeof(in), 0);

	if (n <= 0)
		return n < 0 && errno == EINTR ? 0 : -1;
	for (ssize_t i = 0; i < n; i++) {
		w->frame[w->len++] = in[i];
		if ((!in[i] || w->len == FRAME_CAP) && pass(w))
			return -1;
	}
	return 0;
}

static void say(void)
{
	const char *path = getenv("NOISY_LOG");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!f)
		return;
	fprintf(f, "%lu bytes, %lu damaged, %lu frames, %lu lost, %lu twice\n", did.bytes, did.damaged, did.frames,
		did.lost, did.twice);
	fclose(f);
}

static void on_signal(int number)
{
	(void)number;
	say();
	_exit(0);
}

/* Until either side is gone. */
static void serve(int ours, int theirs)
{
	struct way ways[2] = { { .from = ours, .to = theirs }, { .from = theirs, .to = ours } };

	for (;;) {
		struct pollfd fds[2] = { { .fd = ours, .events = POLLIN }, { .fd = theirs, .events = POLLIN } };
		/* firmware's text has no zeros */
		int n = poll(fds, 2, ways[0].len || ways[1].len ? 2 : -1);

		for (int i = 0; i < 2; i++) {
			if (n == 0 && ways[i].len && pass(&ways[i]))
				return;
			if (n > 0 && fds[i].revents && take(&ways[i]))
				return;
		}
	}
}

int main(int argc, char **argv)
{
	const char *qemu = getenv("NOISY_QEMU"), *rate = getenv("NOISY_PERMILLE");
	int line = -1, pair[2];

	qemu = qemu && *qemu ? qemu : "qemu-system-x86_64";
	permille = rate ? (unsigned)strtoul(rate, NULL, 10) : 10;
	seed ^= (uint64_t)getpid() << 20;
	for (int i = 1; i < argc; i++)
		sscanf(argv[i], "socket,id=line,fd=%d", &line);
	if (line >= 0) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			return 126;
		pid_t pid = fork();
		if (!pid) {
			/* asked to end, not killed, so that it says what it did */
			signal(SIGTERM, on_signal);
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			int ours = dup2(line, 200), theirs = dup2(pair[1], 201);
			close_range(3, 199, 0);
			close_range(202, ~0u, 0);
			serve(ours, theirs);
			/* the line and the emulator end together: a signal within stdio would wait for it for ever */
			signal(SIGTERM, SIG_IGN);
			say();
			_exit(0);
		}
		if (pid < 0)
			return 126;
		dup2(pair[0], line);
		close(pair[0]);
		close(pair[1]);
	}
	argv[0] = (char *)(uintptr_t)qemu;
	execvp(qemu, argv);
	return 127;
}
