/* SPDX-License-Identifier: BSD-2-Clause */
/* Control registers and MSRs. */
#include "fuzz/cpu_state.h"

/* An address-like MSR. */
static int write_base(struct cpu *c, uint64_t v, uint64_t *msr)
{
	if (rule(c, RULE_WRMSR_NONCANONICAL, !canonical(c, v)))
		return fault(c, V_GP, 0, RULE_WRMSR_NONCANONICAL);
	*msr = v;
	return 0;
}

/* AMD has no SYSENTER in long mode, and nothing reads what the upper halves of these would be. */
static int write_sysenter(struct cpu *c, uint64_t v, uint64_t *msr)
{
	if (!intel(c) && !canonical(c, v) && choose_once(c, RULE_SYSENTER_MSR_WIDE, 2))
		return 0;
	return write_base(c, v, msr);
}

/* Intel: no SYSCALL reads it, and the list of WRMSR does not name it. */
static int write_cstar(struct cpu *c, uint64_t v)
{
	if (intel(c) && !canonical(c, v) && choose_once(c, RULE_CSTAR_WIDE, 2))
		return 0;
	return write_base(c, v, &c->cstar);
}

int act_wrmsr(struct cpu *c, const struct insn *in)
{
	uint64_t v = c->reg[GPR_DX] << 32 | (c->reg[GPR_AX] & 0xffffffff);

	(void)in;
	if (need_ring0(c, RULE_MSR_CPL))
		return 1;
	switch (c->reg[GPR_CX] & 0xffffffff) {
	case 0x174:
		c->sysenter_cs = v;
		return 0;
	case 0x175:
		return write_sysenter(c, v, &c->sysenter_esp);
	case 0x176:
		return write_sysenter(c, v, &c->sysenter_eip);
	case 0x17a:
		if (v > 7)
			break;
		c->mcg_status = (uint8_t)v;
		return 0;
	case 0xc0000080:
		if ((v | 1) != EFER_START)
			break;
		c->efer = v;
		return 0;
	case 0xc0000081:
		c->star = v;
		return 0;
	case 0xc0000082:
		return write_base(c, v, &c->lstar);
	case 0xc0000083:
		return write_cstar(c, v);
	case 0xc0000084:
		c->fmask = v;
		return 0;
	case 0xc0000100:
		return write_base(c, v, &c->fs);
	case 0xc0000101:
		return write_base(c, v, &c->gs);
	case 0xc0000102:
		return write_base(c, v, &c->kgs);
	case MSR_OF_NOBODY:
		return rule(c, RULE_MSR_NONE, 1) ? fault(c, V_GP, 0, RULE_MSR_NONE) : 0;
	default:
		break;
	}
	/* a number or a value that no body writes: one that was left halfway, and another event's registers */
	unchecked(c);
	return 0;
}

int act_rdmsr(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	(void)in;
	if (need_ring0(c, RULE_MSR_CPL))
		return 1;
	/* bodies read LSTAR and what is not there, a styled entry the GS base */
	switch (c->reg[GPR_CX] & 0xffffffff) {
	case 0xc0000101:
		v = c->gs;
		break;
	case 0xc0000082:
		v = c->lstar;
		break;
	case MSR_OF_NOBODY:
		if (rule(c, RULE_MSR_NONE, 1))
			return fault(c, V_GP, 0, RULE_MSR_NONE);
		v = 0;
		break;
	default:
		unchecked(c);
		return 0;
	}
	c->reg[GPR_AX] = v & 0xffffffff;
	c->reg[GPR_DX] = v >> 32;
	return 0;
}

int act_clts(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (need_ring0(c, RULE_CR_CPL))
		return 1;
	c->cr0 &= ~CR0_TS_BIT;
	return 0;
}

/* What the bodies write: CR0 as at the start, with some bits the other way. */
static int is_cr0(uint64_t v)
{
	static const uint64_t flips[] = {
		0, CR0_TS_BIT, CR0_AM_BIT, CR0_WP_BIT, CR0_MP_BIT, CR0_EM_BIT, CR0_EM_BIT | CR0_TS_BIT,
		CR0_MP_BIT | CR0_TS_BIT, CR0_NW_BIT, 1ull << 32,
	};

	for (unsigned i = 0; i < sizeof(flips) / sizeof(flips[0]); i++)
		if (v == (CR0_START ^ flips[i]))
			return 1;
	return 0;
}

int act_mov_cr0(struct cpu *c, const struct insn *in)
{
	uint64_t v = c->reg[GPR_AX];

	(void)in;
	if (need_ring0(c, RULE_CR_CPL))
		return 1;
	if (!is_cr0(v)) {
		unchecked(c);
		return 0;
	}
	if (rule(c, RULE_CR0_HIGH, v >> 32 != 0))
		return fault(c, V_GP, 0, RULE_CR0_HIGH);
	if (rule(c, RULE_CR0_NW, (v & CR0_NW_BIT) && !(v & CR0_CD_BIT)))
		return fault(c, V_GP, 0, RULE_CR0_NW);
	c->cr0 = v;
	return 0;
}

/* The bits of ours that this CPU has; those of the machine's own are in the executor's table. */
static uint64_t cr4_bits(const struct cpu *c)
{
	static const struct {
		uint64_t feature, bit;
	} rows[] = {
		{ FEAT(SMEP), CR4_SMEP_BIT }, { FEAT(SMAP), CR4_SMAP_BIT }, { FEAT(UMIP), CR4_UMIP_BIT },
		{ FEAT(PKU), CR4_PKE_BIT }, { FEAT(FSGSBASE), CR4_FSGSBASE_BIT },
	};
	uint64_t bits = CR4_TSD_BIT | CR4_DE_BIT | CR4_OSFXSR_BIT | CR4_OSXMMEXCPT_BIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		bits |= c->profile->features & rows[i].feature ? rows[i].bit : 0;
	return bits;
}

int act_load_cr4(struct cpu *c, const struct insn *in)
{
	return mem_read(c, in->imm, 8, ACC_READ, &c->reg[GPR_AX]);
}

/* A value that no entry of the table has: a body left halfway, and RAX another event's. */
static int is_cr4(const struct cpu *c, uint64_t v)
{
	for (unsigned i = 0; i < cr4_values(); i++)
		if (cr4_value(c->profile, i) == v)
			return 1;
	return 0;
}

int act_mov_cr4(struct cpu *c, const struct insn *in)
{
	uint64_t v = c->reg[GPR_AX], bits = cr4_bits(c) | c->profile->cr4 | CR4_MCE_BIT;

	(void)in;
	if (need_ring0(c, RULE_CR_CPL))
		return 1;
	if (!is_cr4(c, v)) {
		unchecked(c);
		return 0;
	}
	if (rule(c, RULE_CR4_RESERVED, (v & ~bits) != 0))
		return fault(c, V_GP, 0, RULE_CR4_RESERVED);
	c->pke_later |= (~c->cr4 & v & CR4_PKE_BIT) != 0;
	c->cr4 = v & bits;
	return 0;
}
