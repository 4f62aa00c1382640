/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is refused by its ring, by a control register or by its operands (SDM 2A-2D, APM 3: the
 * instructions' own pages), floating point, and far jumps.
 */
#include "fuzz/desc.h"

enum { MXCSR_IM = 0x80, X87_STATUS = 4, X87_EXCEPTIONS = 0x3f, X87_ES = 0x80 };
/* the constants that LDMXCSR and SQRTSS read */
enum { MXCSR_UNMASKED = 0x1f00 };
#define FLOAT_MINUS_ONE 0xbf800000u

int act_bound(struct cpu *c, const struct insn *in)
{
	int32_t v = (int32_t)c->reg[GPR_AX];
	uint64_t low, high;

	if (mem_read(c, in->imm, 4, ACC_READ, &low) || mem_read(c, in->imm + 4, 4, ACC_READ, &high))
		return 1;
	if (rule(c, RULE_BOUND, v < (int32_t)low || v > (int32_t)high))
		return fault(c, V_BR, 0, RULE_BOUND);
	return 0;
}

int act_evex(struct cpu *c, const struct insn *in)
{
	(void)in;
	return fault(c, V_UD, 0, RULE_BOUND_64);
}

/* EDX:EAX by 1: without room for the quotient unless EDX is 0, as it may be when another event's is in it. */
int act_div_one(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (mem_read(c, in->imm, 4, ACC_READ, &v))
		return 1;
	if (rule(c, RULE_DE_OVERFLOW, (c->reg[GPR_DX] & 0xffffffff) >= v))
		return fault(c, V_DE, 0, RULE_DE_OVERFLOW);
	unchecked(c); /* the flags are undefined */
	return 0;
}

int act_privileged(struct cpu *c, const struct insn *in)
{
	if (need_ring0(c, in->a ? RULE_CACHE_CPL : RULE_PRIVILEGED))
		return 1;
	/* ring 3's text in ring 0: it is executed. In ring 3 INVD and WBINVD do nothing that a trace shows */
	if (!in->a || !c->cpl)
		unchecked(c);
	return 0;
}

int act_rdpmc(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_RDPMC_PCE, c->cpl && !(c->cr4 & CR4_PCE_BIT)))
		return fault(c, V_GP, 0, RULE_RDPMC_PCE);
	/* which counters there are, and what they say, is the machine's */
	unchecked(c);
	return 0;
}

/* SDM 1 18.5.2, APM 2 12.2.5: the bit of a port, of whose word both bytes must be within the TSS. */
static int port_allowed(struct cpu *c, unsigned port, int *ret_allowed)
{
	uint64_t base, word, at;

	*ret_allowed = 0;
	if (0x67 > c->tr.limit)
		return 0;
	if (mem_read(c, c->tr.base + 0x66, 2, ACC_SYSTEM | ACC_TABLE, &base))
		return 1;
	at = base + port / 8;
	if (rule(c, RULE_IO_BITMAP_LIMIT, at + 1 > c->tr.limit))
		return 0;
	if (mem_read(c, c->tr.base + at, 2, ACC_SYSTEM | ACC_TABLE, &word))
		return 1;
	*ret_allowed = !(word >> port % 8 & 1);
	return 0;
}

int act_out(struct cpu *c, const struct insn *in)
{
	int allowed = 1;

	if (rule(c, RULE_IO_IOPL, c->cpl > (c->rflags & FL_IOPL) >> 12) && port_allowed(c, in->a, &allowed))
		return 1;
	if (!allowed)
		return fault(c, V_GP, 0, RULE_IO_IOPL);
	debug_io(c, in->a);
	return 0;
}

static int hidden(struct cpu *c)
{
	if (!rule(c, RULE_UMIP, c->cpl != 0 && (c->cr4 & CR4_UMIP_BIT)))
		return 0;
	return fault(c, V_GP, 0, RULE_UMIP);
}

static int show(struct cpu *c, uint64_t v)
{
	if (hidden(c))
		return 1;
	c->reg[GPR_AX] = v;
	return 0;
}

int act_sldt(struct cpu *c, const struct insn *in)
{
	(void)in;
	return show(c, c->ldtr.sel);
}

int act_str(struct cpu *c, const struct insn *in)
{
	(void)in;
	return show(c, c->tr.sel);
}

int act_smsw(struct cpu *c, const struct insn *in)
{
	(void)in;
	return show(c, c->cr0);
}

static int store_table(struct cpu *c, const struct insn *in, const struct table *t)
{
	unsigned access = c->mode64 ? ACC_READ : ACC_STACK; /* an SS override */

	/* one address for both, of which the manual has two minds */
	if (mem_checks_alignment(c) && !choose(c, RULE_SGDT_ALIGNMENT, 2))
		access |= ACC_UNALIGNED;
	return hidden(c) || mem_write(c, in->imm, 2, access, t->limit) ||
	       mem_write(c, in->imm + 2, c->mode64 ? 8 : 4, access, t->base);
}

int act_sgdt(struct cpu *c, const struct insn *in)
{
	return store_table(c, in, &c->gdtr);
}

int act_sidt(struct cpu *c, const struct insn *in)
{
	return store_table(c, in, &c->idtr);
}

int act_rdtsc(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_RDTSC_TSD, c->cpl != 0 && (c->cr4 & CR4_TSD_BIT)))
		return fault(c, V_GP, 0, RULE_RDTSC_TSD);
	c->reg[GPR_AX] = c->reg[GPR_DX] = UNTOLD;
	return 0;
}

static int smap_ud(struct cpu *c)
{
	if (!rule(c, RULE_STAC_UD, c->cpl != 0 || !(c->profile->features & FEAT(SMAP))))
		return 0;
	return fault(c, V_UD, 0, RULE_STAC_UD);
}

int act_stac(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (smap_ud(c))
		return 1;
	c->rflags |= rule(c, RULE_STAC, FL_AC);
	return 0;
}

int act_clac(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (smap_ud(c))
		return 1;
	c->rflags &= ~rule(c, RULE_STAC, FL_AC);
	return 0;
}

int act_wrpkru(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_WRPKRU_UD, !(c->cr4 & CR4_PKE_BIT)))
		return fault(c, V_UD, 0, RULE_WRPKRU_UD);
	if (rule(c, RULE_WRPKRU_OPERANDS, (c->reg[GPR_CX] | c->reg[GPR_DX]) & 0xffffffff))
		return fault(c, V_GP, 0, RULE_WRPKRU_OPERANDS);
	c->pkru = (uint32_t)c->reg[GPR_AX];
	c->pke_later = 0;
	return 0;
}

/* --- x87 and SSE ------------------------------------------------------------------------------- */

static int x87_unavailable(struct cpu *c)
{
	if (rule(c, RULE_NM, (c->cr0 & CR0_TS_BIT) != 0))
		return fault(c, V_NM, 0, RULE_NM);
	if (rule(c, RULE_NM_EM, (c->cr0 & CR0_EM_BIT) != 0))
		return fault(c, V_NM, 0, RULE_NM_EM);
	return 0;
}

int act_fninit(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (x87_unavailable(c))
		return 1;
	c->x87_pending = 0;
	return 0;
}

int act_fldenv(struct cpu *c, const struct insn *in)
{
	uint64_t control, status;

	if (x87_unavailable(c))
		return 1;
	if (c->x87_pending && choose(c, RULE_MF_FLDENV, 2))
		return fault(c, V_MF, 0, RULE_MF_FLDENV);
	if (mem_read(c, in->imm, 4, ACC_READ, &control) ||
	    mem_read(c, in->imm + X87_STATUS, 4, ACC_READ, &status))
		return 1;
	if (!rule(c, RULE_FLDENV_READS, 1) && mem_write(c, in->imm, 4, ACC_READ, control))
		return 1;
	c->x87_pending = (status & ~control & X87_EXCEPTIONS) != 0;
	if (!rule(c, RULE_X87_ES, 1))
		c->x87_pending = (status & X87_ES) != 0;
	return 0;
}

int act_fwait(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_NM_WAIT, (c->cr0 & CR0_TS_BIT) && (c->cr0 & CR0_MP_BIT)))
		return fault(c, V_NM, 0, RULE_NM_WAIT);
	if (rule(c, RULE_MF, c->x87_pending))
		return fault(c, V_MF, 0, RULE_MF);
	return 0;
}

/* CR0.EM before CR0.TS; both: the rule that says so of this instruction. */
static int sse_unavailable(struct cpu *c, enum rule_id both)
{
	int em = (c->cr0 & CR0_EM_BIT) != 0, ts = (c->cr0 & CR0_TS_BIT) != 0;

	if (rule(c, RULE_SSE_UD, (em && !ts) || !(c->cr4 & CR4_OSFXSR_BIT)))
		return fault(c, V_UD, 0, RULE_SSE_UD);
	if (rule(c, both, em && ts))
		return fault(c, V_UD, 0, both);
	if (rule(c, RULE_NM, ts))
		return fault(c, V_NM, 0, RULE_NM);
	return 0;
}

int act_ldmxcsr(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (sse_unavailable(c, RULE_LDMXCSR_UD_FIRST) || mem_read(c, in->imm, 4, ACC_READ, &v))
		return 1;
	/* a frame lies over the constant: which bits may be set is the machine's */
	if (v != MXCSR_UNMASKED)
		unchecked(c);
	c->mxcsr = (uint32_t)v;
	return 0;
}

int act_sqrtss(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (sse_unavailable(c, RULE_SSE_UD_FIRST) || mem_read(c, in->imm, 4, ACC_READ, &v))
		return 1;
	if (v != FLOAT_MINUS_ONE)
		unchecked(c);
	if (!rule(c, RULE_XM, !(c->mxcsr & MXCSR_IM)))
		return 0;
	if (rule(c, RULE_XM_UD, !(c->cr4 & CR4_OSXMMEXCPT_BIT)))
		return fault(c, V_UD, 0, RULE_XM_UD);
	return fault(c, V_XM, 0, RULE_XM);
}

/* --- far jumps --------------------------------------------------------------------------------- */

int act_jmp_far(struct cpu *c, const struct insn *in)
{
	uint64_t m = c->reg[GPR_SI] + in->imm, off, cs;
	struct desc d;

	if (mem_read(c, m, 4, ACC_READ, &off) || mem_read(c, m + 4, 2, ACC_READ, &cs) ||
	    check_jump_cs(c, (uint16_t)cs, &d))
		return 1;
	c->cs = (uint16_t)(sel_index(cs) | c->cpl);
	c->mode64 = d.l;
	c->code16 = !d.l && !d.d;
	lose_upper_half(c);
	c->rip = off;
	return 0;
}
