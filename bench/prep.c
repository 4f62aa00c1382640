/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/prep.h"

#include <string.h>

#include "efi/abi/tables.h"
#include "efi/apic.h"
#include "efi/cpu.h"

enum {
	CLASS_15 = 14, /* a task priority that lets only 0xf0-0xff pass */
	CR4_TSD_BIT = 1 << 2,
	CR4_UMIP_BIT = 1 << 11,
	CR4_FSGSBASE_BIT = 1 << 16,
	CR4_SMEP_BIT = 1 << 20,
	CR4_SMAP_BIT = 1 << 21,
	CR4_PKE_BIT = 1 << 22,
	CR4_PCIDE_BIT = 1 << 17,
	MSR_SPEC_CTRL = 0x48,
	FMASK_TF = 0x100,
	TIMER_VECTOR_F0 = 0xf0, /* one-shot, not masked */
	TIMER_DEADLINE = 2 << 17,
	DIVIDE_BY_1 = 0xb,
	PKRU_NO_KEY1 = 1 << 2,
	FMASK_BENCH = 0x47700, /* what systems mask: TF IF DF IOPL NT AC */
};

static const uint64_t TIMER_ROWS = PREP_TIMER | PREP_DEADLINE;

static struct {
	uint64_t prep, cr0, cr2, cr4, cr8;
	uint64_t fs_base, gs_base, kernel_gs_base;
	uint64_t efer, star, lstar, cstar, fmask;
	uint64_t spec_ctrl;
	uint32_t lvt_timer, divide;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
	uint32_t pkru, mxcsr;
	uint16_t ds, es, fs, gs, fcw;
	int has_syscall, has_sysenter;
} saved;

static void save(const struct profile *profile)
{
	saved.cr0 = read_cr0();
	saved.cr2 = read_cr2();
	saved.cr4 = read_cr4();
	saved.cr8 = read_cr8();
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

/* LSTAR, CSTAR and SYSENTER_EIP all lead to the row's one handler: a body uses one of them at most.
 */
static void install_msrs(uint64_t prep, uint32_t handler)
{
	wrmsr(IA32_KERNEL_GS_BASE, W_BDATA + BD_GSUSER);
	if (saved.has_syscall) {
		wrmsr(IA32_EFER, saved.efer | EFER_SCE);
		wrmsr(IA32_STAR, STAR_VALUE);
		wrmsr(IA32_LSTAR, handler);
		wrmsr(IA32_CSTAR, handler);
		wrmsr(IA32_FMASK, prep & PREP_FMASK_TF ? FMASK_BENCH & ~(uint64_t)FMASK_TF : FMASK_BENCH);
	}
	if (saved.has_sysenter) {
		wrmsr(IA32_SYSENTER_CS, SEL_KCS);
		wrmsr(IA32_SYSENTER_ESP, W_BDATA + BD_SYSTOP);
		wrmsr(IA32_SYSENTER_EIP, handler);
	}
}

static uint64_t control_bits(uint64_t prep)
{
	static const struct {
		uint64_t prep, cr4;
	} bits[] = {
		{ PREP_FSGS, CR4_FSGSBASE_BIT }, { PREP_SMEP, CR4_SMEP_BIT },
		{ PREP_SMAP, CR4_SMAP_BIT },	 { PREP_PKE, CR4_PKE_BIT },
		{ PREP_UMIP, CR4_UMIP_BIT },	 { PREP_FPU, CR4_OSFXSR | CR4_OSXMMEXCPT },
		{ PREP_PCID, CR4_PCIDE_BIT },
	};
	uint64_t cr4 = 0;

	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (prep & bits[i].prep)
			cr4 |= bits[i].cr4;
	return cr4;
}

/* What can be read only once its bit in CR4 is set is saved here, too. */
static void install_control(const struct bench_row *row)
{
	uint64_t cr0 = saved.cr0 & ~(uint64_t)(CR0_TS | CR0_AM | CR0_EM);
	uint64_t cr4 = saved.cr4 & ~(uint64_t)CR4_TSD_BIT;

	if (row->prep & PREP_TS)
		cr0 |= CR0_TS;
	if (row->prep & PREP_AM)
		cr0 |= CR0_AM;
	write_cr0(cr0);
	write_cr4(cr4 | control_bits(row->prep));
	if (row->prep & PREP_TPR)
		write_cr8(CLASS_15);
	if (row->prep & PREP_PKE) {
		saved.pkru = rdpkru();
		wrpkru(PKRU_NO_KEY1);
	}
	if (row->prep & PREP_FPU) {
		saved.fcw = fnstcw();
		saved.mxcsr = stmxcsr();
	}
	if (row->prep & PREP_IBRS)
		saved.spec_ctrl = rdmsr(MSR_SPEC_CTRL);
	if (row->prep & TIMER_ROWS) {
		saved.lvt_timer = apic_read(APIC_LVT_TIMER);
		saved.divide = apic_read(APIC_DIVIDE);
		apic_write(APIC_DIVIDE, DIVIDE_BY_1);
		apic_write(APIC_LVT_TIMER, TIMER_VECTOR_F0 | (row->prep & PREP_DEADLINE ? TIMER_DEADLINE : 0));
	}
	if (row->prep & PREP_GSNEG)
		wrmsr(IA32_GS_BASE, ALIAS(W_BDATA + BD_GSUSER));
}

void prep_do(const struct bench_row *row, const struct profile *profile, const struct bench_body *body,
	     uint32_t handler, uint32_t event)
{
	unsigned outer = body->outer_via & 0xffff;

	save(profile);
	saved.prep = row->prep;
	prep_tables_do(row, body, handler);
	install_msrs(row->prep, outer >= VIA_SYSCALL ? body->outer : handler);
	install_control(row);
	*(volatile uint32_t *)bench_data(BD_APICID) = profile->apic_id;
	*(volatile uint32_t *)bench_data(BD_NPSEL) = SEL_KDS_NP;
	*(volatile uint32_t *)bench_data(BD_DSSEL) = SEL_KDS;
	*(volatile uint32_t *)bench_data(BD_STICKY) = 0;
	*(volatile uint32_t *)bench_data(BD_NMIBUSY) = 0;
	*(volatile uint64_t *)bench_data(BD_GSKERN) = W_BDATA + BD_SYSTOP;
	prep_state_do(row, profile);
	prep_debug_do(row, event);
}

static void undo_control(void)
{
	if (saved.prep & PREP_FPU) {
		fninit();
		fldcw(saved.fcw);
		ldmxcsr(saved.mxcsr);
	}
	if (saved.prep & PREP_PKE)
		wrpkru(saved.pkru);
	if (saved.prep & TIMER_ROWS) {
		apic_write(APIC_INITIAL_COUNT, 0);
		if (saved.prep & PREP_DEADLINE)
			wrmsr(IA32_TSC_DEADLINE, 0);
		apic_write(APIC_LVT_TIMER, saved.lvt_timer);
		apic_write(APIC_DIVIDE, saved.divide);
	}
	if (saved.prep & PREP_IBRS)
		wrmsr(MSR_SPEC_CTRL, saved.spec_ctrl);
	write_cr8(saved.cr8);
	write_cr4(saved.cr4);
	write_cr0(saved.cr0);
	write_cr2(saved.cr2);
}

/* Loading a selector may change its base, so the bases come last. */
void prep_undo(void)
{
	prep_debug_undo();
	prep_state_undo();
	undo_control();
	prep_tables_undo();
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
}
