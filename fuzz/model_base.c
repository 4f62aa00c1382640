/* SPDX-License-Identifier: BSD-2-Clause */
/* DS, ES, FS and GS: selectors, bases, and what is read through them (SDM 3A 3.4; APM 2 4.5). */
#include "fuzz/desc.h"

int act_gs_read(struct cpu *c, const struct insn *in)
{
	return mem_read(c, c->gs + in->imm, 8, ACC_READ, &c->reg[GPR_AX]);
}

int act_fs_read(struct cpu *c, const struct insn *in)
{
	return mem_read(c, c->fs + in->imm, 8, ACC_READ, &c->reg[GPR_AX]);
}

/* NULL: in 64-bit mode, and in all flat segments, the base is 0. */
static uint64_t *base_of(struct cpu *c, unsigned sreg)
{
	return sreg == SREG_FS ? &c->fs : sreg == SREG_GS ? &c->gs : NULL;
}

/* What a load of FS or GS with this selector makes of its base. */
static uint64_t loaded_base(struct cpu *c, uint16_t sel, const struct desc *d, uint64_t old)
{
	if (sel_index(sel))
		return rule(c, RULE_SEG_BASE_LOADED, d->base & 0xffffffff);
	/* AMD: null leaves it, but for processors that say otherwise in CPUID */
	return rule(c, RULE_SEG_BASE_NULL, intel(c) || !choose_once(c, RULE_SEG_BASE_NULL, 2)) ? 0 : old;
}

/* Whether a return to ring 3 leaves null of it. */
static uint8_t nulled(uint16_t sel, const struct desc *d)
{
	return sel_index(sel) && d->dpl < 3 && !(desc_code(d) && desc_conforming(d));
}

static void take_selector(struct cpu *c, unsigned sreg, uint16_t sel, const struct desc *d)
{
	c->seg[sreg] = sel;
	c->seg_nulls[sreg] = nulled(sel, d);
}

int act_mov_seg(struct cpu *c, const struct insn *in)
{
	uint16_t sel = (uint16_t)c->reg[GPR_AX];
	uint64_t *base = base_of(c, in->a);
	struct desc d = { 0 };

	if (load_data(c, sel, &d))
		return 1;
	if (base)
		*base = loaded_base(c, sel, &d, *base);
	take_selector(c, in->a, sel, &d);
	return 0;
}

int act_lkgs(struct cpu *c, const struct insn *in)
{
	uint16_t sel = (uint16_t)c->reg[GPR_AX];
	struct desc d = { 0 };

	(void)in;
	if (load_data(c, sel, &d))
		return 1;
	c->kgs = rule(c, RULE_LKGS, sel_index(sel) ? d.base & 0xffffffff : 0);
	take_selector(c, SREG_GS, sel, &d);
	return 0;
}

static void null_segment(struct cpu *c, unsigned sreg)
{
	uint64_t *base = base_of(c, sreg);

	if (!c->seg_nulls[sreg] || !rule(c, RULE_RET_SEG_NULLED, 1))
		return;
	c->seg[sreg] = c->seg_nulls[sreg] = 0;
	if (base && choose(c, RULE_SEG_BASE_NULLED, 2))
		*base = 0;
}

void leave_ring(struct cpu *c)
{
	null_segment(c, SREG_ES);
	null_segment(c, SREG_FS);
	null_segment(c, SREG_GS);
	null_segment(c, SREG_DS);
}

/* In compatibility mode. */
int act_seg_read(struct cpu *c, const struct insn *in)
{
	const uint64_t *base = base_of(c, in->a);
	const uint64_t addr = ((base ? *base : 0) + in->imm) & rule(c, RULE_SEG_BASE_COMPAT, 0xffffffff);

	if (!rule(c, RULE_SEG_NULL, !sel_index(c->seg[in->a])))
		return mem_read(c, addr, 4, ACC_READ, &c->reg[GPR_AX]);
	fault(c, V_GP, 0, RULE_SEG_NULL);
	const struct event first = c->raise;
	return or_else(c, first, mem_misaligned(c, addr, 4));
}
