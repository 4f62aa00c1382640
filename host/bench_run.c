/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bench_run.h"

#include <string.h>

enum wire_verdict {
#define VERDICT(n, name, status, words) WIRE_##name = n,
#include "efi/abi/verdicts.def"
#undef VERDICT
};

void bench_begin(const struct bench_row *row, enum bench_kind kind, struct result *ret_result)
{
	*ret_result = (struct result){ .row = row, .kind = kind, .smi = ~0ull };
}

void bench_skip(const struct bench_row *row, enum bench_kind kind, const char *reason,
		struct result *ret_result)
{
	bench_begin(row, kind, ret_result);
	ret_result->verdict = BENCH_SKIP;
	snprintf(ret_result->reason, sizeof(ret_result->reason), "%s", reason);
}

int bench_failed(struct engine *e, enum engine_status status, struct result *r)
{
	r->verdict = BENCH_ERROR;
	snprintf(r->reason, sizeof(r->reason), "%s%s%.100s", engine_status_words(status),
		 *engine_words(e) ? ": " : "", engine_words(e));
	return status == ENGINE_REFUSED || engine_recover(e) == ENGINE_OK ? 0 : -1;
}

int bench_nonsense(struct result *r, const char *what)
{
	r->verdict = BENCH_ERROR;
	snprintf(r->reason, sizeof(r->reason),
		 "the guest's %s makes no sense: is it of this build?", what);
	return 0;
}

int bench_fetch(struct engine *e, uint32_t *samples, uint32_t n, struct result *r)
{
	for (uint32_t at = 0; at < n;) {
		struct msg_from from = { at };
		struct wire_msg msg;
		struct msg_samp samp;
		enum engine_status status =
			engine_request(e, MSG_GETSAMP, &from, sizeof(from), BENCH_BATCH_MS, &msg);

		if (status != ENGINE_OK)
			return bench_failed(e, status, r);
		if (msg.head.type != MSG_SAMP || msg.head.len < sizeof(samp))
			return bench_nonsense(r, "SAMP");
		memcpy(&samp, msg.payload, sizeof(samp));
		if (samp.first != at || !samp.n || samp.n > n - at ||
		    msg.head.len != sizeof(samp) + samp.n * sizeof(*samples))
			return bench_nonsense(r, "SAMP");
		memcpy(samples + at, msg.payload + sizeof(samp), samp.n * sizeof(*samples));
		at += samp.n;
	}
	return 1;
}

int bench_answered(const struct msg_benched *b, struct result *r)
{
	r->discards += b->discards;
	r->insns = b->insns;
	if (b->smi != ~0ull)
		r->smi = (r->smi == ~0ull ? 0 : r->smi) + b->smi;
	for (unsigned i = 0; i < DISCARD_REASONS; i++)
		r->discarded[i] += b->discarded[i];
	if (r->n_counted < RESULT_BATCHES) {
		r->retired[r->n_counted] = b->retired;
		r->cycles[r->n_counted++] = b->cycles;
	}
	r->aperf += b->aperf;
	r->mperf += b->mperf;
	if (b->verdict == WIRE_OK && b->n)
		return 1;
	r->verdict = b->verdict == WIRE_SKIP ? BENCH_SKIP : BENCH_ERROR;
	snprintf(r->reason, sizeof(r->reason), "%.*s", (int)sizeof(b->reason), b->reason);
	return 0;
}

/* One placement: *ret_n samples. 1, or as fetch. */
static int batch(struct engine *e, const struct msg_bench *req, uint32_t *samples, uint32_t *ret_n,
		 struct result *r)
{
	struct msg_benched b;
	struct wire_msg msg;
	enum engine_status status = engine_request(e, MSG_BENCH, req, sizeof(*req), BENCH_BATCH_MS, &msg);

	if (status != ENGINE_OK)
		return bench_failed(e, status, r);
	if (msg.head.type != MSG_BENCHED || msg.head.len != sizeof(b))
		return bench_nonsense(r, "BENCHED");
	memcpy(&b, msg.payload, sizeof(b));
	if (b.id != req->id || b.kind != req->kind || b.n > req->n)
		return bench_nonsense(r, "BENCHED");
	if (!bench_answered(&b, r))
		return 0;
	*ret_n = b.n;
	return bench_fetch(e, samples, b.n, r);
}

int bench_round(struct engine *e, unsigned samples, unsigned warmup, struct bench_pool *pool, struct result *r)
{
	for (unsigned align = 0; align < BENCH_ALIGNS && r->verdict == BENCH_OK; align++) {
		struct msg_bench req = {
			.id = r->row->id,
			.kind = (uint8_t)r->kind,
			.align = (uint8_t)align,
			.n = samples,
			.warmup = warmup,
		};
		uint32_t *to = pool_room(pool, align, samples), n = 0;
		int got = to ? batch(e, &req, to, &n, r) : bench_nonsense(r, "number of samples");

		if (got <= 0)
			return got;
		pool_add(pool, align, n, r);
	}
	return 0;
}
