/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "fuzz/style.h"

const uint8_t ipi_vector[IPI_VECTORS] = { IPI_VECTOR0, IPI_VECTOR1, IPI_VECTOR2,
						TIMER_VECTOR };

static const uint8_t ist_of[N_LAYOUT][32] = {
	[LAYOUT_PLAIN] = { [8] = 1 },
	[LAYOUT_LINUX] = { [8] = 1, [2] = 2, [1] = 3, [18] = 4 },
	[LAYOUT_SHARED] = { [8] = 1, [1] = 2, [2] = 2, [3] = 2, [14] = 2 },
};

const uint8_t *layout_ist(unsigned layout)
{
	return ist_of[layout % N_LAYOUT];
}

uint64_t cr4_start(const struct profile *profile)
{
	return profile->cr4 | CR4_OSFXSR_BIT | CR4_OSXMMEXCPT_BIT;
}

unsigned cr4_values(void)
{
	return list_len(ARG_CR4) + 4;
}

uint64_t cr4_value(const struct profile *profile, unsigned index)
{
	uint32_t left;
	uint64_t v;

	memcpy(&v, victim_bytes(victim_labels()->cr4s + 8ull * index, &left), 8);
	return v ^ profile->cr4;
}

static uint64_t rip_value(unsigned index)
{
	const struct victim_labels *l = victim_labels();
	const uint64_t v[] = { l->land_u, NONCANONICAL, LAST_LOWER, W_DNP + 0x200, W_DUSER + 0x200,
			       l->land_k, l->land_c, 0 };

	return v[index];
}

static uint64_t rcx_value(unsigned index, unsigned op)
{
	const struct victim_labels *l = victim_labels();
	const uint64_t ok = op == OP_SYSEXITL || op == OP_SYSRETL ? l->land_c : l->land_u;
	const uint64_t v[] = { ok, NONCANONICAL, W_DNP + 0x200, l->land_k, LAST_LOWER, l->land_u,
			       l->land_c };

	return v[index];
}

static const uint32_t flags_value[] = {
	0x2, 0x202, 0x102, 0x4002, 0x40002, 0x402, 0x10002, 0x20002, 0x3002, 0x302, 0x10102, 0x8d7,
	0xffc08028, 0x380002,
};
static const uint16_t sel_value[] = {
	0, 3, SEL_KDS, SEL_UDS, SEL_KCS, SEL_UCS, SEL_KDS_NP, SEL_UDS_NP, SEL_UDS_RO, SEL_OUT, SEL_LDT,
	SEL_UDS & ~3, SEL_KDS | 3, SEL_TSS, SEL_LDT_UDS, SEL_KCS2, SEL_UDS16,
};
static const uint16_t cs_value[] = {
	0, SEL_KCS, SEL_UCS, SEL_UCS32, SEL_KDS, SEL_UDS, SEL_KCS_NP, SEL_UCS_NP, SEL_OUT, SEL_UCS_LD,
	SEL_KCS | 3, SEL_UCS & ~3, SEL_UDS_NP, 3, SEL_UDS_RO, SEL_LDT_UCS, SEL_KCS2, SEL_KCS_CONF,
	SEL_KCS_CONF | 3, SEL_UDS16,
};
static const uint64_t rsp_value[] = {
	USTK_START, MAIN_START, NONCANONICAL, W_DNP + 0x800, MAIN_START - 61, W_IST2 + L_IST2,
	W_RSP0 + L_RSP0, 0,
};
static const uint32_t fmask_value[] = { FMASK_START | 0x8d5, 0, 0x47600 | 0x8d5, 0x200, 0xffffffff };

static const uint64_t base_value[] = {
	W_DSUP, W_DUSER, 0, NONCANONICAL, ALIAS(W_DSUP), LAST_LOWER, W_DNP,
};

uint64_t list_value(enum arg_kind kind, unsigned index, unsigned op)
{
	index %= list_len(kind);
	switch (kind) {
	case ARG_SEL:
		return sel_value[index];
	case ARG_FLAGS:
		return flags_value[index];
	case ARG_FMASK:
		return fmask_value[index];
	case ARG_RIP:
		return rip_value(index);
	case ARG_CS:
		return cs_value[index];
	case ARG_RSP:
		return rsp_value[index];
	case ARG_BASE:
		return base_value[index];
	case ARG_RCX:
		return rcx_value(index, op);
	default:
		return index;
	}
}

/* Arguments of one step; returns the variant of the body. */
static unsigned arguments(const struct step *s, uint64_t arg[2])
{
	const struct victim_labels *l = victim_labels();
	static const uint8_t defect_list[] = { ARG_NONE, ARG_RIP, ARG_CS, ARG_FLAGS, ARG_RSP, ARG_CS };
	unsigned lo = s->arg & 0xff, hi = s->arg >> 8, kind = ops[s->op].arg;

	arg[0] = arg[1] = 0;
	switch (kind) {
	case ARG_NONE:
		return 0;
	case ARG_VECTOR:
		return lo;
	case ARG_GATE:
		arg[0] = lo;
		return hi % ops[s->op].variants;
	case ARG_DEFECT:
		lo %= N_DEFECTS;
		if (lo)
			arg[0] = list_value((enum arg_kind)defect_list[lo], hi, s->op);
		return lo;
	default:
		/* what could harm the harness: a body for each item */
		if (ops[s->op].variants == list_len((enum arg_kind)kind))
			return lo % list_len((enum arg_kind)kind);
		arg[0] = list_value((enum arg_kind)kind, lo, s->op);
		if (s->op == OP_LSS)
			arg[0] = arg[0] << 32 | 0x1000; /* m16:32 */
		/* POPF cannot set RF: an image that has it goes through IRET */
		if (kind == ARG_FLAGS && ops[s->op].variants == 2)
			return (arg[0] & 0x10000) != 0;
		if (s->op == OP_JMPFAR) {
			arg[1] = arg[0] << 32 | (uint32_t)l->land_k;
			arg[0] = arg[0] << 32 | (uint32_t)l->land_u;
		}
		return kind == ARG_RCX && ops[s->op].variants == 2 && lo % list_len(ARG_RCX) != 0;
	}
}

static uint32_t body_of(const struct step *s, unsigned ctx, unsigned variant)
{
	unsigned prefix = s->prefix % N_PREFIX;
	uint32_t addr;

	if (prefix == P_POPSS && ctx != CTX_C)
		prefix = P_NONE;
	addr = victim_body(s->op, ctx, prefix, ops[s->op].variants, variant);
	return addr ? addr : victim_body(OP_NOP, ctx, P_NONE, 1, 0);
}

/* All that is ever written of the region, whatever the sequence's length. */
enum { BEHIND_END = 8, TAPE_WRITTEN = (STEPS_MAX + BEHIND_END) * TAPE_ENTRY_LEN };
_Static_assert((unsigned)TAPE_WRITTEN <= (unsigned)L_TAPE, "the longest tape and what may be read behind its end fit");

/* The step as this machine runs it; what it cannot run does nothing. */
static struct step runnable(const struct step *s, const struct profile *profile)
{
	int lacks = (ops[s->op].needs & ASYNC) && profile->features & FEAT(X2APIC_MODE);

	return ops[s->op].text && !lacks ? *s : (struct step){ .op = OP_NOP };
}

static void lay_out_step(struct step s, unsigned style, uint8_t *e)
{
	uint64_t arg[2];
	unsigned variant = arguments(&s, arg);

	/* a styled #DB entry is not the recorder's, which expects to be detected */
	if (style && s.op == OP_DR7 && (variant == 6 || variant == 7))
		variant -= 6;
	for (unsigned ctx = 0; ctx < N_CTX; ctx++)
		put64(e + 8 * ctx, body_of(&s, ctx, variant));
	/* in a style a sound IRET out of a handler is the style's own way out */
	if (style && s.op == OP_IRET && variant == DEFECT_NONE) {
		s.op = OP_RETSTYLE;
		put64(e, body_of(&s, CTX_K, 0));
	}
	put64(e + TAPE_ARG0, arg[0]);
	put64(e + TAPE_ARG0 + 8, arg[1]);
}

/* An exit of the last step can land at a body's start, which reads behind the end: no tape before this one's. */
static void lay_out_end(uint8_t *e)
{
	const struct victim_labels *l = victim_labels();

	put64(e, l->end_k);
	put64(e + 8, l->end_u);
	put64(e + 16, l->end_c);
	put64(e + TAPE_ARG0, 0);
	put64(e + TAPE_ARG0 + 8, 0);
}

static int same_step(const struct step *a, const struct step *b)
{
	return a->op == b->op && a->prefix == b->prefix && a->arg == b->arg;
}

void tape_lay_out(const struct seq *seq, const struct seq *old, const struct profile *profile, uint8_t *mem,
		  struct tape *ret_tape)
{
	struct tape t = { .end = (uint64_t)seq->n_steps * TAPE_ENTRY_LEN };
	unsigned style = style_of(seq), kept = old && old->style == seq->style ? old->n_steps : 0;
	unsigned ends = old ? old->n_steps : TAPE_WRITTEN / TAPE_ENTRY_LEN;

	for (unsigned i = 0; i < seq->n_steps; i++) {
		struct step s = runnable(&seq->step[i], profile);
		unsigned arg = ops[s.op].arg;
		uint64_t unused[2];

		t.needs |= ops[s.op].needs;
		t.swapgs |= s.op == OP_SWAPGS || (arg == ARG_FOLLOW && arguments(&s, unused) == FOLLOW_SWAPGS);
		if (i >= kept || !same_step(&seq->step[i], &old->step[i]))
			lay_out_step(s, style, mem + i * TAPE_ENTRY_LEN);
	}
	for (unsigned i = seq->n_steps; i < ends; i++)
		lay_out_end(mem + i * TAPE_ENTRY_LEN);
	t.rflags = 2;
	if (seq->flags & START_IF)
		t.rflags |= 0x200;
	if (seq->flags & START_AC)
		t.rflags |= 0x40000;
	if (seq->flags & START_DF)
		t.rflags |= 0x400;
	if (seq->flags & START_NT)
		t.rflags |= 0x4000;
	*ret_tape = t;
}

void stack_tops(uint8_t *main_top, uint8_t *user_top, uint8_t *compat_top)
{
	const struct victim_labels *l = victim_labels();
	const uint64_t frame[2][5] = {
		{ l->land_u, SEL_UCS, 0x2, USTK_START, SEL_UDS },
		{ l->land_u, SEL_UCS, 0x202, USTK_START, SEL_UDS },
	};

	for (unsigned i = 0; i < 5; i++) {
		put64(main_top - STACK_START_GAP + 8 * i, frame[0][i]);
		put64(user_top - STACK_START_GAP + 8 * i, frame[1][i]);
	}
	put64(compat_top - STACK_START_GAP, l->land_c | (uint64_t)SEL_UCS32 << 32);
	put64(compat_top - STACK_START_GAP + 8, 0x202 | (uint64_t)CSTK_START << 32);
	put64(compat_top - STACK_START_GAP + 16, SEL_UDS);
}

void set_bottom(uint8_t *set)
{
	const struct victim_labels *l = victim_labels();

	put64(set, 0x1111);
	put64(set + 8, l->land_u); /* RCX: where SYSRET goes */
	put64(set + 16, l->land_u); /* RDX: where SYSEXIT goes */
	put64(set + 24, 0x202); /* R11: what SYSRET makes RFLAGS */
	put64(set + 32, W_HARN + H_SETS);
}
