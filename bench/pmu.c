/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/pmu.h"

#include "bench/quiet.h"
#include "efi/cpu.h"

static struct quiet_plan plan;
static uint64_t before[QUIET_REGS];
static enum { NOT_ASKED, ABSENT, PRESENT } state;

/* What an emulator says in CPUID and has not: not asked again. */
static int moves(void)
{
	struct pmu_count a, b;

	pmu_read(&a);
	pmu_read(&b);
	return a.retired != b.retired && a.cycles != b.cycles;
}

static void ask(const struct profile *p)
{
	struct quiet_cpuid id = { .vendor = p->vendor };

	if (cpuid(0, 0).eax >= 0xa) {
		struct cpuid a = cpuid(0xa, 0);

		id.a_eax = a.eax;
		id.a_ecx = a.ecx;
		id.a_edx = a.edx;
	}
	if (cpuid(0x80000000, 0).eax >= 0x80000001)
		id.e1_ecx = cpuid(0x80000001, 0).ecx;
	quiet_plan(&id, &plan);
}

static void set_up(void)
{
	for (unsigned i = 0; i < plan.n; i++) {
		before[i] = rdmsr(plan.reg[i].msr);
		wrmsr(plan.reg[i].msr, (before[i] & plan.reg[i].keep) | plan.reg[i].set);
	}
}

int pmu_start(const struct profile *p)
{
	if (state == NOT_ASKED)
		ask(p);
	if (state == ABSENT || !plan.n)
		return 0;
	set_up();
	if (state == NOT_ASKED)
		state = moves() ? PRESENT : ABSENT;
	if (state == PRESENT)
		return 1;
	pmu_stop();
	return 0;
}

/* In the other order: who counted before goes on from where it was. */
void pmu_stop(void)
{
	for (unsigned i = plan.n; i-- > 0;)
		wrmsr(plan.reg[i].msr, before[i]);
}

/* RDMSR and not RDPMC, whose numbers for the same counters differ from vendor to vendor. */
void pmu_read(struct pmu_count *ret_count)
{
	lfence();
	ret_count->retired = rdmsr(plan.retired);
	ret_count->cycles = rdmsr(plan.cycles);
	lfence();
}

void pmu_between(const struct pmu_count *from, const struct pmu_count *to, uint32_t *ret_retired, uint32_t *ret_cycles)
{
	*ret_retired = quiet_advance(&plan, from->retired, to->retired);
	*ret_cycles = quiet_advance(&plan, from->cycles, to->cycles);
}
