/* SPDX-License-Identifier: BSD-2-Clause */
/* Far CALL through a 64-bit call gate (SDM 2A CALL, 3A 5.8.3.1, 5.8.5.1; APM 3 CALL (Far), APM 2 4.8.3). */
#include "fuzz/desc.h"

enum { TYPE_CALL_GATE = 12 };

struct call_gate {
	uint16_t cs;
	uint64_t rip;
};

static int read_gate(struct cpu *c, uint16_t sel, struct call_gate *g)
{
	struct desc d;
	uint64_t lo, hi;

	if (find_desc(c, sel, RULE_CALL_LIMIT, &d))
		return 1;
	if (d.s || d.type != TYPE_CALL_GATE) {
		/* the lists have gates only: another segment register's selector, or a table that was moved */
		unchecked(c);
		return 0;
	}
	if (rule(c, RULE_CALL_GATE_DPL, d.dpl < c->cpl || d.dpl < sel_rpl(sel)))
		return fault(c, V_GP, sel_index(sel), RULE_CALL_GATE_DPL);
	if (rule(c, RULE_CALL_GATE_NOT_PRESENT, !d.p))
		return fault(c, V_NP, sel_index(sel), RULE_CALL_GATE_NOT_PRESENT);
	if (mem_read(c, d.addr, 8, ACC_SYSTEM | ACC_TABLE, &lo) ||
	    mem_read(c, d.addr + 8, 8, ACC_SYSTEM | ACC_TABLE, &hi))
		return 1;
	g->cs = (uint16_t)(lo >> 16);
	g->rip = (lo & 0xffff) | (lo >> 48) << 16 | hi << 32;
	return 0;
}

static int read_code(struct cpu *c, uint16_t sel, struct desc *d)
{
	if (rule(c, RULE_CALL_CS_NULL, !sel_index(sel)))
		return fault(c, V_GP, 0, RULE_CALL_CS_NULL);
	if (find_desc(c, sel, RULE_CALL_CS_TYPE, d))
		return 1;
	if (rule(c, RULE_CALL_CS_TYPE, !desc_code(d) || d->dpl > c->cpl))
		return fault(c, V_GP, sel_index(sel), RULE_CALL_CS_TYPE);
	if (rule(c, RULE_CALL_CS_64BIT, !d->l || d->d))
		return fault(c, V_GP, sel_index(sel), RULE_CALL_CS_64BIT);
	if (rule(c, RULE_CALL_CS_NOT_PRESENT, !d->p))
		return fault(c, V_NP, sel_index(sel), RULE_CALL_CS_NOT_PRESENT);
	return 0;
}

/* To an inner ring: its stack pointer of the TSS, which is not aligned. */
static int inner_stack(struct cpu *c, unsigned ring, uint64_t *ret_rsp)
{
	unsigned offset = 4 + 8 * ring;

	if (rule(c, RULE_CALL_TSS_LIMIT, offset + 7 > c->tr.limit))
		return fault(c, V_TS, sel_index(c->tr.sel), RULE_CALL_TSS_LIMIT);
	return mem_read(c, c->tr.base + offset, 8, ACC_SYSTEM | ACC_TABLE, ret_rsp);
}

/* Pushes the frame, or with tries finds out whether it can be. */
static int push_frame(struct cpu *c, unsigned inner, unsigned ring, uint64_t *rsp, int tries)
{
	const uint64_t slot[4] = { c->ss, c->reg[GPR_SP], c->cs, c->rip };
	const uint64_t *from = tries ? NULL : inner ? slot : slot + 2;
	const unsigned n = inner ? 4 : 2;
	unsigned access = ACC_SYSTEM | ACC_STACK;
	const int bad = !canonical(c, *rsp - 1);

	/* within a ring these are pushes like any other */
	if (!inner && bad && rule(c, RULE_SS_NONCANONICAL, 1))
		return fault(c, V_SS, 0, RULE_SS_NONCANONICAL);
	if (inner && rule(c, RULE_CALL_STACK_NONCANONICAL, bad)) {
		/* the body begins with LEA */
		if (!rule(c, RULE_CALL_STACK_RIP, 1))
			c->insn_start -= c->mode64 ? 4 : 3;
		return fault(c, V_SS, rule(c, RULE_SS_TSS_ERROR, 1) ? 0 : sel_index(c->ss),
			     RULE_CALL_STACK_NONCANONICAL);
	}
	if (rule(c, RULE_CALL_PUSH_RIGHTS, ring == 3))
		access |= ACC_RING3;
	if (!inner && mem_misaligned(c, *rsp, 8)) {
		const struct event first = c->raise;
		return or_else(c, first, push_words(c, rsp, access, from, n));
	}
	return push_words(c, rsp, access, from, n);
}

/* Six bytes of memory, offset and selector: which is read first is not said. The offset is of no use to a gate. */
static int read_pointer(struct cpu *c, uint64_t at, uint64_t *ret_sel)
{
	uint64_t offset;

	if (!mem_read(c, at, 4, ACC_READ, &offset))
		return mem_read(c, at + 4, 2, ACC_READ, ret_sel);
	const struct event first = c->raise;
	return or_else(c, first, mem_faults(c, at + 4, 2, ACC_READ));
}

/* What comes behind the checks of gate and segment, in an order that nobody promises. */
static int cannot_enter(struct cpu *c, unsigned ring, const struct call_gate *g, const struct desc *d, uint64_t *ret_rsp)
{
	struct event met[4];
	unsigned n = 0;
	const unsigned inner = ring < c->cpl;
	const int no_stack = inner && inner_stack(c, ring, ret_rsp);
	uint64_t rsp = *ret_rsp;

	if (no_stack)
		met[n++] = c->raise;
	if (rule(c, RULE_CALL_OFFSET, !canonical(c, g->rip))) {
		fault(c, V_GP, 0, RULE_CALL_OFFSET);
		met[n++] = c->raise;
	}
	if (desc_accessed(c, d, RULE_CALL_ACCESSED))
		met[n++] = c->raise;
	if (!n)
		return 0;
	if (!no_stack && push_frame(c, inner, ring, &rsp, !choose(c, RULE_FRAME_FAULT, 2)))
		met[n++] = c->raise;
	return one_of(c, met, n);
}

int act_call_far(struct cpu *c, const struct insn *in)
{
	uint64_t sel, rsp = c->reg[GPR_SP];
	struct call_gate g = { 0 };
	struct desc d;
	unsigned ring, inner;

	if (read_pointer(c, in->imm, &sel) || read_gate(c, (uint16_t)sel, &g))
		return 1;
	if (c->done)
		return 0;
	if (read_code(c, g.cs, &d))
		return 1;
	ring = desc_conforming(&d) ? c->cpl : d.dpl;
	inner = ring < c->cpl;
	if (cannot_enter(c, ring, &g, &d, &rsp) || push_frame(c, inner, ring, &rsp, 0))
		return 1;
	/* no style has an entry for this */
	c->promise.off = 1;
	if (rule(c, RULE_CALL_SS_NULL, inner)) {
		c->ss = (uint16_t)ring;
		c->ss_unusable = SS_NULL;
		c->ss_bits = 0;
	}
	c->reg[GPR_SP] = rsp;
	c->cs = (uint16_t)(sel_index(g.cs) | ring);
	c->cpl = (uint8_t)ring;
	c->mode64 = 1;
	c->code16 = 0;
	c->rip = g.rip;
	c->rflags &= rule(c, RULE_CALL_FLAGS, UINT64_MAX);
	return 0;
}
