/* SPDX-License-Identifier: BSD-2-Clause */
/* ES, FS and GS: selectors, bases, and what is read through them (SDM 3A 3.4; APM 2 4.5). */
#include "fuzz/desc.h"

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
	if (sel_index(sel))
		return rule(c, RULE_GS_BASE_LOADED, d->base & 0xffffffff);
	/* AMD: null leaves it, but for processors that say otherwise in CPUID */
	return rule(c, RULE_GS_BASE_NULL, intel(c) || !choose_once(c, RULE_GS_BASE_NULL, 2)) ? 0 : old;
}

/* Whether a return to ring 3 leaves null of it. */
static uint8_t nulled(uint16_t sel, const struct desc *d)
{
	return sel_index(sel) && d->dpl < 3 && !(desc_code(d) && desc_conforming(d));
}

int act_mov_es(struct cpu *c, const struct insn *in)
{
	uint16_t sel = (uint16_t)c->reg[GPR_AX];
	struct desc d = { 0 };

	(void)in;
	if (load_data(c, sel, &d))
		return 1;
	c->es_sel = sel;
	c->es_nulls = nulled(sel, &d);
	return 0;
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
	c->gs_nulls = nulled(sel, &d);
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
	return 0;
}

void leave_ring(struct cpu *c)
{
	if (c->es_nulls && rule(c, RULE_RET_SEG_NULLED, 1))
		c->es_sel = c->es_nulls = 0;
	if (!c->gs_nulls || !rule(c, RULE_RET_SEG_NULLED, 1))
		return;
	c->gs_nulls = 0;
	c->gs_sel = 0;
	if (choose(c, RULE_GS_BASE_NULLED, 2))
		c->gs = 0;
}

/* In compatibility mode: of ES the base is 0, as of all flat segments, and FS is always null. */
int act_seg_read(struct cpu *c, const struct insn *in)
{
	const uint16_t sel[] = { c->es_sel, 0, c->gs_sel };
	const uint64_t base[] = { 0, c->fs, c->gs };

	if (rule(c, RULE_SEG_NULL, !sel_index(sel[in->a])))
		return fault(c, V_GP, 0, RULE_SEG_NULL);
	return mem_read(c, (base[in->a] + in->imm) & rule(c, RULE_SEG_BASE_COMPAT, 0xffffffff), 4,
			ACC_READ, &c->reg[GPR_AX]);
}
