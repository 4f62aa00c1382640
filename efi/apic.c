/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/apic.h"

#include "efi/cpu.h"

enum { CPUID_MSR = 1 << 5, CPUID_APIC = 1 << 9 }; /* CPUID.1:EDX */
enum { BASE_ENABLE = 1 << 11, BASE_X2APIC = 1 << 10, TIMER_MODE = 3 << 17, TIMER_DEADLINE = 2 << 17 };

static volatile uint32_t *page; /* NULL in x2APIC mode */

static const uint16_t lvts[7] = {
	APIC_LVT_TIMER, APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR,
	APIC_LVT_PERF,	APIC_LVT_THERMAL, APIC_LVT_CMCI,
};

/* How many of them this APIC has, as its version register tells; the first four are always there. */
static unsigned n_lvts(void)
{
	unsigned n = (apic_read(APIC_VERSION) >> 16 & 0xff) + 1;

	return n > 7 ? 7 : n < 4 ? 4 : n;
}

int apic_open(void)
{
	uint64_t base;

	/* the MSR is there only where there is an APIC */
	if ((cpuid(1, 0).edx & (CPUID_MSR | CPUID_APIC)) != (CPUID_MSR | CPUID_APIC))
		return -1;
	base = rdmsr(IA32_APIC_BASE);
	if (!(base & BASE_ENABLE))
		return -1;
	page = base & BASE_X2APIC ? 0 : (void *)(uintptr_t)(base & 0xffffffffff000);
	return 0;
}

uint64_t apic_page(void)
{
	return (uintptr_t)page;
}

uint32_t apic_read(enum apic_reg reg)
{
	if (page)
		return page[reg / 4];
	if (reg == APIC_ICR_HIGH)
		return (uint32_t)(rdmsr(X2APIC_BASE + APIC_ICR_LOW / 16) >> 32);
	return (uint32_t)rdmsr(X2APIC_BASE + reg / 16);
}

void apic_write(enum apic_reg reg, uint32_t v)
{
	if (page)
		page[reg / 4] = v;
	else
		wrmsr(X2APIC_BASE + reg / 16, v);
}

void apic_take(struct apic_saved *ret_saved)
{
	struct apic_saved s = { 0 };
	unsigned n = n_lvts();

	s.svr = apic_read(APIC_SVR);
	s.tpr = apic_read(APIC_TPR);
	s.icr_high = page ? apic_read(APIC_ICR_HIGH) : 0;
	s.divide = apic_read(APIC_DIVIDE);
	s.initial = apic_read(APIC_INITIAL_COUNT);
	for (unsigned i = 0; i < n; i++) {
		s.lvt[i] = apic_read(lvts[i]);
		apic_write(lvts[i], s.lvt[i] | APIC_MASKED);
	}
	if ((s.lvt[0] & TIMER_MODE) == TIMER_DEADLINE)
		s.deadline = rdmsr(IA32_TSC_DEADLINE);
	*ret_saved = s;
}

void apic_ready(uint32_t own_id)
{
	apic_write(APIC_SVR, APIC_SVR_ENABLE | 0xff);
	apic_write(APIC_TPR, 0);
	if (page)
		apic_write(APIC_ICR_HIGH, own_id << 24);
}

void apic_give(const struct apic_saved *saved)
{
	unsigned n = n_lvts();

	if (page)
		apic_write(APIC_ICR_HIGH, saved->icr_high);
	apic_write(APIC_TPR, saved->tpr);
	apic_write(APIC_DIVIDE, saved->divide);
	for (unsigned i = n; i-- > 0;)
		apic_write(lvts[i], saved->lvt[i]);
	if ((saved->lvt[0] & TIMER_MODE) == TIMER_DEADLINE)
		wrmsr(IA32_TSC_DEADLINE, saved->deadline);
	else if (apic_read(APIC_INITIAL_COUNT) != saved->initial)
		apic_write(APIC_INITIAL_COUNT, saved->initial);
	apic_write(APIC_SVR, saved->svr);
}
