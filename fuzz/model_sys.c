/* SPDX-License-Identifier: BSD-2-Clause */
/* System instructions: SYSCALL and SYSENTER, SWAPGS, MSRs, control registers. */
#include "fuzz/cpu_state.h"

int act_syscall(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_SYSCALL_SCE, !(c->efer & 1)))
		return fault(c, V_UD, 0, RULE_SYSCALL_SCE);
	if (rule(c, RULE_SYSCALL_MODE, intel(c) && !c->mode64))
		return fault(c, V_UD, 0, RULE_SYSCALL_MODE);
	c->promise.from_cs = c->cs;
	c->promise.from_rsp = c->reg[GPR_SP];
	c->reg[GPR_CX] = rule(c, RULE_SYSCALL_RCX, c->rip);
	c->reg[GPR_11] = rule(c, RULE_SYSCALL_R11, c->rflags & ~(uint64_t)FL_RF);
	promise_system_call(c, c->reg[GPR_CX], c->reg[GPR_11], 1);
	c->rip = c->mode64 ? c->lstar : c->cstar;
	c->rflags &= rule(c, RULE_SYSCALL_FMASK, ~(c->fmask & 0xffffffff));
	c->rflags = (c->rflags & ~(uint64_t)FL_RF) | FL_1;
	c->cs = SEL_KCS;
	c->ss = (uint16_t)rule(c, RULE_SYSCALL_SELECTORS, SEL_KDS);
	c->ss_unusable = SS_USABLE;
	c->cpl = 0;
	c->mode64 = 1;
	return 0;
}

int act_sysenter(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_SYSENTER_AMD, !intel(c) && c->mode64))
		return fault(c, V_UD, 0, RULE_SYSENTER_AMD);
	if (rule(c, RULE_SYSENTER_AMD_COMPAT, !intel(c) && !c->mode64))
		return fault(c, V_UD, 0, RULE_SYSENTER_AMD_COMPAT);
	promise_system_call(c, 0, 0, 0);
	c->rip = c->sysenter_eip;
	c->reg[GPR_SP] = rule(c, RULE_SYSENTER_RSP, W_RSP0 + L_RSP0);
	c->rflags &= rule(c, RULE_SYSENTER_FLAGS, ~(uint64_t)(FL_IF | FL_VM | FL_RF));
	c->cs = SEL_KCS;
	c->ss = SEL_KDS;
	c->ss_unusable = SS_USABLE;
	c->cpl = 0;
	c->mode64 = 1;
	return 0;
}

int act_swapgs(struct cpu *c, const struct insn *in)
{
	uint64_t v = c->gs;

	(void)in;
	if (rule(c, RULE_SWAPGS_UD, !c->mode64))
		return fault(c, V_UD, 0, RULE_SWAPGS_UD);
	if (rule(c, RULE_SWAPGS_CPL, c->cpl != 0))
		return fault(c, V_GP, 0, RULE_SWAPGS_CPL);
	c->gs = rule(c, RULE_SWAPGS, c->kgs);
	c->kgs = v;
	return 0;
}

int act_wrmsr(struct cpu *c, const struct insn *in)
{
	uint64_t v = c->reg[GPR_DX] << 32 | (c->reg[GPR_AX] & 0xffffffff);

	(void)in;
	if (rule(c, RULE_MSR_CPL, c->cpl != 0))
		return fault(c, V_GP, 0, RULE_MSR_CPL);
	switch (c->reg[GPR_CX]) {
	case 0xc0000080:
		c->efer = v;
		return 0;
	case 0x17a:
		c->mcg_status = (uint8_t)v;
		return 0;
	case 0xc0000084:
		c->fmask = v;
		return 0;
	default: /* LSTAR, the only other one a body writes */
		if (rule(c, RULE_WRMSR_NONCANONICAL, !canonical(c, v)))
			return fault(c, V_GP, 0, RULE_WRMSR_NONCANONICAL);
		c->lstar = v;
		return 0;
	}
}

int act_rdmsr(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	(void)in;
	if (rule(c, RULE_MSR_CPL, c->cpl != 0))
		return fault(c, V_GP, 0, RULE_MSR_CPL);
	/* a body reads LSTAR, a styled entry the GS base */
	v = (uint32_t)c->reg[GPR_CX] == 0xc0000101 ? c->gs : c->lstar;
	c->reg[GPR_AX] = v & 0xffffffff;
	c->reg[GPR_DX] = v >> 32;
	return 0;
}

int act_clts(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_CR_CPL, c->cpl != 0))
		return fault(c, V_GP, 0, RULE_CR_CPL);
	c->cr0 &= ~CR0_TS_BIT;
	return 0;
}

int act_mov_cr0(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_CR_CPL, c->cpl != 0))
		return fault(c, V_GP, 0, RULE_CR_CPL);
	c->cr0 = c->reg[GPR_AX];
	return 0;
}
