/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The executor: lays a sequence out in the window, runs it, empties what it left pending, puts back
 * what its steps can have changed, and turns raw records into the form that is compared.
 */
#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/cpu.h"
#include "efi/machine.h"
#include "fuzz/tape.h"

enum {
	WIPE_LEN = 256, /* below the deepest landing: what a delivery that failed may have pushed */
	CHECK_EVERY = 1000,
};

static struct {
	struct profile profile;
	struct record rec[RECORDS_MAX + 1];
	unsigned n_rec;
	unsigned layout; /* that the IDT in the window has */
	unsigned since_check;
	uint8_t idt[N_LAYOUT][IDT_LEN];
	uint8_t gdt[GDT_LEN], tss[TSS_LEN];
} x;

static uint8_t *at(uint64_t addr)
{
	return (uint8_t *)ALIAS(addr);
}

static volatile uint64_t *harn(unsigned off)
{
	return (volatile uint64_t *)ALIAS((uint64_t)W_HARN + off);
}

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

static void fill_stacks(void)
{
	for (unsigned i = 0; i < N_REGIONS; i++)
		if (regions[i].flags & R_S)
			fill(regions[i].base, regions[i].base + regions[i].len);
	tops();
}

/* Called by the recorder, on its private stack, for an event that neither a run nor a drain expects. */
static void unexpected(uint64_t vector, const uint64_t *rsp)
{
	const uint64_t *f = (uintptr_t)rsp & 8 ? rsp : rsp + 1;
	struct record r = {
		.vector = (uint8_t)vector,
		.flags = REC_HARNESS,
		.err = f == rsp ? 0 : rsp[0],
		.rip = f[0],
		.cs = f[1],
		.rflags = f[2],
		.rsp = f[3],
		.ss = f[4],
		.landed = (uint64_t)(uintptr_t)rsp,
	};

	panic_event(&r);
}

int exec_init(const struct profile *p)
{
	const struct victim_labels *l = victim_labels();
	const uint64_t sled[3] = { l->sled_k_long, l->sled_u_long, l->sled_c_long };

	/* without NX the page tables cannot keep what they promise */
	if (!(p->features & FEAT(NX)))
		return -1;
	x.profile = *p;
	for (unsigned i = 0; i < N_LAYOUT; i++)
		idt_build(x.idt[i], l->stubs, (uint32_t)l->stub_stride, layout_ist(i));
	memcpy(at(W_IDT), x.idt[0], IDT_LEN);
	memcpy(x.gdt, at(W_GDT), GDT_LEN);
	memcpy(x.tss, at(W_TSS), TSS_LEN);
	/* Silicon takes an event some time after the store that sends it: a longer straight line. */
	if (!(p->features & FEAT(EMULATED)))
		memcpy(at(l->sled_ptr), sled, sizeof(sled));
	wrmsr(IA32_EFER, EFER_START);
	wrmsr(IA32_FMASK, FMASK_START);
	write_cr0(CR0_START);
	set_bottom(at(W_HARN + H_SETS));
	*harn(H_MODE) = MODE_IDLE;
	*harn(H_PANIC) = (uint64_t)(uintptr_t)unexpected;
	*harn(H_EOI) = p->features & FEAT(X2APIC_MODE) ? 0 : W_LAPIC + 0xb0;
	fill_stacks();
	return 0;
}

/* Only what landed was written; so only that is put back. */
static void wipe_stacks(void)
{
	uint64_t low[N_REGIONS];
	const struct raw_record *raw = (const void *)at(W_HARN + H_RAW);
	unsigned n = (unsigned)*harn(H_NREC);

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

static void convert(const struct raw_record *raw, struct record *r)
{
	unsigned err = raw->entry == ENTRY_IDT && !(raw->rsp & 8);
	const uint64_t *f = raw->frame + err;

	*r = (struct record){
		.vector = raw->vector,
		.entry = raw->entry,
		.flags = (uint8_t)((err ? REC_ERR : 0) | (raw->harness ? REC_HARNESS : 0)),
		.depth = (uint8_t)((raw->setptr - W_HARN - H_SETS) / SET_LEN),
		.step = (uint8_t)(raw->rsi / TAPE_ENTRY_LEN),
		.live_cpl = raw->cs & 3,
		.live_ss = raw->ss,
		.landed = raw->rsp,
		.live_rflags = raw->rflags,
		.cr2 = raw->cr2,
		.dr6 = raw->dr6,
		.gs_base = raw->gs_base,
		.rcx = raw->rcx,
		.r11 = raw->r11,
	};
	if (raw->entry == ENTRY_IDT) {
		r->err = err ? raw->frame[0] : 0;
		r->rip = f[0];
		r->cs = f[1];
		r->rflags = f[2];
		r->rsp = f[3];
		r->ss = f[4];
	}
	record_mask(r);
}

static void late(struct record *r)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < IPI_VECTORS; i++) {
		unsigned v = ipi_vector[i];

		if (*harn(H_LATEVEC + v / 64 * 8) >> (v % 64) & 1)
			bits |= 1ull << i;
	}
	*r = (struct record){ .entry = ENTRY_LATE, .err = *harn(H_LATENMI), .rip = bits };
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

static void restore(const struct tape *t)
{
	if (t->needs & TABLES || x.layout)
		memcpy(at(W_IDT), x.idt[0], IDT_LEN);
	x.layout = 0;
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
	if (t->needs & ASYNC)
		empty_apic();
}

void exec_run(const uint8_t *bytes, size_t len, struct msg_done *ret_done)
{
	const struct victim_labels *l = victim_labels();
	void (*enter)(uint64_t, uint64_t) = (void (*)(uint64_t, uint64_t))(uintptr_t)l->enter;
	const struct raw_record *raw = (const void *)at(W_HARN + H_RAW);
	struct seq seq;
	struct tape t;
	int dirty = 0;

	seq_decode(&seq, bytes, len);
	tape_lay_out(&seq, &x.profile, at(W_TAPE), &t);
	x.layout = seq.layout % N_LAYOUT;
	if (x.layout)
		memcpy(at(W_IDT), x.idt[x.layout], 32 * 16);
	*harn(H_END) = t.end;
	*harn(H_NREC) = 0;
	*harn(H_FAULT) = 0;
	*harn(H_LATENMI) = 0;
	for (unsigned i = 0; i < 4; i++)
		*harn(H_LATEVEC + 8 * i) = 0;
	write_dr6(DR6_START);
	write_cr2(0);
	if (seq.flags & START_TS)
		write_cr0(CR0_START | CR0_TS_BIT);

	enter(seq_ctx(&seq), t.rflags);

	restore(&t);
	x.n_rec = (unsigned)*harn(H_NREC);
	for (unsigned i = 0; i < x.n_rec; i++)
		convert(&raw[i], &x.rec[i]);
	late(&x.rec[x.n_rec++]);
	wipe_stacks();
	if (++x.since_check >= CHECK_EVERY) {
		char words[8];

		x.since_check = 0;
		dirty = exec_selfcheck(words, sizeof(words)) != 0;
	}
	*ret_done = (struct msg_done){
		.outcome = OUTCOME_DONE,
		.n_rec = (uint8_t)x.n_rec,
		.flags = (uint16_t)((*harn(H_FAULT) ? DONE_HARNESS : 0) | (dirty ? DONE_DIRTY : 0)),
		.hash = record_hash(x.rec, x.n_rec),
	};
}

unsigned exec_records(const struct record **ret_rec)
{
	*ret_rec = x.rec;
	return x.n_rec;
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
	unsigned n = 0;

	n = check_bytes("the IDT", at(W_IDT), x.idt[0], IDT_LEN, words, cap, n);
	n = check_bytes("the GDT", at(W_GDT), x.gdt, GDT_LEN, words, cap, n);
	n = check_bytes("the TSS", at(W_TSS), x.tss, TSS_LEN, words, cap, n);
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
	if (read_cr0() != CR0_START) {
		if (!n)
			fmt_print(words, cap, "CR0 is 0x%lx, not 0x%lx", read_cr0(), (unsigned long)CR0_START);
		n++;
	}
	return n;
}
