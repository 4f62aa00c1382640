/* SPDX-License-Identifier: BSD-2-Clause */
/* One row measured: samples are taken one by one, each a run of the body from a fresh stack. */
#include <string.h>

#include "bench/measure.h"
#include "bench/pmu.h"
#include "bench/prep.h"
#include "bench/quiet.h"
#include "efi/abi/fmt.h"
#include "efi/abi/sort.h"
#include "efi/abi/verdicts.h"
#include "efi/cpu.h"
#include "efi/machine.h"

enum {
	VEC_NMI = 2,
	FIRST_INTERRUPT = 32, /* below it are the exceptions */
};

/* bench/driver.inc: run a body once, after the code at COLD and with FLAGS besides the usual ones.
 */
typedef void __attribute__((sysv_abi))
enter_fn(uint64_t body, unsigned mode, uint64_t cold, unsigned flags);

uint32_t samples[BENCH_SAMPLES_MAX];
unsigned n_samples;
uint32_t retired[BENCH_SAMPLES_MAX], cycles[BENCH_SAMPLES_MAX];

/* What a batch needs to know, worked out once. */
struct batch {
	const struct bench_row *row;
	const struct profile *profile;
	uint32_t body, cold;
	uint8_t kind;
	int has_smi, has_pmu;
	uint64_t smi;
};

static void end(struct msg_benched *ret, enum verdict verdict, const char *reason)
{
	ret->verdict = (uint8_t)verdict;
	fmt_print(ret->reason, sizeof(ret->reason), "%s", reason);
}

/*
 * An event ended the sample before its end. 0: it was disturbed and may be taken again. No event,
 * or another exception than the row's, means that there is no such path here: whether there ought
 * to be one is for a sequence to judge, not for a benchmark.
 */
static int unexpected(const struct batch *b, unsigned vector, struct msg_benched *ret)
{
	if (vector == BENCH_VEC_MISSED) {
		end(ret, VERDICT_SKIP, "no such path here: the event did not come");
		return 1;
	}
	if (b->row->via < FIRST_INTERRUPT && vector < FIRST_INTERRUPT && vector != VEC_NMI &&
	    b->row->via != VEC_NMI) {
		ret->verdict = VERDICT_SKIP;
		fmt_print(ret->reason, sizeof(ret->reason),
			  "no such path here: vector %u came in place of %u", vector, b->row->via);
		return 1;
	}
	if (vector == VEC_NMI && b->row->via != VEC_NMI && ret->discards < DISCARDS_MAX)
		return 0;
	ret->verdict = VERDICT_ERROR;
	fmt_print(ret->reason, sizeof(ret->reason), "unexpected vector %u, stack top %llx %llx",
		  vector, (unsigned long long)*(volatile uint64_t *)bench_data(BD_FRAME),
		  (unsigned long long)*(volatile uint64_t *)bench_data(BD_FRAME + 8));
	return 1;
}

static uint32_t ticks(uint8_t kind)
{
	uint32_t start = *(volatile uint32_t *)bench_data(BD_START);
	uint32_t mid = *(volatile uint32_t *)bench_data(BD_MID);
	uint32_t stop = *(volatile uint32_t *)bench_data(BD_END);

	switch (kind) {
	case BENCH_ENTER:
		return mid - start;
	case BENCH_EXIT:
		return stop - mid;
	default:
		return stop - start;
	}
}

static int discard(struct msg_benched *ret, enum discard why)
{
	ret->discards++;
	ret->discarded[why]++;
	return 0;
}

/*
 * One sample: 1 and *ret_ticks, 0 when it was disturbed, -1 when the batch is over and *ret says
 * why. The bodies keep 32 bits of each stamp; the whole of it around them tells whether that was
 * enough.
 */
static int sample(struct batch *b, struct msg_benched *ret, uint32_t *ret_ticks)
{
	enter_fn *enter = (enter_fn *)(uintptr_t)bench_head()->enter;
	struct pmu_count from, to;
	uint64_t smi, before, spent;
	uint32_t event;

	if (b->has_pmu)
		pmu_read(&from);
	before = rdtsc();
	enter(b->body, b->row->from, b->cold, b->row->prep & PREP_IF ? RFLAGS_IF : 0);
	spent = rdtsc() - before;
	if (b->has_pmu) {
		pmu_read(&to);
		pmu_between(&from, &to, &retired[n_samples], &cycles[n_samples]);
	}
	event = *(volatile uint32_t *)bench_data(BD_EVENT);
	if (event)
		return unexpected(b, event - 1, ret) ? -1 : discard(ret, DISCARD_NMI);
	smi = b->has_smi ? rdmsr(MSR_SMI_COUNT) : 0;
	if (smi != b->smi) {
		b->smi = smi;
		if (!(b->row->prep & PREP_SMI_KEEP))
			return discard(ret, DISCARD_SMI);
	}
	if (spent >> 32)
		return discard(ret, DISCARD_LONG);
	*ret_ticks = ticks(b->kind);
	return 1;
}

/* 0, or -1 when the batch is over before there are so many samples. */
static int take(struct batch *b, unsigned want, uint32_t warm, struct msg_benched *ret)
{
	while (n_samples < want) {
		uint32_t t;
		int got = sample(b, ret, &t);

		if (got < 0)
			return -1;
		if (got && warm)
			warm--;
		else if (got)
			samples[n_samples++] = t;
		else if (ret->discards > DISCARDS_MAX) {
			end(ret, VERDICT_ERROR,
			    "too many disturbed samples: quiet the machine's SMIs and NMIs");
			return -1;
		}
	}
	return 0;
}

/* A sample that retired another number of instructions than the others met something that they did not. */
static void settle(struct msg_benched *ret)
{
	unsigned n = n_samples;

	n_samples = quiet_settle(samples, 1, retired, cycles, n, &ret->retired);
	for (; n > n_samples; n--)
		discard(ret, DISCARD_RETIRED);
}

static void measure(struct batch *b, const struct msg_bench *req, struct msg_benched *ret)
{
	unsigned want = req->n < BENCH_SAMPLES_MAX ? req->n : BENCH_SAMPLES_MAX;
	uint32_t warm = req->warmup;

	do {
		if (take(b, want, warm, ret))
			return;
		warm = 0;
		/* a window that waits has no number of its own, and an SMI may be what is looked for */
		if (b->has_pmu && ret->insns && !(b->row->prep & PREP_SMI_KEEP))
			settle(ret);
	} while (n_samples < want);
	if (b->has_pmu && n_samples) {
		sort_u32(cycles, n_samples);
		ret->cycles = cycles[n_samples / 2];
	}
	ret->verdict = VERDICT_OK;
}

void counters_start(struct counters *c, const struct profile *p)
{
	c->has_perf = !!(p->features & FEAT(APERF));
	c->has_smi = has_smi_count(p);
	c->aperf = c->has_perf ? rdmsr(MSR_APERF) : 0;
	c->mperf = c->has_perf ? rdmsr(MSR_MPERF) : 0;
	c->smi = c->has_smi ? rdmsr(MSR_SMI_COUNT) : 0;
}

void counters_stop(struct counters *c)
{
	c->aperf = c->has_perf ? rdmsr(MSR_APERF) - c->aperf : 0;
	c->mperf = c->has_perf ? rdmsr(MSR_MPERF) - c->mperf : 0;
	c->smi = c->has_smi ? rdmsr(MSR_SMI_COUNT) - c->smi : ~0ull;
}

static void measure_counted(struct batch *b, const struct msg_bench *req, struct msg_benched *ret)
{
	struct counters c;

	counters_start(&c, b->profile);
	b->has_smi = c.has_smi;
	b->smi = c.smi;
	b->has_pmu = pmu_start(b->profile);
	measure(b, req, ret);
	if (b->has_pmu)
		pmu_stop();
	counters_stop(&c);
	ret->aperf = c.aperf;
	ret->mperf = c.mperf;
	ret->smi = c.smi;
}

/* A last sample that was cut short may have left DR7.GD set; another one ends with its event. */
static void disarm(const struct batch *b, const struct msg_benched *ret)
{
	enter_fn *enter = (enter_fn *)(uintptr_t)bench_head()->enter;

	if (b->row->prep & PREP_GD && ret->verdict != VERDICT_OK)
		enter(b->body, b->row->from, b->cold, 0);
}

void bench_measure(const struct msg_bench *req, struct msg_benched *ret)
{
	const struct bench_row *row = bench_row(req->id);
	const struct bench_body *body = bench_body(req->id);
	struct batch b = { .row = row, .profile = &machine.profile, .kind = req->kind };
	const char *why;

	memset(ret, 0, sizeof(*ret));
	ret->id = req->id;
	ret->kind = req->kind;
	n_samples = 0;
	if (!row || !body || req->kind >= bench_kinds(row) || req->align >= BENCH_ALIGNS) {
		end(ret, VERDICT_ERROR, "no such row, kind or placement: host and guest differ");
		return;
	}
	why = bench_lacks(row, b.profile);
	if (why) {
		end(ret, VERDICT_SKIP, why);
		return;
	}
	b.body = body->addr[req->align];
	b.cold = body->cold;
	ret->insns = body->insns[req->kind];
	prep_do(row, b.profile, body, req->kind == BENCH_RT ? body->handler : body->split,
		bench_window(body, req->align) + body->event);
	measure_counted(&b, req, ret);
	disarm(&b, ret);
	prep_undo();
	if (ret->verdict != VERDICT_OK)
		n_samples = 0;
	ret->n = n_samples;
}

/* Ids lie below this; not every number is taken. */
unsigned bench_count(void)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	return rows[n - 1].id + 1u;
}

unsigned bench_samples(const uint32_t **ret_samples)
{
	*ret_samples = samples;
	return n_samples;
}
