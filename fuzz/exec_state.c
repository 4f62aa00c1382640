/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine between runs: how it starts and what is put back. What a run can have changed follows
 * from its steps' needs, so only that is put back; fuzz/exec_check.c proves that nothing was left.
 */
#include "fuzz/exec_state.h"

#include <string.h>

#include "efi/apic.h"
#include "efi/cpu.h"

enum { WIPE_LEN = 256, TEXT_PIECE = 512 };

/* What no step may write: what a run found here it must leave. */
const uint8_t exec_constant[EXEC_CONSTANTS] = { REGION_KTEXT, REGION_UTEXT, REGION_UCONST, REGION_KCONST };

const struct exec_apic exec_apic[EXEC_APIC] = {
	{ APIC_LVT_TIMER, "LVT timer" },
	{ APIC_INITIAL_COUNT, "initial count" },
	{ APIC_DIVIDE, "divide configuration" },
	{ APIC_LVT_LINT1, "LVT LINT1" },
	{ APIC_TPR, "task priority" },
};

struct exec_start exec_start;

/* Of all that is done between runs this is the most, and an emulator wants straight lines. */
static void fill(uint64_t from, uint64_t to)
{
	uint64_t *end = (uint64_t *)at(to);

#pragma GCC unroll 8
	for (uint64_t *p = (uint64_t *)at(from); p < end; p++)
		*p = STACK_PATTERN;
}

/*
 * A stack from the deepest landing up, and what lies below it: nothing leaves out as much as WIPE_LEN. A delivery that
 * failed pushes there, and so do those that nest where a breakpoint on the handler of #DB is met and nobody records.
 */
static void wipe(const struct region *r, uint64_t low)
{
	const uint64_t *base = (const uint64_t *)at(r->base);
	uint64_t *p = (uint64_t *)at(low);

	fill(low, r->base + r->len);
	for (unsigned clean = 0; p > base && clean < WIPE_LEN / 8; clean++) {
		if (*--p != STACK_PATTERN) {
			*p = STACK_PATTERN;
			clean = 0;
		}
	}
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
uint64_t exec_sum(const struct region *r)
{
	const uint64_t *from = (const uint64_t *)at(r->base), *end = from + r->len / 8;
	uint64_t v = 0;

#pragma GCC unroll 8
	for (const uint64_t *p = from; p < end; p++)
		v = (v ^ *p) * 0x9e3779b97f4a7c15ull;
	return v;
}

/* What a machine check leaves: its bank, and that one is in progress. And CR4.MCE. */
static void restore_mc(void)
{
	write_cr4(exec_start.cr4);
	if (!(exec_start.features & FEAT(MCA)))
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
 * QEMU keeps which data breakpoint was met outside the CPU's state, and where what met it does not come to its end it
 * keeps it beyond the run: the next access to a page that has a breakpoint is taken for the one that was met, and where
 * that is in the delivery of an event QEMU aborts. In a plain load, beside a breakpoint of our own, it does no harm.
 */
static void meet_nothing(void)
{
	write_dr0((uintptr_t)harn(H_IDTR));
	write_dr7(DR7_START | DR7_RW0 | 1);
	(void)*harn(H_MODE);
}

struct frame;

/* General detect has been cleared (SDM 3B 17.2.4), and the write that it held up is done again. */
__attribute__((interrupt)) static void detected(struct frame *frame)
{
	(void)frame;
}

/*
 * First of all: nothing else of the executor may meet a breakpoint. Where DR7.GD is left the first write is detected, and
 * that #DB must meet none either: its gate leads past the entry, and it and the GDT are read where no breakpoint can lie.
 * An NMI that was held off may come behind it.
 */
static void disarm(void)
{
	enum { GATE = 16 * 1 };
	const struct table_reg gdtr = sgdt(), idtr = sidt();
	const struct table_reg gdt = { gdtr.limit, ALIAS(gdtr.base) }, idt = { idtr.limit, ALIAS(idtr.base) };

	*harn(H_MODE) = MODE_DRAIN;
	gate_write(at(W_IDT) + GATE, (uintptr_t)detected, SEL_KCS, GATE_INTERRUPT, 0);
	lgdt(&gdt);
	lidt(&idt);
	meet_nothing();
	debug_start();
	lidt(&idtr);
	lgdt(&gdtr);
	memcpy(at(W_IDT) + GATE, exec_start.idt[0] + GATE, 16);
	*harn(H_MODE) = MODE_IDLE;
}

/* x87, SSE and protection keys as firmware and every run find them. */
static void fpu_start(void)
{
	fninit();
	ldmxcsr(MXCSR_START);
	if (!(exec_start.features & FEAT(PKU)))
		return;
	write_cr4(exec_start.cr4 | CR4_PKE_BIT);
	/* a write has an emulator walk all page tables again */
	if (rdpkru())
		wrpkru(0);
	write_cr4(exec_start.cr4);
}

void state_init(const struct profile *p)
{
	const struct victim_labels *l = victim_labels();
	uint64_t *cr4s = (uint64_t *)at(l->cr4s);
	const struct table_reg gdtr = { GDT_LIMIT, W_GDT }, idtr = { IDT_LIMIT, W_IDT };
	const uint64_t sled[2] = { l->sled_u_long, l->sled_c_long }, sled_k = l->sled_k_long;

	for (unsigned i = 0; i < N_LAYOUT; i++)
		idt_build(exec_start.idt[i], l->stubs, (uint32_t)l->stub_stride, layout_ist(i));
	memcpy(at(W_IDT), exec_start.idt[0], IDT_LEN);
	gdt_gates_build(at(W_GDT), l->land_k, l->land_u);
	gdt_page_build(at(W_GDT));
	memcpy(exec_start.gdt, at(W_GDT), L_GDT);
	memcpy(exec_start.tss, at(W_TSS), TSS_LEN);
	memcpy((uint8_t *)harn(H_GDTR), &gdtr, sizeof(gdtr));
	memcpy((uint8_t *)harn(H_IDTR), &idtr, sizeof(idtr));
	memcpy((uint8_t *)harn(H_DESCS), exec_start.gdt + SEL_KCS, 16);
	exec_start.features = p->features;
	exec_start.cr4 = cr4_start(p);
	/* Silicon takes an event some time after the store that sends it: a longer straight line. */
	if (!(p->features & FEAT(EMULATED))) {
		memcpy(at(l->sled_ptr), sled, sizeof(sled));
		memcpy(at(l->sled_ptr_k), &sled_k, sizeof(sled_k));
	}
	for (unsigned i = 0; i < cr4_values(); i++)
		cr4s[i] = cr4_value(p, i);
	memcpy(exec_start.kconst, at(W_KCONST), L_KCONST);
	memcpy(exec_start.uconst, at(W_UCONST), L_UCONST);
	for (unsigned i = 0; i < EXEC_CONSTANTS; i++)
		exec_start.sum[i] = exec_sum(&regions[exec_constant[i]]);
	restore_mc();
	apic_write(APIC_INITIAL_COUNT, 0);
	for (unsigned i = 0; i < EXEC_APIC; i++)
		exec_start.apic[i] = apic_read(exec_apic[i].reg);
	wrmsr(IA32_EFER, EFER_START);
	wrmsr(IA32_FMASK, FMASK_START);
	write_cr0(CR0_START);
	write_dr6(DR6_START);
	debug_start();
	write_cr4(exec_start.cr4);
	fpu_start();
	set_bottom(at(W_HARN + H_SETS));
	state_fill_stacks();
}

void state_layout(unsigned layout)
{
	exec_start.layout = layout % N_LAYOUT;
	if (exec_start.layout)
		memcpy(at(W_IDT), exec_start.idt[exec_start.layout], 32 * 16);
}

void state_wipe_stacks(const struct tape *t, const struct raw_record *raw, unsigned n)
{
	uint64_t low[N_REGIONS];

	/* a stack pointer that a step moved leaves out as much as it likes */
	if (t->needs & STACKS) {
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
		wipe(&regions[i], low[i] & ~7ull);
	}
	tops();
}

/* Ends with an IRETQ that loads plain flags. */
static void drain(void)
{
	((void (*)(void))(uintptr_t)victim_labels()->drain)();
}

/* Everything in service is ended, then everything pending is taken, until nothing is left. */
static void empty_apic(void)
{
	volatile uint32_t *eoi = (volatile uint32_t *)(uintptr_t)(W_LAPIC + 0xb0);

	for (unsigned i = 0; i < IPI_VECTORS; i++)
		*eoi = 0;
	drain();
}

/* GDTR and IDTR are sound since the run was left. */
static void restore_tables(void)
{
	memcpy(at(W_IDT), exec_start.idt[0], IDT_LEN);
	memcpy(at(W_GDT), exec_start.gdt, L_GDT);
	memcpy(at(W_TSS), exec_start.tss, TSS_LEN);
}

/* What was loaded need not be what the selectors say: an engine's LTR that faulted had loaded the rest. */
static void restore_segments(void)
{
	lldt(0);
	at(W_GDT)[SEL_TSS + 5] &= (uint8_t)~2; /* LTR wants it available, and makes it busy */
	ltr(SEL_TSS);
}

static void restore_msrs(void)
{
	const struct victim_labels *l = victim_labels();

	wrmsr(IA32_EFER, EFER_START);
	wrmsr(IA32_FMASK, FMASK_START);
	wrmsr(IA32_STAR, STAR_VALUE);
	wrmsr(IA32_LSTAR, l->entry_syscall);
	wrmsr(IA32_CSTAR, l->entry_syscall32);
	wrmsr(IA32_KERNEL_GS_BASE, GS_U);
	wrmsr(IA32_FS_BASE, 0);
	if (!(exec_start.features & FEAT(SEP)))
		return;
	wrmsr(IA32_SYSENTER_CS, SEL_KCS);
	wrmsr(IA32_SYSENTER_ESP, W_RSP0 + L_RSP0);
	wrmsr(IA32_SYSENTER_EIP, l->entry_sysenter);
}

/* No jump but the loop's: where nothing differs, which is nearly always, this is what it costs. */
int exec_differ(const void *is, const void *must, size_t n)
{
	const uint64_t *a = is, *b = must;
	uint64_t d = 0;

#pragma GCC unroll 8
	for (size_t i = 0; i < n; i++)
		d |= a[i] ^ b[i];
	return d != 0;
}

/*
 * Text is nowhere the target of a step, but a stack pointer may have been led there. It is written only where it
 * differs, since an emulator translates again what has been written. The image has zeros behind a section, as memory
 * does, up to the next qword and more.
 */
static void restore_text(void)
{
	struct image_head head;

	memcpy(&head, victim_image, sizeof(head));
	for (unsigned i = 0; i < head.n_sections; i++) {
		const struct image_section *s = &head.section[i];
		const uint64_t *from = (const void *)(victim_image + s->off);
		uint64_t *to = (uint64_t *)at(s->va);
		size_t len = (s->len + 7) / 8, n;

		if (!s->va || !(region_of(s->va)->flags & R_X))
			continue;
		for (size_t k = 0; k < len; k += n) {
			n = len - k < TEXT_PIECE ? len - k : TEXT_PIECE;
			if (exec_differ(to + k, from + k, n))
				memcpy(to + k, from + k, 8 * n);
		}
	}
}

static void restore_pages(void)
{
	memcpy(at(W_KCONST), exec_start.kconst, L_KCONST);
	memcpy(at(W_UCONST), exec_start.uconst, L_UCONST);
	memset(at(W_DRO), 0, L_DRO);
	memset(at(W_KTEXT_DATA), 0, 4096);
	memset(at(W_UTEXT_DATA), 0, 4096);
	restore_text();
}

void state_restore(const struct tape *t)
{
	if (t->needs & TABLES)
		restore_tables();
	else if (exec_start.layout)
		memcpy(at(W_IDT), exec_start.idt[0], IDT_LEN);
	exec_start.layout = 0;
	if (t->needs & DEBUG)
		disarm();
	if (t->needs & TABLES)
		restore_segments();
	write_dr6(DR6_START);
	if (read_fs())
		write_fs(0);
	if (t->needs & MSRS)
		restore_msrs();
	if (read_gs())
		write_gs(0);
	/* whatever a segment load did, also one that no step asked for */
	wrmsr(IA32_GS_BASE, GS_K);
	if (t->swapgs)
		wrmsr(IA32_KERNEL_GS_BASE, GS_U);
	write_cr0(CR0_START);
	if (read_cr4() != exec_start.cr4)
		write_cr4(exec_start.cr4);
	if (t->needs & MCHECK)
		restore_mc();
	if (t->needs & FPU)
		fpu_start();
	if (t->needs & PAGES)
		restore_pages();
	for (unsigned i = 0; t->needs & LAPIC && i < EXEC_APIC; i++)
		apic_write(exec_apic[i].reg, exec_start.apic[i]);
	if (t->needs & ASYNC)
		empty_apic();
	else if (pushfq() & EXEC_IRET_FLAGS)
		drain();
}
