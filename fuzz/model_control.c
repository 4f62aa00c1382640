/* SPDX-License-Identifier: BSD-2-Clause */
/* Control registers and MSRs, and the bases of FS and GS. */
#include "fuzz/cpu_state.h"

/* An address-like MSR. */
static int write_base(struct cpu *c, uint64_t v, uint64_t *msr)
{
	if (rule(c, RULE_WRMSR_NONCANONICAL, !canonical(c, v)))
		return fault(c, V_GP, 0, RULE_WRMSR_NONCANONICAL);
	*msr = v;
	return 0;
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
		return write_base(c, v, &c->sysenter_esp);
	case 0x176:
		return write_base(c, v, &c->sysenter_eip);
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
		return write_base(c, v, &c->cstar);
	case 0xc0000084:
		c->fmask = v;
		return 0;
	case 0xc0000100:
		return write_base(c, v, &c->fs);
	case 0xc0000101:
		return write_base(c, v, &c->gs);
	case 0xc0000102:
		return write_base(c, v, &c->kgs);
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
	/* a body reads LSTAR, a styled entry the GS base */
	switch (c->reg[GPR_CX] & 0xffffffff) {
	case 0xc0000101:
		v = c->gs;
		break;
	case 0xc0000082:
		v = c->lstar;
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
	c->reg[GPR_AX] = cr4_value(c->profile, in->a);
	return 0;
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
	c->cr4 = v & bits;
	return 0;
}

int act_gs_read(struct cpu *c, const struct insn *in)
{
	return mem_read(c, c->gs + in->imm, 8, ACC_READ, &c->reg[GPR_AX]);
}

int act_fs_read(struct cpu *c, const struct insn *in)
{
	return mem_read(c, c->fs + in->imm, 8, ACC_READ, &c->reg[GPR_AX]);
}

/* What a load of GS with this selector makes of its base. */
static uint64_t loaded_base(struct cpu *c, uint16_t sel, const struct desc *d, uint64_t old)
{
	if (sel & ~3u)
		return rule(c, RULE_GS_BASE_LOADED, d->base & 0xffffffff);
	/* AMD: null leaves it, but for processors that say otherwise in CPUID */
	return rule(c, RULE_GS_BASE_NULL, intel(c) || !choose(c, RULE_GS_BASE_NULL, 2)) ? 0 : old;
}

int act_mov_gs(struct cpu *c, const struct insn *in)
{
	uint16_t sel = (uint16_t)c->reg[GPR_AX];
	struct desc d = { 0 };

	(void)in;
	if (load_data(c, sel, &d))
		return 1;
	c->gs = loaded_base(c, sel, &d, c->gs);
	c->gs_sel = sel;
	c->gs_nulls = (sel & ~3u) && d.dpl < 3 && !(desc_code(&d) && desc_conforming(&d));
	return 0;
}

int act_lkgs(struct cpu *c, const struct insn *in)
{
	uint16_t sel = (uint16_t)c->reg[GPR_AX];
	struct desc d = { 0 };

	(void)in;
	if (load_data(c, sel, &d))
		return 1;
	c->kgs = rule(c, RULE_LKGS, sel & ~3u ? d.base & 0xffffffff : 0);
	return 0;
}

void leave_ring(struct cpu *c)
{
	if (!c->gs_nulls)
		return;
	c->gs_nulls = 0;
	c->gs_sel = 0;
	if (choose(c, RULE_GS_BASE_NULLED, 2))
		c->gs = 0;
}
