/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/delta.h"
#include "efi/serve.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/cpu.h"
#include "efi/machine.h"
#include "fuzz/model.h"

enum {
	CASE_MAX = WIRE_PAYLOAD_MAX,
	RECS_MAX = (WIRE_PAYLOAD_MAX - sizeof(struct msg_recs)) / sizeof(struct record),
	HELLOS_PER_SECOND = 4,
	WINDOW_LOOKS = 2000,
	TICKS_UNKNOWN = 1 << 28, /* between HELLOs, when the clock's frequency is not known */
};

static struct wire_rx rx;

/* The last answer, to be repeated when the host did not get it. */
static uint8_t answer[WIRE_RAW_MAX];
static size_t answer_len;
static struct wire_head answered;
static int by_window; /* the last request came through the shared window */

/* The last test case, and room for the next. */
static uint8_t cases[2][CASE_MAX];
static uint8_t *last = cases[0], *next = cases[1];
static size_t last_len;

static void send_answer(void)
{
	static uint8_t frame[WIRE_FRAME_MAX];

	if (by_window)
		shm_post(machine.shm.window->answer, &machine.shm.posted, answer, answer_len);
	else
		serial_send(&machine.serial, frame, wire_stuff(frame, answer, answer_len));
}

static void reply(const struct wire_msg *req, enum msg_type type, const void *payload, size_t len)
{
	struct wire_head head = { .type = (uint8_t)type,
				  .epoch = req->head.epoch,
				  .seq = req->head.seq };

	answered = req->head;
	answer_len = wire_pack(answer, head, payload, len);
	send_answer();
}

static void refuse(const struct wire_msg *req, enum refuse code, const char *words)
{
	struct msg_refuse r = { .code = (uint16_t)code };

	fmt_print(r.words, sizeof(r.words), "%s", words);
	reply(req, MSG_REFUSE, &r, sizeof(r));
}

void serve_hello(struct msg_hello *ret_hello)
{
	struct msg_hello h = {
		.record_len = sizeof(struct record),
		.flags = machine.hello_flags,
		.n_bench = bench_count(),
		.build = machine.build,
		.tsc_hz = machine.tsc_hz,
		.profile = machine.profile,
		.about = machine.about,
	};

	memcpy(h.firmware, machine.firmware, sizeof(h.firmware));
	*ret_hello = h;
}

static void do_ident(const struct wire_msg *req)
{
	struct msg_ident ident = { 0 };
	struct msg_hello h;

	if (req->head.len > sizeof(ident)) {
		refuse(req, REFUSE_LEN, "IDENT is longer than its flags");
		return;
	}
	memcpy(&ident, req->payload, req->head.len);
	/* never taken back: a host that does not say so says nothing */
	if (ident.flags & IDENT_EMULATED)
		machine.profile.features |= FEAT(EMULATED);
	serve_hello(&h);
	reply(req, MSG_HELLO, &h, ident.flags & IDENT_ABOUT ? sizeof(h) : WIRE_HELLO_SHORT);
}

/* Whether the model says what this sequence does, up to its end. */
static int is_followed(const uint8_t *bytes, size_t len)
{
	static struct trace t;
	struct seq seq;

	seq_decode(&seq, bytes, len);
	model_predict(&seq, &machine.profile, NULL, NULL, &t);
	return !t.unchecked;
}

static void do_run(const struct wire_msg *req)
{
	struct msg_done done = { 0 };
	uint8_t *swap;
	size_t len;

	if (req->head.len < sizeof(struct msg_run)) {
		refuse(req, REFUSE_LEN, "RUN is shorter than its head");
		return;
	}
	if (run_unpack(last, last_len, req->payload, req->head.len, next, CASE_MAX, &len)) {
		refuse(req, REFUSE_BASE, "the test case before was another: send the whole");
		return;
	}
	/* nothing that may write any value anywhere, or run in a mode that it was not made for */
	if (profile_silicon(&machine.profile) && !is_followed(next, len)) {
		refuse(req, REFUSE_UNSAFE, "the model cannot follow this to its end: not run on silicon");
		return;
	}
	swap = last;
	last = next;
	next = swap;
	last_len = len;
	exec_run(last, last_len, &done);
	reply(req, MSG_DONE, &done, sizeof(done));
}

/* The index of GETSAMP; 0 when the request has been refused. */
static int get_from(const struct wire_msg *req, unsigned total, uint32_t *ret_first)
{
	struct msg_from from;

	if (req->head.len != sizeof(from)) {
		refuse(req, REFUSE_LEN, "the payload is not one index");
		return 0;
	}
	memcpy(&from, req->payload, sizeof(from));
	if (from.first > total) {
		refuse(req, REFUSE_RANGE, "there are fewer than that");
		return 0;
	}
	*ret_first = from.first;
	return 1;
}

static void do_getrec(const struct wire_msg *req)
{
	static uint8_t out[WIRE_PAYLOAD_MAX];
	const struct record *rec;
	unsigned total = exec_records(&rec), n;
	struct msg_getrec from;
	struct msg_recs head;

	if (req->head.len != sizeof(from)) {
		refuse(req, REFUSE_LEN, "GETREC has another length");
		return;
	}
	memcpy(&from, req->payload, sizeof(from));
	if (from.first > total) {
		refuse(req, REFUSE_RANGE, "there are fewer than that");
		return;
	}
	n = total - from.first < RECS_MAX ? total - from.first : RECS_MAX;
	n = n < from.max ? n : from.max;
	head = (struct msg_recs){ (uint16_t)from.first, (uint16_t)n, total };
	memcpy(out, &head, sizeof(head));
	memcpy(out + sizeof(head), rec + from.first, n * sizeof(*rec));
	reply(req, MSG_RECS, out, sizeof(head) + n * sizeof(*rec));
}

static void do_bench(const struct wire_msg *req)
{
	struct msg_benched benched = { 0 };
	struct msg_bench bench;

	if (req->head.len != sizeof(bench)) {
		refuse(req, REFUSE_LEN, "BENCH has another length");
		return;
	}
	memcpy(&bench, req->payload, sizeof(bench));
	if (bench.kind > 2 || bench.align > 3) {
		refuse(req, REFUSE_RANGE, "no such kind or placement of a benchmark");
		return;
	}
	bench_measure(&bench, &benched);
	reply(req, MSG_BENCHED, &benched, sizeof(benched));
}

static void do_getsamp(const struct wire_msg *req)
{
	static uint8_t out[WIRE_PAYLOAD_MAX];
	const uint32_t *samples;
	unsigned total = bench_samples(&samples), n;
	struct msg_samp head;
	uint32_t first;

	if (!get_from(req, total, &first))
		return;
	n = total - first < SAMPLES_A_FRAME ? total - first : SAMPLES_A_FRAME;
	head = (struct msg_samp){ first, n };
	memcpy(out, &head, sizeof(head));
	memcpy(out + sizeof(head), samples + first, n * sizeof(*samples));
	reply(req, MSG_SAMP, out, sizeof(head) + n * sizeof(*samples));
}

static void do_time(const struct wire_msg *req)
{
	struct msg_timed timed;
	struct msg_time times;

	if (req->head.len != sizeof(times)) {
		refuse(req, REFUSE_LEN, "TIME has another length");
		return;
	}
	if (!last_len) {
		refuse(req, REFUSE_BASE, "no test case was run that could be timed: send RUN first");
		return;
	}
	memcpy(&times, req->payload, sizeof(times));
	bench_time(last, last_len, &times, &timed);
	reply(req, MSG_TIMED, &timed, sizeof(timed));
}

static void do_selfchk(const struct wire_msg *req)
{
	struct msg_checked checked = { 0 };

	checked.n_bad = exec_selfcheck(checked.words, sizeof(checked.words));
	reply(req, MSG_CHECKED, &checked, sizeof(checked));
}

/* Returns 1 when the host has said QUIT. */
static int handle(const struct wire_msg *req)
{
	if (answer_len && req->head.seq == answered.seq && req->head.epoch == answered.epoch &&
	    req->head.type == answered.type) {
		send_answer();
		return 0;
	}
	switch (req->head.type) {
	case MSG_IDENT:
		do_ident(req);
		break;
	case MSG_RUN:
		do_run(req);
		break;
	case MSG_GETREC:
		do_getrec(req);
		break;
	case MSG_BENCH:
		do_bench(req);
		break;
	case MSG_GETSAMP:
		do_getsamp(req);
		break;
	case MSG_TIME:
		do_time(req);
		break;
	case MSG_SELFCHK:
		do_selfchk(req);
		break;
	case MSG_QUIT:
		return 1;
	default:
		refuse(req, REFUSE_TYPE, "no such message");
		break;
	}
	return 0;
}

/*
 * A frame of our own accord: after a zero, since anything may stand on the line before it (firmware
 * writes to the same port), and a receiver is in step again only after one.
 */
static void announce(struct wire_head head, const void *payload, size_t len)
{
	static uint8_t frame[WIRE_FRAME_MAX];
	size_t n = wire_encode(frame, head, payload, len);

	serial_send(&machine.serial, (const uint8_t *)"", 1);
	serial_send(&machine.serial, frame, n);
}

static void say_hello(void)
{
	struct msg_hello h;

	serve_hello(&h);
	announce((struct wire_head){ .type = MSG_HELLO }, &h, WIRE_HELLO_SHORT);
}

/* What the line has brought. 1 when the host has said QUIT. */
static int serve_line(int *asked, struct wire_head *ret_quit)
{
	uint8_t in[SERIAL_FIFO];
	unsigned n = serial_receive(&machine.serial, in);
	struct wire_msg msg;

	for (unsigned i = 0; i < n; i++) {
		if (!wire_feed(&rx, in[i], &msg))
			continue;
		*asked = 1;
		by_window = 0;
		*ret_quit = msg.head;
		if (handle(&msg))
			return 1;
	}
	return 0;
}

/*
 * The same for the window, looked at many times for each look at the line, which under an emulator
 * costs a thousand times as much.
 */
static int serve_window(int *asked, struct wire_head *ret_quit)
{
	struct wire_msg msg;

	for (unsigned i = 0; machine.shm.window && i < WINDOW_LOOKS; i++) {
		if (!shm_receive(&machine.shm, &msg))
			continue;
		i = 0;
		*asked = by_window = 1;
		*ret_quit = msg.head;
		if (handle(&msg))
			return 1;
	}
	return 0;
}

struct wire_head serve(void)
{
	uint64_t ticks = machine.tsc_hz ? machine.tsc_hz / HELLOS_PER_SECOND : TICKS_UNKNOWN;
	uint64_t said = rdtsc();
	struct wire_head quit;
	int asked = 0;

	say_hello();
	for (;;) {
		if (serve_window(&asked, &quit) || serve_line(&asked, &quit))
			return quit;
		if (!asked && rdtsc() - said > ticks) {
			say_hello();
			said = rdtsc();
		}
	}
}

void serve_bye(struct wire_head quit, const char *words)
{
	struct wire_head head = { .type = MSG_BYE, .epoch = quit.epoch, .seq = quit.seq };

	announce(head, words, strlen(words));
	serial_drain(&machine.serial);
}
