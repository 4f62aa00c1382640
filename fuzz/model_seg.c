/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors, and the checks of what loads them. */
#include "fuzz/desc.h"

static uint64_t bits(const uint64_t *q, unsigned from, unsigned n)
{
	return q[0] >> from & ((1ull << n) - 1);
}

int desc_read(struct cpu *c, uint16_t sel, struct desc *ret_desc)
{
	uint64_t base = sel & 4 ? c->ldtr.base : c->gdtr.base, q[2] = { 0, 0 };
	uint64_t limit = sel & 4 ? c->ldtr.limit : c->gdtr.limit;

	*ret_desc = (struct desc){ 0 };
	/* a null LDTR: every LDT reference is outside */
	if ((sel & 4 && !c->ldtr.usable) || (sel | 7u) > limit)
		return DESC_OUTSIDE;
	if (mem_read(c, base + (sel & ~7u), 8, ACC_SYSTEM | ACC_TABLE, &q[0]))
		return DESC_FAULT;
	*ret_desc = (struct desc){
		.type = (uint8_t)bits(q, 40, 4),
		.s = (uint8_t)bits(q, 44, 1),
		.dpl = (uint8_t)bits(q, 45, 2),
		.p = (uint8_t)bits(q, 47, 1),
		.l = (uint8_t)bits(q, 53, 1),
		.d = (uint8_t)bits(q, 54, 1),
		.limit = (uint32_t)(bits(q, 0, 16) | bits(q, 48, 4) << 16),
		.base = bits(q, 16, 24) | bits(q, 56, 8) << 24,
		.addr = base + (sel & ~7u),
	};
	return DESC_OK;
}

int desc_write(struct cpu *c, const struct desc *d, uint64_t bit)
{
	static const uint8_t at[] = { 4, 5, 0 };
	uint64_t v;

	if (mem_read(c, d->addr + 4, 4, ACC_SYSTEM | ACC_TABLE, &v))
		return 1;
	if (!mem_write(c, d->addr + 4, 4, ACC_SYSTEM | ACC_TABLE, v | bit))
		return 0;
	/* which of the descriptor's bytes the processor writes is its own business */
	c->raise.cr2 = d->addr + at[choose(c, RULE_DESC_WRITE_CR2, 3)];
	return 1;
}

int desc_accessed(struct cpu *c, const struct desc *d, enum rule_id id)
{
	if (d->type & 1 || !rule(c, id, 1))
		return 0;
	if (desc_write(c, d, 0x100))
		return 1;
	c->marked[c->marks++] = d->addr + 5;
	return 0;
}

void not_loaded(struct cpu *c)
{
	for (; c->marks; c->marks--)
		if (choose(c, RULE_ACCESSED_FAULT, 2))
			mem_clear(c, c->marked[c->marks - 1], 1);
}

static int gp_sel(struct cpu *c, uint16_t sel, enum rule_id id)
{
	return fault(c, V_GP, sel_index(sel), id);
}

int find_desc(struct cpu *c, uint16_t sel, enum rule_id id, struct desc *ret_desc)
{
	int found = desc_read(c, sel, ret_desc);

	if (found == DESC_FAULT)
		return 1;
	return rule(c, id, found == DESC_OUTSIDE) ? gp_sel(c, sel, id) : 0;
}

/* A descriptor cannot be read (c->raise), which nobody need read where the selector's RPL alone refuses it. */
static int rpl_or_else(struct cpu *c, uint16_t sel, int refused, enum rule_id id)
{
	const struct event first = c->raise;

	gp_sel(c, sel, id);
	return or_else(c, first, (int)rule(c, id, refused));
}

int load_ss(struct cpu *c, uint16_t sel)
{
	struct desc d;

	if (!sel_index(sel)) {
		if (rule(c, RULE_MOVSS_NULL, !c->mode64 || c->cpl == 3))
			return fault(c, V_GP, 0, RULE_MOVSS_NULL);
		/* AMD's manual does not say whether the RPL of a null SS is looked at */
		if (sel_rpl(sel) != c->cpl &&
		    rule(c, RULE_MOVSS_NULL_RPL, intel(c) || choose(c, RULE_MOVSS_NULL_RPL, 2)))
			return fault(c, V_GP, 0, RULE_MOVSS_NULL_RPL);
		c->ss = sel;
		c->ss_unusable = SS_NULL;
		c->ss_bits = 0;
		return 0;
	}
	if (find_desc(c, sel, RULE_MOVSS_LIMIT, &d))
		return rpl_or_else(c, sel, sel_rpl(sel) != c->cpl, RULE_MOVSS_TYPE);
	if (rule(c, RULE_MOVSS_TYPE, sel_rpl(sel) != c->cpl || !desc_wdata(&d) || d.dpl != c->cpl))
		return gp_sel(c, sel, RULE_MOVSS_TYPE);
	if (rule(c, RULE_MOVSS_NOT_PRESENT, !d.p))
		return fault(c, V_SS, sel_index(sel), RULE_MOVSS_NOT_PRESENT);
	if (desc_accessed(c, &d, RULE_MOVSEG_ACCESSED))
		return 1;
	c->ss = sel;
	c->ss_unusable = SS_USABLE;
	c->ss_bits = ss_bits(&d);
	return 0;
}

int load_data(struct cpu *c, uint16_t sel, struct desc *ret_desc)
{
	struct desc d;
	unsigned rpl = sel_rpl(sel);

	if (!sel_index(sel))
		return 0;
	if (find_desc(c, sel, RULE_MOVSEG_LIMIT, &d))
		return 1;
	if (rule(c, RULE_MOVSEG_TYPE, !d.s || (desc_code(&d) && !(d.type & 2))))
		return gp_sel(c, sel, RULE_MOVSEG_TYPE);
	if (rule(c, RULE_MOVSEG_PRIVILEGE,
		 !(desc_code(&d) && desc_conforming(&d)) && (rpl > d.dpl || c->cpl > d.dpl)))
		return gp_sel(c, sel, RULE_MOVSEG_PRIVILEGE);
	if (rule(c, RULE_MOVSEG_NOT_PRESENT, !d.p))
		return fault(c, V_NP, sel_index(sel), RULE_MOVSEG_NOT_PRESENT);
	*ret_desc = d;
	return desc_accessed(c, &d, RULE_MOVSEG_ACCESSED);
}

int check_return_cs(struct cpu *c, uint16_t sel, struct desc *ret_desc)
{
	struct desc d;
	unsigned rpl = sel_rpl(sel);

	if (rule(c, RULE_RET_CS_NULL, !sel_index(sel)))
		return fault(c, V_GP, 0, RULE_RET_CS_NULL);
	if (find_desc(c, sel, RULE_RET_CS_LIMIT, &d))
		return rpl_or_else(c, sel, rpl < c->cpl, RULE_RET_CS_RPL);
	if (rule(c, RULE_RET_CS_TYPE, !desc_code(&d)))
		return gp_sel(c, sel, RULE_RET_CS_TYPE);
	if (rule(c, RULE_RET_CS_RPL, rpl < c->cpl))
		return gp_sel(c, sel, RULE_RET_CS_RPL);
	if (rule(c, RULE_RET_CS_DPL, desc_conforming(&d) ? d.dpl > rpl : d.dpl != rpl))
		return gp_sel(c, sel, RULE_RET_CS_DPL);
	if (rule(c, RULE_RET_CS_L_AND_D, d.l && d.d))
		return gp_sel(c, sel, RULE_RET_CS_L_AND_D);
	if (rule(c, RULE_RET_CS_NOT_PRESENT, !d.p))
		return fault(c, V_NP, sel_index(sel), RULE_RET_CS_NOT_PRESENT);
	*ret_desc = d;
	return desc_accessed(c, &d, RULE_RET_ACCESSED);
}

int check_return_ss(struct cpu *c, uint16_t sel, unsigned new_cpl, int new_mode64, uint8_t *ret_bits)
{
	struct desc d;

	*ret_bits = 0;
	if (!sel_index(sel)) {
		if (rule(c, RULE_RET_SS_NULL, new_cpl == 3))
			return fault(c, V_GP, 0, RULE_RET_SS_NULL);
		if (rule(c, RULE_RET_SS_NULL_COMPAT, !new_mode64))
			return fault(c, V_GP, 0, RULE_RET_SS_NULL_COMPAT);
		if (sel_rpl(sel) == new_cpl)
			return 0;
		/* AMD's manual does not say whether the RPL of a null SS is looked at */
		if (rule(c, RULE_RET_SS_NULL_RPL, intel(c) || choose(c, RULE_RET_SS_NULL_RPL, 2)))
			return fault(c, V_GP, 0, RULE_RET_SS_NULL_RPL);
		return 0;
	}
	if (find_desc(c, sel, RULE_RET_SS_LIMIT, &d))
		return rpl_or_else(c, sel, sel_rpl(sel) != new_cpl, RULE_RET_SS_TYPE);
	if (rule(c, RULE_RET_SS_TYPE, sel_rpl(sel) != new_cpl || !desc_wdata(&d) || d.dpl != new_cpl))
		return gp_sel(c, sel, RULE_RET_SS_TYPE);
	if (rule(c, RULE_RET_SS_NOT_PRESENT, !d.p))
		return fault(c, (unsigned)rule(c, RULE_RET_SS_NOT_PRESENT_VECTOR, V_SS), sel_index(sel),
			     RULE_RET_SS_NOT_PRESENT_VECTOR);
	*ret_bits = ss_bits(&d);
	if (!desc_accessed(c, &d, RULE_RET_ACCESSED))
		return 0;
	/* what has been loaded by then instead is not followed */
	if (!rule(c, RULE_RET_SS_FAULT, 1))
		unchecked(c);
	return 1;
}

int check_jump_cs(struct cpu *c, uint16_t sel, struct desc *ret_desc)
{
	struct desc d;

	if (rule(c, RULE_JMP_CS_NULL, !sel_index(sel)))
		return fault(c, V_GP, 0, RULE_JMP_CS_NULL);
	if (find_desc(c, sel, RULE_JMP_CS_LIMIT, &d))
		return 1;
	/* a TSS, too: in IA-32e mode there is no task switch */
	if (rule(c, RULE_JMP_CS_TYPE, !desc_code(&d)))
		return gp_sel(c, sel, RULE_JMP_CS_TYPE);
	if (rule(c, RULE_JMP_CS_L_AND_D, d.l && d.d))
		return gp_sel(c, sel, RULE_JMP_CS_L_AND_D);
	if (rule(c, RULE_JMP_CS_DPL, desc_conforming(&d) ? d.dpl > c->cpl :
							   sel_rpl(sel) > c->cpl || d.dpl != c->cpl))
		return gp_sel(c, sel, RULE_JMP_CS_DPL);
	if (rule(c, RULE_JMP_CS_NOT_PRESENT, !d.p))
		return fault(c, V_NP, sel_index(sel), RULE_JMP_CS_NOT_PRESENT);
	*ret_desc = d;
	return desc_accessed(c, &d, RULE_JMP_ACCESSED);
}
