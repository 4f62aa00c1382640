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
	uint32_t seen = 0, posted = 0;
	const struct shm_box *box;
	struct wire_msg msg;

	for (;;) {
		box = shm_look(w->request, &seen);
		if (!box)
			continue;
		if (!wire_unpack(box->frame, box->len, &msg))
			_exit(1);
		if (!msg.head.len)
			_exit(0);
		shm_post(w->answer, &posted, frame, frame_of(frame, msg.head.seq, msg.head.len));
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

/* As many as there are boxes may be open, around the ring and beyond what a turn can count. */
static void many_are_open_at_once(void **state)
{
	static const uint32_t begins[] = { 0, 5, 0u - 40 };
	uint8_t frame[WIRE_RAW_MAX];
	struct wire_msg msg;
	struct ends e;

	(void)state;
	for (unsigned k = 0; k < sizeof(begins) / sizeof(begins[0]); k++) {
		uint32_t seen = begins[k], posted = begins[k];

		begin(&e, 0);
		e.link.seen = e.link.posted = begins[k];
		for (unsigned i = 0; i < 10 * SHM_BOXES; i++) {
			link_send(&e.link, frame, frame_of(frame, (uint16_t)i, 1 + i), WAIT_MS);
			if (i % SHM_BOXES != SHM_BOXES - 1)
				continue;
			for (unsigned a = i + 1 - SHM_BOXES; a <= i; a++) {
				const struct shm_box *box = shm_look(e.window->request, &seen);

				assert_non_null(box);
				assert_true(wire_unpack(box->frame, box->len, &msg));
				assert_int_equal(msg.head.seq, a);
				shm_post(e.window->answer, &posted, box->frame, box->len);
			}
			assert_null(shm_look(e.window->request, &seen));
			for (unsigned a = i + 1 - SHM_BOXES; a <= i; a++) {
				assert_int_equal(link_receive(&e.link, -1, WAIT_MS, &msg), LINK_FRAME);
				assert_int_equal(msg.head.seq, a);
				assert_int_equal(msg.head.len, 1 + a);
			}
			assert_false(link_arrived(&e.link));
		}
		end(&e);
	}
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
		struct shm_box *box = &e.window->answer[i + 1];

		memset(box->frame, 0xa5, sizeof(box->frame));
		box->len = lens[i];
		box->turn = (uint32_t)i + 1;
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
	uint32_t posted = 0;
	struct wire_msg msg;
	struct ends e;

	(void)state;
	begin(&e, 0);
	link_send(&e.link, frame, frame_of(frame, 1, 8), WAIT_MS);
	shm_post(e.window->answer, &posted, frame, frame_of(frame, 1, 8));
	assert_true(link_arrived(&e.link));
	link_reset(&e.link);
	assert_false(link_arrived(&e.link));
	assert_int_equal(e.window->request[1].turn, 0);
	assert_int_equal(link_receive(&e.link, -1, 5, &msg), LINK_TIMEOUT);
	posted = 0;
	shm_post(e.window->answer, &posted, frame, frame_of(frame, 2, 8));
	assert_int_equal(link_receive(&e.link, -1, WAIT_MS, &msg), LINK_FRAME);
	assert_int_equal(msg.head.seq, 2);
	end(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered_in_turn),
		cmocka_unit_test(many_are_open_at_once),
		cmocka_unit_test(nonsense_in_the_box_is_no_frame),
		cmocka_unit_test(the_line_is_still_heard),
		cmocka_unit_test(a_fresh_window_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
