/* SPDX-License-Identifier: BSD-2-Clause */
/* The shared window: the host's end against a process that holds the other one, well or badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/link.h"

enum { WAIT_MS = 5000 };

struct ends {
	struct link link;
	struct shm_window *window;
	int other; /* the far end of the line */
	pid_t child;
};

/* A frame whose payload is its own sequence number, n times. */
static size_t frame_of(uint8_t *out, uint16_t seq, size_t n)
{
	static uint8_t payload[WIRE_PAYLOAD_MAX];

	memset(payload, seq, n);
	return wire_pack(out, (struct wire_head){ .type = MSG_RUN, .seq = seq }, payload, n);
}

/* Answer each request with one of its number, until one of length 0 comes. */
static void echo(struct shm_window *w)
{
	uint8_t frame[WIRE_RAW_MAX];
	uint32_t seen = 0;
	struct wire_msg msg;

	for (;;) {
		if (!shm_look(&w->request, &seen))
			continue;
		if (!wire_unpack(w->request.frame, w->request.len, &msg))
			_exit(1);
		if (!msg.head.len)
			_exit(0);
		shm_post(&w->answer, frame, frame_of(frame, msg.head.seq, msg.head.len));
	}
}

static void begin(struct ends *e, int with_child)
{
	int fd[2];

	memset(e, 0, sizeof(*e));
	e->window = mmap(NULL, SHM_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(e->window, MAP_FAILED);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	link_init(&e->link, fd[0]);
	e->link.window = e->window;
	e->other = fd[1];
	e->child = with_child ? fork() : 0;
	if (with_child && !e->child)
		echo(e->window);
}

static void end(struct ends *e)
{
	uint8_t frame[WIRE_RAW_MAX];
	int status = 0;

	if (e->child) {
		link_send(&e->link, frame, frame_of(frame, 1, 0), WAIT_MS);
		assert_int_equal(waitpid(e->child, &status, 0), e->child);
	}
	close(e->link.fd);
	close(e->other);
	munmap(e->window, SHM_LEN);
	assert_int_equal(status, 0);
}

static void requests_are_answered_in_turn(void **state)
{
	uint8_t frame[WIRE_RAW_MAX];
	struct wire_msg msg;
	struct ends e;

	(void)state;
	begin(&e, 1);
	for (unsigned i = 1; i < 3000; i++) {
		size_t n = 1 + i * 37 % WIRE_PAYLOAD_MAX;

		assert_int_equal(link_send(&e.link, frame, frame_of(frame, (uint16_t)i, n), WAIT_MS), 0);
		assert_int_equal(link_receive(&e.link, -1, WAIT_MS, &msg), LINK_FRAME);
		assert_int_equal(msg.head.seq, i);
		assert_int_equal(msg.head.len, n);
		assert_int_equal(msg.payload[n - 1], (uint8_t)i);
	}
	end(&e);
}

/* What a damaged or a malicious guest leaves in its box is no frame, whatever its length says. */
static void nonsense_in_the_box_is_no_frame(void **state)
{
	static const uint32_t lens[] = { 0, 1, 11, 12, 64, WIRE_RAW_MAX, WIRE_RAW_MAX + 1, 1u << 31, ~0u };
	struct wire_msg msg;
	struct ends e;

	(void)state;
	begin(&e, 0);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		memset(e.window->answer.frame, 0xa5, sizeof(e.window->answer.frame));
		e.window->answer.len = lens[i];
		e.window->answer.turn++;
		assert_int_equal(link_receive(&e.link, -1, 5, &msg), LINK_TIMEOUT);
	}
	end(&e);
}

/* The guest's last words come by the line, where nobody has to share memory with it. */
static void the_line_is_still_heard(void **state)
{
	uint8_t raw[WIRE_RAW_MAX], stuffed[WIRE_FRAME_MAX];
	struct wire_msg msg;
	struct ends e;
	size_t n;

	(void)state;
	begin(&e, 0);
	n = wire_stuff(stuffed, raw, frame_of(raw, 9, 3));
	assert_int_equal(write(e.other, stuffed, n), n);
	assert_int_equal(link_receive(&e.link, -1, WAIT_MS, &msg), LINK_FRAME);
	assert_int_equal(msg.head.seq, 9);
	close(e.other);
	e.other = -1;
	assert_int_equal(link_receive(&e.link, -1, WAIT_MS, &msg), LINK_CLOSED);
	end(&e);
}

/* After a return to a snapshot an answer from before it is not there any more. */
static void a_fresh_window_is_empty(void **state)
{
	uint8_t frame[WIRE_RAW_MAX];
	struct wire_msg msg;
	struct ends e;

	(void)state;
	begin(&e, 0);
	shm_post(&e.window->request, frame, frame_of(frame, 1, 8));
	shm_post(&e.window->answer, frame, frame_of(frame, 1, 8));
	link_reset(&e.link);
	assert_int_equal(e.window->request.turn, 0);
	assert_int_equal(link_receive(&e.link, -1, 5, &msg), LINK_TIMEOUT);
	shm_post(&e.window->answer, frame, frame_of(frame, 2, 8));
	assert_int_equal(link_receive(&e.link, -1, WAIT_MS, &msg), LINK_FRAME);
	assert_int_equal(msg.head.seq, 2);
	end(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_in_turn),
		cmocka_unit_test(nonsense_in_the_box_is_no_frame),
		cmocka_unit_test(the_line_is_still_heard),
		cmocka_unit_test(a_fresh_window_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
