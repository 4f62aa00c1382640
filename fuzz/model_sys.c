/* SPDX-License-Identifier: BSD-2-Clause */
/* SYSCALL, SYSENTER, SWAPGS. */
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
	c->rip = rule(c, RULE_SYSCALL_TARGET, c->mode64 ? c->lstar : c->cstar);
	c->rflags &= rule(c, RULE_SYSCALL_FMASK, ~(c->fmask & 0xffffffff));
	c->rflags = (c->rflags & ~(uint64_t)FL_RF) | FL_1;
	c->cs = (uint16_t)sel_index(c->star >> 32);
	/* the RPL of SS is not masked */
	c->ss = (uint16_t)rule(c, RULE_SYSCALL_SELECTORS, (c->star >> 32 & 0xffff) + 8);
	c->ss_unusable = SS_USABLE;
	c->ss_bits = 0;
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
	if (rule(c, RULE_SYSENTER_CS, !c->sysenter_cs))
		return fault(c, V_GP, 0, RULE_SYSENTER_CS);
	if (rule(c, RULE_SYSENTER_CS_RPL, c->sysenter_cs && !sel_index(c->sysenter_cs)))
		return fault(c, V_GP, 0, RULE_SYSENTER_CS_RPL);
	promise_system_call(c, 0, 0, 0);
	c->rip = c->sysenter_eip;
	c->reg[GPR_SP] = rule(c, RULE_SYSENTER_RSP, c->sysenter_esp);
	c->rflags &= rule(c, RULE_SYSENTER_FLAGS, ~(uint64_t)(FL_IF | FL_VM | FL_RF));
	c->cs = (uint16_t)sel_index(c->sysenter_cs);
	c->ss = (uint16_t)(c->cs + 8);
	c->ss_unusable = SS_USABLE;
	c->ss_bits = 0;
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
	if (need_ring0(c, RULE_SWAPGS_CPL))
		return 1;
	c->gs = rule(c, RULE_SWAPGS, c->kgs);
	c->kgs = v;
	return 0;
}
