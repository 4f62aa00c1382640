/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors, and the checks of what loads them. */
#include "fuzz/cpu_state.h"

int desc_read(struct cpu *c, uint16_t sel, struct desc *ret_desc)
{
	static uint8_t gdt[GDT_LEN];
	const uint8_t *d;

	if (!gdt[SEL_KCS + 5])
		gdt_build(gdt, W_TSS);
	*ret_desc = (struct desc){ 0 };
	if (sel & 4 || (sel | 7) > GDT_LIMIT) /* LDTR is null: every LDT reference is outside */
		return 0;
	d = gdt + (sel & ~7);
	debug_table(c, W_GDT + (sel & ~7u), 8);
	*ret_desc = (struct desc){
		.type = d[5] & 15,
		.s = d[5] >> 4 & 1,
		.dpl = d[5] >> 5 & 3,
		.p = d[5] >> 7,
		.l = d[6] >> 5 & 1,
		.d = d[6] >> 6 & 1,
	};
	return 1;
}

static int gp_sel(struct cpu *c, uint16_t sel, enum rule_id id)
{
	return fault(c, V_GP, sel & 0xfffc, id);
}

int load_ss(struct cpu *c, uint16_t sel)
{
	struct desc d;

	if (!(sel & ~3)) {
		if (rule(c, RULE_MOVSS_NULL, !c->mode64 || c->cpl == 3))
			return fault(c, V_GP, 0, RULE_MOVSS_NULL);
		/* AMD's manual does not say whether the RPL of a null SS is looked at */
		if ((sel & 3) != c->cpl &&
		    rule(c, RULE_MOVSS_NULL_RPL, intel(c) || choose(c, RULE_MOVSS_NULL_RPL, 2)))
			return fault(c, V_GP, 0, RULE_MOVSS_NULL_RPL);
		c->ss = sel;
		c->ss_unusable = SS_NULL;
		return 0;
	}
	if (rule(c, RULE_MOVSS_LIMIT, !desc_read(c, sel, &d)))
		return gp_sel(c, sel, RULE_MOVSS_LIMIT);
	if (rule(c, RULE_MOVSS_TYPE, (sel & 3) != c->cpl || !desc_wdata(&d) || d.dpl != c->cpl))
		return gp_sel(c, sel, RULE_MOVSS_TYPE);
	if (rule(c, RULE_MOVSS_NOT_PRESENT, !d.p))
		return fault(c, V_SS, sel & 0xfffc, RULE_MOVSS_NOT_PRESENT);
	c->ss = sel;
	c->ss_unusable = SS_USABLE;
	return 0;
}

int load_es(struct cpu *c, uint16_t sel)
{
	struct desc d;
	unsigned rpl = sel & 3;

	if (!(sel & ~3))
		return 0;
	if (rule(c, RULE_MOVSEG_LIMIT, !desc_read(c, sel, &d)))
		return gp_sel(c, sel, RULE_MOVSEG_LIMIT);
	if (rule(c, RULE_MOVSEG_TYPE, !d.s || (desc_code(&d) && !(d.type & 2))))
		return gp_sel(c, sel, RULE_MOVSEG_TYPE);
	if (rule(c, RULE_MOVSEG_PRIVILEGE,
		 !(desc_code(&d) && desc_conforming(&d)) && (rpl > d.dpl || c->cpl > d.dpl)))
		return gp_sel(c, sel, RULE_MOVSEG_PRIVILEGE);
	if (rule(c, RULE_MOVSEG_NOT_PRESENT, !d.p))
		return fault(c, V_NP, sel & 0xfffc, RULE_MOVSEG_NOT_PRESENT);
	return 0;
}

int check_return_cs(struct cpu *c, uint16_t sel, struct desc *ret_desc)
{
	struct desc d;
	unsigned rpl = sel & 3;

	if (rule(c, RULE_RET_CS_NULL, !(sel & ~3)))
		return fault(c, V_GP, 0, RULE_RET_CS_NULL);
	if (rule(c, RULE_RET_CS_LIMIT, !desc_read(c, sel, &d)))
		return gp_sel(c, sel, RULE_RET_CS_LIMIT);
	if (rule(c, RULE_RET_CS_TYPE, !desc_code(&d)))
		return gp_sel(c, sel, RULE_RET_CS_TYPE);
	if (rule(c, RULE_RET_CS_RPL, rpl < c->cpl))
		return gp_sel(c, sel, RULE_RET_CS_RPL);
	if (rule(c, RULE_RET_CS_DPL, desc_conforming(&d) ? d.dpl > rpl : d.dpl != rpl))
		return gp_sel(c, sel, RULE_RET_CS_DPL);
	if (rule(c, RULE_RET_CS_L_AND_D, d.l && d.d))
		return gp_sel(c, sel, RULE_RET_CS_L_AND_D);
	if (rule(c, RULE_RET_CS_NOT_PRESENT, !d.p))
		return fault(c, V_NP, sel & 0xfffc, RULE_RET_CS_NOT_PRESENT);
	*ret_desc = d;
	return 0;
}

int check_return_ss(struct cpu *c, uint16_t sel, unsigned new_cpl, int new_mode64)
{
	struct desc d;

	if (!(sel & ~3)) {
		if (rule(c, RULE_RET_SS_NULL, !new_mode64 || new_cpl == 3))
			return fault(c, V_GP, 0, RULE_RET_SS_NULL);
		if ((sel & 3) == new_cpl)
			return 0;
		/* AMD's manual does not say whether the RPL of a null SS is looked at */
		if (rule(c, RULE_RET_SS_NULL_RPL, intel(c) || choose(c, RULE_RET_SS_NULL_RPL, 2)))
			return fault(c, V_GP, 0, RULE_RET_SS_NULL_RPL);
		return 0;
	}
	if (rule(c, RULE_RET_SS_LIMIT, !desc_read(c, sel, &d)))
		return gp_sel(c, sel, RULE_RET_SS_LIMIT);
	if (rule(c, RULE_RET_SS_TYPE, (sel & 3) != new_cpl || !desc_wdata(&d) || d.dpl != new_cpl))
		return gp_sel(c, sel, RULE_RET_SS_TYPE);
	if (rule(c, RULE_RET_SS_NOT_PRESENT, !d.p))
		return fault(c, (unsigned)rule(c, RULE_RET_SS_NOT_PRESENT_VECTOR, V_SS), sel & 0xfffc,
			     RULE_RET_SS_NOT_PRESENT_VECTOR);
	return 0;
}
