/* SPDX-License-Identifier: BSD-2-Clause */
/* Instructions that are made to raise an event: INT n and its kin, UD, and those that fault as asked. */
#include "fuzz/cpu_state.h"

/* INT n, INT3, INTO: the event is delivered inside the instruction. */
static int soft(struct cpu *c, unsigned vec, enum rule_id id)
{
	deliver(c, (struct event){ .vec = (uint8_t)vec, .soft = 1, .rip = c->rip, .rule = (uint16_t)id });
	return 0;
}

int act_int3(struct cpu *c, const struct insn *in)
{
	(void)in;
	return soft(c, V_BP, RULE_INT3);
}

int act_int_n(struct cpu *c, const struct insn *in)
{
	return soft(c, in->a, RULE_INTN);
}

int act_int1(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (!rule(c, RULE_INT1, 1))
		return fault(c, V_UD, 0, RULE_INT1);
	debug_int1(c);
	deliver(c, (struct event){ .vec = V_DB, .rip = c->rip, .rule = RULE_INT1 });
	return 0;
}

int act_into(struct cpu *c, const struct insn *in)
{
	(void)in;
	if (rule(c, RULE_INTO_64, c->mode64))
		return fault(c, V_UD, 0, RULE_INTO_64);
	return c->rflags & FL_OF ? soft(c, V_OF, RULE_INTO) : 0;
}

int act_ud2(struct cpu *c, const struct insn *in)
{
	(void)in;
	return fault(c, V_UD, 0, RULE_UD2);
}

int act_lock_nop(struct cpu *c, const struct insn *in)
{
	(void)in;
	return fault(c, V_UD, 0, RULE_UD_LOCK);
}

/* The length is looked at before what the bytes mean, SDM 3A table 6-2. */
int act_too_long(struct cpu *c, const struct insn *in)
{
	(void)in;
	return fault(c, V_GP, 0, RULE_INSN_LENGTH);
}

int act_lock_int(struct cpu *c, const struct insn *in)
{
	if (rule(c, RULE_UD_LOCK, 1))
		return fault(c, V_UD, 0, RULE_UD_LOCK);
	return soft(c, in->a, RULE_INTN);
}

int act_div(struct cpu *c, const struct insn *in)
{
	uint64_t v;

	if (mem_read(c, in->imm, 4, ACC_READ, &v))
		return 1;
	if (!v)
		return fault(c, V_DE, 0, RULE_DE);
	unchecked(c); /* a frame lies over the constant, and the flags are undefined */
	return 0;
}
