/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that load RFLAGS or a segment register, and the shadows they cast. */
#include "fuzz/desc.h"

int act_popf(struct cpu *c, const struct insn *in)
{
	unsigned size = c->mode64 ? 8 : 4;
	uint64_t v, mask = FL_USER | FL_AC | FL_ID;

	(void)in;
	if (mem_read(c, c->reg[GPR_SP] & stack_mask(c), size, ACC_STACK, &v))
		return 1;
	if (is_open(c, size, v))
		unchecked(c);
	if (c->cpl <= (c->rflags & FL_IOPL) >> 12)
		mask |= FL_IF;
	if (c->cpl == 0)
		mask |= FL_IOPL;
	mask = rule(c, RULE_POPF_FLAGS, mask);
	c->rflags = (c->rflags & ~mask) | (v & mask);
	stack_set(c, c->reg[GPR_SP] + size);
	return 0;
}

int act_sti(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_STI_IOPL, c->cpl > (c->rflags & FL_IOPL) >> 12))
		return fault(c, V_GP, 0, RULE_STI_IOPL);
	if (!rule(c, RULE_STI_SHADOW_IF, (c->rflags & FL_IF) != 0))
		c->shadow_sti = (uint8_t)rule(c, RULE_STI_SHADOW, 1);
	c->rflags |= FL_IF;
	return 0;
}

int act_cli(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_STI_IOPL, c->cpl > (c->rflags & FL_IOPL) >> 12))
		return fault(c, V_GP, 0, RULE_STI_IOPL);
	c->rflags &= ~(uint64_t)FL_IF;
	return 0;
}

static int mov_ss(struct cpu *c, uint16_t sel)
{
	if (load_ss(c, sel))
		return 1;
	c->shadow_ss = (uint8_t)rule(c, RULE_MOVSS_SHADOW, 1);
	return 0;
}

int act_mov_ss(struct cpu *c, const struct insn *in)
{
	(void)in;
	return mov_ss(c, (uint16_t)c->reg[GPR_AX]);
}

int act_mov_ss_mem(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	return mem_read(c, in->imm, 2, ACC_READ, &v) || mov_ss(c, (uint16_t)v);
}

int act_pop_ss(struct cpu *c, const struct insn *in)
{
	uint64_t v, rsp = c->reg[GPR_SP];

	(void)in;
	if (mem_read(c, rsp & stack_mask(c), 4, ACC_STACK, &v))
		return 1;
	/* by the width of the stack that it is popped from */
	stack_set(c, rsp + 4);
	if (load_ss(c, (uint16_t)v)) {
		c->reg[GPR_SP] = rsp;
		return 1;
	}
	c->shadow_ss = 1;
	return 0;
}

int act_lss(struct cpu *c, const struct insn *in)
{
	uint64_t m = c->reg[GPR_SI] + in->imm, off, sel;

	if (mem_read(c, m, 4, ACC_READ, &off) || mem_read(c, m + 4, 2, ACC_READ, &sel) ||
	    load_ss(c, (uint16_t)sel))
		return 1;
	c->reg[GPR_CX] = off;
	c->shadow_ss = (uint8_t)rule(c, RULE_LSS_SHADOW, 0);
	return 0;
}
