/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "tests/fakeguest.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "efi/abi/delta.h"
#include "efi/abi/victim.h"

/* The guest's own state. */
struct guest {
	struct fakeguest *g;
	int fd, told_fd, asked, silent;
	int by_window; /* the request under way came through it, and its answer goes there */
	uint32_t seen, posted; /* turns in the window */
	uint8_t last[WIRE_PAYLOAD_MAX];
	size_t last_len;
	struct fake_run run;
	unsigned n_samples;
	uint32_t samples[FAKE_SAMPLES];
	struct wire_head answered;
	size_t answer_len;
	uint8_t answer[WIRE_RAW_MAX];
};

static void put(const struct guest *s, const void *bytes, size_t len)
{
	if (send(s->fd, bytes, len, MSG_NOSIGNAL) < 0)
		_exit(0);
}

static void put_frame(struct guest *s, const uint8_t *raw, size_t len)
{
	uint8_t stuffed[WIRE_FRAME_MAX];

	if (s->by_window)
		shm_post(s->g->window->answer, &s->posted, raw, len);
	else
		put(s, stuffed, wire_stuff(stuffed, raw, len));
}

static void prepare(struct guest *s, struct wire_head head, enum msg_type type, const void *payload,
		    size_t len)
{
	s->answered = head;
	head.type = (uint8_t)type;
	s->answer_len = wire_pack(s->answer, head, payload, len);
}

static void prepare_refuse(struct guest *s, struct wire_head head, enum refuse code)
{
	struct msg_refuse refuse = { .code = (uint16_t)code, .words = "as the test asked" };

	prepare(s, head, MSG_REFUSE, &refuse, sizeof(refuse));
}

static void prepare_hello(struct guest *s, struct wire_head head)
{
	struct msg_hello hello = { .record_len = sizeof(struct record),
				   .flags = s->g->flags,
				   .build = s->g->build ? s->g->build : victim_build(),
				   .profile = s->g->profile,
				   .firmware = "none" };

	prepare(s, head, MSG_HELLO, &hello, sizeof(hello));
}

/* Returns the test case's mischief. */
static unsigned do_run(struct guest *s, const struct wire_msg *msg)
{
	struct msg_done done = { 0 };
	uint8_t new[WIRE_PAYLOAD_MAX];
	size_t len;

	s->g->counts->run_requests++;
	s->g->counts->run_bytes += (unsigned)(msg->head.len - sizeof(struct msg_run));
	if (run_unpack(s->last, s->last_len, msg->payload, msg->head.len, new, sizeof(new), &len)) {
		prepare_refuse(s, msg->head, REFUSE_BASE);
		return 0;
	}
	memcpy(s->last, new, len);
	s->last_len = len;
	s->g->counts->runs++;
	memset(&s->run, 0, sizeof(s->run));
	if (s->g->run)
		s->g->run(new, len, s->g->arg, &s->run);
	done.n_rec = (uint8_t)s->run.n;
	done.hash = record_hash(s->run.rec, s->run.n) ^ (s->run.mischief & FAKE_LIE ? 1 : 0);
	done.flags = s->run.mischief & FAKE_DIRTY ? DONE_DIRTY : 0;
	prepare(s, msg->head, MSG_DONE, &done, sizeof(done));
	return s->run.mischief;
}

static void do_getrec(struct guest *s, const struct wire_msg *msg)
{
	enum { FIT = (WIRE_PAYLOAD_MAX - sizeof(struct msg_recs)) / sizeof(struct record) };
	struct msg_recs recs = { .total = s->run.n };
	uint8_t out[WIRE_PAYLOAD_MAX];
	struct msg_getrec from;
	unsigned left;

	memcpy(&from, msg->payload, sizeof(from));
	if (from.first > s->run.n) {
		prepare_refuse(s, msg->head, REFUSE_RANGE);
		return;
	}
	left = s->run.n - from.first;
	recs.first = (uint16_t)from.first;
	left = left < from.max ? left : from.max;
	recs.n = (uint16_t)(left < FIT ? left : FIT);
	memcpy(out, &recs, sizeof(recs));
	memcpy(out + sizeof(recs), s->run.rec + from.first, recs.n * sizeof(struct record));
	prepare(s, msg->head, MSG_RECS, out, sizeof(recs) + recs.n * sizeof(struct record));
}

static void do_time(struct guest *s, const struct wire_msg *msg)
{
	struct msg_timed timed = { 0 };
	struct msg_time req;

	memcpy(&req, msg->payload, sizeof(req));
	s->g->time(&s->run, &req, s->g->arg, &timed, s->samples);
	s->n_samples = timed.n * timed.n_legs;
	prepare(s, msg->head, MSG_TIMED, &timed, sizeof(timed));
}

static void do_getsamp(struct guest *s, const struct wire_msg *msg)
{
	uint8_t out[WIRE_PAYLOAD_MAX];
	struct msg_samp samp;
	struct msg_from from;

	memcpy(&from, msg->payload, sizeof(from));
	samp.first = from.first;
	samp.n = s->n_samples - from.first < SAMPLES_A_FRAME ? s->n_samples - from.first : SAMPLES_A_FRAME;
	memcpy(out, &samp, sizeof(samp));
	memcpy(out + sizeof(samp), s->samples + samp.first, samp.n * sizeof(uint32_t));
	prepare(s, msg->head, MSG_SAMP, out, sizeof(samp) + samp.n * sizeof(uint32_t));
}

static void do_selfchk(struct guest *s, const struct wire_msg *msg)
{
	struct msg_checked checked = { .n_bad = s->run.wrong != NULL };

	if (s->run.wrong)
		snprintf(checked.words, sizeof(checked.words), "%s", s->run.wrong);
	prepare(s, msg->head, MSG_CHECKED, &checked, sizeof(checked));
}

static unsigned serve(struct guest *s, const struct wire_msg *msg)
{
	switch (msg->head.type) {
	case MSG_IDENT:
		prepare_hello(s, msg->head);
		return 0;
	case MSG_RUN:
		return do_run(s, msg);
	case MSG_GETREC:
		do_getrec(s, msg);
		return 0;
	case MSG_GETSAMP:
		do_getsamp(s, msg);
		return 0;
	case MSG_SELFCHK:
		do_selfchk(s, msg);
		return 0;
	case MSG_TIME:
		if (s->g->time)
			do_time(s, msg);
		else
			prepare_refuse(s, msg->head, REFUSE_TYPE);
		return 0;
	default:
		prepare_refuse(s, msg->head, REFUSE_TYPE);
		return 0;
	}
}

/* A sound frame that must not be taken for the answer. */
static void put_stale(struct guest *s)
{
	struct wire_head head = s->answered;
	struct msg_done done = { .hash = 0xbad };
	uint8_t raw[WIRE_RAW_MAX];

	head.type = MSG_DONE;
	head.epoch--;
	put_frame(s, raw, wire_pack(raw, head, &done, sizeof(done)));
}

static void put_answer(struct guest *s, unsigned mischief)
{
	/* its end hides the start of what follows, which must therefore come twice */
	static const char noise[] = { 7, 'n', 'o', 'i', 's', 'e', 0, -1, 0, 1, 0, 3 };
	uint8_t damaged[WIRE_RAW_MAX];

	if (mischief & FAKE_DELAY)
		usleep(250000);
	if (mischief & FAKE_GARBAGE)
		put(s, noise, sizeof(noise));
	if (mischief & FAKE_STALE)
		put_stale(s);
	if (mischief & FAKE_CORRUPT) {
		memcpy(damaged, s->answer, s->answer_len);
		damaged[s->answer_len / 2] ^= 0x10;
		put_frame(s, damaged, s->answer_len);
		return;
	}
	put_frame(s, s->answer, s->answer_len);
	if (mischief & FAKE_TWICE)
		put_frame(s, s->answer, s->answer_len);
}

static void replace_answer(struct guest *s, struct wire_head head, unsigned mischief)
{
	static const char words[] = "#GP(0x0) in harness text";

	if (mischief & FAKE_PANIC) {
		/* of its own accord, and so by the line */
		s->by_window = 0;
		prepare(s, head, MSG_PANIC, words, sizeof(words) - 1);
	} else if (mischief & FAKE_REFUSE) {
		prepare_refuse(s, head, REFUSE_LEN);
	} else if (mischief & FAKE_WRONG) {
		prepare(s, head, MSG_BYE, words, sizeof(words) - 1);
	}
}

static void handle(struct guest *s, const struct wire_msg *msg)
{
	const struct fakeguest *g = s->g;
	unsigned mischief = g->mischief ? g->mischief(g->counts->requests, &msg->head, g->arg) : 0;

	g->counts->requests++;
	if (s->asked && msg->head.epoch != s->answered.epoch) {
		s->silent = 0; /* the host has been back to the snapshot */
		s->last_len = 0;
	}
	s->asked = 1;
	if (s->silent || mischief & FAKE_DEAF)
		return;
	if (mischief & FAKE_FORGET)
		s->last_len = 0;
	if (s->answer_len && msg->head.seq == s->answered.seq &&
	    msg->head.epoch == s->answered.epoch) {
		put_answer(s, mischief);
		return;
	}
	mischief |= serve(s, msg);
	replace_answer(s, msg->head, mischief);
	if (mischief & FAKE_DIE)
		_exit(1);
	if (mischief & FAKE_SHUTDOWN && write(s->told_fd, "", 1) < 0)
		_exit(1);
	s->silent = (mischief & (FAKE_SILENT | FAKE_SHUTDOWN)) != 0;
	if (!s->silent && !(mischief & FAKE_DROP))
		put_answer(s, mischief);
}

/* What the line has brought within `ms`. */
static void serve_line(struct guest *s, int ms)
{
	static struct wire_rx rx;
	struct pollfd fd = { .fd = s->fd, .events = POLLIN };
	uint8_t in[4096];
	struct wire_msg msg;
	ssize_t n;

	if (poll(&fd, 1, ms) == 0)
		return;
	n = recv(s->fd, in, sizeof(in), 0);
	if (n <= 0)
		_exit(0);
	s->by_window = 0;
	for (ssize_t i = 0; i < n; i++) {
		if (wire_feed(&rx, in[i], &msg))
			handle(s, &msg);
	}
}

static int serve_window(struct guest *s)
{
	const struct shm_box *box = shm_look(s->g->window->request, &s->seen);
	struct wire_msg msg;

	if (!box || !wire_unpack(box->frame, box->len, &msg))
		return 0;
	s->by_window = 1;
	handle(s, &msg);
	return 1;
}

/* HELLO until somebody asks, then answers for ever. */
static void live(struct guest *s)
{
	for (;;) {
		if (!s->asked) {
			prepare_hello(s, (struct wire_head){ 0 });
			put_frame(s, s->answer, s->answer_len);
			s->answer_len = 0;
		}
		while (s->g->with_window && serve_window(s))
			;
		serve_line(s, s->g->with_window ? 1 : s->asked ? -1 : 100);
	}
}

static int spawn(struct fakeguest *g)
{
	struct guest state = { .g = g };
	int fds[2], told[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0 || pipe2(told, O_CLOEXEC) < 0)
		return -1;
	g->pid = fork();
	if (g->pid < 0)
		return -1;
	if (!g->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		close(told[0]);
		state.fd = fds[1];
		state.told_fd = told[1];
		live(&state);
	}
	close(fds[1]);
	close(told[1]);
	g->fd = fds[0];
	g->told_fd = told[0];
	snprintf(g->spec, sizeof(g->spec), "fd:%d", g->fd);
	return 0;
}

/* Memory that the process to be made has, too; NULL: none can be had. */
static void *shared(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

int fakeguest_start(struct fakeguest *g)
{
	g->counts = shared(sizeof(*g->counts));
	g->window = g->with_window ? shared(SHM_LEN) : NULL;
	if (!g->counts || (g->with_window && !g->window))
		return -1;
	return spawn(g);
}

static void end_process(struct fakeguest *g)
{
	close(g->fd);
	close(g->told_fd);
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
}

int fakeguest_restart(struct fakeguest *g)
{
	end_process(g);
	if (g->window)
		memset(g->window, 0, SHM_LEN);
	return spawn(g);
}

void fakeguest_stop(struct fakeguest *g)
{
	end_process(g);
	munmap(g->counts, sizeof(*g->counts));
	if (g->window)
		munmap(g->window, SHM_LEN);
}
