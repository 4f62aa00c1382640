/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/quiet.h"

#include "efi/abi/profile.h"

enum {
	IA32_FIXED_CTR0 = 0x309, /* instructions retired */
	IA32_FIXED_CTR1 = 0x30a, /* core cycles, not halted */
	IA32_FIXED_CTR_CTRL = 0x38d,
	IA32_PERF_GLOBAL_CTRL = 0x38f,
	FIXED_WIDTH_MIN = 32,
	COUNT_IN_ALL_RINGS = 0x33, /* of counters 0 and 1, and no interrupt when they overflow */
	GLOBAL_FIXED_SHIFT = 32,
};

enum {
	AMD_PERFCTR_CORE = 1 << 23,
	AMD_WIDTH = 48,
	AMD_CTL_ON = 1 << 22 | 1 << 17 | 1 << 16, /* enabled, in the system and in the user's rings */
	AMD_RETIRED = 0xc0,
	AMD_CYCLES = 0x76,
};
#define AMD_PERF_CTL0 0xc0010200u
#define AMD_PERF_CTR0 0xc0010201u
#define AMD_PERF_CTL1 0xc0010202u
#define AMD_PERF_CTR1 0xc0010203u

static uint64_t ones(unsigned n)
{
	return n < 64 ? (1ull << n) - 1 : ~0ull;
}

/* By its number (EDX), or by the map that version 5 brought (ECX). */
static int has_fixed(const struct quiet_cpuid *id, unsigned i)
{
	return (id->a_edx & 0x1f) > i || ((id->a_eax & 0xff) >= 5 && id->a_ecx >> i & 1);
}

/* Begun at 0, so that none overflows and leaves a trace of it. */
static void plan_fixed(unsigned width, struct quiet_plan *ret)
{
	*ret = (struct quiet_plan){
		.n = 4,
		.reg = {
			{ IA32_FIXED_CTR0, 0, 0 },
			{ IA32_FIXED_CTR1, 0, 0 },
			{ IA32_FIXED_CTR_CTRL, ~0xffull, COUNT_IN_ALL_RINGS },
			{ IA32_PERF_GLOBAL_CTRL, ~0ull, 3ull << GLOBAL_FIXED_SHIFT },
		},
		.retired = IA32_FIXED_CTR0,
		.cycles = IA32_FIXED_CTR1,
		.width = ones(width),
	};
}

static void plan_amd(struct quiet_plan *ret)
{
	*ret = (struct quiet_plan){
		.n = 4,
		.reg = {
			{ AMD_PERF_CTR0, 0, 0 },
			{ AMD_PERF_CTR1, 0, 0 },
			{ AMD_PERF_CTL0, 0, AMD_CTL_ON | AMD_RETIRED },
			{ AMD_PERF_CTL1, 0, AMD_CTL_ON | AMD_CYCLES },
		},
		.retired = AMD_PERF_CTR0,
		.cycles = AMD_PERF_CTR1,
		.width = ones(AMD_WIDTH),
	};
}

void quiet_plan(const struct quiet_cpuid *id, struct quiet_plan *ret_plan)
{
	unsigned width = id->a_edx >> 5 & 0xff;

	*ret_plan = (struct quiet_plan){ 0 };
	if ((id->a_eax & 0xff) >= 2 && has_fixed(id, 0) && has_fixed(id, 1) && width >= FIXED_WIDTH_MIN)
		plan_fixed(width, ret_plan);
	else if (id->vendor == VENDOR_AMD && id->e1_ecx & AMD_PERFCTR_CORE)
		plan_amd(ret_plan);
}

uint32_t quiet_advance(const struct quiet_plan *plan, uint64_t from, uint64_t to)
{
	uint64_t by = (to - from) & plan->width;

	return by >> 32 ? ~0u : (uint32_t)by;
}

/* What more than half of them are, if anything is. */
static uint32_t common(const uint32_t *v, unsigned n)
{
	uint32_t is = 0;
	unsigned votes = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!votes)
			is = v[i];
		votes += is == v[i] ? 1 : -1u;
	}
	return is;
}

unsigned quiet_settle(uint32_t *ticks, unsigned width, uint32_t *retired, uint32_t *cycles, unsigned n,
		      uint32_t *ret_retired)
{
	uint32_t is = common(retired, n);
	unsigned alike = 0, to = 0;

	for (unsigned i = 0; i < n; i++)
		alike += retired[i] == is;
	*ret_retired = alike >= n - n / 8 ? is : 0;
	if (!*ret_retired)
		return n;
	for (unsigned i = 0; i < n; i++) {
		if (retired[i] != is)
			continue;
		for (unsigned k = 0; k < width; k++)
			ticks[to * width + k] = ticks[i * width + k];
		cycles[to] = cycles[i];
		retired[to++] = is;
	}
	return to;
}
