/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Samples told apart by the instructions they retired, and the counters that say so: the guest's own code
 * against a CPU of this test, which has the registers that its CPUID promises and no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/quiet.h"
#include "efi/abi/profile.h"

/* --- the CPU: in place of efi/cpu.h ------------------------------------------------------------- */
#define TW_CPU_H

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

enum { REGS = 4 };

static struct {
	struct cpuid l0, la, e0, e1;
	uint32_t msr[REGS]; /* which there are: two counters, two controls */
	uint64_t value[REGS];
	int moves;
	unsigned accesses;
} cpu;

static struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	(void)subleaf;
	switch (leaf) {
	case 0:
		return cpu.l0;
	case 0xa:
		assert_true(cpu.l0.eax >= 0xa);
		return cpu.la;
	case 0x80000000:
		return cpu.e0;
	case 0x80000001:
		assert_true(cpu.e0.eax >= 0x80000001);
		return cpu.e1;
	default:
		fail_msg("CPUID %#x", leaf);
		return cpu.l0;
	}
}

static unsigned reg_of(uint32_t msr)
{
	for (unsigned i = 0; i < REGS; i++)
		if (cpu.msr[i] == msr)
			return i;
	fail_msg("#GP: there is no MSR %#x", msr);
	return 0;
}

/* Every access costs 7 instructions and 100 cycles, where the counters move and are on. */
static void pass(void)
{
	int fixed = (cpu.value[2] & 0xff) == 0x33 && (cpu.value[3] >> 32 & 3) == 3;
	int core = cpu.value[2] == 0x4300c0 && cpu.value[3] == 0x430076;

	cpu.accesses++;
	if (!cpu.moves || !(fixed || core))
		return;
	cpu.value[0] += 7;
	cpu.value[1] += 100;
}

static uint64_t rdmsr(uint32_t msr)
{
	pass();
	return cpu.value[reg_of(msr)];
}

static void wrmsr(uint32_t msr, uint64_t v)
{
	cpu.accesses++;
	cpu.value[reg_of(msr)] = v;
}

static void lfence(void)
{
}

#include "bench/pmu.c"

static const struct profile intel = { .vendor = VENDOR_INTEL }, amd = { .vendor = VENDOR_AMD },
			    other = { .vendor = VENDOR_OTHER };

static const uint64_t held[REGS] = { 0x123456789, 0xabcdef, 0xb44, 0x40000000f };

static void power_on(uint32_t version, uint32_t fixed, uint32_t width, uint32_t e1_ecx)
{
	static const uint32_t fixed_msrs[REGS] = { 0x309, 0x30a, 0x38d, 0x38f };
	static const uint32_t amd_msrs[REGS] = { 0xc0010201, 0xc0010203, 0xc0010200, 0xc0010202 };

	memset(&cpu, 0, sizeof(cpu));
	cpu.l0.eax = 0xa;
	cpu.la.eax = version;
	cpu.la.edx = fixed | width << 5;
	cpu.e0.eax = 0x80000001;
	cpu.e1.ecx = e1_ecx;
	memcpy(cpu.msr, e1_ecx ? amd_msrs : fixed_msrs, sizeof(cpu.msr));
	memcpy(cpu.value, held, sizeof(held));
	cpu.moves = 1;
	state = NOT_ASKED;
}

static void lent_and_given_back(const struct profile *p, uint64_t ctl0, uint64_t ctl1)
{
	struct pmu_count a, b;
	uint32_t insns, cycles;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(pmu_start(p), 1);
		assert_true(cpu.value[2] == ctl0);
		assert_true(cpu.value[3] == ctl1);
		assert_true(cpu.value[0] < 1000);
		pmu_read(&a);
		pmu_read(&b);
		pmu_between(&a, &b, &insns, &cycles);
		assert_int_equal(insns, 14);
		assert_int_equal(cycles, 200);
		pmu_stop();
		assert_memory_equal(cpu.value, held, sizeof(held));
	}
}

/* What others have in the same registers stays: counter 2's bits, the general counters' enables. */
static void fixed_counters_are_lent_and_given_back(void **ctx)
{
	(void)ctx;
	power_on(2, 3, 48, 0);
	lent_and_given_back(&intel, 0xb33, 0x70000000f);
	power_on(5, 0, 48, 0);
	cpu.la.ecx = 3;
	lent_and_given_back(&intel, 0xb33, 0x70000000f);
	/* whoever made the CPU: it is architectural */
	power_on(3, 2, 40, 0);
	lent_and_given_back(&other, 0xb33, 0x70000000f);
}

static void amds_counters_are_lent_and_given_back(void **ctx)
{
	(void)ctx;
	power_on(0, 0, 0, 1 << 23);
	lent_and_given_back(&amd, 0x4300c0, 0x430076);
}

static void what_is_not_promised_is_not_touched(void **ctx)
{
	(void)ctx;
	power_on(1, 3, 48, 0);
	assert_int_equal(pmu_start(&intel), 0);
	power_on(2, 1, 48, 0);
	assert_int_equal(pmu_start(&intel), 0);
	power_on(4, 0, 48, 0);
	cpu.la.ecx = 3; /* means nothing before version 5 */
	assert_int_equal(pmu_start(&intel), 0);
	power_on(2, 3, 0, 0);
	assert_int_equal(pmu_start(&intel), 0);
	power_on(0, 0, 0, 1 << 23);
	assert_int_equal(pmu_start(&intel), 0);
	power_on(0, 0, 0, 0);
	assert_int_equal(pmu_start(&amd), 0);
	power_on(2, 3, 48, 0);
	cpu.l0.eax = 7;
	assert_int_equal(pmu_start(&intel), 0);
	power_on(0, 0, 0, 1 << 23);
	cpu.e0.eax = 0x80000000;
	assert_int_equal(pmu_start(&amd), 0);
	assert_int_equal(cpu.accesses, 0);
}

/* An emulator's, or one that a setting of the machine stopped: asked once, and all is as it was. */
static void counters_that_stand_still_are_not_there(void **ctx)
{
	unsigned accesses;

	(void)ctx;
	power_on(6, 3, 48, 0);
	cpu.moves = 0;
	assert_int_equal(pmu_start(&intel), 0);
	assert_memory_equal(cpu.value, held, sizeof(held));
	accesses = cpu.accesses;
	assert_true(accesses > 0);
	assert_int_equal(pmu_start(&intel), 0);
	assert_int_equal(cpu.accesses, accesses);
}

/* --- what is made of it --------------------------------------------------------------------------- */

static void a_counter_wraps_and_saturates(void **ctx)
{
	struct quiet_plan p = { .width = 0xffffffffffff };

	(void)ctx;
	assert_int_equal(quiet_advance(&p, 5, 9), 4);
	assert_int_equal(quiet_advance(&p, 0xfffffffffffe, 3), 5);
	assert_int_equal(quiet_advance(&p, 0, 0xffffffff), 0xffffffff);
	assert_int_equal(quiet_advance(&p, 0, 0x100000000), 0xffffffff);
}

static void the_odd_sample_goes_and_the_order_stays(void **ctx)
{
	uint32_t ticks[16], insns[16], cycles[16], found;

	(void)ctx;
	for (uint32_t i = 0; i < 16; i++) {
		ticks[i] = 100 + i;
		cycles[i] = 200 + i;
		insns[i] = 57;
	}
	insns[0] = 56; /* the first of all, and with a number below the others */
	insns[9] = 4711;
	assert_int_equal(quiet_settle(ticks, 1, insns, cycles, 16, &found), 14);
	assert_int_equal(found, 57);
	for (uint32_t i = 0; i < 14; i++) {
		uint32_t was = i + 1 + (i + 1 >= 9);

		assert_int_equal(insns[i], 57);
		assert_int_equal(ticks[i], 100 + was);
		assert_int_equal(cycles[i], 200 + was);
	}
}

/* Of runs that have several ticks each, all of a disturbed one go. */
static void a_run_goes_with_all_its_legs(void **ctx)
{
	uint32_t legs[3 * 16], insns[16], cycles[16] = { 0 }, found;

	(void)ctx;
	for (uint32_t i = 0; i < 16; i++) {
		insns[i] = i == 2 ? 58 : 57;
		for (uint32_t k = 0; k < 3; k++)
			legs[3 * i + k] = 100 * i + k;
	}
	assert_int_equal(quiet_settle(legs, 3, insns, cycles, 16, &found), 15);
	for (uint32_t i = 0; i < 15; i++)
		for (uint32_t k = 0; k < 3; k++)
			assert_int_equal(legs[3 * i + k], 100 * (i + (i >= 2)) + k);
}

/* Three of sixteen are too many: nobody can say which of them were disturbed. */
static void without_a_common_number_all_stay(void **ctx)
{
	uint32_t ticks[16] = { 0 }, insns[16], cycles[16] = { 0 }, was[16], found = 1;

	(void)ctx;
	for (uint32_t i = 0; i < 16; i++)
		insns[i] = i % 5 ? 57 : 58;
	insns[0] = 57;
	memcpy(was, insns, sizeof(was));
	assert_int_equal(quiet_settle(ticks, 1, insns, cycles, 16, &found), 16);
	assert_int_equal(found, 0);
	assert_memory_equal(insns, was, sizeof(was));
	for (uint32_t i = 0; i < 16; i++)
		insns[i] = i;
	assert_int_equal(quiet_settle(ticks, 1, insns, cycles, 16, &found), 16);
	assert_int_equal(found, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_counters_are_lent_and_given_back),
		cmocka_unit_test(amds_counters_are_lent_and_given_back),
		cmocka_unit_test(what_is_not_promised_is_not_touched),
		cmocka_unit_test(counters_that_stand_still_are_not_there),
		cmocka_unit_test(a_counter_wraps_and_saturates),
		cmocka_unit_test(the_odd_sample_goes_and_the_order_stays),
		cmocka_unit_test(a_run_goes_with_all_its_legs),
		cmocka_unit_test(without_a_common_number_all_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
