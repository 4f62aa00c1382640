/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is pending, and what of it is taken at the boundary between two instructions, in the order of SDM
 * 3A table 6-2.
 */
#include "fuzz/cpu_state.h"

/* In a window, its jump not included, or in a loop that waits and so is part of it. */
static int in_window(uint64_t rip)
{
	const struct insn *in = victim_insn(rip);

	return window_of(rip) && (!in || (in->kind != INSN_JSLED && in->kind != INSN_JWIN));
}

int is_entry(uint64_t rip)
{
	const struct victim_labels *l = victim_labels();

	return rip >= l->stubs && rip < l->entries_end && !((rip - l->stubs) % l->stub_stride);
}

/* What was sent is there. Of several NMIs at once the manual promises one. */
static void land(struct cpu *c)
{
	unsigned nmis = c->nmi_pending + c->nmi_flight;

	if (nmis > 1)
		nmis = !c->nmi_blocked && choose(c, RULE_NMI_MERGE, 2) ? 2 : 1;
	c->nmi_pending = (uint8_t)nmis;
	c->nmi_flight = c->irq_flight = 0;
}

/* Whether an interrupt is taken as soon as nothing holds it off. */
static int irq_due(struct cpu *c)
{
	return c->rflags & FL_IF && (c->spurious || irq_ready(c) >= 0);
}

/*
 * Whether this is the jump into a window. It reads where that is: a stack led over the pointer has it lead elsewhere.
 * Only half of it counts outside 64-bit mode; a change of the other half is a choice too many, and no wrong one.
 */
static int leads_into_window(struct cpu *c, const struct insn *in)
{
	uint64_t to;

	if (in->kind != INSN_JSLED)
		return in->kind == INSN_JWIN;
	return !mem_read(c, ALIAS(in->imm), sizeof(to), ACC_SYSTEM, &to) && window_of(to);
}

/* An event that was sent arrives in its window, or earlier where that makes a difference. */
static void arrive(struct cpu *c)
{
	int takes;

	if (!c->nmi_flight && !c->irq_flight)
		return;
	/* an entry's first instruction is the last one before harness text, and in HLT there is time */
	if (in_window(c->rip) || (c->cpl == 0 && is_entry(c->rip)) || c->halted) {
		land(c);
		return;
	}
	/* while NMIs are blocked it is the same when it arrives */
	if (c->nmi_flight && c->nmi_blocked && !c->irq_flight) {
		land(c);
		return;
	}
	takes = (c->nmi_flight && !c->nmi_blocked) || irq_due(c);
	if (takes) {
		const struct insn *in = victim_insn(c->rip);

		/* the jump into the window is part of it: it matters only under TF, or to what waits */
		int waits = !c->irq_flight && irq_due(c);

		if (in && !c->may_step && !waits && leads_into_window(c, in))
			return;
		if (!choose(c, RULE_ASYNC_ARRIVAL, 2))
			land(c);
	}
}

/* The interrupt that the local APIC hands over: its vector, or 0. */
static unsigned take_irq(struct cpu *c)
{
	int irq = irq_ready(c), is_spurious = c->spurious;

	if (c->irq_flight)
		return 0;
	c->spurious = 0;
	if (irq < 0)
		return is_spurious ? SPURIOUS_VECTOR : 0;
	c->irr &= (uint8_t)~(1u << irq);
	c->isr |= (uint8_t)(1u << irq);
	return ipi_vector[irq];
}

/* A saved RIP that was popped as a stack pointer, and an event came in a window: nobody can say where in it. */
static int stack_is_a_window(const struct cpu *c)
{
	return c->window_rips && c->reg[GPR_SP] - W_KTEXT < W_UTEXT + L_UTEXT - W_KTEXT;
}

/*
 * Deliver what comes from outside. The first instruction of its handler has a boundary before it, as any other. Of an entry
 * more than its first instruction is one act: what comes late comes within, and nobody follows.
 */
static int interrupt(struct cpu *c, struct event ev)
{
	deliver(c, ev);
	if (c->done)
		return 1; /* a shutdown */
	const int due = irq_due(c);

	if (due && !rule(c, RULE_PENDING_AT_HANDLER, 1))
		unchecked(c);
	/* an engine that does not look at its RIP again after delivery */
	if (!rule(c, RULE_FETCH_OF_HANDLER, 1) && mem_fetch(c, c->rip))
		unchecked(c);
	if (rule(c, RULE_BOUNDARY_OF_HANDLER, 1))
		return 1;
	if (is_entry(c->rip) && (due || c->db_hits))
		unchecked(c);
	c->shadowed = c->rep_shadow_ss = c->rep_shadow_sti = 0;
	return 0;
}

/* The debug exception that MOV SS held off until HLT ends it: only an engine may look for NMIs and interrupts alone. */
static int sleeps_over_debug(struct cpu *c)
{
	return c->halted && c->db_hits && !rule(c, RULE_HLT_HELD_DEBUG, 1);
}

int boundary(struct cpu *c)
{
	int shadow_ss, shadow_sti;
	unsigned irq;

	if (stack_is_a_window(c)) {
		unchecked(c);
		return 1;
	}
	shadow_ss = c->shadow_ss;
	shadow_sti = c->shadow_sti;
	c->shadowed = (uint8_t)(shadow_ss || shadow_sti);
	c->rep_shadow_ss = (uint8_t)shadow_ss;
	c->rep_shadow_sti = (uint8_t)shadow_sti;
	c->shadow_ss = c->shadow_sti = 0;
	/* a fault met in delivery between two instructions is none of the last one's */
	c->rf_before = (c->rflags & FL_RF) != 0;
	arrive(c);
	if (c->mc_pending)
		return machine_check(c);
	if (!sleeps_over_debug(c) && debug_trap(c, shadow_ss)) {
		c->shadow_sti |= shadow_sti && !rule(c, RULE_SHADOW_ENDS_STEP, 1);
		return 1;
	}
	if (!rule(c, RULE_CODE_BP_LAST, 1) && debug_code(c, shadow_ss))
		return 1;
	if (c->nmi_pending && !c->nmi_blocked && !rule(c, RULE_NMI_MOVSS_SHADOW, shadow_ss) &&
	    !(shadow_sti && choose(c, RULE_NMI_STI_SHADOW, 2)))
		return interrupt(c, (struct event){ .vec = V_NMI, .rip = c->rip, .hw_nmi = 1, .rule = RULE_NMI });
	irq = c->rflags & FL_IF && !shadow_ss && !shadow_sti ? take_irq(c) : 0;
	if (irq)
		return interrupt(c, (struct event){ .vec = (uint8_t)irq, .rip = c->rip, .hw_irq = 1, .rule = RULE_IRQ });
	if (c->halted) {
		end_run(c, OUTCOME_HANG, RULE_HLT);
		return 1;
	}
	return debug_code(c, shadow_ss);
}
