/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/standalone.h"

#include <string.h>

#include "efi/boot.h"
#include "efi/machine.h"
#include "efi/serve.h"

enum {
	ALIGNS = 4,
	IDS_MAX = 1024,
	SAMPLES_A_FRAME = (WIRE_PAYLOAD_MAX - sizeof(struct msg_samp)) / sizeof(uint32_t),
	FRAME_EXTRA = 64, /* head, CRC, stuffing and the like of one frame, generously */
};

static struct {
	uint8_t *out;
	size_t cap, len;
	uint16_t seq;
} transcript;

/* For the console: the round trip at the first placement, in ticks. */
static struct figure {
	uint32_t n, min, median;
	char reason[64];
} figures[IDS_MAX];

static int matches(const char *glob, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*glob == '*') {
			star = glob++;
			from = text;
		} else if (*glob == *text || *glob == '?') {
			glob++;
			text++;
		} else if (star) {
			glob = star + 1;
			text = ++from;
		} else {
			return 0;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}

static int wanted(unsigned id)
{
	const char *path = bench_path(id);

	return path && matches(machine.config.only, path);
}

static unsigned ids(void)
{
	return bench_count() < IDS_MAX ? bench_count() : IDS_MAX;
}

const char *standalone_prepare(void)
{
	size_t batches = 0, frames = machine.config.samples / SAMPLES_A_FRAME + 3;

	for (unsigned id = 0; id < ids(); id++)
		batches += wanted(id) ? bench_kinds_of(id) * ALIGNS : 0;
	if (!batches)
		return "no benchmark has such a name: change 'only' in the plan's bench node";
	/* each frame as long as a frame can be would be wasteful: samples are 4 bytes and little more */
	transcript.cap = WIRE_FRAME_MAX + batches * (machine.config.samples * 4ul +
						     frames * (FRAME_EXTRA + sizeof(struct msg_benched)));
	transcript.out = boot_pages((transcript.cap + PAGE_SIZE - 1) / PAGE_SIZE, WINDOW_BASE, WINDOW_END);
	if (!transcript.out)
		return "not enough memory for the samples: lower 'samples' in the plan";
	return space_keep(&machine.space, transcript.out, transcript.cap);
}

static void put(enum msg_type type, const void *payload, size_t len)
{
	static uint8_t frame[WIRE_FRAME_MAX];
	struct wire_head head = { .type = (uint8_t)type, .seq = transcript.seq };
	size_t n = wire_encode(frame, head, payload, len);

	if (n > transcript.cap - transcript.len)
		return;
	memcpy(transcript.out + transcript.len, frame, n);
	transcript.len += n;
}

static void put_samples(const uint32_t *samples, uint32_t total)
{
	static uint8_t payload[WIRE_PAYLOAD_MAX];

	for (uint32_t first = 0; first < total; first += SAMPLES_A_FRAME) {
		uint32_t left = total - first;
		struct msg_samp head = { first, left < SAMPLES_A_FRAME ? left : SAMPLES_A_FRAME };

		memcpy(payload, &head, sizeof(head));
		memcpy(payload + sizeof(head), samples + first, head.n * sizeof(*samples));
		put(MSG_SAMP, payload, sizeof(head) + head.n * sizeof(*samples));
	}
}

static uint32_t median(const uint32_t *samples, uint32_t n, uint32_t *ret_min)
{
	static uint32_t v[CONFIG_SAMPLES_MAX];

	n = n < CONFIG_SAMPLES_MAX ? n : CONFIG_SAMPLES_MAX;
	memcpy(v, samples, n * sizeof(*v));
	for (uint32_t gap = n / 2; gap; gap /= 2) {
		for (uint32_t i = gap; i < n; i++) {
			uint32_t x = v[i], k = i;

			for (; k >= gap && v[k - gap] > x; k -= gap)
				v[k] = v[k - gap];
			v[k] = x;
		}
	}
	*ret_min = v[0];
	return v[n / 2];
}

static void keep(const struct msg_bench *req, const struct msg_benched *got, const uint32_t *samples)
{
	struct figure *f = &figures[req->id];

	if (req->kind || req->align)
		return;
	f->n = got->n;
	memcpy(f->reason, got->reason, sizeof(f->reason));
	if (got->n)
		f->median = median(samples, got->n, &f->min);
}

static void measure(const struct msg_bench *req)
{
	struct msg_benched got = { 0 };
	const uint32_t *samples;

	transcript.seq++;
	bench_measure(req, &got);
	put(MSG_BENCH, req, sizeof(*req));
	put(MSG_BENCHED, &got, sizeof(got));
	got.n = bench_samples(&samples);
	put_samples(samples, got.n);
	keep(req, &got, samples);
}

void standalone_run(void)
{
	struct msg_bench req = { .n = machine.config.samples, .warmup = machine.config.warmup };
	struct msg_hello hello;

	serve_hello(&hello);
	put(MSG_HELLO, &hello, sizeof(hello));
	for (unsigned id = 0; id < ids(); id++) {
		for (unsigned i = 0; wanted(id) && i < bench_kinds_of(id) * ALIGNS; i++) {
			req.id = (uint16_t)id;
			req.kind = (uint8_t)(i / ALIGNS);
			req.align = (uint8_t)(i % ALIGNS);
			measure(&req);
		}
	}
}

int standalone_report(void)
{
	boot_print("%-32s %6s %10s %10s  ticks, round trip\n", "path", "n", "min", "median");
	for (unsigned id = 0; id < ids(); id++) {
		const struct figure *f = &figures[id];

		if (!wanted(id))
			continue;
		if (f->n)
			boot_print("%-32s %6u %10u %10u\n", bench_path(id), f->n, f->min, f->median);
		else
			boot_print("%-32s %6s %.63s\n", bench_path(id), "-", f->reason);
	}
	if (boot_write(STANDALONE_PATH, transcript.out, transcript.len)) {
		boot_print("trainwreck: " STANDALONE_PATH " cannot be written: is the stick full?\n");
		return -1;
	}
	boot_print("trainwreck: " STANDALONE_PATH ": %lu bytes\n", transcript.len);
	return 0;
}
