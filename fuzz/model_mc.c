/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machine checks (SDM 3A 6.15 Interrupt 18, 3B 15; APM 2 8.2 #MC, 9): when one is taken and when it is a
 * shutdown, what steps write of their state, and the instructions of the copy that survives one.
 */
#include "fuzz/cpu_state.h"

enum { MCIP = 4 };

/* Returns 1: at a boundary a machine check comes before everything else. */
int machine_check(struct cpu *c)
{
	unsigned status = c->mc_pending;

	c->mc_pending = 0;
	if (rule(c, RULE_MC_MCE_CLEAR, !(c->cr4 & CR4_MCE_BIT))) {
		end_run(c, OUTCOME_SHUTDOWN, RULE_MC_MCE_CLEAR);
		return 1;
	}
	if (rule(c, RULE_MC_MCIP, (c->mcg_status & MCIP) != 0)) {
		end_run(c, OUTCOME_SHUTDOWN, RULE_MC_MCIP);
		return 1;
	}
	c->mcg_status = (uint8_t)rule(c, RULE_MC_STATUS, status);
	deliver(c, (struct event){ .vec = V_MC, .rip = c->rip, .rule = RULE_MC });
	return 1;
}

int act_loop(struct cpu *c, const struct insn *in)
{
	if (--c->reg[GPR_CX])
		c->rip = in->imm;
	return 0;
}

int act_load8_rcx_rdx(struct cpu *c, const struct insn *in)
{
	(void)in;
	return mem_read(c, c->reg[GPR_DX] + c->reg[GPR_CX], 1, ACC_READ, &c->reg[GPR_AX]);
}

int act_store8_rcx_r11(struct cpu *c, const struct insn *in)
{
	(void)in;
	return mem_write(c, c->reg[GPR_11] + c->reg[GPR_CX], 1, ACC_READ, c->reg[GPR_AX]);
}

int act_lea_rcx_rax(struct cpu *c, const struct insn *in)
{
	(void)in;
	c->reg[GPR_CX] += c->reg[GPR_AX];
	return 0;
}

int act_lea_rdx_16(struct cpu *c, const struct insn *in)
{
	(void)in;
	c->reg[GPR_DX] += 16;
	return 0;
}

int act_lea_rcx_imm(struct cpu *c, const struct insn *in)
{
	c->reg[GPR_CX] -= in->a;
	return 0;
}
