/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/takeover.h"

#include "efi/abi/tables.h"
#include "efi/abi/window.h"
#include "efi/apic.h"
#include "efi/cpu.h"

enum { PIC1_DATA = 0x21, PIC2_DATA = 0xa1, S_CET_SHSTK = 1, DESCRIPTOR_BUSY = 2, IST_DF = 8 };

#define DR6_NONE 0xffff0ff0ull
#define DR7_NONE 0x400ull
/* What a system would set: IF TF DF NT AC IOPL and the arithmetic flags. */
#define FMASK_VALUE 0x47fd5ull
/* Kept as the firmware has them: paging's own bits, what describes saved state, and modes in force. */
#define CR4_KEPT \
	(CR4_PAE | CR4_LA57 | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE | CR4_VMXE | CR4_SMXE)

static const uint32_t msrs_base[] = { IA32_FS_BASE, IA32_GS_BASE, IA32_KERNEL_GS_BASE };
static const uint32_t msrs_syscall[] = { IA32_STAR, IA32_LSTAR, IA32_CSTAR, IA32_FMASK };
static const uint32_t msrs_sysenter[] = { IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP };

/* The machine as the firmware had it. */
static struct {
	uint64_t features;
	uint64_t cr0, cr3, cr4, efer;
	struct table_reg gdtr, idtr;
	uint16_t tr, ldtr, cs, ds, es, ss, fs, gs;
	uint64_t base[3], syscall[4], sysenter[3];
	uint64_t dr[4], dr6, dr7;
	struct apic_saved apic;
	uint8_t pic[2];
} was;

static void save_msrs(const uint32_t *msr, uint64_t *to, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		to[i] = rdmsr(msr[i]);
}

static void load_msrs(const uint32_t *msr, const uint64_t *from, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		wrmsr(msr[i], from[i]);
}

const char *takeover_refuses(void)
{
	if (apic_open())
		return "the local APIC is switched off: switch it on in the firmware's setup";
	if ((read_cr4() & CR4_CET) && (rdmsr(IA32_S_CET) & S_CET_SHSTK))
		return "the firmware runs on a supervisor shadow stack, which cannot be put back: "
		       "switch CET off in the firmware's setup";
	return 0;
}

static void save(uint64_t features)
{
	was.features = features;
	was.cr0 = read_cr0();
	was.cr3 = read_cr3();
	was.cr4 = read_cr4();
	was.efer = rdmsr(IA32_EFER);
	was.gdtr = sgdt();
	was.idtr = sidt();
	was.tr = str();
	was.ldtr = sldt();
	was.cs = read_cs();
	was.ds = read_ds();
	was.es = read_es();
	was.ss = read_ss();
	was.fs = read_fs();
	was.gs = read_gs();
	save_msrs(msrs_base, was.base, 3);
	if (features & FEAT(SYSCALL))
		save_msrs(msrs_syscall, was.syscall, 4);
	if (features & FEAT(SEP))
		save_msrs(msrs_sysenter, was.sysenter, 3);
	was.dr7 = read_dr7();
	was.dr6 = read_dr6();
	was.dr[0] = read_dr0();
	was.dr[1] = read_dr1();
	was.dr[2] = read_dr2();
	was.dr[3] = read_dr3();
}

/*
 * Mask at the source, and let the firmware's own handlers take what its APIC has accepted already:
 * ours would find it at the first STI.
 */
static void mask_sources(void)
{
	uint32_t accepted = 0;

	was.pic[0] = inb(PIC1_DATA);
	was.pic[1] = inb(PIC2_DATA);
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
	apic_take(&was.apic);
	for (unsigned i = 0; i < 8; i++)
		accepted |= apic_read((enum apic_reg)(APIC_IRR + 16 * i));
	if (accepted) {
		sti();
		for (unsigned i = 0; i < 64; i++)
			pause();
		cli();
	}
}

static void load_control(const struct takeover *t)
{
	uint64_t efer = was.efer;

	write_dr7(DR7_NONE);
	write_dr6(DR6_NONE);
	if (was.features & FEAT(SYSCALL))
		efer |= EFER_SCE;
	if (was.features & FEAT(NX))
		efer |= EFER_NXE;
	wrmsr(IA32_EFER, efer);
	/* with PGE and PCIDE off, the load of CR3 leaves nothing of the firmware in the TLB */
	write_cr4((was.cr4 & CR4_KEPT) | (was.features & FEAT(MCE) ? CR4_MCE : 0));
	write_cr0((was.cr0 & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_WP | CR0_AM | CR0_NE | CR0_MP);
	write_cr3(t->cr3);
}

static void load_tables(const struct takeover *t)
{
	static const uint8_t ist[32] = { [IST_DF] = 1 };
	struct table_reg gdtr = { GDT_LIMIT, W_GDT }, idtr = { IDT_LIMIT, W_IDT };

	gdt_build((uint8_t *)ALIAS(W_GDT), W_TSS);
	tss_build((uint8_t *)ALIAS(W_TSS));
	idt_build((uint8_t *)ALIAS(W_IDT), t->stubs, t->stride, ist);
	lgdt(&gdtr);
	lidt(&idtr);
	far_cs(SEL_KCS);
	write_ds(SEL_KDS);
	write_es(SEL_KDS);
	write_ss(SEL_KDS);
	write_fs(0);
	write_gs(0);
	lldt(0);
	ltr(SEL_TSS);
}

static void load_system_calls(const struct takeover *t)
{
	const uint64_t base[3] = { 0, W_DSUP, W_DUSER };
	const uint64_t syscall[4] = { STAR_VALUE, t->lstar, t->cstar, FMASK_VALUE };
	const uint64_t sysenter[3] = { SEL_KCS, W_RSP0 + L_RSP0, t->sysenter };

	load_msrs(msrs_base, base, 3);
	if (was.features & FEAT(SYSCALL))
		load_msrs(msrs_syscall, syscall, 4);
	if (was.features & FEAT(SEP))
		load_msrs(msrs_sysenter, sysenter, 3);
}

void takeover(const struct takeover *t)
{
	cli();
	save(t->profile->features);
	mask_sources();
	load_control(t);
	load_tables(t);
	load_system_calls(t);
	apic_ready(t->profile->apic_id);
}

/* LTR wants the descriptor available, and left it busy. The table may lie in a page it may not write. */
static void give_task(void)
{
	uint64_t cr0 = read_cr0();
	uint8_t *descriptor = (uint8_t *)(uintptr_t)(was.gdtr.base + (was.tr & ~7u));

	if (!(was.tr & ~3u))
		return;
	write_cr0(cr0 & ~(uint64_t)CR0_WP);
	descriptor[5] &= (uint8_t)~DESCRIPTOR_BUSY;
	ltr(was.tr);
	write_cr0(cr0);
}

static void give_control(void)
{
	write_dr7(DR7_NONE);
	/* CR4.PCIDE can be set only while the process id in CR3 is 0 */
	write_cr3(was.cr3 & ~0xfffull);
	write_cr4(was.cr4 & ~(uint64_t)CR4_CET);
	write_cr3(was.cr3);
}

static void give_tables(void)
{
	lgdt(&was.gdtr);
	far_cs(was.cs);
	write_ds(was.ds);
	write_es(was.es);
	write_ss(was.ss);
	write_fs(was.fs);
	write_gs(was.gs);
	lldt(was.ldtr);
	give_task();
	lidt(&was.idtr);
}

const char *handback(void)
{
	cli();
	give_control();
	give_tables();
	load_msrs(msrs_base, was.base, 3);
	if (was.features & FEAT(SYSCALL))
		load_msrs(msrs_syscall, was.syscall, 4);
	if (was.features & FEAT(SEP))
		load_msrs(msrs_sysenter, was.sysenter, 3);
	wrmsr(IA32_EFER, was.efer);
	write_cr4(was.cr4);
	write_cr0(was.cr0);
	write_dr0(was.dr[0]);
	write_dr1(was.dr[1]);
	write_dr2(was.dr[2]);
	write_dr3(was.dr[3]);
	write_dr6(was.dr6);
	write_dr7(was.dr7);
	apic_give(&was.apic);
	outb(PIC1_DATA, was.pic[0]);
	outb(PIC2_DATA, was.pic[1]);
	return was.tr & ~3u ? "" : "TR was null and cannot be made null again: it stays on our TSS";
}
