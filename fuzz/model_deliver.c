/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery of an event through the IDT in IA-32e mode (SDM 3A 6.14, 6.15; APM 2 8.9): the reads of
 * gate, descriptor and TSS, the frame, and what becomes of a fault met on the way.
 */
#include "fuzz/desc.h"

enum { NEST_MAX = 8 };
enum class { BENIGN, CONTRIBUTORY, PAGEFAULT, DOUBLE };

static enum class class_of(unsigned vec)
{
	static const uint8_t class[256] = {
#define VEC(num, name, has_ec, cl, kind, words) [num] = cl,
#include "efi/abi/vectors.def"
#undef VEC
	};

	return class[vec];
}

/* The saved image's RF, and which rule made it so. */
static uint64_t rflags_image(struct cpu *c, const struct event *ev)
{
	uint64_t fl = c->rflags & ~(uint64_t)FL_RF;
	uint64_t rf;

	if (ev->rule == RULE_CODE_BP) {
		c->rflags_rule = RULE_RF_CODE_BP;
		rf = rule(c, RULE_RF_CODE_BP, 0);
	} else if (ev->rule == RULE_GENERAL_DETECT) {
		c->rflags_rule = RULE_RF_GENERAL_DETECT;
		rf = choose_once(c, RULE_RF_GENERAL_DETECT, 2) == 0 || c->rf_before;
	} else if (ev->rule == RULE_DOUBLE_FAULT) {
		c->rflags_rule = RULE_RF_DF;
		rf = choose_once(c, RULE_RF_DF, 2) == 0;
	} else if (ev->rule == RULE_MC) {
		c->rflags_rule = RULE_RF_MC;
		rf = choose_once(c, RULE_RF_MC, 2) == 0;
	} else if (!ev->fault && c->rep_left) {
		c->rflags_rule = RULE_RF_REP;
		rf = rule(c, RULE_RF_REP, 1);
	} else if (ev->fault) {
		c->rflags_rule = RULE_RF_FAULT;
		rf = rule(c, RULE_RF_FAULT, 1) || c->rf_before;
	} else if (ev->soft || ev->rule == RULE_INT1) {
		c->rflags_rule = RULE_RF_SOFT;
		/* AMD's manual leaves open whether the instruction has cleared RF before it saves it */
		rf = c->rf_before && !rule(c, RULE_RF_SOFT, intel(c) || !choose(c, RULE_RF_SOFT, 2));
	} else {
		c->rflags_rule = RULE_RF_BOUNDARY;
		rf = rule(c, RULE_RF_BOUNDARY, (c->rflags & FL_RF) != 0);
	}
	return fl | (rf ? FL_RF : 0);
}

/* A gate as it was read, and the descriptor of its code segment. */
struct gate {
	uint64_t lo, hi;
	unsigned ext;
	struct desc cs;
};

static unsigned gate_attr(const struct gate *g)
{
	return g->lo >> 40 & 0xff;
}
static uint16_t gate_sel(const struct gate *g)
{
	return (uint16_t)(g->lo >> 16);
}
static uint64_t gate_offset(const struct gate *g)
{
	return (g->lo & 0xffff) | (g->lo >> 48 & 0xffff) << 16 | (g->hi & 0xffffffff) << 32;
}

enum { EXT_CLEAR, EXT_SET, EXT_OPEN };

/*
 * SDM 2A INT n: clear of a software interrupt alone. APM 2 8.4.1: set where the source is external to the processor, which an
 * exception may be taken for or not.
 */
static unsigned ext_of(const struct cpu *c, const struct event *ev)
{
	if (ev->soft)
		return EXT_CLEAR;
	return intel(c) || ev->hw_nmi || ev->hw_irq ? EXT_SET : EXT_OPEN;
}

static uint64_t ext_bit(struct cpu *c, unsigned ext)
{
	return rule(c, RULE_EXT, ext == EXT_OPEN ? choose_once(c, RULE_EXT, 2) : ext);
}

/* A fault whose error code names the gate. */
static int idt_fault(struct cpu *c, unsigned vec, const struct event *ev, unsigned ext, enum rule_id id)
{
	uint64_t index = ev->vec * rule(c, RULE_IDT_ERROR_CODE, 8);

	return fault(c, vec, index + 2 + ext_bit(c, ext), id);
}

static int read_gate(struct cpu *c, const struct event *ev, struct gate *g)
{
	uint64_t at = c->idtr.base + 16u * ev->vec;
	unsigned attr;

	if (rule(c, RULE_IDT_LIMIT, 16u * ev->vec + 15 > c->idtr.limit))
		return idt_fault(c, V_GP, ev, g->ext, RULE_IDT_LIMIT);
	if (mem_read(c, at, 8, ACC_SYSTEM | ACC_TABLE, &g->lo) ||
	    mem_read(c, at + 8, 8, ACC_SYSTEM | ACC_TABLE, &g->hi))
		return 1;
	attr = gate_attr(g);
	if (rule(c, RULE_GATE_TYPE, (attr & 0x1e) != 0x0e))
		return idt_fault(c, V_GP, ev, g->ext, RULE_GATE_TYPE);
	if (rule(c, RULE_GATE_DPL, ev->soft && (attr >> 5 & 3) < c->cpl))
		return idt_fault(c, V_GP, ev, g->ext, RULE_GATE_DPL);
	if (rule(c, RULE_GATE_NOT_PRESENT, !(attr & 0x80)))
		return idt_fault(c, V_NP, ev, g->ext, RULE_GATE_NOT_PRESENT);
	return 0;
}

/* A fault whose error code names the gate's code segment. */
static int cs_fault(struct cpu *c, unsigned vec, const struct gate *g, enum rule_id id)
{
	return fault(c, vec, sel_index(gate_sel(g)) + ext_bit(c, g->ext), id);
}

static int is_absent(struct cpu *c, const struct gate *g)
{
	return rule(c, RULE_GATE_CS_NOT_PRESENT, !g->cs.p) ? cs_fault(c, V_NP, g, RULE_GATE_CS_NOT_PRESENT) : 0;
}

static int read_code_segment(struct cpu *c, struct gate *g)
{
	uint16_t sel = gate_sel(g);
	int found;

	if (rule(c, RULE_GATE_CS_NULL, !sel_index(sel)))
		return cs_fault(c, V_GP, g, RULE_GATE_CS_NULL);
	found = desc_read(c, sel, &g->cs);
	if (found == DESC_FAULT)
		return 1;
	if (rule(c, RULE_GATE_CS_LIMIT, found == DESC_OUTSIDE))
		return cs_fault(c, V_GP, g, RULE_GATE_CS_LIMIT);
	if (rule(c, RULE_GATE_CS_TYPE, !desc_code(&g->cs)))
		return cs_fault(c, V_GP, g, RULE_GATE_CS_TYPE);
	if (rule(c, RULE_GATE_CS_DPL, g->cs.dpl > c->cpl))
		return cs_fault(c, V_GP, g, RULE_GATE_CS_DPL);
	if (!rule(c, RULE_GATE_CS_64BIT, !g->cs.l || g->cs.d))
		return is_absent(c, g);
	cs_fault(c, V_GP, g, RULE_GATE_CS_64BIT);
	const struct event first = c->raise;
	return or_else(c, first, is_absent(c, g));
}

static unsigned new_ring(const struct cpu *c, const struct gate *g)
{
	return desc_conforming(&g->cs) ? c->cpl : g->cs.dpl;
}

/* A stack pointer of the TSS. */
static int read_tss(struct cpu *c, const struct gate *g, unsigned offset, uint64_t *ret_rsp)
{
	if (rule(c, RULE_TSS_LIMIT, offset + 7 > c->tr.limit))
		return fault(c, V_TS, sel_index(c->tr.sel) + ext_bit(c, g->ext), RULE_TSS_LIMIT);
	if (mem_read(c, c->tr.base + offset, 8, ACC_SYSTEM | ACC_TABLE, ret_rsp))
		return 1;
	if (rule(c, RULE_SS_NONCANONICAL_TSS, !canonical(c, *ret_rsp)))
		return fault(c, V_SS, ext_bit(c, g->ext) + (rule(c, RULE_SS_TSS_ERROR, 1) ? 0 : sel_index(c->ss)),
			     RULE_SS_NONCANONICAL_TSS);
	return 0;
}

/* The stack the frame goes on, before alignment. */
static int new_stack(struct cpu *c, const struct gate *g, uint64_t *ret_rsp)
{
	unsigned ist = g->lo >> 32 & 7;
	uint64_t rsp;

	if (ist) {
		if (read_tss(c, g, 28 + 8 * ist, &rsp))
			return 1;
		rsp = rule(c, RULE_STACK_IST, rsp);
		c->land_rule = RULE_STACK_IST;
	} else if (new_ring(c, g) != c->cpl) {
		if (read_tss(c, g, 4 + 8 * new_ring(c, g), &rsp))
			return 1;
		rsp = rule(c, RULE_STACK_RSP0, rsp);
		c->land_rule = RULE_STACK_RSP0;
	} else {
		rsp = c->reg[GPR_SP];
		c->land_rule = RULE_STACK_SAME;
		if (rule(c, RULE_SS_NONCANONICAL_STACK, !canonical(c, rsp)))
			return fault(c, V_SS, ext_bit(c, g->ext), RULE_SS_NONCANONICAL_STACK);
	}
	*ret_rsp = rule(c, RULE_STACK_ALIGN, rsp & ~15ull);
	return 0;
}

static unsigned frame_words(const struct event *ev)
{
	return ev->has_err ? 6 : 5;
}

/* The pushes have the rights of the new ring, which a conforming segment's DPL says nothing of. */
static unsigned frame_access(struct cpu *c, const struct gate *g)
{
	int user = new_ring(c, g) == 3 && rule(c, RULE_FRAME_RIGHTS, 1) &&
		   (g->cs.dpl == 3 || rule(c, RULE_FRAME_RIGHTS_CONFORMING, 1));

	return ACC_SYSTEM | ACC_STACK | (user ? ACC_RING3 : 0);
}

static int push_frame(struct cpu *c, const struct event *ev, const struct gate *g, uint64_t *rsp)
{
	const uint64_t slot[6] = { c->ss, c->reg[GPR_SP], rflags_image(c, ev), c->cs, ev->rip, ev->err };

	/* also of an event that nothing records, or of half a frame: it lies on the stack from here on */
	if (window_of(ev->rip))
		c->window_rip[c->window_rips++ % 4] = (uint16_t)ev->rip;
	return push_words(c, rsp, frame_access(c, g), slot, frame_words(ev));
}

/* Whether it cannot be pushed, where something else is wrong: it lies there then, or not. */
static int try_frame(struct cpu *c, const struct event *ev, const struct gate *g, uint64_t rsp)
{
	return choose(c, RULE_FRAME_FAULT, 2) ? push_frame(c, ev, g, &rsp) :
						push_words(c, &rsp, frame_access(c, g), NULL, frame_words(ev));
}

/* What comes behind the checks of gate and segment, in an order that nobody promises. */
static int cannot_enter(struct cpu *c, const struct event *ev, const struct gate *g, uint64_t *ret_rsp)
{
	struct event met[4];
	unsigned n = 0;
	const int no_stack = new_stack(c, g, ret_rsp);

	if (no_stack)
		met[n++] = c->raise;
	if (rule(c, RULE_GATE_OFFSET, !canonical(c, gate_offset(g)))) {
		fault(c, V_GP, ext_bit(c, g->ext), RULE_GATE_OFFSET);
		met[n++] = c->raise;
	}
	if (desc_accessed(c, &g->cs, RULE_GATE_CS_ACCESSED))
		met[n++] = c->raise;
	if (!n)
		return 0;
	if (!no_stack && try_frame(c, ev, g, *ret_rsp))
		met[n++] = c->raise;
	return one_of(c, met, n);
}

/* One attempt. Returns 1 with the nested fault in c->raise, nothing changed but memory below. */
static int attempt(struct cpu *c, const struct event *ev)
{
	struct gate g = { .ext = ext_of(c, ev) };
	uint64_t rsp = 0;
	unsigned ring;

	c->vec = ev->vec;
	c->marks = 0;
	if (read_gate(c, ev, &g) || read_code_segment(c, &g))
		return 1;
	if (cannot_enter(c, ev, &g, &rsp))
		return 1;
	ring = new_ring(c, &g);
	if (push_frame(c, ev, &g, &rsp))
		return 1;

	/* SDM 6.14.4 and INT n's operation keep SS without a ring change, 6.14.5 nulls it with IST */
	if (c->cpl != ring ? rule(c, RULE_SS_NULL_ON_CPL_CHANGE, 1) :
			     (g.lo >> 32 & 7) && choose_once(c, RULE_SS_WITH_IST, 2)) {
		c->ss = (uint16_t)ring;
		c->ss_unusable = SS_NULL;
		c->ss_bits = 0;
	}
	c->reg[GPR_SP] = rsp;
	c->cs = (uint16_t)(sel_index(gate_sel(&g)) | ring);
	c->cpl = (uint8_t)ring;
	c->mode64 = 1;
	c->code16 = 0;
	c->rip = gate_offset(&g);
	if (rule(c, RULE_INTERRUPT_GATE_IF, !(gate_attr(&g) & 1)))
		c->rflags &= ~(uint64_t)FL_IF;
	c->rflags &= ~rule(c, RULE_DELIVERY_FLAGS, FL_TF | FL_NT | FL_RF | FL_VM);
	return 0;
}

/* What two exceptions make, SDM table 6-5; 0: the second is delivered by itself. */
static int makes_double_fault(struct cpu *c, enum class first, enum class second)
{
	/* a fault that delivery meets is contributory or a page fault itself */
	return (int)rule(c, RULE_DOUBLE_FAULT, first == PAGEFAULT || (first == CONTRIBUTORY && second == CONTRIBUTORY));
}

void deliver(struct cpu *c, struct event ev)
{
	/* INT n is benign, whatever its vector */
	enum class first = ev.soft ? BENIGN : class_of(ev.vec);
	/* INT n and its kin are instructions: a fault in them points at them, not behind them */
	uint64_t rip = ev.soft ? c->insn_start : ev.rip;
	const uint64_t gd = c->dr7 & DR7_GD;

	c->delivered = 1;
	debug_delivered(c, &ev);
	/* what it holds off ends with the instruction that raised this, or that this came in the middle of */
	c->shadow_sti = (ev.soft || ev.fault || c->rep_left) && c->shadowed && !rule(c, RULE_SHADOW_ENDS, 1);
	c->shadow_ss = 0;
	c->db_trap = 0;
	if (ev.soft && c->db_hits)
		debug_int(c);
	c->halted = 0;
	if ((ev.hw_nmi || ev.hw_irq || ev.vec == V_MC) && victim_waits(c->rip))
		c->reg[GPR_CX] = UNTOLD;
	if (ev.hw_nmi) {
		c->nmi_pending--;
		c->nmi_blocked = (uint8_t)rule(c, RULE_NMI_BLOCKS_NMI, 1);
	}
	c->out->why[c->out->n][F_vector] = ev.rule;
	if (ev.vec == V_PF && ev.fault)
		c->cr2 = ev.cr2;
	for (unsigned nest = 0;; nest++) {
		unsigned hits = c->db_hits;
		struct event nested;

		if (!attempt(c, &ev))
			break;
		nested = c->raise;
		not_loaded(c);
		debug_faulted(c, hits);
		debug_undelivered(c, gd);

		/* of INT1, which is no INT n, no manual says it */
		if (ev.rule == RULE_INT1 && choose(c, RULE_RIP_INT1, 2) == 0)
			rip = c->insn_start;
		if (nested.vec == V_PF)
			c->cr2 = nested.cr2;
		nested.rip = rule(c, RULE_RIP_FAULT, rip);
		if (first == DOUBLE) {
			/* whatever its class: nothing is benign on the way to a handler */
			end_run(c, OUTCOME_SHUTDOWN, RULE_TRIPLE_FAULT);
			return;
		}
		if (makes_double_fault(c, first, class_of(nested.vec)))
			nested = (struct event){ .vec = V_DF, .fault = 1, .has_err = 1, .rip = rip,
						 .rule = RULE_DOUBLE_FAULT };
		/* by the manual four is the most; an overlay may say otherwise, and must not hang us */
		if (nest > NEST_MAX) {
			end_run(c, OUTCOME_HANG, RULE_HANG);
			return;
		}
		ev = nested;
		first = class_of(ev.vec);
	}
	c->rep_left = 0;
	c->out->delivered++;
	promise_delivered(c, &ev);
	c->out->why[c->out->n][F_vector] = ev.rule;
	/* another saved RIP for a fault is mostly another fault: it is the raising rule that is in doubt */
	c->rip_rule = ev.fault ? ev.rule : RULE_RIP_TRAP;
}
