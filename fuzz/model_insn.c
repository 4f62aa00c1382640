/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each instruction of victim text does: the table from kind to act, and the acts that only
 * compute, move and jump. The others are with the chapter of the manual they come from: model_raise.c,
 * model_flags.c, model_sys.c, model_return.c, model_apic.c.
 */
#include "fuzz/cpu_state.h"

int execute(struct cpu *c, const struct insn *in)
{
	static int (*const act[N_INSN_KINDS])(struct cpu *, const struct insn *) = {
#define INSN(name, act, needs, words) [INSN_##name] = act_##act,
#include "fuzz/insn.def"
#undef INSN
	};

	c->rip += in->len & INSN_LEN;
	return act[in->kind](c, in);
}

static uint64_t ea(const struct cpu *c, const struct insn *in)
{
	uint64_t addr = in->imm + (in->b == 255 ? 0 : c->reg[in->b]);

	return c->mode64 ? addr : addr & 0xffffffff;
}

static unsigned stack_access(const struct cpu *c, const struct insn *in)
{
	/* RSP as the base means SS; in compatibility mode every store is written with an SS override */
	return in->b == GPR_SP || (!c->mode64 && (in->kind == INSN_ST32)) ? ACC_STACK : 0;
}

static int load(struct cpu *c, const struct insn *in, unsigned len)
{
	uint64_t v;

	if (mem_load(c, ea(c, in), len, stack_access(c, in), &v))
		return 1;
	c->reg[in->a] = v;
	return 0;
}

static int store(struct cpu *c, const struct insn *in, unsigned len)
{
	uint64_t addr = ea(c, in);

	if (mem_write(c, addr, len, stack_access(c, in), c->reg[in->a]))
		return 1;
	if (addr >= W_LAPIC && addr < W_LAPIC + L_LAPIC)
		lapic_store(c, addr, c->reg[in->a]);
	return 0;
}

static int push(struct cpu *c, uint64_t v)
{
	unsigned size = c->mode64 ? 8 : 4;
	uint64_t rsp = (c->reg[GPR_SP] - size) & stack_mask(c);

	if (mem_write(c, rsp, size, ACC_STACK, v))
		return 1;
	stack_set(c, rsp);
	return 0;
}

/* Jump to what lies at addr. */
static int jump_through(struct cpu *c, uint64_t addr)
{
	uint64_t v;

	if (mem_read(c, addr, c->mode64 ? 8 : 4, ACC_READ, &v))
		return 1;
	c->rip = v;
	return 0;
}

int act_nothing(struct cpu *c, const struct insn *in)
{
	(void)c;
	(void)in;
	return 0;
}

int act_end(struct cpu *c, const struct insn *in)
{
	(void)in;
	end_run(c, OUTCOME_DONE, RULE_END);
	return 0;
}

int act_learsi(struct cpu *c, const struct insn *in)
{
	(void)in;
	unsigned index = (unsigned)(c->reg[GPR_SI] / TAPE_ENTRY_LEN);

	promise_step(c, index);
	note_step(c, index);
	c->reg[GPR_SI] += TAPE_ENTRY_LEN;
	return 0;
}

int act_mov_imm(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] = in->imm;
	return 0;
}

int act_mov_rsp(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] = c->reg[GPR_SP];
	return 0;
}

int act_mov_reg(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] = c->reg[in->b];
	return 0;
}

int act_mov_reg32(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] = c->reg[in->b] & 0xffffffff;
	return 0;
}

int act_load_arg(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (mem_read(c, c->reg[GPR_SI] + in->imm, c->mode64 ? 8 : 4, ACC_READ, &v))
		return 1;
	c->reg[in->a] = v;
	return 0;
}

int act_load64(struct cpu *c, const struct insn *in)
{
	return load(c, in, 8);
}

int act_load32(struct cpu *c, const struct insn *in)
{
	return load(c, in, 4);
}

int act_load16(struct cpu *c, const struct insn *in)
{
	return load(c, in, 2);
}

int act_load8(struct cpu *c, const struct insn *in)
{
	return load(c, in, 1);
}

int act_load8_rcx_rax(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	(void)in;
	if (mem_read(c, c->reg[GPR_CX] + c->reg[GPR_AX], 1, ACC_READ, &v))
		return 1;
	c->reg[GPR_AX] = (c->reg[GPR_AX] & ~0xffull) | v;
	return 0;
}

int act_load_rsp(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (mem_read(c, c->reg[GPR_SP] + c->reg[GPR_CX], 8, ACC_STACK, &v))
		return 1;
	c->reg[in->a] = v;
	return 0;
}

int act_store64(struct cpu *c, const struct insn *in)
{
	return store(c, in, 8);
}

int act_store32(struct cpu *c, const struct insn *in)
{
	return store(c, in, 4);
}

int act_store16(struct cpu *c, const struct insn *in)
{
	return store(c, in, 2);
}

int act_store8(struct cpu *c, const struct insn *in)
{
	return mem_write(c, ea(c, in), 1, ACC_READ, c->reg[in->a]);
}

int act_store_abs(struct cpu *c, const struct insn *in)
{
	if (mem_write(c, in->imm, in->a, ACC_READ, c->reg[GPR_AX]))
		return 1;
	descriptor_written(c, in->imm, c->reg[GPR_AX]);
	return 0;
}

/* Across two cache lines; what makes an event of that is switched on nowhere. */
int act_exchange(struct cpu *c, const struct insn *in)
{
	uint64_t v = c->reg[GPR_AX] & 0xffffffff;

	if (rule(c, RULE_SPLIT_LOCK, 0))
		return fault(c, V_AC, 0, RULE_SPLIT_LOCK);
	if (mem_exchange(c, in->imm, 4, c->mode64 ? ACC_READ : ACC_STACK, &v))
		return 1;
	c->reg[GPR_AX] = v;
	return 0;
}

int act_lea_stub(struct cpu *c, const struct insn *in)
{
	c->reg[GPR_AX] = (c->reg[GPR_DX] * 2 + in->imm) & 0xffffffff;
	return 0;
}

int act_zx8(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] &= 0xff;
	return 0;
}

int act_lea8(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] = (c->reg[in->a] * 8) & 0xffffffff;
	return 0;
}

int act_lea2(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] = c->reg[in->b] + c->reg[in->a] * 2;
	return 0;
}

int act_push_imm(struct cpu *c, const struct insn *in)
{
	return push(c, in->imm);
}

int act_push_reg(struct cpu *c, const struct insn *in)
{
	return push(c, c->reg[in->a]);
}

int act_pop_reg(struct cpu *c, const struct insn *in)
{
	unsigned size = c->mode64 ? 8 : 4;
	uint64_t v;

	if (mem_read(c, c->reg[GPR_SP] & stack_mask(c), size, ACC_STACK, &v))
		return 1;
	stack_set(c, c->reg[GPR_SP] + size);
	c->reg[in->a] = v;
	return 0;
}

/* RF and VM are clear in the image. */
int act_pushf(struct cpu *c, const struct insn *in)
{
	(void)in;
	return push(c, c->rflags & ~(uint64_t)(FL_RF | FL_VM));
}

/*
 * r less the address that RAX is the complement of. With the count of a loop, or where in a window an event came,
 * for one of them, it is unknown, and not zero: no count is an address, and no constant is one of a window's.
 */
static uint64_t difference(const struct cpu *c, uint64_t r, uint64_t not_r, uint64_t plus)
{
	uint64_t v = r + not_r + plus;

	return is_untold(r) || is_untold(~not_r) || (v && is_open(c, 8, ~not_r)) ? UNTOLD : v;
}

int act_lea_sum(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] = difference(c, c->reg[in->b], c->reg[GPR_AX], in->imm);
	return 0;
}

int act_lea_disp(struct cpu *c, const struct insn *in)
{
	c->reg[in->a] = in->b == GPR_AX ? difference(c, 0, c->reg[GPR_AX], in->imm) : c->reg[in->b] + in->imm;
	return 0;
}

int act_jmp_tape(struct cpu *c, const struct insn *in)
{
	return jump_through(c, c->reg[GPR_SI] + in->imm + in->a);
}

int act_jmp_mem(struct cpu *c, const struct insn *in)
{
	return jump_through(c, in->imm);
}

int act_jmp_rax(struct cpu *c, const struct insn *in)
{
	uint64_t to = c->reg[GPR_AX];

	(void)in;
	if (rule(c, RULE_JMP_NONCANONICAL, c->mode64 && !canonical(c, to)))
		return fault(c, V_GP, 0, RULE_JMP_NONCANONICAL);
	c->rip = to;
	return 0;
}

/* Its bytes beyond the boundary are fetched before anything is done. SDM 3A 6.15 "#GP", APM 2 8.2.14. */
int act_cut(struct cpu *c, const struct insn *in)
{
	(void)in;
	return mem_fetch(c, EDGE_PAGE + 0x1000);
}

int act_jmp_imm(struct cpu *c, const struct insn *in)
{
	c->rip = in->imm;
	return 0;
}

/*
 * LEA with an address-size prefix: seven bytes in 64-bit mode, with 32 bits of displacement; five in
 * compatibility mode, with 16 of them, where the last two are a jump.
 */
int act_mode_pad(struct cpu *c, const struct insn *in)
{
	uint32_t left, disp = 0;
	const uint8_t *p = victim_bytes(c->insn_start, &left);
	unsigned to = p[2] >> 3 & 7;

	(void)in;
	memcpy(&disp, p + 3, c->mode64 ? 4 : 2);
	if (c->mode64)
		c->reg[to] = (c->reg[GPR_SI] + disp) & 0xffffffff;
	else
		c->reg[to] = (c->reg[GPR_BP] + disp) & 0xffff;
	c->rip = c->insn_start + (c->mode64 ? 7 : 5);
	return 0;
}
