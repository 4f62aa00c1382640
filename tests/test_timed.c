/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs of a sequence told apart by their trace, the count of SMIs and the instructions they retired: the guest's own loop,
 * with a CPU and an executor of this test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/measure.h"
#include "bench/pmu.h"
#include "efi/machine.h"

/* --- the machine: in place of efi/cpu.h, bench/pmu.c and fuzz/exec.c -------------------------------- */
#define TW_CPU_H

enum { LEGS = 3, INSNS = 5000 };

struct machine machine;
uint32_t samples[BENCH_SAMPLES_MAX], retired[BENCH_SAMPLES_MAX], cycles[BENCH_SAMPLES_MAX];
unsigned n_samples;

static struct {
	unsigned n, disturbed_every, smi_every, other_every; /* runs; every so many-th is so, 0: none */
	int counts; /* the CPU has counters */
	int lent;
	uint64_t tsc, insns, smis;
} m;

static uint64_t rdtsc(void)
{
	return m.tsc += 10;
}

static uint64_t rdmsr(uint32_t msr)
{
	assert_int_equal(msr, MSR_SMI_COUNT);
	return m.smis;
}

int pmu_start(const struct profile *p)
{
	assert_ptr_equal(p, &machine.profile);
	m.lent += m.counts;
	return m.counts;
}

void pmu_stop(void)
{
	m.lent--;
}

void pmu_read(struct pmu_count *ret_count)
{
	assert_int_equal(m.lent, 1);
	*ret_count = (struct pmu_count){ m.insns, m.tsc };
}

void pmu_between(const struct pmu_count *from, const struct pmu_count *to, uint32_t *ret_retired, uint32_t *ret_cycles)
{
	*ret_retired = (uint32_t)(to->retired - from->retired);
	*ret_cycles = (uint32_t)(to->cycles - from->cycles);
}

void counters_start(struct counters *c, const struct profile *p)
{
	(void)p;
	*c = (struct counters){ .has_smi = 1, .smi = m.smis };
}

void counters_stop(struct counters *c)
{
	c->smi = m.smis - c->smi;
}

static int each(unsigned every)
{
	return every && m.n % every == 0;
}

/* Leg k of an undisturbed run takes 100 ticks and k. */
unsigned exec_run_timed(const uint8_t *bytes, size_t len, struct msg_done *ret_done, struct exec_leg *ret_leg)
{
	int odd;

	assert_int_equal(len, 1);
	m.n++;
	odd = each(m.disturbed_every) || each(m.smi_every);
	m.insns += INSNS + (unsigned)each(m.disturbed_every);
	m.smis += (unsigned)each(m.smi_every);
	m.tsc += 1000;
	*ret_done = (struct msg_done){ .hash = 7 + (uint64_t)each(m.other_every) + bytes[0] };
	for (uint8_t k = 0; k < LEGS; k++)
		ret_leg[k] = (struct exec_leg){ .ticks = (odd ? 900 : 100) + k, .step = k };
	return LEGS;
}

#include "bench/timed.c"

static struct msg_timed timed(uint32_t n, uint32_t countable)
{
	const struct msg_time req = { .n = n, .warmup = 5, .countable = countable };
	const uint8_t byte = 1;
	struct msg_timed t;

	bench_time(&byte, 1, &req, &t);
	assert_int_equal(m.lent, 0);
	assert_int_equal(n_samples, t.verdict == VERDICT_OK ? t.n * LEGS : 0);
	return t;
}

/* How many of the runs kept are not as they ought to be. */
static unsigned odd_ones(void)
{
	unsigned odd = 0;

	for (unsigned i = 0; i < n_samples; i++)
		odd += samples[i] != 100 + i % LEGS;
	return odd;
}

static void what_retired_another_number_is_taken_again(void **ctx)
{
	struct msg_timed t;

	(void)ctx;
	memset(&m, 0, sizeof(m));
	m.counts = 1;
	m.disturbed_every = 10;
	t = timed(64, 1);
	assert_int_equal(t.verdict, VERDICT_OK);
	assert_int_equal(t.n, 64);
	assert_int_equal(odd_ones(), 0);
	assert_true(t.disturbed >= 6 && t.disturbed <= 8);
	assert_int_equal(t.discards, t.disturbed);
	/* as many as there is room for, and no more */
	t = timed(BENCH_SAMPLES_MAX, 1);
	assert_int_equal(t.n, BENCH_SAMPLES_MAX / LEGS);
	assert_int_equal(odd_ones(), 0);
}

static void without_counters_or_a_count_all_stay(void **ctx)
{
	struct msg_timed t;

	(void)ctx;
	for (int countable = 0; countable < 2; countable++) {
		memset(&m, 0, sizeof(m));
		m.counts = !countable;
		m.disturbed_every = 10;
		t = timed(64, (uint32_t)countable);
		assert_int_equal(t.verdict, VERDICT_OK);
		assert_int_equal(t.n, 64);
		assert_true(t.disturbed == TIMED_UNCOUNTED);
		assert_int_equal(t.discards, 0);
		assert_true(odd_ones() >= 6 * LEGS);
	}
}

/* An SMI and another trace are told without counters, and are not called disturbed by them. */
static void smis_and_other_ways_are_dropped_at_once(void **ctx)
{
	struct msg_timed t;

	(void)ctx;
	memset(&m, 0, sizeof(m));
	m.counts = 1;
	m.smi_every = 10;
	m.other_every = 7;
	t = timed(64, 1);
	assert_int_equal(t.verdict, VERDICT_OK);
	assert_int_equal(t.n, 64);
	assert_int_equal(odd_ones(), 0);
	assert_int_equal(t.disturbed, 0);
	assert_true(t.discards > 10);
	assert_true(t.smi > 6);
	m.other_every = 2;
	t = timed(BENCH_SAMPLES_MAX, 1);
	assert_int_equal(t.verdict, VERDICT_ERROR);
	assert_int_equal(t.discards, DISCARDS_MAX + 1);
	assert_true(t.reason[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_retired_another_number_is_taken_again),
		cmocka_unit_test(without_counters_or_a_count_all_stay),
		cmocka_unit_test(smis_and_other_ways_are_dropped_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
