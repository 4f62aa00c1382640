/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/prep.h"

#include <string.h>

#include "efi/abi/tables.h"
#include "efi/cpu.h"

enum {
	TSS_RSP0 = 4,
	TSS_IST1 = 0x24,
	GATE_TRAP_BIT = 1,
	VEC_DF = 8,
	CLASS_15 = 14, /* a task priority that lets only 0xf0-0xff pass */
	CR4_TSD_BIT = 1 << 2,
	CR4_FSGSBASE_BIT = 1 << 16,
	FMASK_BENCH = 0x47700, /* what systems mask: TF IF DF IOPL NT AC */
};

static struct {
	uint8_t idt[IDT_LEN], tss[TSS_LEN];
	uint64_t cr0, cr2, cr4, cr8, dr6;
	uint64_t fs_base, gs_base, kernel_gs_base;
	uint64_t efer, star, lstar, cstar, fmask;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint16_t ds, es, fs, gs;
	int has_syscall, has_sysenter;
} saved;

static uint8_t *alias(uint32_t addr)
{
	return (uint8_t *)(uintptr_t)ALIAS((uint64_t)addr);
}

static void save(const struct profile *profile)
{
	memcpy(saved.idt, alias(W_IDT), sizeof(saved.idt));
	memcpy(saved.tss, alias(W_TSS), sizeof(saved.tss));
	saved.cr0 = read_cr0();
	saved.cr2 = read_cr2();
	saved.cr4 = read_cr4();
	saved.cr8 = read_cr8();
	saved.dr6 = read_dr6();
	saved.ds = read_ds();
	saved.es = read_es();
	saved.fs = read_fs();
	saved.gs = read_gs();
	saved.fs_base = rdmsr(IA32_FS_BASE);
	saved.gs_base = rdmsr(IA32_GS_BASE);
	saved.kernel_gs_base = rdmsr(IA32_KERNEL_GS_BASE);
	saved.has_syscall = !!(profile->features & FEAT(SYSCALL));
	if (saved.has_syscall) {
		saved.efer = rdmsr(IA32_EFER);
		saved.star = rdmsr(IA32_STAR);
		saved.lstar = rdmsr(IA32_LSTAR);
		saved.cstar = rdmsr(IA32_CSTAR);
		saved.fmask = rdmsr(IA32_FMASK);
	}
	saved.has_sysenter = !!(profile->features & FEAT(SEP));
	if (saved.has_sysenter) {
		saved.sysenter_cs = rdmsr(IA32_SYSENTER_CS);
		saved.sysenter_esp = rdmsr(IA32_SYSENTER_ESP);
		saved.sysenter_eip = rdmsr(IA32_SYSENTER_EIP);
	}
}

static void install_tables(const struct bench_row *row, uint32_t handler)
{
	const struct bench_head *head = bench_head();
	uint8_t *idt = alias(W_IDT);
	uint64_t rsp0 = W_BDATA + BD_RSP0TOP, ist1 = W_BDATA + BD_ISTTOP;

	for (unsigned v = 0; v < 256; v++) {
		int user = v == BENCH_VEC_LEAVE || v == BENCH_VEC_MISSED;

		gate_write(idt + 16 * v, head->stubs + (uint64_t)v * head->stride, SEL_KCS,
			   user ? GATE_USER : GATE_INTERRUPT, v == VEC_DF);
	}
	if (row->via < 256)
		gate_write(idt + 16 * row->via, handler, SEL_KCS,
			   GATE_USER | (row->prep & PREP_TRAP ? GATE_TRAP_BIT : 0),
			   !!(row->prep & PREP_IST));
	memcpy(alias(W_TSS) + TSS_RSP0, &rsp0, sizeof(rsp0));
	memcpy(alias(W_TSS) + TSS_IST1, &ist1, sizeof(ist1));
}

/* LSTAR, CSTAR and SYSENTER_EIP all lead to the row's one handler: a body uses one of them at most.
 */
static void install_msrs(uint32_t handler)
{
	wrmsr(IA32_KERNEL_GS_BASE, W_BDATA + BD_GSUSER);
	if (saved.has_syscall) {
		wrmsr(IA32_EFER, saved.efer | EFER_SCE);
		wrmsr(IA32_STAR, STAR_VALUE);
		wrmsr(IA32_LSTAR, handler);
		wrmsr(IA32_CSTAR, handler);
		wrmsr(IA32_FMASK, FMASK_BENCH);
	}
	if (saved.has_sysenter) {
		wrmsr(IA32_SYSENTER_CS, SEL_KCS);
		wrmsr(IA32_SYSENTER_ESP, W_BDATA + BD_SYSTOP);
		wrmsr(IA32_SYSENTER_EIP, handler);
	}
}

static void install_control(const struct bench_row *row)
{
	uint64_t cr0 = saved.cr0 & ~(uint64_t)(CR0_TS | CR0_AM | CR0_EM);
	uint64_t cr4 = saved.cr4 & ~(uint64_t)CR4_TSD_BIT;

	if (row->prep & PREP_TS)
		cr0 |= CR0_TS;
	if (row->prep & PREP_AM)
		cr0 |= CR0_AM;
	if (row->prep & PREP_FSGS)
		cr4 |= CR4_FSGSBASE_BIT;
	write_cr0(cr0);
	write_cr4(cr4);
	if (row->prep & PREP_TPR)
		write_cr8(CLASS_15);
}

void prep_do(const struct bench_row *row, const struct profile *profile, uint32_t handler)
{
	save(profile);
	install_tables(row, handler);
	install_msrs(handler);
	install_control(row);
	*(volatile uint32_t *)bench_data(BD_APICID) = profile->apic_id;
	*(volatile uint32_t *)bench_data(BD_NPSEL) = SEL_KDS_NP;
	*(volatile uint64_t *)bench_data(BD_GSKERN) = W_BDATA + BD_SYSTOP;
}

/* Loading a selector may change its base, so the bases come last. */
void prep_undo(void)
{
	write_cr8(saved.cr8);
	write_cr4(saved.cr4);
	write_cr0(saved.cr0);
	write_cr2(saved.cr2);
	write_dr6(saved.dr6);
	write_ds(saved.ds);
	write_es(saved.es);
	write_fs(saved.fs);
	write_gs(saved.gs);
	wrmsr(IA32_FS_BASE, saved.fs_base);
	wrmsr(IA32_GS_BASE, saved.gs_base);
	wrmsr(IA32_KERNEL_GS_BASE, saved.kernel_gs_base);
	if (saved.has_syscall) {
		wrmsr(IA32_EFER, saved.efer);
		wrmsr(IA32_STAR, saved.star);
		wrmsr(IA32_LSTAR, saved.lstar);
		wrmsr(IA32_CSTAR, saved.cstar);
		wrmsr(IA32_FMASK, saved.fmask);
	}
	if (saved.has_sysenter) {
		wrmsr(IA32_SYSENTER_CS, saved.sysenter_cs);
		wrmsr(IA32_SYSENTER_ESP, saved.sysenter_esp);
		wrmsr(IA32_SYSENTER_EIP, saved.sysenter_eip);
	}
	memcpy(alias(W_TSS), saved.tss, sizeof(saved.tss));
	memcpy(alias(W_IDT), saved.idt, sizeof(saved.idt));
}
