/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for events: HLT, MWAIT, and the loops of steps that wait. And sends that need no register. */
#include "fuzz/cpu_state.h"

int act_store32_imm(struct cpu *c, const struct insn *in)
{
	uint64_t addr = in->imm & 0xffffffff;

	if (mem_write(c, addr, 4, c->mode64 ? ACC_READ : ACC_STACK, in->imm >> 32))
		return 1;
	lapic_store(c, addr, in->imm >> 32);
	return 0;
}

int act_mov_rsi(struct cpu *c, const struct insn *in)
{
	(void)in;
	c->reg[GPR_AX] = c->reg[GPR_SI];
	return 0;
}

int act_not_rax(struct cpu *c, const struct insn *in)
{
	(void)in;
	c->reg[GPR_AX] = ~c->reg[GPR_AX];
	if (!c->mode64)
		c->reg[GPR_AX] &= 0xffffffff;
	return 0;
}

/* How far the tape has gone on since the wait began: something came, and its handler took its steps. */
static uint64_t gone_on(const struct cpu *c)
{
	uint64_t by = c->reg[GPR_AX] + c->reg[GPR_SI] + 1;

	return c->mode64 ? by : by & 0xffffffff;
}

int act_lea_test(struct cpu *c, const struct insn *in)
{
	(void)in;
	c->reg[GPR_CX] = gone_on(c);
	return 0;
}

int is_untold(uint64_t v)
{
	for (unsigned half = 0; half < 2; half++, v >>= 32)
		if ((uint32_t)v == (uint32_t)UNTOLD || (uint32_t)v == UNTOLD >> 32)
			return 1;
	return 0;
}

enum {
	NEEDS_NONE = 0,
	NEEDS_AX = 1,
	NEEDS_CX = 2,
	NEEDS_DX = 4,
	NEEDS_A = 8, /* the registers of its row */
	NEEDS_B = 16,
	NEEDS_AX_CX = NEEDS_AX | NEEDS_CX,
	NEEDS_CX_DX = NEEDS_CX | NEEDS_DX,
	NEEDS_AX_CX_DX = NEEDS_AX_CX | NEEDS_DX,
	NEEDS_A_B = NEEDS_A | NEEDS_B,
};

int needs_untold(const struct cpu *c, const struct insn *in)
{
	static const uint8_t needs[] = {
#define INSN(name, act, needs, words) NEEDS_##needs,
#include "fuzz/insn.def"
#undef INSN
	};
	const unsigned n = needs[in->kind];

	return n && ((n & NEEDS_AX && is_untold(c->reg[GPR_AX])) || (n & NEEDS_CX && is_untold(c->reg[GPR_CX])) ||
		     (n & NEEDS_DX && is_untold(c->reg[GPR_DX])) || (n & NEEDS_A && is_untold(c->reg[in->a])) ||
		     (n & NEEDS_B && in->b != 255 && is_untold(c->reg[in->b])));
}

/*
 * Of a loop that waits, and back in it: where the host is asked RCX was 0, and the loop ends next time,
 * now that the tape has gone on; where a register of the timer is looked at, both ways end it.
 */
static int leaves_wait(const struct cpu *c, const struct insn *in)
{
	const struct insn *next = victim_insn(c->rip);

	return in->imm < c->insn_start || !next || next->kind != INSN_JMPSHORT;
}

int act_jrcxz(struct cpu *c, const struct insn *in)
{
	uint64_t cx = c->mode64 ? c->reg[GPR_CX] : c->reg[GPR_CX] & 0xffffffff;

	if (is_untold(cx) ? leaves_wait(c, in) : !cx)
		c->rip = in->imm;
	/*
	 * What came in a wait for the timer may as well have come behind it, and what its handler left in RCX be what is
	 * there. Where the host is waited for it may have come before this or after it: no more is said there either.
	 */
	if (in->b && gone_on(c)) {
		c->reg[GPR_CX] = UNTOLD;
		/* other waits look at a page of ring 3, once more or not, and by now ring 0 may be forbidden to */
		if (!in->a && !c->cpl && c->cr4 & CR4_SMAP_BIT && !(c->rflags & FL_AC))
			unchecked(c);
	}
	return 0;
}

int act_pause(struct cpu *c, const struct insn *in)
{
	(void)in;
	c->shadow_sti = c->shadowed && !rule(c, RULE_PAUSE_SHADOW, 1);
	return 0;
}

int act_hlt(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (need_ring0(c, RULE_HLT_CPL))
		return 1;
	c->halted = 1;
	return 0;
}

/* What MONITOR and MWAIT are given, in ring 0 and so in 64-bit mode: of RCX's upper half AMD's manual knows nothing. */
static uint64_t extensions(struct cpu *c)
{
	const uint64_t ecx = c->reg[GPR_CX] & 0xffffffff;

	return rule(c, RULE_MWAIT_RCX_WIDTH, intel(c)) ? c->reg[GPR_CX] : ecx;
}

/* Nothing is armed whenever a body executes it: there was no MONITOR, or its address has been written. */
int act_mwait(struct cpu *c, const struct insn *in)
{
	uint64_t rcx;

	(void)in;
	if (rule(c, RULE_MWAIT_CPL, c->cpl != 0))
		return fault(c, V_UD, 0, RULE_MWAIT_CPL);
	rcx = extensions(c);
	if (rule(c, RULE_MWAIT_RCX, rcx > 1))
		return fault(c, V_GP, 0, RULE_MWAIT_RCX);
	/* the one extension that there is: whether this CPU has it the profile does not say */
	if (rcx == 1)
		unchecked(c);
	c->halted = !rule(c, RULE_MWAIT_UNARMED, 1);
	/* an engine with several processors, where it does not sleep, makes PAUSE of it */
	if (!c->halted)
		c->shadow_sti = c->shadowed && !rule(c, RULE_PAUSE_SHADOW, 1);
	return 0;
}

int act_monitor(struct cpu *c, const struct insn *in)
{
	const unsigned hits = c->db_hits;
	uint64_t byte;

	(void)in;
	if (rule(c, RULE_MWAIT_CPL, c->cpl != 0))
		return fault(c, V_UD, 0, RULE_MWAIT_CPL);
	if (rule(c, RULE_MONITOR_RCX, extensions(c) != 0))
		return fault(c, V_GP, 0, RULE_MONITOR_RCX);
	if (rule(c, RULE_MONITOR_LOADS, 1) && mem_read(c, c->reg[GPR_AX], 1, ACC_READ, &byte))
		return 1;
	/* whether a breakpoint on the address is met is said nowhere */
	if (c->db_hits != hits)
		unchecked(c);
	return 0;
}

/*
 * The guest waits, the host sees it and does what it is asked for, once. What was pending before the loop came before
 * it: then the tape has gone on, as it has behind every trap of TF, nobody waits, and the loop ends.
 */
int act_host_wait(struct cpu *c, const struct insn *in)
{
	const struct host_event *ev = &host_event[in->a - 1];

	c->out->hosted = 1;
	if (gone_on(c))
		return 0;
	if (c->served == c->reg[GPR_SI] + 1) {
		end_run(c, OUTCOME_HANG, RULE_HOST_EVENT);
		return 0;
	}
	c->served = c->reg[GPR_SI] + 1;
	if (ev->mc)
		c->mc_pending = ev->mcg_status;
	else
		pull_lint1(c);
	return 0;
}
