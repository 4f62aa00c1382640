/* SPDX-License-Identifier: BSD-2-Clause */
/* The proof that a run left nothing behind: everything that a step can change, against its start. */
#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/cpu.h"
#include "fuzz/exec_state.h"

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

struct check {
	uint64_t is, must;
	const char *name;
};

static unsigned check_values(const struct check *v, size_t n, char *words, size_t cap, unsigned n_bad)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].is == v[i].must)
			continue;
		if (!n_bad++)
			fmt_print(words, cap, "%s is 0x%lx, not 0x%lx", v[i].name, v[i].is, v[i].must);
	}
	return n_bad;
}

static unsigned check_msrs(char *words, size_t cap, unsigned n)
{
	const struct victim_labels *l = victim_labels();
	const struct check msrs[] = {
		{ rdmsr(IA32_EFER), EFER_START, "EFER" },
		{ rdmsr(IA32_STAR), STAR_VALUE, "STAR" },
		{ rdmsr(IA32_LSTAR), l->entry_syscall, "LSTAR" },
		{ rdmsr(IA32_CSTAR), l->entry_syscall32, "CSTAR" },
		{ rdmsr(IA32_FMASK), FMASK_START, "FMASK" },
		{ rdmsr(IA32_FS_BASE), 0, "FS_BASE" },
		{ rdmsr(IA32_GS_BASE), GS_K, "GS_BASE" },
		{ rdmsr(IA32_KERNEL_GS_BASE), GS_U, "KERNEL_GS_BASE" },
	};

	n = check_values(msrs, sizeof(msrs) / sizeof(msrs[0]), words, cap, n);
	if (exec_start.features & FEAT(SEP)) {
		const struct check sysenter[] = {
			{ rdmsr(IA32_SYSENTER_CS), SEL_KCS, "SYSENTER_CS" },
			{ rdmsr(IA32_SYSENTER_ESP), W_RSP0 + L_RSP0, "SYSENTER_ESP" },
			{ rdmsr(IA32_SYSENTER_EIP), l->entry_sysenter, "SYSENTER_EIP" },
		};

		n = check_values(sysenter, 3, words, cap, n);
	}
	return n;
}

static unsigned check_registers(char *words, size_t cap, unsigned n)
{
	const struct table_reg gdtr = sgdt(), idtr = sidt();
	const struct check regs[] = {
		{ read_cr0(), CR0_START, "CR0" },
		{ read_cr4(), exec_start.cr4, "CR4" },
		{ pushfq() & EXEC_IRET_FLAGS, 0, "VIF and VIP in RFLAGS" },
		{ gdtr.base, W_GDT, "the base of the GDT" },
		{ gdtr.limit, GDT_LIMIT, "the limit of the GDT" },
		{ idtr.base, W_IDT, "the base of the IDT" },
		{ idtr.limit, IDT_LIMIT, "the limit of the IDT" },
		{ str(), SEL_TSS, "TR" },
		{ sldt(), 0, "LDTR" },
		{ read_cs(), SEL_KCS, "CS" },
		{ read_fs(), 0, "FS" },
		{ read_gs(), 0, "GS" },
		{ fnstcw(), 0x37f, "the x87 control word" },
		{ fnstsw(), 0, "the x87 status word" },
		{ stmxcsr(), MXCSR_START, "MXCSR" },
		{ read_dr0(), BP_NOWHERE, "DR0" },
		{ read_dr1(), BP_NOWHERE, "DR1" },
		{ read_dr2(), BP_NOWHERE, "DR2" },
		{ read_dr3(), BP_NOWHERE, "DR3" },
		{ read_dr6(), DR6_START, "DR6" },
		{ read_dr7(), DR7_START, "DR7" },
		{ exec_start.features & FEAT(MCA) ? rdmsr(IA32_MCG_STATUS) : 0, 0, "MCG_STATUS" },
	};

	return check_values(regs, sizeof(regs) / sizeof(regs[0]), words, cap, n);
}

static unsigned check_apic(char *words, size_t cap, unsigned n)
{
	for (unsigned i = 0; i < EXEC_APIC; i++) {
		uint32_t v = apic_read(exec_apic[i].reg);

		if (v == exec_start.apic[i])
			continue;
		if (!n++)
			fmt_print(words, cap, "local APIC: %s is 0x%x, not 0x%x", exec_apic[i].name, v,
				  exec_start.apic[i]);
	}
	for (unsigned i = 0; i < 16; i++) {
		uint32_t v = apic_read((enum apic_reg)(APIC_ISR + 16 * (i & 7) + (i & 8 ? 0x100 : 0)));

		if (!v)
			continue;
		if (!n++)
			fmt_print(words, cap, "local APIC: %s of vectors from 0x%x on is 0x%x",
				  i & 8 ? "IRR" : "ISR", 32 * (i & 7), v);
	}
	return n;
}

static unsigned check_constants(char *words, size_t cap, unsigned n)
{
	for (unsigned i = 0; i < EXEC_CONSTANTS; i++) {
		if (exec_sum(&regions[exec_constant[i]]) == exec_start.sum[i])
			continue;
		if (!n++)
			fmt_print(words, cap, "region %s is not as it was at the start",
				  regions[exec_constant[i]].name);
	}
	return n;
}

int exec_strayed(void)
{
	/* of the IDT the gates of exceptions, which are what most steps write; of a table its whole qwords */
	enum { GATES = 32 * 16 };
	char words[1];

	return exec_differ(at(W_IDT), exec_start.idt[0], GATES / 8) ||
	       exec_differ(at(W_GDT), exec_start.gdt, (GDT_LIMIT + 1) / 8) ||
	       exec_differ(at(W_TSS), exec_start.tss, TSS_LEN / 8) ||
	       check_msrs(words, sizeof(words), 0) || check_registers(words, sizeof(words), 0);
}

/* The whole state between runs: tables, stacks, and every register that a step can write. */
unsigned exec_selfcheck(char *words, size_t cap)
{
	unsigned n = 0;

	n = check_bytes("the IDT", at(W_IDT), exec_start.idt[0], IDT_LEN, words, cap, n);
	n = check_bytes("the GDT", at(W_GDT), exec_start.gdt, L_GDT, words, cap, n);
	n = check_bytes("the TSS", at(W_TSS), exec_start.tss, TSS_LEN, words, cap, n);
	n = check_constants(words, cap, n);
	for (unsigned i = 0; i < N_REGIONS; i++)
		if (regions[i].flags & R_S)
			n = check_stack(&regions[i], words, cap, n);
	n = check_apic(words, cap, n);
	n = check_msrs(words, cap, n);
	return check_registers(words, cap, n);
}
