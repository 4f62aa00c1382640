/* SPDX-License-Identifier: BSD-2-Clause */
/* A sequence timed: the executor runs it as ever, and a run counts when its trace is that of the first one. */
#include <string.h>

#include "bench/measure.h"
#include "bench/pmu.h"
#include "bench/quiet.h"
#include "efi/abi/fmt.h"
#include "efi/abi/verdicts.h"
#include "efi/cpu.h"
#include "efi/machine.h"

static uint64_t smi_count(const struct counters *c)
{
	return c->has_smi ? rdmsr(MSR_SMI_COUNT) : 0;
}

/* The way of the first run is the one that is timed. */
static void remember(struct msg_timed *ret, const struct msg_done *done, const struct exec_leg *leg, unsigned n)
{
	ret->hash = done->hash;
	ret->n_legs = (uint8_t)n;
	for (unsigned i = 0; i < n; i++)
		ret->step[i] = leg[i].step;
}

static int is_same(const struct msg_timed *ret, const struct msg_done *done, unsigned n)
{
	return done->hash == ret->hash && n == ret->n_legs && !(done->flags & DONE_DIRTY);
}

static void keep(const struct exec_leg *leg, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		samples[n_samples++] = leg[i].ticks;
}

static int too_many(struct msg_timed *ret)
{
	if (++ret->discards <= DISCARDS_MAX)
		return 0;
	fmt_print(ret->reason, sizeof(ret->reason), "too many runs took another way: it is not the same each time");
	n_samples = 0;
	return 1;
}

/* What a batch of runs needs to know. */
struct runs {
	const uint8_t *bytes;
	size_t len;
	const struct msg_time *req;
	const struct counters *c;
	uint64_t smi;
	uint32_t warm;
	int has_pmu;
};

/* Until there are so many, or no more room. 0, or -1 when the batch is over before that. */
static int take(struct runs *r, struct msg_timed *ret)
{
	static struct exec_leg leg[LEGS_MAX];

	while (ret->n < r->req->n && n_samples + ret->n_legs <= BENCH_SAMPLES_MAX) {
		struct pmu_count from, to;
		uint64_t before, spent, smis;
		struct msg_done done;
		unsigned n;

		if (r->has_pmu)
			pmu_read(&from);
		before = rdtsc();
		n = exec_run_timed(r->bytes, r->len, &done, leg);
		spent = rdtsc() - before;
		if (r->has_pmu) {
			pmu_read(&to);
			pmu_between(&from, &to, &retired[ret->n], &cycles[ret->n]);
		}
		smis = smi_count(r->c);
		if (!is_same(ret, &done, n) || smis != r->smi || spent >> 32) {
			r->smi = smis;
			if (too_many(ret))
				return -1;
		} else if (r->warm) {
			r->warm--;
		} else {
			keep(leg, n);
			ret->n++;
		}
	}
	return 0;
}

/* Runs that met what the others did not are taken again. Returns how many went; -1: too many did. */
static int settle(struct msg_timed *ret)
{
	unsigned n = ret->n;
	uint32_t is;

	ret->n = quiet_settle(samples, ret->n_legs, retired, cycles, n, &is);
	n_samples = ret->n * ret->n_legs;
	for (unsigned i = ret->n; i < n; i++) {
		ret->disturbed++;
		if (too_many(ret))
			return -1;
	}
	return (int)(n - ret->n);
}

static void run_all(struct runs *r, struct msg_timed *ret)
{
	static struct exec_leg leg[LEGS_MAX];
	struct msg_done done;
	unsigned n = exec_run_timed(r->bytes, r->len, &done, leg);
	int went;

	remember(ret, &done, leg, n);
	do {
		if (take(r, ret))
			return;
		went = r->has_pmu ? settle(ret) : 0;
	} while (went > 0);
	if (!went)
		ret->verdict = VERDICT_OK;
}

void bench_time(const uint8_t *bytes, size_t len, const struct msg_time *req, struct msg_timed *ret)
{
	struct counters c;
	struct runs r = { .bytes = bytes, .len = len, .req = req, .c = &c, .warm = req->warmup };

	memset(ret, 0, sizeof(*ret));
	ret->verdict = VERDICT_ERROR;
	n_samples = 0;
	counters_start(&c, &machine.profile);
	r.smi = c.smi;
	/* a run that waits has no number of its own */
	r.has_pmu = req->countable && pmu_start(&machine.profile);
	if (!r.has_pmu)
		ret->disturbed = TIMED_UNCOUNTED;
	run_all(&r, ret);
	if (r.has_pmu)
		pmu_stop();
	counters_stop(&c);
	ret->aperf = c.aperf;
	ret->mperf = c.mperf;
	ret->smi = c.smi;
}
