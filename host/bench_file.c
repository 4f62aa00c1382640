/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bench_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "efi/abi/victim.h"
#include "host/bench_run.h"

struct reader {
	struct bench_file *file;
	int has_hello, has_end, has_req, has_answer;
	struct msg_bench req; /* the batch under way */
	uint32_t want; /* samples it has, by its BENCHED */
	uint32_t got; /* of them, read so far */
	struct result *row; /* the row and kind under way */
	unsigned n_batches; /* of it, whole */
	struct bench_pool pool; /* its samples */
};

static void broken(struct reader *rd)
{
	struct result *r = rd->row;

	rd->file->n_bad++;
	if (!r || r->verdict == BENCH_ERROR)
		return;
	r->verdict = BENCH_ERROR;
	snprintf(r->reason, sizeof(r->reason), "the transcript is damaged here: measure this row again");
}

static void end_batch(struct reader *rd)
{
	if (!rd->has_req)
		return;
	rd->has_req = 0;
	if (!rd->has_answer || rd->got != rd->want) {
		broken(rd);
		return;
	}
	rd->n_batches++;
}

static void end_row(struct reader *rd)
{
	end_batch(rd);
	if (rd->row && rd->row->verdict == BENCH_OK && rd->n_batches != BENCH_ALIGNS)
		broken(rd);
	if (rd->row) {
		pool_split(&rd->pool, rd->row);
		pool_end(&rd->pool, rd->row);
	}
	rd->row = NULL;
	rd->n_batches = 0;
}

static int same_row(const struct reader *rd, const struct msg_bench *req)
{
	return rd->row && rd->row->row->id == req->id && (unsigned)rd->row->kind == req->kind;
}

static void new_row(struct reader *rd, const struct bench_row *row, enum bench_kind kind)
{
	struct results *rs = &rd->file->results;
	struct result *v = realloc(rs->v, (rs->n + 1) * sizeof(*v));

	if (!v)
		return;
	rs->v = v;
	rd->row = &v[rs->n++];
	bench_begin(row, kind, rd->row);
}

static void on_bench(struct reader *rd, const struct wire_msg *msg)
{
	const struct bench_row *row;
	struct msg_bench req;

	end_batch(rd);
	if (msg->head.len != sizeof(req)) {
		broken(rd);
		return;
	}
	memcpy(&req, msg->payload, sizeof(req));
	row = bench_row(req.id);
	if (!row || req.kind >= bench_kinds(row) || req.align >= BENCH_ALIGNS) {
		broken(rd);
		return;
	}
	if (!same_row(rd, &req)) {
		end_row(rd);
		new_row(rd, row, (enum bench_kind)req.kind);
	}
	rd->req = req;
	rd->want = rd->got = 0;
	rd->has_req = rd->row != NULL;
	rd->has_answer = 0;
	rd->file->samples = req.n;
	rd->file->warmup = req.warmup;
}

static void on_benched(struct reader *rd, const struct wire_msg *msg)
{
	struct msg_benched b;

	if (!rd->has_req || rd->has_answer || msg->head.len != sizeof(b)) {
		broken(rd);
		return;
	}
	memcpy(&b, msg->payload, sizeof(b));
	if (b.id != rd->req.id || b.kind != rd->req.kind || b.n > BENCH_SAMPLES_MAX) {
		broken(rd);
		return;
	}
	rd->has_answer = 1;
	rd->want = bench_answered(&b, rd->row) ? b.n : 0;
	if (!rd->want)
		rd->has_req = 0;
}

static void on_samp(struct reader *rd, const struct wire_msg *msg)
{
	struct msg_samp samp;
	uint32_t *to;

	if (!rd->has_answer || !rd->has_req || msg->head.len < sizeof(samp)) {
		broken(rd);
		return;
	}
	memcpy(&samp, msg->payload, sizeof(samp));
	if (samp.first != rd->got || samp.n > rd->want - rd->got ||
	    msg->head.len != sizeof(samp) + samp.n * sizeof(uint32_t)) {
		broken(rd);
		return;
	}
	to = pool_room(&rd->pool, rd->req.align, samp.n);
	if (!to) {
		broken(rd);
		return;
	}
	memcpy(to, msg->payload + sizeof(samp), samp.n * sizeof(*to));
	rd->pool.n[rd->req.align] += samp.n;
	rd->got += samp.n;
}

static void on_frame(struct reader *rd, const struct wire_msg *msg)
{
	switch (msg->head.type) {
	case MSG_HELLO:
		rd->has_hello = msg->head.len == sizeof(rd->file->hello);
		if (rd->has_hello)
			memcpy(&rd->file->hello, msg->payload, sizeof(rd->file->hello));
		break;
	case MSG_BENCH:
		on_bench(rd, msg);
		break;
	case MSG_BENCHED:
		on_benched(rd, msg);
		break;
	case MSG_SAMP:
		on_samp(rd, msg);
		break;
	case MSG_BYE:
		rd->has_end = 1;
		break;
	default:
		broken(rd);
	}
}

/* What a console says between frames: the transcript may have been caught from a line that the firmware writes to, too. */
static int is_text(uint8_t byte)
{
	return (byte >= ' ' && byte <= '~') || byte == '\n' || byte == '\r' || byte == '\t' || byte == '\033' || byte == '\b';
}

static int read_frames(FILE *f, struct reader *rd)
{
	static struct wire_rx rx;
	static uint8_t buf[65536];
	int text = 1; /* nothing but that since the last zero */
	size_t n;

	rx = (struct wire_rx){ 0 };
	while ((n = fread(buf, 1, sizeof(buf), f))) {
		for (size_t i = 0; i < n; i++) {
			struct wire_msg msg;

			if (buf[i] && !is_text(buf[i]))
				text = 0;
			if (wire_feed(&rx, buf[i], &msg))
				on_frame(rd, &msg);
			if (buf[i])
				continue;
			rd->file->n_bad += text ? 0 : rx.n_bad;
			rx.n_bad = 0;
			text = 1;
		}
	}
	end_row(rd);
	rd->file->n_bad += !rd->has_end;
	return ferror(f) ? -1 : 0;
}

int bench_file_read(const char *path, struct bench_file *ret_file, char *err, size_t cap)
{
	static struct reader rd;
	FILE *f = fopen(path, "rbe");

	*ret_file = (struct bench_file){ 0 };
	rd = (struct reader){ .file = ret_file };
	if (!f || read_frames(f, &rd)) {
		snprintf(err, cap, "%s: %s: copy it from the stick again", path, strerror(errno));
		if (f)
			fclose(f);
		return -1;
	}
	fclose(f);
	if (!rd.has_hello || !ret_file->results.n) {
		snprintf(err, cap, "%s holds no measurement: name a bench.tw of a stick, read it with the program that was built with that stick, or copy it again",
			 path);
		return -1;
	}
	if (ret_file->hello.build != victim_build() || ret_file->hello.about.bench_build != bench_build()) {
		snprintf(err, cap, "%s is of another build: use the program that was built with that stick", path);
		return -1;
	}
	return 0;
}

void bench_file_free(struct bench_file *file)
{
	free(file->results.v);
	file->results = (struct results){ 0 };
}
