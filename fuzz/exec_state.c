/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine between runs: how it starts, what is put back, and the proof that nothing was left.
 * What a run can have changed follows from its steps' needs, so only that is put back.
 */
#include "fuzz/exec_state.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/apic.h"
#include "efi/cpu.h"

enum { WIPE_LEN = 256 /* below the deepest landing: what a delivery that failed may have pushed */ };

/* What no step may write: what a run found here it must leave. */
static const uint8_t constant[] = { REGION_KTEXT, REGION_UTEXT, REGION_UCONST, REGION_KCONST };

/* Registers of the local APIC that steps write, in the order in which they are put back. */
static const struct {
	enum apic_reg reg;
	const char *name;
} apic[] = {
	{ APIC_LVT_TIMER, "LVT timer" },
	{ APIC_INITIAL_COUNT, "initial count" },
	{ APIC_DIVIDE, "divide configuration" },
	{ APIC_LVT_LINT1, "LVT LINT1" },
	{ APIC_TPR, "task priority" },
};

static struct {
	unsigned layout; /* that the IDT in the window has */
	uint8_t idt[N_LAYOUT][IDT_LEN];
	uint8_t gdt[GDT_LEN], tss[TSS_LEN];
	uint64_t sum[sizeof(constant)];
	uint32_t apic[5];
	uint64_t cr4, features;
} x;

static void fill(uint64_t from, uint64_t to)
{
	uint64_t *p = (uint64_t *)at(from), *end = (uint64_t *)at(to);

	while (p < end)
		*p++ = STACK_PATTERN;
}

static void tops(void)
{
	stack_tops(at(W_MAIN + L_MAIN), at(W_USTK + L_USTK), at(W_CSTK + L_CSTK));
}

void state_fill_stacks(void)
{
	for (unsigned i = 0; i < N_REGIONS; i++)
		if (regions[i].flags & R_S)
			fill(regions[i].base, regions[i].base + regions[i].len);
	tops();
}

/* Each qword counts with its place, so that no two changes cancel out. */
static uint64_t sum(const struct region *r)
{
	const uint64_t *p = (const uint64_t *)at(r->base), *end = p + r->len / 8;
	uint64_t v = 0;

	while (p < end)
		v = (v ^ *p++) * 0x9e3779b97f4a7c15ull;
	return v;
}

/* What a machine check leaves: its bank, and that one is in progress. And CR4.MCE. */
static void restore_mc(void)
{
	write_cr4(x.cr4);
	if (!(x.features & FEAT(MCA)))
		return;
	wrmsr(IA32_MC1_STATUS, 0);
	wrmsr(IA32_MCG_STATUS, 0);
}

static void debug_start(void)
{
	write_dr7(DR7_START);
	write_dr0(BP_NOWHERE);
	write_dr1(BP_NOWHERE);
	write_dr2(BP_NOWHERE);
	write_dr3(BP_NOWHERE);
}

/*
 * First of all: nothing else of the executor may meet a breakpoint. Where DR7.GD is left the write
 * is detected once; the recorder returns to it, since the event is one of a drain.
 */
static void disarm(void)
{
	*harn(H_MODE) = MODE_DRAIN;
	debug_start();
	*harn(H_MODE) = MODE_IDLE;
}

void state_init(const struct profile *p)
{
	const struct victim_labels *l = victim_labels();
	const uint64_t sled[3] = { l->sled_k_long, l->sled_u_long, l->sled_c_long };

	for (unsigned i = 0; i < N_LAYOUT; i++)
		idt_build(x.idt[i], l->stubs, (uint32_t)l->stub_stride, layout_ist(i));
	memcpy(at(W_IDT), x.idt[0], IDT_LEN);
	memcpy(x.gdt, at(W_GDT), GDT_LEN);
	memcpy(x.tss, at(W_TSS), TSS_LEN);
	/* Silicon takes an event some time after the store that sends it: a longer straight line. */
	if (!(p->features & FEAT(EMULATED)))
		memcpy(at(l->sled_ptr), sled, sizeof(sled));
	for (unsigned i = 0; i < sizeof(constant); i++)
		x.sum[i] = sum(&regions[constant[i]]);
	x.features = p->features;
	x.cr4 = read_cr4();
	harn(H_CR4MCE)[0] = x.cr4 & ~(uint64_t)CR4_MCE;
	harn(H_CR4MCE)[1] = x.cr4 | CR4_MCE;
	harn(H_CR4MCE)[2] = x.cr4 & ~(uint64_t)CR4_DE;
	harn(H_CR4MCE)[3] = x.cr4 | CR4_DE;
	restore_mc();
	apic_write(APIC_INITIAL_COUNT, 0);
	for (unsigned i = 0; i < sizeof(apic) / sizeof(apic[0]); i++)
		x.apic[i] = apic_read(apic[i].reg);
	wrmsr(IA32_EFER, EFER_START);
	wrmsr(IA32_FMASK, FMASK_START);
	write_cr0(CR0_START);
	write_dr6(DR6_START);
	debug_start();
	set_bottom(at(W_HARN + H_SETS));
	state_fill_stacks();
}

void state_layout(unsigned layout)
{
	x.layout = layout % N_LAYOUT;
	if (x.layout)
		memcpy(at(W_IDT), x.idt[x.layout], 32 * 16);
}

/* Only what landed was written; so only that is put back. */
void state_wipe_stacks(const struct tape *t, const struct raw_record *raw, unsigned n)
{
	uint64_t low[N_REGIONS];

	/* a breakpoint on the handler of #DB nests deliveries that nobody records */
	if (t->needs & DEBUG) {
		state_fill_stacks();
		return;
	}
	for (unsigned i = 0; i < N_REGIONS; i++)
		low[i] = regions[i].base + regions[i].len;
	for (unsigned i = 0; i < n && i < RECORDS_MAX; i++) {
		const struct region *r = region_of(raw[i].rsp);

		if (r && raw[i].rsp < low[r - regions])
			low[r - regions] = raw[i].rsp;
	}
	for (unsigned i = 0; i < N_REGIONS; i++) {
		if (!(regions[i].flags & R_S))
			continue;
		low[i] &= ~7ull;
		low[i] = low[i] - regions[i].base > WIPE_LEN ? low[i] - WIPE_LEN : regions[i].base;
		fill(low[i], regions[i].base + regions[i].len);
	}
	tops();
}

/* Everything in service is ended, then everything pending is taken, until nothing is left. */
static void empty_apic(void)
{
	volatile uint32_t *eoi = (volatile uint32_t *)(uintptr_t)(W_LAPIC + 0xb0);
	void (*drain)(void) = (void (*)(void))(uintptr_t)victim_labels()->drain;

	for (unsigned i = 0; i < IPI_VECTORS; i++)
		*eoi = 0;
	drain();
}

void state_restore(const struct tape *t)
{
	if (t->needs & TABLES || x.layout)
		memcpy(at(W_IDT), x.idt[0], IDT_LEN);
	x.layout = 0;
	if (t->needs & DEBUG) {
		disarm();
		write_cr4(x.cr4);
	}
	write_dr6(DR6_START);
	if (t->needs & MSRS) {
		wrmsr(IA32_EFER, EFER_START);
		wrmsr(IA32_FMASK, FMASK_START);
		wrmsr(IA32_LSTAR, victim_labels()->entry_syscall);
	}
	/* whatever a segment load did, also one that no step asked for */
	wrmsr(IA32_GS_BASE, GS_K);
	if (t->swapgs)
		wrmsr(IA32_KERNEL_GS_BASE, GS_U);
	write_cr0(CR0_START);
	if (t->needs & MCHECK)
		restore_mc();
	for (unsigned i = 0; t->needs & LAPIC && i < sizeof(apic) / sizeof(apic[0]); i++)
		apic_write(apic[i].reg, x.apic[i]);
	if (t->needs & ASYNC)
		empty_apic();
}

static unsigned check_bytes(const char *what, const uint8_t *is, const uint8_t *must, size_t len,
			    char *words, size_t cap, unsigned n_bad)
{
	if (!memcmp(is, must, len))
		return n_bad;
	if (!n_bad)
		fmt_print(words, cap, "%s is not as it was at the start", what);
	return n_bad + 1;
}

static unsigned check_stack(const struct region *r, char *words, size_t cap, unsigned n_bad)
{
	int starts = r->base == W_MAIN || r->base == W_USTK || r->base == W_CSTK;
	uint64_t end = r->base + r->len - (starts ? STACK_START_GAP : 0);

	for (uint64_t a = r->base; a < end; a += 8) {
		if (*(const uint64_t *)at(a) == STACK_PATTERN)
			continue;
		if (!n_bad)
			fmt_print(words, cap, "stack %s holds something at 0x%lx", r->name, a);
		return n_bad + 1;
	}
	return n_bad;
}

/* The whole state between runs: tables, stacks, and every register that a step can write. */
unsigned exec_selfcheck(char *words, size_t cap)
{
	const struct {
		uint32_t msr;
		uint64_t value;
		const char *name;
	} msr[] = {
		{ IA32_EFER, EFER_START, "EFER" },
		{ IA32_FMASK, FMASK_START, "FMASK" },
		{ IA32_LSTAR, victim_labels()->entry_syscall, "LSTAR" },
		{ IA32_GS_BASE, GS_K, "GS_BASE" },
		{ IA32_KERNEL_GS_BASE, GS_U, "KERNEL_GS_BASE" },
	};
	const struct {
		uint64_t is, must;
		const char *name;
	} dr[] = {
		{ read_dr0(), BP_NOWHERE, "DR0" }, { read_dr1(), BP_NOWHERE, "DR1" },
		{ read_dr2(), BP_NOWHERE, "DR2" }, { read_dr3(), BP_NOWHERE, "DR3" },
		{ read_dr6(), DR6_START, "DR6" },  { read_dr7(), DR7_START, "DR7" },
	};
	unsigned n = 0;

	n = check_bytes("the IDT", at(W_IDT), x.idt[0], IDT_LEN, words, cap, n);
	n = check_bytes("the GDT", at(W_GDT), x.gdt, GDT_LEN, words, cap, n);
	n = check_bytes("the TSS", at(W_TSS), x.tss, TSS_LEN, words, cap, n);
	for (unsigned i = 0; i < sizeof(constant); i++) {
		if (sum(&regions[constant[i]]) == x.sum[i])
			continue;
		if (!n)
			fmt_print(words, cap, "region %s is not as it was at the start",
				  regions[constant[i]].name);
		n++;
	}
	for (unsigned i = 0; i < N_REGIONS; i++)
		if (regions[i].flags & R_S)
			n = check_stack(&regions[i], words, cap, n);
	for (unsigned i = 0; i < sizeof(msr) / sizeof(msr[0]); i++) {
		uint64_t v = rdmsr(msr[i].msr);

		if (v == msr[i].value)
			continue;
		if (!n)
			fmt_print(words, cap, "%s is 0x%lx, not 0x%lx", msr[i].name, v, msr[i].value);
		n++;
	}
	for (unsigned i = 0; i < sizeof(apic) / sizeof(apic[0]); i++) {
		uint32_t v = apic_read(apic[i].reg);

		if (v == x.apic[i])
			continue;
		if (!n)
			fmt_print(words, cap, "local APIC: %s is 0x%x, not 0x%x", apic[i].name, v, x.apic[i]);
		n++;
	}
	if (read_cr4() != x.cr4) {
		if (!n)
			fmt_print(words, cap, "CR4 is 0x%lx, not 0x%lx", read_cr4(), x.cr4);
		n++;
	}
	if (x.features & FEAT(MCA) && rdmsr(IA32_MCG_STATUS)) {
		if (!n)
			fmt_print(words, cap, "MCG_STATUS is 0x%lx, not 0", rdmsr(IA32_MCG_STATUS));
		n++;
	}
	for (unsigned i = 0; i < 16; i++) {
		uint32_t v = apic_read((enum apic_reg)(APIC_ISR + 16 * (i & 7) + (i & 8 ? 0x100 : 0)));

		if (!v)
			continue;
		if (!n)
			fmt_print(words, cap, "local APIC: %s of vectors from 0x%x on is 0x%x",
				  i & 8 ? "IRR" : "ISR", 32 * (i & 7), v);
		n++;
	}
	for (unsigned i = 0; i < sizeof(dr) / sizeof(dr[0]); i++) {
		if (dr[i].is == dr[i].must)
			continue;
		if (!n)
			fmt_print(words, cap, "%s is 0x%lx, not 0x%lx", dr[i].name, dr[i].is, dr[i].must);
		n++;
	}
	if (read_cr0() != CR0_START) {
		if (!n)
			fmt_print(words, cap, "CR0 is 0x%lx, not 0x%lx", read_cr0(), (unsigned long)CR0_START);
		n++;
	}
	return n;
}
