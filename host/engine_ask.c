/* SPDX-License-Identifier: BSD-2-Clause */
/* A request, repeated until it is answered or nobody will answer: the same for every engine. */
#include <string.h>

#include "host/engine_ops.h"

enum {
	RETRY_MS = 100, /* silence on a line, at most, after which a request is repeated */
	RETRY_MS_MIN = 10,
	RETRY_MS_PROBE = 12, /* on a line that nothing is known of yet, in the end */
	RETRY_MS_BLIND = 30, /* on one that cannot tell what has been taken */
	NOISE_LASTS = 64,
	REPEATS_SURE = 200, /* one in twenty gets through: a guest that listened has heard one of so many */
	RUN_CPU_MS = 100, /* of the engine, hundreds of times what a run needs */
	RUN_CPU_MS_SECOND = 2000, /* where two processors wait for each other, on a host that has no time for both */
	INJECT_MS = 1, /* between looks whether the guest waits for an event of the host */
};

/* On a line frames get lost, more or less of them; how fast it is tells how soon that can be known. */
static int first_retry(const struct engine *e)
{
	const int ms = (int)(3 * e->answer_us / 1000);
	/* Bochs is at the other end of a TCP connection */
	const int least = e->ops->emulated ? RETRY_MS_BLIND : RETRY_MS_MIN;

	if (!e->answer_us || ms > RETRY_MS)
		return RETRY_MS;
	return ms < least ? least : ms;
}

static void put(struct engine *e)
{
	e->put_us = now_us();
	/* what cannot be sent now is sent by the next repetition, or the deadline ends it */
	link_send(&e->link, e->out, e->out_len, RETRY_MS);
	/* in a window nothing is lost */
	e->retry_at = e->link.window ? INT64_MAX : now_ms() + e->retry_ms;
}

void engine_ask(struct engine *e, enum msg_type type, const void *payload, size_t len)
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
	if (now_ms() < e->retry_at)
		return ENGINE_OK;
	if (link_is_unread(&e->link)) {
		e->retry_at = now_ms() + e->retry_ms;
		return ENGINE_OK;
	}
	e->repeats++;
	link_resync(&e->link);
	if (!e->answer_us && e->retry_ms > RETRY_MS_PROBE)
		e->retry_ms /= 2;
	put(e);
	return ENGINE_OK;
}

void engine_goes_on(struct engine *e)
{
	e->deadline = now_ms() + e->run_ms;
	e->look_at = e->ops->sleeps ? now_ms() + ENGINE_LOOK_MS : e->deadline;
	e->looks = e->slept = 0;
}

/* What the machine tells while it is given an event is not seen on watch_fd again. */
static enum engine_status inject(struct engine *e)
{
	if (e->ops->inject(e))
		engine_goes_on(e);
	return e->ops->watch(e);
}

/*
 * In a run nothing but a step's own event ends an HLT, and that comes soon, or is given by the host: two looks, and
 * it is for ever. And what has had the CPU for so long goes in circles, however little of it others have left.
 */
static int never_answers(struct engine *e)
{
	const int64_t cpu_ms = e->ops->cpu_ms(e), most = e->by_second ? RUN_CPU_MS_SECOND : RUN_CPU_MS;

	e->look_at = now_ms() + ENGINE_LOOK_MS;
	if (!e->looks++)
		e->cpu_ms = cpu_ms;
	e->slept = e->ops->sleeps(e) ? e->slept + 1 : 0;
	/* on a line it may also be that it has not heard of the run yet, and listens */
	return e->slept > 1 || (cpu_ms - e->cpu_ms > most && (e->link.window || e->ops->loses_nothing ||
							    e->repeats >= REPEATS_SURE));
}

/*
 * What the machine tells while it is asked how its CPU does is not seen on watch_fd again either, and one that shut
 * down looks asleep.
 */
static enum engine_status look(struct engine *e)
{
	if (!e->ops->sleeps || now_ms() < e->look_at)
		return ENGINE_OK;
	if (never_answers(e))
		e->deadline = 0;
	return e->ops->watch(e);
}

enum engine_status engine_answer(struct engine *e, struct wire_msg *ret_msg)
{
	for (;;) {
		int64_t until = e->deadline < e->retry_at ? e->deadline : e->retry_at;
		int64_t wait = (until < e->look_at ? until : e->look_at) - now_ms();
		enum engine_status status;

		if (e->hosted && wait > INJECT_MS)
			wait = INJECT_MS;

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
			if (status == ENGINE_OK)
				status = look(e);
			if (status == ENGINE_OK)
				status = silence(e);
			if (status != ENGINE_OK)
				return status;
			break;
		}
	}
}

enum engine_status engine_ended(struct engine *e, enum engine_status status)
{
	e->last = status;
	if (status != ENGINE_OK)
		e->has_base = 0;
	return status;
}

int engine_is_down(const struct engine *e)
{
	return e->last == ENGINE_SHUTDOWN || e->last == ENGINE_HANG || e->last == ENGINE_DEAD ||
	       e->last == ENGINE_PANIC;
}

enum engine_status engine_request(struct engine *e, enum msg_type type, const void *payload,
				  size_t len, int deadline_ms, struct wire_msg *ret_msg)
{
	if (engine_is_down(e))
		return e->last;
	e->words[0] = 0;
	if (len > WIRE_PAYLOAD_MAX)
		return engine_ended(e, ENGINE_FAULT);
	e->deadline = e->look_at = now_ms() + deadline_ms;
	engine_ask(e, type, payload, len);
	return engine_ended(e, engine_answer(e, ret_msg));
}

