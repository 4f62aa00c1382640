/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of descriptor tables and system segments (SDM 2A LGDT/LIDT, LLDT, LTR; APM 3). */
#include "fuzz/desc.h"

enum { TYPE_LDT = 2, TYPE_TSS = 9 };

static int load_table(struct cpu *c, const struct insn *in, struct table *t)
{
	uint64_t limit, base;

	if (mem_read(c, in->imm, 2, ACC_READ, &limit) || mem_read(c, in->imm + 2, 8, ACC_READ, &base))
		return 1;
	if (rule(c, RULE_LGDT_NONCANONICAL, !canonical(c, base)))
		return fault(c, V_GP, 0, RULE_LGDT_NONCANONICAL);
	*t = (struct table){ base, (uint16_t)limit };
	return 0;
}

int act_lidt(struct cpu *c, const struct insn *in)
{
	return load_table(c, in, &c->idtr);
}

int act_lgdt(struct cpu *c, const struct insn *in)
{
	return load_table(c, in, &c->gdtr);
}

/* What the lower half of a system segment's descriptor says of it. */
static int is_refused(struct cpu *c, uint16_t sel, unsigned type, const struct desc *d)
{
	if (rule(c, RULE_SYSSEG_TYPE, d->s || d->type != type))
		return fault(c, V_GP, sel_index(sel), RULE_SYSSEG_TYPE);
	return rule(c, RULE_SYSSEG_NOT_PRESENT, !d->p) ? fault(c, V_NP, sel_index(sel), RULE_SYSSEG_NOT_PRESENT) : 0;
}

/* The 16-byte descriptor of an LDT or TSS that must be of this type. */
static int system_desc(struct cpu *c, uint16_t sel, unsigned type, struct desc *ret_desc)
{
	uint64_t high;

	if (rule(c, RULE_SYSSEG_IN_LDT, (sel & 4) != 0))
		return fault(c, V_GP, sel_index(sel), RULE_SYSSEG_IN_LDT);
	if (find_desc(c, sel, RULE_SYSSEG_LIMIT, ret_desc))
		return 1;
	if (is_refused(c, sel, type, ret_desc)) {
		const struct event first = c->raise;
		return or_else(c, first, mem_faults(c, ret_desc->addr + 8, 8, ACC_SYSTEM | ACC_TABLE));
	}
	if (mem_read(c, ret_desc->addr + 8, 8, ACC_SYSTEM | ACC_TABLE, &high))
		return 1;
	ret_desc->base |= high << 32;
	return 0;
}

int act_lldt(struct cpu *c, const struct insn *in)
{
	uint16_t sel = (uint16_t)c->reg[GPR_AX];
	struct desc d;

	(void)in;
	if (!sel_index(sel)) {
		c->ldtr = (struct sysseg){ .sel = sel };
		return 0;
	}
	if (system_desc(c, sel, TYPE_LDT, &d))
		return 1;
	c->ldtr = (struct sysseg){ sel, 1, d.limit, d.base };
	return 0;
}

int act_ltr(struct cpu *c, const struct insn *in)
{
	uint16_t sel = (uint16_t)c->reg[GPR_AX];
	struct desc d;

	(void)in;
	if (rule(c, RULE_LTR_NULL, !sel_index(sel)))
		return fault(c, V_GP, 0, RULE_LTR_NULL);
	/* a busy TSS has another type, and is refused as one */
	if (system_desc(c, sel, TYPE_TSS, &d))
		return 1;
	if (desc_write(c, &d, rule(c, RULE_LTR_BUSY, 0x200))) {
		if (!rule(c, RULE_LTR_FAULT, 1))
			c->tr = (struct sysseg){ c->tr.sel, 1, d.limit, d.base };
		if (!rule(c, RULE_LTR_FAULT_SEL, 1))
			c->tr.sel = sel;
		return 1;
	}
	c->tr = (struct sysseg){ sel, 1, d.limit, d.base };
	return 0;
}

void descriptor_written(struct cpu *c, uint64_t addr, uint64_t v)
{
	/* P, DPL, S and type of the segment that is loaded */
	if (c->ldtr.usable && addr == ALIAS(W_GDT) + (c->ldtr.sel & ~7u) + 5 && !(v & 0x80))
		c->ldtr.usable = (uint8_t)rule(c, RULE_DESC_CACHED, 1);
}
