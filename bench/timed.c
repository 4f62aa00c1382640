/* SPDX-License-Identifier: BSD-2-Clause */
/* A sequence timed: the executor runs it as ever, and a run counts when its trace is that of the first one. */
#include <string.h>

#include "bench/measure.h"
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

static void run_all(const uint8_t *bytes, size_t len, const struct msg_time *req, const struct counters *c,
		    struct msg_timed *ret)
{
	static struct exec_leg leg[LEGS_MAX];
	uint64_t smi = c->smi;
	uint32_t warm = req->warmup;
	struct msg_done done;
	unsigned n = exec_run_timed(bytes, len, &done, leg);

	remember(ret, &done, leg, n);
	while (ret->n < req->n && n_samples + ret->n_legs <= BENCH_SAMPLES_MAX) {
		uint64_t before = rdtsc(), spent, smis;

		n = exec_run_timed(bytes, len, &done, leg);
		spent = rdtsc() - before;
		smis = smi_count(c);
		if (!is_same(ret, &done, n) || smis != smi || spent >> 32) {
			smi = smis;
			if (too_many(ret))
				return;
		} else if (warm) {
			warm--;
		} else {
			keep(leg, n);
			ret->n++;
		}
	}
	ret->verdict = VERDICT_OK;
}

void bench_time(const uint8_t *bytes, size_t len, const struct msg_time *req, struct msg_timed *ret)
{
	struct counters c;

	memset(ret, 0, sizeof(*ret));
	ret->verdict = VERDICT_ERROR;
	n_samples = 0;
	counters_start(&c, &machine.profile);
	run_all(bytes, len, req, &c, ret);
	counters_stop(&c);
	ret->aperf = c.aperf;
	ret->mperf = c.mperf;
	ret->smi = c.smi;
}
