/* SPDX-License-Identifier: BSD-2-Clause */
/* What each instruction of victim text does. */
#include "fuzz/cpu_state.h"

static void set_reg(struct cpu *c, unsigned r, uint64_t v)
{
	c->reg[r] = v;
}

static int push(struct cpu *c, uint64_t v)
{
	unsigned size = c->mode64 ? 8 : 4;
	uint64_t rsp = c->reg[GPR_SP] - size;

	if (!c->mode64)
		rsp &= 0xffffffff;
	if (mem_write(c, rsp, size, ACC_STACK, v))
		return 1;
	c->reg[GPR_SP] = rsp;
	return 0;
}

static int popf(struct cpu *c)
{
	unsigned size = c->mode64 ? 8 : 4;
	uint64_t v, mask = FL_USER | FL_AC | FL_ID;

	if (mem_read(c, c->reg[GPR_SP], size, ACC_STACK, &v))
		return 1;
	if (c->cpl <= (c->rflags & FL_IOPL) >> 12)
		mask |= FL_IF;
	if (c->cpl == 0)
		mask |= FL_IOPL;
	mask = rule(c, RULE_POPF_FLAGS, mask);
	c->rflags = (c->rflags & ~mask) | (v & mask);
	c->reg[GPR_SP] += size;
	return 0;
}

static int popss(struct cpu *c)
{
	uint64_t v, rsp = c->reg[GPR_SP];

	if (mem_read(c, rsp, 4, ACC_STACK, &v) || load_ss(c, (uint16_t)v))
		return 1;
	c->reg[GPR_SP] = (rsp + 4) & 0xffffffff;
	c->shadow_ss = 1;
	return 0;
}

static int movss(struct cpu *c, uint16_t sel)
{
	if (load_ss(c, sel))
		return 1;
	c->shadow_ss = (uint8_t)rule(c, RULE_MOVSS_SHADOW, 1);
	return 0;
}

static int lss(struct cpu *c)
{
	uint64_t m = c->reg[GPR_SI] + W_TAPE - TAPE_ENTRY_LEN + TAPE_ARG0, off, sel;

	if (mem_read(c, m, 4, ACC_READ, &off) || mem_read(c, m + 4, 2, ACC_READ, &sel) ||
	    load_ss(c, (uint16_t)sel))
		return 1;
	c->reg[GPR_CX] = off;
	c->shadow_ss = (uint8_t)rule(c, RULE_LSS_SHADOW, 0);
	return 0;
}

static int sti(struct cpu *c)
{
	if (rule(c, RULE_STI_IOPL, c->cpl > (c->rflags & FL_IOPL) >> 12))
		return fault(c, V_GP, 0, RULE_STI_IOPL);
	if (!(c->rflags & FL_IF))
		c->shadow_sti = (uint8_t)rule(c, RULE_STI_SHADOW, 1);
	c->rflags |= FL_IF;
	return 0;
}

/* INT n, INT3, INTO: the event is delivered inside the instruction. */
static void soft(struct cpu *c, unsigned vec, uint64_t next, enum rule_id id)
{
	c->rip = next;
	deliver(c, (struct event){ .vec = (uint8_t)vec, .soft = 1, .rip = next, .rule = (uint16_t)id });
}

static int syscall(struct cpu *c, uint64_t next)
{
	if (rule(c, RULE_SYSCALL_SCE, !(c->efer & 1)))
		return fault(c, V_UD, 0, RULE_SYSCALL_SCE);
	if (rule(c, RULE_SYSCALL_MODE, intel(c) && !c->mode64))
		return fault(c, V_UD, 0, RULE_SYSCALL_MODE);
	c->reg[GPR_CX] = rule(c, RULE_SYSCALL_RCX, next);
	c->reg[GPR_11] = rule(c, RULE_SYSCALL_R11, c->rflags & ~(uint64_t)FL_RF);
	c->rip = c->mode64 ? c->lstar : victim_labels()->entry_syscall32;
	c->rflags &= rule(c, RULE_SYSCALL_FMASK, ~(c->fmask & 0xffffffff));
	c->rflags = (c->rflags & ~(uint64_t)FL_RF) | FL_1;
	c->cs = SEL_KCS;
	c->ss = (uint16_t)rule(c, RULE_SYSCALL_SELECTORS, SEL_KDS);
	c->ss_unusable = SS_USABLE;
	c->cpl = 0;
	c->mode64 = 1;
	return 0;
}

static int sysenter(struct cpu *c)
{
	if (rule(c, RULE_SYSENTER_AMD, !intel(c) && c->mode64))
		return fault(c, V_UD, 0, RULE_SYSENTER_AMD);
	if (rule(c, RULE_SYSENTER_AMD_COMPAT, !intel(c) && !c->mode64))
		return fault(c, V_UD, 0, RULE_SYSENTER_AMD_COMPAT);
	c->rip = victim_labels()->entry_sysenter;
	c->reg[GPR_SP] = rule(c, RULE_SYSENTER_RSP, W_RSP0 + L_RSP0);
	c->rflags &= rule(c, RULE_SYSENTER_FLAGS, ~(uint64_t)(FL_IF | FL_VM | FL_RF));
	c->cs = SEL_KCS;
	c->ss = SEL_KDS;
	c->ss_unusable = SS_USABLE;
	c->cpl = 0;
	c->mode64 = 1;
	return 0;
}

static int wrmsr(struct cpu *c)
{
	uint64_t v = c->reg[GPR_DX] << 32 | (c->reg[GPR_AX] & 0xffffffff);

	if (rule(c, RULE_MSR_CPL, c->cpl != 0))
		return fault(c, V_GP, 0, RULE_MSR_CPL);
	switch (c->reg[GPR_CX]) {
	case 0xc0000080:
		c->efer = v;
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

static int rdmsr(struct cpu *c)
{
	if (rule(c, RULE_MSR_CPL, c->cpl != 0))
		return fault(c, V_GP, 0, RULE_MSR_CPL);
	c->reg[GPR_AX] = c->lstar & 0xffffffff;
	c->reg[GPR_DX] = c->lstar >> 32;
	return 0;
}

/* A store to the local APIC's page is what sends an interrupt and what ends one. */
static void lapic_store(struct cpu *c, uint64_t addr, uint64_t v)
{
	if (addr == W_LAPIC + 0xb0) {
		for (int i = IPI_VECTORS - 1; i >= 0; i--)
			if (c->isr >> i & 1) {
				c->isr &= (uint8_t)~(1u << i);
				break;
			}
		c->irq_flight = 1;
		return;
	}
	if ((v & 0x700) == 0x400) {
		c->nmi_flight = 1;
		return;
	}
	for (unsigned i = 0; i < IPI_VECTORS; i++)
		if (ipi_vector[i] == (v & 0xff))
			c->irr |= (uint8_t)(1u << i);
	c->irq_flight = 1;
}

static int store(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t v)
{
	if (mem_write(c, addr, len, access, v))
		return 1;
	if (addr >= W_LAPIC && addr < W_LAPIC + L_LAPIC)
		lapic_store(c, addr, v);
	return 0;
}

static int swapgs(struct cpu *c)
{
	uint64_t v = c->gs;

	if (rule(c, RULE_SWAPGS_UD, !c->mode64))
		return fault(c, V_UD, 0, RULE_SWAPGS_UD);
	if (rule(c, RULE_SWAPGS_CPL, c->cpl != 0))
		return fault(c, V_GP, 0, RULE_SWAPGS_CPL);
	c->gs = rule(c, RULE_SWAPGS, c->kgs);
	c->kgs = v;
	return 0;
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

	if (mem_read(c, ea(c, in), len, stack_access(c, in), &v))
		return 1;
	set_reg(c, in->a, v);
	return 0;
}

static int tape_jump(struct cpu *c, const struct insn *in)
{
	unsigned len = c->mode64 ? 8 : 4;
	uint64_t v;

	if (mem_read(c, c->reg[GPR_SI] + W_TAPE + in->a, len, ACC_READ, &v))
		return 1;
	c->rip = v;
	return 0;
}

/* Instructions that only compute, move and jump. */
static int plain(struct cpu *c, const struct insn *in, uint64_t next)
{
	uint64_t v, *reg = c->reg;

	c->rip = next;
	switch (in->kind) {
	case INSN_LEARSI:
		reg[GPR_SI] += TAPE_ENTRY_LEN;
		return 0;
	case INSN_MOVRI:
		reg[in->a] = in->imm;
		return 0;
	case INSN_LDARG:
		if (mem_read(c, reg[GPR_SI] + W_TAPE - TAPE_ENTRY_LEN + TAPE_ARG0 + 8 * in->b,
			     c->mode64 ? 8 : 4, ACC_READ, &v))
			return 1;
		reg[in->a] = v;
		return 0;
	case INSN_LD:
		return load(c, in, 8);
	case INSN_LD32:
		return load(c, in, 4);
	case INSN_ST:
		return store(c, ea(c, in), 8, stack_access(c, in), reg[in->a]);
	case INSN_ST32:
		return store(c, ea(c, in), 4, stack_access(c, in), reg[in->a]);
	case INSN_STB:
		return mem_write(c, ea(c, in), 1, 0, reg[in->a]);
	case INSN_LDZB:
		return load(c, in, 1);
	case INSN_ZXB:
		reg[in->a] &= 0xff;
		return 0;
	case INSN_LEA8:
		reg[in->a] = (reg[in->a] * 8) & 0xffffffff;
		return 0;
	case INSN_LEA2:
		reg[in->a] = reg[in->b] + reg[in->a] * 2;
		return 0;
	case INSN_LDBX:
		if (mem_read(c, reg[GPR_CX] + reg[GPR_AX], 1, 0, &v))
			return 1;
		reg[GPR_AX] = (reg[GPR_AX] & ~0xffull) | v;
		return 0;
	case INSN_STX:
		return mem_write(c, reg[GPR_SP] + reg[GPR_DX] + in->imm, 8, ACC_STACK, reg[in->a]);
	case INSN_STX32:
		return mem_write(c, reg[GPR_SP] + reg[GPR_DX] + in->imm, 4, ACC_STACK, reg[in->a]);
	case INSN_LDRSP:
		if (mem_read(c, reg[GPR_SP] + reg[GPR_CX], 8, ACC_STACK, &v))
			return 1;
		reg[in->a] = v;
		return 0;
	case INSN_JMPTAPE:
		return tape_jump(c, in);
	case INSN_JSLED:
		if (mem_read(c, in->imm, c->mode64 ? 8 : 4, ACC_READ, &v))
			return 1;
		c->rip = v;
		return 0;
	case INSN_JMPR:
		c->rip = reg[GPR_AX];
		return 0;
	case INSN_MODEPAD:
		c->rip = c->insn_start + (c->mode64 ? 7 : 5);
		return 0;
	case INSN_JMPSHORT:
		c->rip = in->imm;
		return 0;
	case INSN_PUSHI:
		return push(c, in->imm);
	case INSN_PUSHR:
		return push(c, reg[GPR_AX]);
	default:
		return 0;
	}
}

static int into(struct cpu *c, uint64_t next)
{
	if (rule(c, RULE_INTO_64, c->mode64))
		return fault(c, V_UD, 0, RULE_INTO_64);
	if (c->rflags & FL_OF)
		soft(c, V_OF, next, RULE_INTO);
	return 0;
}

static int protected_act(struct cpu *c, enum rule_id id, int allowed)
{
	return rule(c, id, !allowed) ? fault(c, V_GP, 0, id) : 0;
}

int execute(struct cpu *c, const struct insn *in)
{
	uint64_t next = c->rip + (in->len & INSN_LEN);

	switch (in->kind) {
	case INSN_INT3:
		soft(c, V_BP, next, RULE_INT3);
		return 0;
	case INSN_INTN:
		soft(c, in->a, next, RULE_INTN);
		return 0;
	case INSN_INT1:
		if (!rule(c, RULE_INT1, 1))
			return fault(c, V_UD, 0, RULE_INT1);
		c->rip = next;
		deliver(c, (struct event){ .vec = V_DB, .rip = next, .rule = RULE_INT1 });
		return 0;
	case INSN_INTO:
		c->rip = next;
		return into(c, next);
	case INSN_UD2:
		return fault(c, V_UD, 0, RULE_UD2);
	case INSN_LOCKNOP:
		return fault(c, V_UD, 0, RULE_UD_LOCK);
	case INSN_DIV: {
		uint64_t v;

		return mem_read(c, in->imm, 4, ACC_READ, &v) || fault(c, V_DE, 0, RULE_DE);
	}
	case INSN_FNINIT:
		c->rip = next;
		return rule(c, RULE_NM, (c->cr0 & CR0_TS_BIT) != 0) ? fault(c, V_NM, 0, RULE_NM) : 0;
	case INSN_CLTS:
		c->rip = next;
		if (protected_act(c, RULE_CR_CPL, c->cpl == 0))
			return 1;
		c->cr0 &= ~CR0_TS_BIT;
		return 0;
	case INSN_CLI:
		c->rip = next;
		if (protected_act(c, RULE_STI_IOPL, c->cpl <= (c->rflags & FL_IOPL) >> 12))
			return 1;
		c->rflags &= ~(uint64_t)FL_IF;
		return 0;
	case INSN_STI:
		c->rip = next;
		return sti(c);
	case INSN_POPF:
		c->rip = next;
		return popf(c);
	case INSN_POPSS:
		c->rip = next;
		return popss(c);
	case INSN_MOVSSM: {
		uint64_t v;

		c->rip = next;
		return mem_read(c, in->imm, 2, ACC_READ, &v) || movss(c, (uint16_t)v);
	}
	case INSN_MOVSS:
		c->rip = next;
		return movss(c, (uint16_t)c->reg[GPR_AX]);
	case INSN_MOVES:
		c->rip = next;
		return load_es(c, (uint16_t)c->reg[GPR_AX]);
	case INSN_LSS:
		c->rip = next;
		return lss(c);
	case INSN_MOVCR0:
		c->rip = next;
		if (protected_act(c, RULE_CR_CPL, c->cpl == 0))
			return 1;
		c->cr0 = c->reg[GPR_AX];
		return 0;
	case INSN_WRMSR:
		c->rip = next;
		return wrmsr(c);
	case INSN_RDMSR:
		c->rip = next;
		return rdmsr(c);
	case INSN_SWAPGS:
		c->rip = next;
		return swapgs(c);
	case INSN_SYSCALL:
		return syscall(c, next);
	case INSN_SYSENTER:
		return sysenter(c);
	case INSN_IRET:
		return do_iret(c, in->a);
	case INSN_RETF:
		return do_retf(c, in->a);
	case INSN_SYSRET:
		return do_sysret(c, in->a);
	case INSN_SYSEXIT:
		return do_sysexit(c, in->a);
	case INSN_ENDRUN:
		end_run(c, OUTCOME_DONE, RULE_END);
		return 0;
	default:
		return plain(c, in, next);
	}
}
