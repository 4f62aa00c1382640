/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers in a style: the instructions that only their text has (SDM 2A-2D, each on its own page), and
 * the hand-over to the recorder. Whether a style keeps what it promises is model_promise.c's business.
 */
#include "fuzz/cpu_state.h"

enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, ARITH = 0x8d5 };

static uint64_t base(const struct cpu *c, unsigned reg)
{
	return reg == 255 ? 0 : c->reg[reg];
}

static unsigned through(unsigned reg)
{
	return reg == GPR_SP ? ACC_STACK : 0;
}

/* Instructions with a displacement and an immediate have the displacement in the upper half. */
static uint64_t disp_of(const struct insn *in)
{
	return (uint64_t)((int64_t)in->imm >> 32);
}

static uint64_t imm_of(const struct insn *in)
{
	return (uint64_t)(int64_t)(int32_t)in->imm;
}

static uint64_t low(uint64_t v, unsigned len)
{
	return len == 8 ? v : v & ((1ull << (8 * len)) - 1);
}

/* SF, ZF and PF of a result of len bytes. */
static uint64_t result_flags(uint64_t v, unsigned len)
{
	unsigned ones = 0;

	for (unsigned i = 0; i < 8; i++)
		ones += v >> i & 1;
	return (v ? 0 : ZF) | (v >> (8 * len - 1) & 1 ? SF : 0) | (ones & 1 ? 0 : PF);
}

static void compare(struct cpu *c, uint64_t a, uint64_t b, unsigned len)
{
	uint64_t v, fl;

	if (is_untold(a))
		unchecked(c);
	a = low(a, len);
	b = low(b, len);
	v = low(a - b, len);
	fl = result_flags(v, len) | (a < b ? CF : 0) | ((a ^ b ^ v) & AF);
	fl |= ((a ^ b) & (a ^ v)) >> (8 * len - 1) & 1 ? FL_OF : 0;
	c->rflags = (c->rflags & ~(uint64_t)ARITH) | fl;
}

static int push(struct cpu *c, uint64_t v)
{
	if (mem_write(c, c->reg[GPR_SP] - 8, 8, ACC_STACK, v))
		return 1;
	c->reg[GPR_SP] -= 8;
	return 0;
}

int act_push_mem(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	return mem_read(c, c->reg[in->a] + in->imm, 8, through(in->a), &v) || push(c, v);
}

int act_push_gs(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	promise_gs_use(c);
	return mem_read(c, c->gs + in->imm, 8, ACC_READ, &v) || push(c, v);
}

/* An address with RSP in it is made after RSP has been raised. */
int act_pop_mem(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (mem_read(c, c->reg[GPR_SP], 8, ACC_STACK, &v) ||
	    mem_write(c, c->reg[GPR_SP] + 8 + in->imm, 8, ACC_STACK, v))
		return 1;
	c->reg[GPR_SP] += 8;
	return 0;
}

int act_load_gs(struct cpu *c, const struct insn *in)
{
	promise_gs_use(c);
	return mem_read(c, c->gs + in->imm, 8, ACC_READ, &c->reg[in->a]);
}

int act_store_gs(struct cpu *c, const struct insn *in)
{
	promise_gs_use(c);
	return mem_write(c, c->gs + in->imm, 8, ACC_READ, c->reg[in->a]);
}

int act_store_imm(struct cpu *c, const struct insn *in)
{
	uint64_t addr = base(c, in->b) + disp_of(in);

	if (mem_write(c, addr, in->a, through(in->b) | (c->mode64 ? 0 : ACC_STACK), imm_of(in)))
		return 1;
	if (addr >= W_LAPIC && addr < W_LAPIC + L_LAPIC)
		lapic_store(c, addr, imm_of(in));
	return 0;
}

int act_dec_mem(struct cpu *c, const struct insn *in)
{
	uint64_t v, cf = c->rflags & CF;

	if (mem_read(c, in->imm, 8, ACC_READ, &v) || mem_write(c, in->imm, 8, ACC_READ, v - 1))
		return 1;
	compare(c, v, 1, 8);
	c->rflags = (c->rflags & ~(uint64_t)CF) | cf;
	return 0;
}

int act_cmp_imm(struct cpu *c, const struct insn *in)
{
	compare(c, c->reg[in->b], imm_of(in), in->a);
	return 0;
}

int act_cmp_mem(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (mem_load(c, base(c, in->b) + disp_of(in), in->a, through(in->b), &v))
		return 1;
	compare(c, v, imm_of(in), in->a);
	return 0;
}

int act_test_mem(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (mem_load(c, base(c, in->b) + disp_of(in), in->a, through(in->b), &v))
		return 1;
	c->rflags = (c->rflags & ~(uint64_t)ARITH) | result_flags(low(v & imm_of(in), in->a), in->a);
	return 0;
}

static int jump_if(struct cpu *c, const struct insn *in, int taken)
{
	if (taken)
		c->rip = in->imm;
	return 0;
}

int act_je(struct cpu *c, const struct insn *in)
{
	return jump_if(c, in, (c->rflags & ZF) != 0);
}

int act_jne(struct cpu *c, const struct insn *in)
{
	return jump_if(c, in, !(c->rflags & ZF));
}

int act_jb(struct cpu *c, const struct insn *in)
{
	return jump_if(c, in, (c->rflags & CF) != 0);
}

int act_jae(struct cpu *c, const struct insn *in)
{
	return jump_if(c, in, !(c->rflags & CF));
}

int act_js(struct cpu *c, const struct insn *in)
{
	return jump_if(c, in, (c->rflags & SF) != 0);
}

int act_cld(struct cpu *c, const struct insn *in)
{
	(void)in;
	c->rflags &= ~(uint64_t)FL_DF;
	return 0;
}

int act_std(struct cpu *c, const struct insn *in)
{
	(void)in;
	c->rflags |= FL_DF;
	return 0;
}

static int fsgsbase_ud(struct cpu *c)
{
	if (rule(c, RULE_FSGSBASE_UD, !(c->cr4 & CR4_FSGSBASE_BIT)))
		return fault(c, V_UD, 0, RULE_FSGSBASE_UD);
	return 0;
}

int act_rdgsbase(struct cpu *c, const struct insn *in)
{
	if (fsgsbase_ud(c))
		return 1;
	c->reg[in->a] = c->gs;
	return 0;
}

static int write_segment_base(struct cpu *c, uint64_t v, uint64_t *base)
{
	if (fsgsbase_ud(c))
		return 1;
	if (rule(c, RULE_FSGSBASE_NONCANONICAL, !canonical(c, v)))
		return fault(c, V_GP, 0, RULE_FSGSBASE_NONCANONICAL);
	*base = v;
	return 0;
}

int act_wrgsbase(struct cpu *c, const struct insn *in)
{
	return write_segment_base(c, c->reg[in->a], &c->gs);
}

int act_wrfsbase(struct cpu *c, const struct insn *in)
{
	return write_segment_base(c, c->reg[in->a], &c->fs);
}

/* The C part is over: on to the way out. */
int act_c_return(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (mem_read(c, in->imm, 8, ACC_READ, &v))
		return 1;
	c->rip = v;
	promise_c_over(c);
	return 0;
}

int act_hand_over(struct cpu *c, const struct insn *in)
{
	/* single-stepped, the jump is the victim's, and the trap comes in harness text */
	c->rip = in->imm;
	if (!(c->rflags & FL_TF))
		record_styled(c);
	return 0;
}
