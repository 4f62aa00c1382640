/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked of a guest, a run above all, and the return to its snapshot. */
#include <stdio.h>
#include <string.h>

#include "efi/abi/delta.h"
#include "host/engine_ops.h"

enum { PATIENCE_MS = 15000 }; /* for a CPU that neither sleeps nor works; less than AFL++ has */

/* Send e->run, as a difference when the guest has something to differ from. */
static void ask_run(struct engine *e, int whole)
{
	const struct engine_case *new = &e->run, *old = &e->base;
	uint8_t payload[sizeof(struct msg_run) + DELTA_MAX(SEQ_BYTES_MAX, SEQ_BYTES_MAX)];
	struct msg_run run = { .crc = crc32_ieee(0, new->bytes, new->len) };
	size_t n;

	e->whole = whole;
	if (whole)
		run.crc = ~run.crc;
	memcpy(payload, &run, sizeof(run));
	n = delta_encode(old->bytes, whole ? 0 : old->len, new->bytes, new->len, payload + sizeof(run));
	engine_ask(e, MSG_RUN, payload, sizeof(run) + n);
}

static unsigned needs_of(const struct engine_case *run)
{
	struct seq seq;

	seq_decode(&seq, run->bytes, run->len);
	return seq_needs(&seq);
}

enum engine_status engine_run_send(struct engine *e, const uint8_t *bytes, size_t len,
				   int deadline_ms)
{
	unsigned needs;

	if (engine_is_down(e))
		return e->last;
	e->words[0] = 0;
	e->base = e->run;
	e->run.len = len < SEQ_BYTES_MAX ? len : SEQ_BYTES_MAX;
	if (e->run.len)
		memcpy(e->run.bytes, bytes, e->run.len);
	needs = needs_of(&e->run);
	e->hosted = e->ops->inject && needs & HOSTED;
	e->by_second = (needs & SECOND) != 0;
	/* where its own time tells a hang, others may keep the machine busy for long */
	e->run_ms = e->ops->sleeps && deadline_ms < PATIENCE_MS ? PATIENCE_MS : deadline_ms;
	e->served = 0;
	ask_run(e, !e->has_base);
	e->debug[e->seq % ENGINE_RUNS_MAX] = (needs & DEBUG) != 0;
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

/* Whether a run that is open may meet a data breakpoint: which of them is under way only the guest knows. */
static int any_debug(const struct engine *e)
{
	for (unsigned i = 0; i < e->open; i++) {
		if (e->debug[(e->seq - i) % ENGINE_RUNS_MAX])
			return 1;
	}
	return 0;
}

enum engine_status engine_run_wait(struct engine *e, struct msg_done *ret_done)
{
	struct wire_msg msg;
	enum engine_status status;
	unsigned oldest;

	if (engine_is_down(e))
		return e->last;
	/* whoever sent it may have been busy, or stopped, since then; and others ran before it */
	engine_goes_on(e);
	oldest = e->seq - (e->open - 1);
	e->watched = e->debug[oldest % ENGINE_RUNS_MAX] || (e->open > 1 && e->debug[(oldest + 1) % ENGINE_RUNS_MAX]);
	status = engine_answer(e, &msg);
	if (status == ENGINE_REFUSED && e->open == 1 && !e->whole && is_refuse_base(&msg)) {
		ask_run(e, 1);
		status = engine_answer(e, &msg);
	}
	e->open--;
	e->hosted = 0;
	if (status == ENGINE_OK &&
	    (msg.head.type != MSG_DONE || msg.head.len != sizeof(*ret_done)))
		status = ENGINE_FAULT;
	if (status == ENGINE_OK) {
		memcpy(ret_done, msg.payload, sizeof(*ret_done));
		/* a run that answers has met what was left to be met, see meet_nothing() */
		e->watched = any_debug(e);
	}
	return engine_ended(e, status);
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

void engine_selfcheck(struct engine *e, char *ret_words, size_t cap)
{
	struct msg_checked checked;
	struct wire_msg msg;

	ret_words[0] = 0;
	if (engine_request(e, MSG_SELFCHK, NULL, 0, ENGINE_SHORT_MS, &msg) != ENGINE_OK)
		return;
	if (msg.head.type != MSG_CHECKED || msg.head.len != sizeof(checked)) {
		engine_ended(e, ENGINE_FAULT);
		return;
	}
	memcpy(&checked, msg.payload, sizeof(checked));
	snprintf(ret_words, cap, "%.*s", (int)sizeof(checked.words), checked.words);
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
			engine_ended(e, ENGINE_FAULT);
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
		return engine_ended(e, ENGINE_FAULT);
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
		return engine_ended(e, ENGINE_DEAD);
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
	return status == ENGINE_OK ? status : engine_renew(e);
}
