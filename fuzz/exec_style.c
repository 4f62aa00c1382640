/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of a styled run: entries, GS bases, what the entries read; and the plain one again. */
#include <string.h>

#include "efi/cpu.h"
#include "fuzz/exec_state.h"
#include "fuzz/style.h"

static struct {
	unsigned ready;
	uint8_t plain[IDT_LEN], idt[2][IDT_LEN], tss[TSS_LEN];
} x;

/* Tables are built once: they cost more than a run. */
static void prepare(void)
{
	const struct victim_labels *l = victim_labels();

	if (x.ready)
		return;
	idt_build(x.plain, l->stubs, (uint32_t)l->stub_stride, layout_ist(LAYOUT_PLAIN));
	memcpy(x.tss, at(W_TSS), TSS_LEN);
	style_idt(0, x.idt[0]);
	style_idt(VARIANT_GAP_IST, x.idt[1]);
	x.ready = 1;
}

static void entries(uint64_t syscall, uint64_t syscall32, uint64_t sysenter, const struct profile *p)
{
	wrmsr(IA32_LSTAR, syscall);
	wrmsr(IA32_CSTAR, syscall32);
	if (p->features & FEAT(SEP))
		wrmsr(IA32_SYSENTER_EIP, sysenter);
}

void style_enter(const struct seq *seq, const struct profile *p)
{
	unsigned variant = style_variant(seq);
	const struct style_text *t = style_text(variant);

	prepare();
	memcpy(at(W_IDT), x.idt[variant == VARIANT_GAP_IST], IDT_LEN);
	style_percpu(variant, at(W_DSUP + PC_KSTACK));
	entries(t->syscall, t->syscall32, t->sysenter, p);
	if (style_fsgsbase(variant))
		write_cr4(read_cr4() | CR4_FSGSBASE);
	wrmsr(IA32_GS_BASE, seq_ctx(seq) == CTX_K ? STYLE_GS : GS_U);
	wrmsr(IA32_KERNEL_GS_BASE, seq_ctx(seq) == CTX_K ? GS_U : STYLE_GS);
}

void style_leave(const struct seq *seq, const struct profile *p)
{
	const struct victim_labels *l = victim_labels();

	memcpy(at(W_IDT), x.plain, IDT_LEN);
	memcpy(at(W_TSS), x.tss, TSS_LEN);
	entries(l->entry_syscall, l->entry_syscall32, l->entry_sysenter, p);
	if (style_fsgsbase(style_variant(seq)))
		write_cr4(read_cr4() & ~(uint64_t)CR4_FSGSBASE);
	wrmsr(IA32_GS_BASE, GS_K);
	wrmsr(IA32_KERNEL_GS_BASE, GS_U);
}
