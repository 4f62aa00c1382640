/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways back: IRET, far RET, SYSRET, SYSEXIT (SDM 2A-2B, APM 3: the instructions' own pages). */
#include "fuzz/desc.h"

/* How a return reads its frame. */
static unsigned pop_access(struct cpu *c)
{
	return rule(c, RULE_RET_POP_RIGHTS, c->cpl == 3) ? ACC_STACK : ACC_STACK | ACC_SUPER;
}

static uint64_t pop_address(struct cpu *c, uint64_t rsp, unsigned size)
{
	/* in compatibility mode the stack pointer is 32 bits wide, or 16 */
	uint64_t addr = rsp & stack_mask(c);

	/* in 64-bit mode it is 64 bits wide, whatever SS is and whatever the operand size */
	if (c->mode64 && size < 8)
		addr &= c->ss_unusable == SS_NULL || c->ss_bits & SS_SP ?
				rule(c, RULE_RET_STACK_WIDTH_NULL, ~0ull) :
				rule(c, RULE_RET_STACK_WIDTH, ~0ull);
	if (c->ss_bits & SS_L && size < 8)
		addr &= rule(c, RULE_RET_STACK_L, ~0ull);
	return addr;
}

static int pop(struct cpu *c, uint64_t *rsp, unsigned size, uint64_t *ret_value)
{
	const uint64_t addr = pop_address(c, *rsp, size);

	if (mem_read(c, addr, size, pop_access(c), ret_value))
		return 1;
	*rsp += size;
	/* a frame that lies over registers which were saved */
	if (is_untold(*ret_value) || mem_cuts_open(c, addr, size))
		unchecked(c);
	return 0;
}

/* RSP may be seen again in 64-bit mode; what is then above bit 31 nobody promises. */
void lose_upper_half(struct cpu *c)
{
	uint64_t high = 0;

	if (!c->mode64 && c->reg[GPR_SP] >> 32 && choose(c, RULE_RSP_UPPER_COMPAT, 2))
		c->reg[GPR_SP] &= 0xffffffff;
	for (unsigned i = 0; i < 8; i++)
		high |= i != GPR_SP ? c->reg[i] >> 32 : 0;
	if (c->mode64 || !high || !choose(c, RULE_GPR_UPPER_COMPAT, 2))
		return;
	for (unsigned i = 0; i < 8; i++)
		c->reg[i] &= i != GPR_SP ? 0xffffffff : ~0ull;
}

/* SS and RSP of a return that pops them, checks done. */
static void load_stack(struct cpu *c, uint64_t ss, uint64_t rsp, int mode64, uint8_t bits)
{
	uint64_t mask = ~0ull;

	/* SP alone, and above it is what ring 0 had there; whether in 64-bit mode too, nobody says */
	if (bits & SS_SP && !mode64)
		mask = rule(c, RULE_RET_SS_WORD, 0xffff);
	else if (bits & SS_SP && choose(c, RULE_RET_SS_WORD_64, 2))
		mask = 0xffff;
	c->ss = (uint16_t)ss;
	c->ss_unusable = sel_index(c->ss) ? SS_USABLE : SS_NULL_RETURNED;
	c->ss_bits = bits;
	c->reg[GPR_SP] = (c->reg[GPR_SP] & ~mask) | (rsp & mask);
}

/* Everything of CS, SS and ring once all checks are done. */
static void enter_ring(struct cpu *c, uint16_t cs, const struct desc *d)
{
	if (sel_rpl(cs) > c->cpl)
		leave_ring(c);
	c->cs = cs;
	c->cpl = (uint8_t)sel_rpl(cs);
	c->mode64 = d->l;
	c->code16 = !d->l && !d->d;
	lose_upper_half(c);
}

static int check_rip(struct cpu *c, uint64_t rip, int mode64)
{
	if (rule(c, RULE_RET_RIP_NONCANONICAL, mode64 && !canonical(c, rip)))
		return fault(c, V_GP, 0, RULE_RET_RIP_NONCANONICAL);
	/* a limit of 4 GiB - 1 is exceeded, or the upper half is cut off: the manual has both */
	if (!mode64 && rip >> 32 && choose(c, RULE_RET_RIP_COMPAT, 2))
		return fault(c, V_GP, 0, RULE_RET_RIP_COMPAT);
	return 0;
}

/* SDM 2A, IRET: which bits of RFLAGS the popped image replaces. */
static uint64_t iret_flags_mask(struct cpu *c, unsigned opsize)
{
	uint64_t mask = FL_USER;

	if (opsize >= 4)
		mask |= FL_RF | FL_AC | FL_ID;
	if (c->cpl <= (c->rflags & FL_IOPL) >> 12)
		mask |= FL_IF;
	if (c->cpl == 0) {
		mask |= FL_IOPL;
		if (opsize >= 4)
			mask |= FL_VIF | FL_VIP;
	}
	return rule(c, RULE_IRET_FLAGS, mask);
}

static void unblock_nmi(struct cpu *c, enum rule_id id, int unblocks)
{
	if (rule(c, id, unblocks != 0))
		c->nmi_blocked = 0;
}

/*
 * The pop of RSP or SS has faulted (c->raise). Where CS is bad as well the manual does not say which
 * of the two comes first.
 */
static int stack_or_cs(struct cpu *c, uint16_t cs)
{
	const struct event stack = c->raise;
	struct desc d;

	return or_else(c, stack, check_return_cs(c, cs, &d));
}

/* What is wrong with a return whatever the descriptors say; `outer` is the RSP and SS that were popped, or NULL. */
static int wrong_without_descriptors(struct cpu *c, uint64_t rip, uint64_t cs, const uint64_t *outer)
{
	if (rule(c, RULE_RET_RIP_NONCANONICAL, !canonical(c, rip)))
		return fault(c, V_GP, 0, RULE_RET_RIP_NONCANONICAL);
	if (outer && !sel_index(outer[1]) && rule(c, RULE_RET_SS_NULL, sel_rpl(cs) == 3))
		return fault(c, V_GP, 0, RULE_RET_SS_NULL);
	return 0;
}

/* CS is bad (c->raise), or with its descriptor read and good its accessed bit cannot be set: what else there is. */
static int cs_or_else(struct cpu *c, uint64_t rip, uint64_t cs, const uint64_t *outer, const struct desc *d)
{
	const struct event of_cs = c->raise;
	uint8_t bits;

	or_else(c, of_cs, wrong_without_descriptors(c, rip, cs, outer));
	const struct event first = c->raise;
	return or_else(c, first, d->s && outer && check_return_ss(c, (uint16_t)outer[1], sel_rpl(cs), d->l, &bits));
}

static int ss_or_rip(struct cpu *c, uint64_t rip, int mode64)
{
	const struct event first = c->raise;

	return or_else(c, first, check_rip(c, rip, mode64));
}

/* An exit with slots of 32 bits puts two words into one: where in a window an event came, and another one. */
int is_half_open(const struct cpu *c, uint64_t value)
{
	return c->window_rips && value >> 32 && (window_of((uint32_t)value) || window_of(value >> 32));
}

int is_open(const struct cpu *c, unsigned opsize, uint64_t value)
{
	if (is_untold(value))
		return 1;
	for (unsigned i = 0; opsize == 2 && i < 4; i++)
		if (value == (uint16_t)(UNTOLD >> 16 * i))
			return 1;
	for (unsigned i = 0; opsize == 2 && i < 4; i++)
		if (c->window_rip[i] && value == c->window_rip[i])
			return 1;
	return opsize > 2 && c->window_rips && (window_of(value) || is_half_open(c, value));
}

/*
 * Where in a window an event came is open: a return to there is good, wherever it is, but not to what 16 bits
 * leave of it; and nobody can say what a stack that has shifted gives to CS, RFLAGS, RSP or SS.
 */
static int pops_unknown(struct cpu *c, unsigned opsize, const uint64_t *popped, unsigned n)
{
	const unsigned first = opsize == 2 || is_untold(popped[0]) ? 0 : 1;

	for (unsigned i = first; i < n; i++)
		if (is_open(c, opsize, popped[i])) {
			unchecked(c);
			return 1;
		}
	return 0;
}

/*
 * The n words of a frame, or of a part that is popped by itself; when not all can be read it is not said which is tried
 * first.
 */
static int pop_words(struct cpu *c, uint64_t *rsp, unsigned opsize, unsigned n, uint64_t *ret_values)
{
	const uint64_t last = *rsp + (n - 1) * opsize;

	for (unsigned i = 0; i < n; i++) {
		if (!pop(c, rsp, opsize, &ret_values[i]))
			continue;
		const struct event first = c->raise;
		return or_else(c, first, i < n - 1 &&
			mem_faults(c, pop_address(c, last, opsize), opsize, pop_access(c)));
	}
	return 0;
}

/* In 64-bit mode IRET pops five words whatever they hold, and a processor that begins at the other end does so each time. */
static int fifth_word_faults(struct cpu *c, uint64_t rsp, unsigned opsize)
{
	return mem_faults(c, pop_address(c, rsp + 4 * opsize, opsize), opsize, pop_access(c)) &&
	       choose_once(c, RULE_IRET_POP_ORDER, 2);
}

static int iret(struct cpu *c, unsigned opsize)
{
	uint64_t rsp = c->reg[GPR_SP], frame[3], outer[2], rip, cs, fl, mask;
	struct desc d = { 0 };
	int pops_rsp;
	uint8_t bits = 0;

	if (rule(c, RULE_IRET_NT, (c->rflags & FL_NT) != 0))
		return fault(c, V_GP, 0, RULE_IRET_NT);
	if ((c->mode64 && fifth_word_faults(c, rsp, opsize)) || pop_words(c, &rsp, opsize, 3, frame))
		return 1;
	rip = frame[0];
	cs = frame[1];
	fl = frame[2];
	if (pops_unknown(c, opsize, frame, 3))
		return 0;
	if (opsize == 4 && (fl & FL_VM) && !rule(c, RULE_IRET_VM, 1)) {
		c->out->unchecked = 1;
		end_run(c, OUTCOME_DONE, RULE_IRET_VM);
		return 0;
	}
	/* in 64-bit mode SS:RSP is popped whatever the ring; from compatibility mode, ring 3's, there is no outer one */
	pops_rsp = c->mode64 && (opsize == 8 || sel_rpl(cs) != c->cpl || rule(c, RULE_IRET_POPS_RSP, 1));
	if (pops_rsp && pop_words(c, &rsp, opsize, 2, outer))
		return stack_or_cs(c, (uint16_t)cs);
	if (pops_rsp && pops_unknown(c, opsize, (uint64_t[]){ rip, outer[0], outer[1] }, 3))
		return 0;
	if (check_return_cs(c, (uint16_t)cs, &d))
		return cs_or_else(c, rip, cs, pops_rsp ? outer : NULL, &d);
	if (pops_rsp && check_return_ss(c, (uint16_t)outer[1], sel_rpl(cs), d.l, &bits))
		return ss_or_rip(c, rip, d.l);
	if (check_rip(c, rip, d.l))
		return 1;

	mask = iret_flags_mask(c, opsize);
	c->rflags = (c->rflags & ~mask) | (fl & mask);
	if (c->rf_before && !rule(c, RULE_IRET_RF_AGAIN, (c->rflags & FL_RF) != 0))
		c->rflags &= ~(uint64_t)FL_RF;
	if (pops_rsp)
		load_stack(c, outer[1], outer[0], d.l, bits);
	else
		stack_set(c, rsp);
	enter_ring(c, (uint16_t)cs, &d);
	c->rip = d.l ? rip : rip & rule(c, RULE_RET_RIP_COMPAT, 0xffffffff);
	return 0;
}

int act_iret(struct cpu *c, const struct insn *in)
{
	uint64_t frame = c->reg[GPR_SP];
	int ring0 = !c->cpl;

	if (iret(c, in->a)) {
		/* Intel: the IRET need not complete; AMD: only one that completes counts */
		unblock_nmi(c, RULE_NMI_UNBLOCK_FAULTING_IRET, intel(c));
		return 1;
	}
	unblock_nmi(c, RULE_NMI_UNBLOCK_IRET, 1);
	if (c->style && ring0)
		promise_left(c, frame);
	return 0;
}

int act_retf(struct cpu *c, const struct insn *in)
{
	unsigned opsize = in->a;
	uint64_t rsp = c->reg[GPR_SP], frame[2], outer[2], rip, cs;
	struct desc d = { 0 };
	int outward, bad_cs;
	uint8_t bits = 0;

	if (pop_words(c, &rsp, opsize, 2, frame))
		return 1;
	rip = frame[0];
	cs = frame[1];
	if (pops_unknown(c, opsize, frame, 2))
		return 0;
	/* the parameters are on both stacks */
	rsp += in->b;
	outward = sel_rpl(cs) > c->cpl;
	bad_cs = check_return_cs(c, (uint16_t)cs, &d);
	const struct event of_cs = c->raise;
	if (outward && pop_words(c, &rsp, opsize, 2, outer))
		return bad_cs ? or_else(c, of_cs, 1) : 1;
	if (outward && pops_unknown(c, opsize, (uint64_t[]){ rip, outer[0], outer[1] }, 3))
		return 0;
	if (bad_cs)
		return cs_or_else(c, rip, cs, outward ? outer : NULL, &d);
	if (outward && check_return_ss(c, (uint16_t)outer[1], sel_rpl(cs), d.l, &bits))
		return ss_or_rip(c, rip, d.l);
	if (check_rip(c, rip, d.l))
		return 1;
	if (outward)
		load_stack(c, outer[1], outer[0] + in->b, d.l, bits);
	else
		stack_set(c, rsp);
	enter_ring(c, (uint16_t)cs, &d);
	c->rip = d.l ? rip : rip & rule(c, RULE_RET_RIP_COMPAT, 0xffffffff);
	return 0;
}

int act_sysret(struct cpu *c, const struct insn *in)
{
	uint64_t r11 = c->reg[GPR_11], rcx = c->reg[GPR_CX], mask;
	int to64 = in->a == 8;

	if (rule(c, RULE_SYSRET_SCE, !(c->efer & 1)))
		return fault(c, V_UD, 0, RULE_SYSRET_SCE);
	if (rule(c, RULE_SYSRET_MODE, intel(c) && !c->mode64))
		return fault(c, V_UD, 0, RULE_SYSRET_MODE);
	if (need_ring0(c, RULE_SYSRET_CPL))
		return 1;
	if (to64 && !canonical(c, rcx) && rule(c, RULE_SYSRET_NONCANONICAL, intel(c)))
		return fault(c, V_GP, 0, RULE_SYSRET_NONCANONICAL);
	if (is_open(c, sizeof(r11), r11)) {
		unchecked(c);
		return 0;
	}
	/* ring 0 is in 64-bit mode: R11 counts */
	mask = rule(c, RULE_SYSRET_FLAGS, 0x3c7fd7);
	c->rflags = (c->rflags & ~mask) | (r11 & mask) | FL_1;
	/* by no manual; what VM does in IA-32e mode is in none either */
	if (c->rflags & FL_VM) {
		c->out->unchecked = 1;
		end_run(c, OUTCOME_DONE, RULE_SYSRET_FLAGS);
		return 0;
	}
	c->rip = to64 ? rcx : rcx & 0xffffffff;
	c->cs = (uint16_t)(((c->star >> 48) + (to64 ? 16 : 0)) | 3);
	c->ss = (uint16_t)((c->star >> 48) + 8);
	/* AMD forces no RPL; with one of 0 in STAR its revisions differ */
	if (intel(c) || sel_rpl(c->ss) == 3 || !choose(c, RULE_SYSRET_SS_RPL, 2))
		c->ss |= 3;
	/* AMD keeps the attributes of whatever was in SS: a null one stays unusable */
	if (!rule(c, RULE_SYSRET_SS_KEPT, !intel(c))) {
		c->ss_unusable = c->ss_unusable && !rule(c, RULE_SYSRET_SS_WIDTH, 1) ? SS_NARROW : SS_USABLE;
		c->ss_bits = 0;
	}
	c->cpl = 3;
	c->mode64 = (uint8_t)to64;
	lose_upper_half(c);
	return 0;
}

int act_sysexit(struct cpu *c, const struct insn *in)
{
	uint64_t rip = c->reg[GPR_DX], rsp = c->reg[GPR_CX];
	int to64 = in->a == 8;

	if (rule(c, RULE_SYSENTER_AMD, !intel(c) && c->mode64))
		return fault(c, V_UD, 0, RULE_SYSENTER_AMD);
	if (rule(c, RULE_SYSENTER_AMD_COMPAT, !intel(c) && !c->mode64))
		return fault(c, V_UD, 0, RULE_SYSENTER_AMD_COMPAT);
	if (need_ring0(c, RULE_SYSEXIT_CPL))
		return 1;
	if (rule(c, RULE_SYSEXIT_CS, !c->sysenter_cs))
		return fault(c, V_GP, 0, RULE_SYSEXIT_CS);
	if (c->sysenter_cs && !sel_index(c->sysenter_cs) && choose_once(c, RULE_SYSEXIT_CS_RPL, 2))
		return fault(c, V_GP, 0, RULE_SYSEXIT_CS_RPL);
	if (!canonical(c, rip) || !canonical(c, rsp)) {
		if (rule(c, RULE_SYSEXIT_NONCANONICAL, to64))
			return fault(c, V_GP, 0, RULE_SYSEXIT_NONCANONICAL);
		if (!to64 && choose_once(c, RULE_SYSEXIT_NONCANONICAL_32, 2))
			return fault(c, V_GP, 0, RULE_SYSEXIT_NONCANONICAL_32);
	}
	c->rip = to64 ? rip : rip & rule(c, RULE_SYSEXIT_TRUNCATES, 0xffffffff);
	c->reg[GPR_SP] = to64 ? rsp : rsp & rule(c, RULE_SYSEXIT_TRUNCATES, 0xffffffff);
	c->cs = (uint16_t)((c->sysenter_cs + (to64 ? 32 : 16)) | 3);
	c->ss = (uint16_t)(c->cs + 8);
	c->ss_unusable = SS_USABLE;
	c->ss_bits = 0;
	c->cpl = 3;
	c->mode64 = (uint8_t)to64;
	lose_upper_half(c);
	return 0;
}
