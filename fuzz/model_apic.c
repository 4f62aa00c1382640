/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local APIC as far as steps can drive it: requests, what is in service, task and processor
 * priority, end of interrupt, the timer (SDM 3A 10.5.4, 10.8, 10.9; APM 2 16.4, 16.6).
 */
#include "fuzz/cpu_state.h"

enum { LVT_MASKED = 1 << 16 };

/* The index in ipi_vector[] of the highest of a set; -1: none. */
static int highest(unsigned set)
{
	int found = -1;

	for (int i = 0; i < IPI_VECTORS; i++)
		if (set >> i & 1)
			found = i;
	return found;
}

int irq_ready(struct cpu *c)
{
	int req = highest(c->irr), serv = highest(c->isr);
	/* the class of the processor priority: that of the task or of what is in service, if higher */
	uint64_t class = rule(c, RULE_APIC_TPR, c->tpr >> 4);

	if (serv >= 0 && ipi_vector[serv] >> 4 > (int)class)
		class = ipi_vector[serv] >> 4;
	return req >= 0 && ipi_vector[req] >> 4 > (int)class ? req : -1;
}

/* The local APIC looks anew what it has for the processor. */
static void look(struct cpu *c)
{
	int req = highest(c->irr), serv = highest(c->isr);

	c->irq_flight = 1;
	if (req > serv && serv >= 0 && ipi_vector[req] >> 4 > c->tpr >> 4 && irq_ready(c) < 0 &&
	    !rule(c, RULE_APIC_CLASS, 1))
		c->spurious = 1;
}

/* What is on its way can be withdrawn by a priority above it, or is found to be masked when it arrives. */
void set_tpr(struct cpu *c, unsigned tpr)
{
	int was = irq_ready(c);

	c->tpr = (uint8_t)tpr;
	if (was >= 0 && irq_ready(c) < 0)
		c->spurious = (uint8_t)choose(c, RULE_APIC_SPURIOUS, 2);
	look(c);
}

static void send(struct cpu *c, unsigned vec)
{
	for (unsigned i = 0; i < IPI_VECTORS; i++)
		if (ipi_vector[i] == vec)
			c->irr |= (uint8_t)(1u << i);
	look(c);
}

/* The local interrupt pin 1, as its entry of the vector table says. */
void pull_lint1(struct cpu *c)
{
	if (rule(c, RULE_APIC_LINT, (c->lvt_lint1 & 0x700) == 0x400))
		c->nmi_flight = 1;
	else
		send(c, c->lvt_lint1 & 0xff);
}

static void end_of_interrupt(struct cpu *c)
{
	int serv = highest(c->isr);

	if (serv >= 0)
		c->isr &= (uint8_t)~(1u << serv);
	look(c);
}

/* A message that asks for an event, from whichever processor: its delivery mode, or vector. */
static void message(struct cpu *c, uint64_t v)
{
	if ((v & 0x700) != 0x400)
		send(c, v & 0xff);
	else if (c->nmi_flight < 2)
		c->nmi_flight++;
}

void lapic_store(struct cpu *c, uint64_t addr, uint64_t v)
{
	switch (addr - W_LAPIC) {
	case 0x80:
		set_tpr(c, v & 0xff);
		break;
	case 0xb0:
		end_of_interrupt(c);
		break;
	case 0x300:
		message(c, v);
		break;
	case 0x320:
		c->lvt_timer = (uint32_t)v;
		break;
	case 0x360:
		c->lvt_lint1 = (uint32_t)v;
		break;
	case 0x380:
		/* how many steps are traced until it fires, and where it finds them, nobody can say */
		if (c->rflags & FL_TF)
			unchecked(c);
		c->timer = 1;
		break;
	case W_SECOND - W_LAPIC:
		if (rule(c, RULE_APIC_CROSS, 1))
			message(c, v);
		break;
	default: /* the divide register: how fast does not matter */
		break;
	}
}

int act_timer_read(struct cpu *c, const struct insn *in)
{
	uint64_t requests = 0;

	if (in->a && c->rflags & FL_TF) {
		unchecked(c);
		return 0;
	}
	if (in->a && c->timer) {
		c->timer = 0;
		if (!rule(c, RULE_APIC_TIMER_MASK, (c->lvt_timer & LVT_MASKED) != 0))
			send(c, rule(c, RULE_APIC_TIMER, c->lvt_timer & 0xff));
	}
	for (unsigned i = 0; i < IPI_VECTORS; i++)
		if (c->irr >> i & 1 && ipi_vector[i] / 32 == TIMER_VECTOR / 32)
			requests |= 1ull << ipi_vector[i] % 32;
	/* the count is 0 by the time the loop is left, the request is there unless it has been taken */
	c->reg[GPR_CX] = in->a == 2 ? 0 : requests;
	return 0;
}

int act_mov_cr8(struct cpu *c, const struct insn *in)
{
	uint64_t v = c->reg[GPR_AX];

	(void)in;
	if (need_ring0(c, RULE_CR_CPL))
		return 1;
	if (rule(c, RULE_CR8_RESERVED, v >> 4 != 0))
		return fault(c, V_GP, 0, RULE_CR8_RESERVED);
	set_tpr(c, (unsigned)rule(c, RULE_CR8_TPR, (v & 0xf) << 4));
	return 0;
}
