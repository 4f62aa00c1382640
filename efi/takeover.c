/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/takeover.h"

#include "efi/abi/tables.h"
#include "efi/abi/window.h"
#include "efi/apic.h"
#include "efi/profile.h"
#include "efi/state.h"

enum { PIC1_DATA = 0x21, PIC2_DATA = 0xa1, S_CET_SHSTK = 1, DESCRIPTOR_BUSY = 2, DESCRIPTOR_LEN = 16, IST_DF = 8 };

#define DR6_NONE 0xffff0ff0ull
#define DR7_NONE 0x400ull
/* What systems mask: AC NT IOPL DF IF TF. */
#define FMASK_VALUE 0x47700ull
/* The machine as the firmware had it. */
static struct state was;
static struct apic_saved was_apic;
static uint8_t was_pic[2];
static int task_is_ours; /* an earlier handback could not put back a null TR */

const char *takeover_refuses(void)
{
	if (apic_open())
		return "the local APIC is switched off: switch it on in the firmware's setup";
	if ((read_cr4() & CR4_CET) && (rdmsr(IA32_S_CET) & S_CET_SHSTK))
		return "the firmware runs on a supervisor shadow stack, which cannot be put back: "
		       "switch CET off in the firmware's setup";
	return 0;
}

/*
 * Mask at the source, and let the firmware's own handlers take what its APIC has accepted already:
 * ours would find it at the first STI.
 */
static void mask_sources(void)
{
	uint32_t accepted = 0;

	was_pic[0] = inb(PIC1_DATA);
	was_pic[1] = inb(PIC2_DATA);
	outb(PIC1_DATA, 0xff);
	outb(PIC2_DATA, 0xff);
	apic_take(&was_apic);
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
	write_cr4(cr4_ours(was.cr4, was.features));
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

static void load_msrs(const struct takeover *t)
{
	const struct state ours = {
		.features = was.features,
		.base = { 0, W_DSUP, W_DUSER },
		.syscall = { STAR_VALUE, t->lstar, t->cstar, FMASK_VALUE },
		.sysenter = { SEL_KCS, W_RSP0 + L_RSP0, t->sysenter },
	};

	state_load_msrs(&ours);
}

/* Whether the firmware's table has the task that TR names: where we were started before in this boot, TR is of that start. */
static int has_task(const struct table_reg *gdtr, uint16_t tr)
{
	const uint8_t *descriptor = (const uint8_t *)(uintptr_t)(gdtr->base + (tr & ~7u));

	if (!(tr & ~3u) || tr & 4 || (tr & ~7u) + DESCRIPTOR_LEN - 1 > gdtr->limit)
		return 0;
	/* present, of the system, a 64-bit TSS, busy or not */
	return (descriptor[5] & 0x9d) == 0x89;
}

void takeover(const struct takeover *t)
{
	cli();
	state_read(&was, t->profile->features);
	if (task_is_ours || !has_task(&was.gdtr, was.tr))
		was.tr = 0;
	mask_sources();
	load_control(t);
	load_tables(t);
	load_msrs(t);
	apic_ready(t->profile->apic_id);
}

/* LTR wants the descriptor available, and left it busy. The table may lie in a page it may not write. */
static void give_task(void)
{
	uint64_t cr0 = read_cr0();
	uint8_t *descriptor = (uint8_t *)(uintptr_t)(was.gdtr.base + (was.tr & ~7u));

	task_is_ours = !(was.tr & ~3u);
	if (task_is_ours)
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
	static char words[160];
	struct state is;

	cli();
	give_control();
	give_tables();
	state_load_msrs(&was);
	wrmsr(IA32_EFER, was.efer);
	write_cr4(was.cr4);
	write_cr0(was.cr0);
	state_load_debug(&was);
	apic_give(&was_apic);
	outb(PIC1_DATA, was_pic[0]);
	outb(PIC2_DATA, was_pic[1]);
	state_read(&is, was.features);
	return state_differs(&was, &is, words, sizeof(words));
}
