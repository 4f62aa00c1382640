/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests and answers: the same for every engine. */
#include <string.h>
#include <time.h>

#include "efi/abi/delta.h"
#include "host/engine_ops.h"

enum {
	RETRY_MS = 100, /* silence after which a request is repeated; through the window it doubles each time */
	RETRY_MS_MAX = 2000,
	RETRY_MS_MIN = 10, /* on a line */
	RETRY_MS_PROBE = 12, /* on a line that nothing is known of yet, in the end */
	RETRY_MS_BLIND = 30, /* on one that cannot tell what has been taken */
	NOISE_LASTS = 64,
	REPEATS_SURE = 200, /* one in twenty gets through: a guest that listened has heard one of so many */
	LOOK_MS = 100, /* between looks at what the CPU does in a run */
	RUN_CPU_MS = 300, /* of the engine, a thousand times what a run needs */
	PATIENCE_MS = 15000, /* for a CPU that neither sleeps nor works; less than AFL++ has */
	INJECT_MS = 1, /* between looks whether the guest waits for an event of the host */
};

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000ll + ts.tv_nsec / 1000;
}

/* On a line frames get lost, more or less of them; how fast it is tells how soon that can be known. */
static int first_retry(const struct engine *e)
{
	const int ms = (int)(3 * e->answer_us / 1000);
	/* Bochs is at the other end of a TCP connection */
	const int least = e->ops->emulated ? RETRY_MS_BLIND : RETRY_MS_MIN;

	if (e->link.window || !e->answer_us || ms > RETRY_MS)
		return RETRY_MS;
	return ms < least ? least : ms;
}

static void put(struct engine *e)
{
	e->put_us = now_us();
	/* what cannot be sent now is sent by the next repetition, or the deadline ends it */
	link_send(&e->link, e->out, e->out_len, RETRY_MS);
	/* in a window nothing is lost, and there may be more in it by now */
	e->retry_at = e->link.window ? INT64_MAX : now_ms() + e->retry_ms;
}

static void ask(struct engine *e, enum msg_type type, const void *payload, size_t len)
{
	struct wire_head head = { .type = (uint8_t)type, .epoch = e->epoch, .seq = ++e->seq };

	e->out_len = wire_pack(e->out, head, payload, len);
	e->retry_ms = first_retry(e);
	e->repeats = 0;
	put(e);
}

/*
 * It has been answered: after how long, and how often it had to be said. Which of several it is that was answered
 * cannot be told, unless they were far apart.
 */
static void learn(struct engine *e)
{
	const int64_t apart = e->retry_ms * 500ll;
	int64_t us = now_us() - e->put_us;

	if (e->repeats)
		e->noise = NOISE_LASTS;
	else if (e->noise)
		e->noise--;
	if (e->repeats && !e->answer_us && us < apart)
		us = apart;
	if (!e->repeats || !e->answer_us || e->retry_ms >= RETRY_MS / 2)
		e->answer_us = e->answer_us ? (unsigned)((7 * (int64_t)e->answer_us + us) / 8) : (unsigned)us;
}

static void keep_words(struct engine *e, const uint8_t *text, size_t len)
{
	memcpy(e->words, text, len);
	e->words[len] = 0;
}

/* A frame has come: is it the answer to the oldest? ENGINE_HANG stands for "no, go on waiting". */
static enum engine_status judge(struct engine *e, const struct wire_msg *msg)
{
	uint16_t oldest = (uint16_t)(e->seq - (e->open ? e->open - 1 : 0));

	if (msg->head.type == MSG_PANIC) {
		keep_words(e, msg->payload, msg->head.len);
		return ENGINE_PANIC;
	}
	if (msg->head.epoch != e->epoch || msg->head.seq != oldest)
		return ENGINE_HANG;
	if (msg->head.type != MSG_REFUSE)
		return ENGINE_OK;
	if (msg->head.len != sizeof(struct msg_refuse))
		return ENGINE_FAULT;
	keep_words(e, msg->payload + offsetof(struct msg_refuse, words),
		   sizeof(((struct msg_refuse *)0)->words));
	return ENGINE_REFUSED;
}

/* Nothing came for a while. */
static enum engine_status silence(struct engine *e)
{
	if (now_ms() >= e->deadline) {
		e->ops->freeze(e);
		return ENGINE_HANG;
	}
	if (now_ms() >= e->retry_at && !e->link.window && link_is_unread(&e->link)) {
		e->retry_at = now_ms() + e->retry_ms;
	} else if (now_ms() >= e->retry_at) {
		e->repeats++;
		if (e->link.window)
			e->retry_ms = e->retry_ms * 2 < RETRY_MS_MAX ? e->retry_ms * 2 : RETRY_MS_MAX;
		else
			link_resync(&e->link);
		if (!e->link.window && !e->answer_us && e->retry_ms > RETRY_MS_PROBE)
			e->retry_ms /= 2;
		put(e);
	}
	return ENGINE_OK;
}

/* What the machine tells while it is given an event is not seen on watch_fd again. */
static enum engine_status inject(struct engine *e)
{
	e->ops->inject(e);
	return e->ops->watch(e);
}

/*
 * In a run nothing but a step's own event ends an HLT, and that comes soon: two looks, and it is for
 * ever. And what has had the CPU for so long goes in circles, however little of it others have left.
 */
static int never_answers(struct engine *e)
{
	int64_t cpu_ms;

	if (!e->ops->sleeps || e->hosted || now_ms() < e->look_at)
		return 0;
	e->look_at = now_ms() + LOOK_MS;
	cpu_ms = e->ops->cpu_ms(e);
	if (!e->looks++)
		e->cpu_ms = cpu_ms;
	e->slept = e->ops->sleeps(e) ? e->slept + 1 : 0;
	/* on a line it may also be that it has not heard of the run yet, and listens */
	return e->slept > 1 || (cpu_ms - e->cpu_ms > RUN_CPU_MS && (e->link.window || e->ops->loses_nothing ||
							    e->repeats >= REPEATS_SURE));
}

static enum engine_status answer(struct engine *e, struct wire_msg *ret_msg)
{
	for (;;) {
		int64_t until = e->deadline < e->retry_at ? e->deadline : e->retry_at;
		int64_t wait = (until < e->look_at ? until : e->look_at) - now_ms();

		if (e->hosted && wait > INJECT_MS)
			wait = INJECT_MS;
		enum engine_status status;

		switch (link_receive(&e->link, e->watch_fd, wait > 0 ? (int)wait : 0, ret_msg)) {
		case LINK_FRAME:
			status = judge(e, ret_msg);
			if (status == ENGINE_HANG)
				break;
			learn(e);
			return status;
		case LINK_WATCH:
			status = e->ops->watch(e);
			if (status != ENGINE_OK)
				return status;
			break;
		case LINK_CLOSED:
			status = e->ops->watch(e);
			return status == ENGINE_OK ? ENGINE_DEAD : status;
		case LINK_TIMEOUT:
			status = e->hosted ? inject(e) : ENGINE_OK;
			if (never_answers(e))
				e->deadline = 0;
			if (status == ENGINE_OK)
				status = silence(e);
			if (status != ENGINE_OK)
				return status;
			break;
		}
	}
}

/* Remember how it ended; after anything but an answer the guest's last case is unknown. */
static enum engine_status ended(struct engine *e, enum engine_status status)
{
	e->last = status;
	if (status != ENGINE_OK)
		e->has_base = 0;
	return status;
}

/* After these nobody answers before engine_recover(). */
static int is_down(const struct engine *e)
{
	return e->last == ENGINE_SHUTDOWN || e->last == ENGINE_HANG || e->last == ENGINE_DEAD ||
	       e->last == ENGINE_PANIC;
}

enum engine_status engine_request(struct engine *e, enum msg_type type, const void *payload,
				  size_t len, int deadline_ms, struct wire_msg *ret_msg)
{
	if (is_down(e))
		return e->last;
	e->words[0] = 0;
	if (len > WIRE_PAYLOAD_MAX)
		return ended(e, ENGINE_FAULT);
	e->deadline = now_ms() + deadline_ms;
	e->look_at = e->deadline;
	ask(e, type, payload, len);
	return ended(e, answer(e, ret_msg));
}

/* Send e->run, as a difference when the guest has something to differ from. */
static void ask_run(struct engine *e, int whole)
{
	const struct engine_case *new = &e->run, *old = &e->base;
	uint8_t payload[sizeof(struct msg_run) + DELTA_MAX(SEQ_BYTES_MAX)];
	struct msg_run run = { .crc = crc32_ieee(0, new->bytes, new->len) };
	size_t n;

	e->whole = whole;
	if (whole)
		run.crc = ~run.crc;
	memcpy(payload, &run, sizeof(run));
	n = delta_encode(old->bytes, whole ? 0 : old->len, new->bytes, new->len, payload + sizeof(run));
	ask(e, MSG_RUN, payload, sizeof(run) + n);
}

static int needs_host(const struct engine_case *run)
{
	struct seq seq;

	seq_decode(&seq, run->bytes, run->len);
	return (seq_needs(&seq) & HOSTED) != 0;
}

enum engine_status engine_run_send(struct engine *e, const uint8_t *bytes, size_t len,
				   int deadline_ms)
{
	if (is_down(e))
		return e->last;
	e->words[0] = 0;
	e->base = e->run;
	e->run.len = len < SEQ_BYTES_MAX ? len : SEQ_BYTES_MAX;
	if (e->run.len)
		memcpy(e->run.bytes, bytes, e->run.len);
	e->hosted = e->ops->inject && needs_host(&e->run);
	/* where its own time tells a hang, others may keep the machine busy for long */
	e->run_ms = e->ops->sleeps && !e->hosted && deadline_ms < PATIENCE_MS ? PATIENCE_MS : deadline_ms;
	e->deadline = now_ms() + e->run_ms;
	e->look_at = e->ops->sleeps ? now_ms() + LOOK_MS : e->deadline;
	e->looks = e->slept = 0;
	e->served = 0;
	ask_run(e, !e->has_base);
	e->has_base = 1;
	e->open++;
	return ENGINE_OK;
}

_Static_assert((int)ENGINE_RUNS_MAX <= (int)SHM_BOXES, "each open run has a box");

unsigned engine_runs_max(const struct engine *e)
{
	return e->link.window ? ENGINE_RUNS_MAX : 1;
}

unsigned engine_runs_open(const struct engine *e)
{
	return e->open;
}

int engine_run_arrived(const struct engine *e)
{
	return e->open && link_arrived(&e->link);
}

static int is_refuse_base(const struct wire_msg *msg)
{
	struct msg_refuse refuse;

	memcpy(&refuse, msg->payload, sizeof(refuse));
	return refuse.code == REFUSE_BASE;
}

enum engine_status engine_run_wait(struct engine *e, struct msg_done *ret_done)
{
	struct wire_msg msg;
	enum engine_status status;

	if (is_down(e))
		return e->last;
	/* whoever sent it may have been busy, or stopped, since then; and others ran before it */
	e->deadline = now_ms() + e->run_ms;
	if (e->ops->sleeps)
		e->look_at = now_ms() + LOOK_MS;
	e->looks = e->slept = 0;
	status = answer(e, &msg);
	if (status == ENGINE_REFUSED && e->open == 1 && !e->whole && is_refuse_base(&msg)) {
		ask_run(e, 1);
		status = answer(e, &msg);
	}
	e->open--;
	e->hosted = 0;
	if (status == ENGINE_OK &&
	    (msg.head.type != MSG_DONE || msg.head.len != sizeof(*ret_done)))
		status = ENGINE_FAULT;
	if (status == ENGINE_OK)
		memcpy(ret_done, msg.payload, sizeof(*ret_done));
	return ended(e, status);
}

enum engine_status engine_run(struct engine *e, const uint8_t *bytes, size_t len, int deadline_ms,
			      struct msg_done *ret_done)
{
	enum engine_status status = engine_run_send(e, bytes, len, deadline_ms);

	return status == ENGINE_OK ? engine_run_wait(e, ret_done) : status;
}

/* One MSG_RECS into rec[]. Returns how many records there are in all, or -1. */
static int take_records(const struct wire_msg *msg, unsigned first, struct record *rec,
			unsigned max, unsigned *ret_n)
{
	struct msg_recs recs;

	if (msg->head.type != MSG_RECS || msg->head.len < sizeof(recs))
		return -1;
	memcpy(&recs, msg->payload, sizeof(recs));
	if (recs.first != first || msg->head.len != sizeof(recs) + recs.n * sizeof(*rec) ||
	    recs.total > RECORDS_MAX + 1 || first + recs.n > recs.total ||
	    (!recs.n && first < recs.total))
		return -1;
	*ret_n = recs.n < max - first ? recs.n : max - first;
	memcpy(rec + first, msg->payload + sizeof(recs), *ret_n * sizeof(*rec));
	return (int)recs.total;
}

int engine_records(struct engine *e, struct record *rec, unsigned max)
{
	unsigned got = 0, n;
	int total;

	do {
		struct msg_getrec from = { .first = got, .max = e->noise ? 1 : RECORDS_MAX + 1 };
		struct wire_msg msg;

		if (engine_request(e, MSG_GETREC, &from, sizeof(from), ENGINE_SHORT_MS, &msg) != ENGINE_OK)
			return -1;
		total = take_records(&msg, got, rec, max, &n);
		if (total < 0) {
			ended(e, ENGINE_FAULT);
			return -1;
		}
		got += n;
	} while (got < (unsigned)total && got < max);
	return (int)got;
}

enum engine_status engine_ident(struct engine *e, int deadline_ms)
{
	const struct msg_ident ident = { .flags = (uint8_t)((e->ops->emulated ? IDENT_EMULATED : 0) |
							    (e->opts.about ? IDENT_ABOUT : 0)) };
	const size_t len = e->opts.about ? sizeof(e->hello) : WIRE_HELLO_SHORT;
	struct wire_msg msg;
	enum engine_status status = engine_request(e, MSG_IDENT, &ident, sizeof(ident), deadline_ms, &msg);

	if (status != ENGINE_OK)
		return status;
	if (msg.head.type != MSG_HELLO || msg.head.len < len || msg.head.len > sizeof(e->hello))
		return ended(e, ENGINE_FAULT);
	memcpy(&e->hello, msg.payload, msg.head.len);
	return ENGINE_OK;
}

static enum engine_status restore(struct engine *e, int afresh)
{
	e->has_base = 0;
	e->open = 0;
	if (++e->epoch == 0)
		e->epoch = 1; /* 0 is the epoch of a guest that nobody has asked yet */
	if (e->ops->restore(e, afresh) < 0)
		return ended(e, ENGINE_DEAD);
	e->last = ENGINE_OK;
	link_reset(&e->link);
	e->lost = engine_ident(e, ENGINE_SHORT_MS) != ENGINE_OK;
	return e->last;
}

enum engine_status engine_renew(struct engine *e)
{
	return restore(e, 1);
}

enum engine_status engine_recover(struct engine *e)
{
	enum engine_status status = restore(e, 0);

	/* a machine that does not answer after its return gets a new process */
	return status == ENGINE_OK ? status : restore(e, 1);
}
