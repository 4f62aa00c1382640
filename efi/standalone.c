/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/standalone.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/abi/glob.h"
#include "efi/abi/sort.h"
#include "efi/abi/verdicts.h"
#include "efi/boot.h"
#include "efi/machine.h"
#include "efi/plans.h"
#include "efi/runs.h"
#include "efi/serve.h"

enum {
	ALIGNS = 4,
	IDS_MAX = 1024,
	FRAME_EXTRA = 64, /* head, CRC, stuffing and the like of one frame, generously */
};

static struct {
	uint8_t *out;
	size_t cap, len;
	uint16_t seq;
	int torn; /* not all of it could be written */
} transcript;

/* For people: the round trip of the row under way, at the first placement, in ticks. */
static struct figure {
	enum verdict verdict;
	uint32_t n, min, median;
	char reason[64];
} figure;

static unsigned count[RUNS_COUNTS];

static unsigned ids(void)
{
	return bench_count() < IDS_MAX ? bench_count() : IDS_MAX;
}

static int wanted(unsigned id)
{
	const char *path = bench_path(id);

	if (!path)
		return 0;
	/* what measures the empty window of a wanted row is wanted, too */
	for (unsigned over = 0; over < ids(); over++)
		if ((over == id || bench_overhead(over) == id) && bench_path(over) &&
		    glob_names(machine.config.only, bench_path(over), bench_kinds_of(over)))
			return 1;
	return 0;
}

static unsigned n_wanted(void)
{
	unsigned n = 0;

	for (unsigned id = 0; id < ids(); id++)
		n += (unsigned)wanted(id);
	return n;
}

const char *standalone_prepare(void)
{
	size_t batches = 0, frames = machine.config.samples / SAMPLES_A_FRAME + 3;

	for (unsigned id = 0; id < ids(); id++)
		if (wanted(id) && bench_kinds_of(id) * ALIGNS > batches)
			batches = bench_kinds_of(id) * ALIGNS;
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

	if (n >= transcript.cap - transcript.len)
		return;
	/* what stands before it, half a frame of a run that was broken off or words on a line, ends here */
	if (!transcript.len)
		transcript.out[transcript.len++] = 0;
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
	sort_u32(v, n);
	*ret_min = v[0];
	return v[n / 2];
}

static void keep(const struct msg_bench *req, const struct msg_benched *got, const uint32_t *samples)
{
	if (req->kind || req->align)
		return;
	figure.verdict = (enum verdict)got->verdict;
	figure.n = got->n;
	memcpy(figure.reason, got->reason, sizeof(figure.reason));
	if (got->n)
		figure.median = median(samples, got->n, &figure.min);
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

static void flush(void)
{
	transcript.torn |= runs_append(RUNS_FRAMES, transcript.out, transcript.len);
	transcript.len = 0;
}

/* With the machine ours. */
static void measure_row(void *arg)
{
	const unsigned *id = arg;
	struct msg_bench req = {
		.id = (uint16_t)*id,
		.n = machine.config.samples,
		.warmup = machine.config.warmup,
	};

	for (unsigned i = 0; i < bench_kinds_of(*id) * ALIGNS; i++) {
		req.kind = (uint8_t)(i / ALIGNS);
		req.align = (uint8_t)(i % ALIGNS);
		measure(&req);
	}
}

/* The row in which the machine went away: nobody measures it again, and a host reads why. */
static void give_up(unsigned id)
{
	struct msg_bench req = { .id = (uint16_t)id, .n = machine.config.samples, .warmup = machine.config.warmup };
	struct msg_benched got = { .id = (uint16_t)id, .verdict = VERDICT_ERROR };

	fmt_print(got.reason, sizeof(got.reason), "the machine was reset, or hung, in this row");
	for (; req.kind < bench_kinds_of(id); req.kind++) {
		got.kind = req.kind;
		transcript.seq++;
		put(MSG_BENCH, &req, sizeof(req));
		put(MSG_BENCHED, &got, sizeof(got));
	}
	keep(&(struct msg_bench){ .id = (uint16_t)id }, &got, NULL);
}

static void show(unsigned id, unsigned number, unsigned of)
{
	char line[RUNS_LINE_MAX];

	count[figure.verdict]++;
	boot_print("%3u/%u ", number, of);
	if (figure.n)
		fmt_print(line, sizeof(line), "%-32s %6u %10u %10u\n", bench_path(id), figure.n, figure.min,
			  figure.median);
	else
		fmt_print(line, sizeof(line), "%-32s %6s %.63s\n", bench_path(id), "-", figure.reason);
	runs_tell(line);
}

static void begin(void)
{
	struct msg_hello hello;
	char line[RUNS_LINE_MAX];

	serve_hello(&hello);
	put(MSG_HELLO, &hello, sizeof(hello));
	flush();
	fmt_print(line, sizeof(line), "%-32s %6s %10s %10s\n", "path (round trip, in ticks)", "n", "min", "median");
	runs_tell(line);
}

static int finish(void)
{
	char line[RUNS_LINE_MAX];

	/* so that a reader knows that this is all; it may find room where a row found none */
	if (!transcript.torn) {
		put(MSG_BYE, "measured", 8);
		flush();
	}
	fmt_print(line, sizeof(line),
		  "\n%u rows measured, %u skipped, %u errors; TSC %lu Hz\n"
		  "All samples are in bench.tw: see them with `trainwreck bench --from bench.tw`\n",
		  count[VERDICT_OK], count[VERDICT_SKIP], count[VERDICT_ERROR], machine.tsc_hz);
	runs_tell(line);
	return runs_end();
}

int standalone_all(int (*taken)(void (*body)(void *arg), void *arg))
{
	const char *died = runs_begin(plans_path(), count);
	int again = died != NULL;
	unsigned number = 0, of = n_wanted();

	if (!died)
		begin();
	for (unsigned id = 0; id < ids(); id++) {
		if (!wanted(id))
			continue;
		number++;
		/* up to the one that ended it, all was measured before */
		if (again && strcmp(died, bench_path(id)))
			continue;
		if (again) {
			give_up(id);
			again = 0;
		} else {
			runs_mark(bench_path(id));
			if (taken(measure_row, &id)) {
				runs_tell("this CPU cannot run our code: see docs/machines.md\n");
				runs_end();
				return -1;
			}
		}
		flush();
		show(id, number, of);
	}
	return finish();
}
