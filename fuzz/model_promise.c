/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a style promises, and whether it keeps it: rules of basis SOFTWARE. The C part of a handler never
 * runs on ring 3's GS, on ring 3's stack or with ring 3's flags; a handler returns through the frame that
 * came with its event and through no other; no NMI is lost, and none runs inside another one's C part.
 *
 * A promise holds for as long as ring 0 does what a kernel would: a step that no kernel takes ends the
 * judging, as does an event that takes the IST stack of one that is being handled where the style says
 * nothing of that. docs/styles.md has both lists.
 */
#include "fuzz/cpu_state.h"
#include "fuzz/style.h"

enum { NMI_COPY = W_IST2 + L_IST2 - 136 }; /* as in fuzz/style.inc */

static int judging(const struct cpu *c)
{
	return c->style && !c->promise.off && !c->out->broken.rule;
}

static void broken(struct cpu *c, enum rule_id id, enum record_field field, uint64_t must, uint64_t is)
{
	if (!judging(c))
		return;
	c->out->broken = (struct broken){
		.rule = (uint16_t)id,
		.field = (uint8_t)field,
		.record = c->out->n,
		.expected = must,
		.observed = is,
	};
}

/* Steps that the C part of a kernel's handler may take, or have happen to it. */
static int is_harmless(const struct step *s)
{
	static const uint8_t fine[] = { OP_NOP, OP_INT3, OP_INT1, OP_UD2, OP_DE, OP_INTO, OP_GPNC, OP_SSNC,
					OP_PFREAD, OP_PFWRITE, OP_PFEXEC, OP_NMI, OP_IPI, OP_EOI, OP_FPU,
					OP_TS, OP_CLTS, OP_STI, OP_CLI, OP_RDMSR, OP_WRNC, OP_UD0, OP_MOVES, OP_MOVDS, OP_MOVFS,
					OP_RETSTYLE, OP_GAPNMI, OP_GAPMC, OP_NMIRAW, OP_NMIBURST, OP_NMICROSS,
					OP_EXTNMI, OP_IPIMANY, OP_IPIPHYS, OP_IPICROSS };

	if (!ops[s->op].text)
		return 1;
	if (s->op == OP_INT)
		/* INT 1 stands for a breakpoint that ring 0 meets, INT 18 for a machine check */
		return (s->arg & 0xff) >= 32 || (s->arg & 0xff) == V_BP || (s->arg & 0xff) == V_DB ||
		       (s->arg & 0xff) == V_MC;
	if (s->op == OP_IRET)
		return (s->arg & 0xff) % N_DEFECTS == DEFECT_NONE;
	if (s->op == OP_FLAGS)
		return (s->arg & 0xff) % list_len(ARG_FLAGS) <= 2; /* 0, if, tf */
	for (unsigned i = 0; i < sizeof(fine); i++)
		if (fine[i] == s->op)
			return 1;
	return 0;
}

void promise_step(struct cpu *c, unsigned index)
{
	if (c->style && !c->cpl && index < c->seq->n_steps && !is_harmless(&c->seq->step[index]))
		c->promise.off = 1;
}

static unsigned ist_of(const struct cpu *c, unsigned vec)
{
	return c->idt[16 * vec + 4] & 7;
}

/* Whether the style sees to it that an event may come while one on its stack is handled. */
static int may_recur(const struct cpu *c, unsigned vec)
{
	return (c->style == STYLE_NMI3 && vec == V_NMI) || (c->style == STYLE_SHIFT && vec == V_DB);
}

static struct handler *innermost(struct cpu *c)
{
	return c->promise.n ? &c->promise.handler[c->promise.n - 1] : NULL;
}

static struct handler *enter(struct cpu *c, unsigned vec)
{
	struct handler *h;

	if (c->promise.n == HANDLERS_MAX) {
		c->promise.off = 1;
		return NULL;
	}
	h = &c->promise.handler[c->promise.n++];
	*h = (struct handler){ .vec = (uint8_t)vec, .gs = c->gs };
	return h;
}

static void read_frame(struct cpu *c, uint64_t at, uint64_t frame[5])
{
	for (unsigned i = 0; i < 5; i++)
		if (mem_read(c, ALIAS(at + 8 * i), 8, ACC_SYSTEM, &frame[i]))
			frame[i] = 0;
}

void promise_delivered(struct cpu *c, const struct event *ev)
{
	unsigned ist = ist_of(c, ev->vec);
	struct handler *h;

	if (!judging(c))
		return;
	for (unsigned i = 0; i < c->promise.n; i++) {
		const struct handler *outer = &c->promise.handler[i];

		if (ist && ist_of(c, outer->vec) == ist && !outer->system && !may_recur(c, ev->vec))
			c->promise.off = 1;
		/* its IRET lets NMIs in, and no protocol of entries withstands one between any two instructions */
		if (outer->vec == V_MC && !outer->system && style_has(outer->frame[0]))
			c->promise.off = 1;
	}
	h = enter(c, ev->vec);
	if (!h)
		return;
	read_frame(c, c->reg[GPR_SP] + (ev->has_err ? 8 : 0), h->frame);
	h->nmi = ev->hw_nmi;
	if (ev->hw_nmi)
		c->promise.nmi_owed = 1;
}

void promise_system_call(struct cpu *c, uint64_t rip, uint64_t rflags, int known)
{
	struct handler *h;

	if (!judging(c))
		return;
	/* no kernel gives ring 3 another code segment, so its entries need not ask for it */
	if (sel_rpl(c->promise.from_cs) == 3 && c->promise.from_cs != SEL_UCS && c->promise.from_cs != SEL_UCS32)
		c->promise.off = 1;
	/* nor the page below the canonical boundary, where RCX would be no address to return to (Linux: TASK_SIZE_MAX) */
	if (known && !canonical(c, rip))
		c->promise.off = 1;
	h = enter(c, 0);
	if (!h)
		return;
	h->system = 1;
	h->open = !known;
	h->frame[0] = rip;
	h->frame[1] = c->promise.from_cs;
	h->frame[2] = rflags;
	h->frame[3] = c->promise.from_rsp;
	h->frame[4] = SEL_UDS;
}

/* The first qword of the frame at addr that is not the innermost handler's; 5: all are. */
static unsigned differs(struct cpu *c, uint64_t addr, const struct handler *h, uint64_t *ret_is)
{
	uint64_t is[5];

	read_frame(c, addr, is);
	for (unsigned i = 0; i < 5 && !h->open; i++)
		if (is[i] != h->frame[i]) {
			*ret_is = is[i];
			return i;
		}
	return 5;
}

static const uint8_t field_of[5] = { F_rip, F_cs, F_rflags, F_rsp, F_ss };

static void check_frame(struct cpu *c, uint64_t addr, enum rule_id id)
{
	const struct handler *h = innermost(c);
	uint64_t is = 0;
	unsigned i = h ? differs(c, addr, h, &is) : 5;

	if (i < 5)
		broken(c, id, (enum record_field)field_of[i], h->frame[i], is);
}

void promise_gs_use(struct cpu *c)
{
	if (judging(c) && c->gs != STYLE_GS)
		broken(c, RULE_PROMISE_GS, F_gs_base, STYLE_GS, c->gs);
}

void promise_c_part(struct cpu *c, enum entry entry, unsigned vec, uint64_t frame)
{
	const struct region *stack = region_of(c->reg[GPR_SP]);
	struct handler *h = innermost(c);
	uint64_t must = FL_TF | FL_NT | FL_DF;

	if (!judging(c))
		return;
	promise_gs_use(c);
	if (!stack || stack->flags & R_U)
		broken(c, RULE_PROMISE_STACK, F_landed, W_RSP0 + L_RSP0, c->reg[GPR_SP]);
	if (c->rflags & must)
		broken(c, RULE_PROMISE_FLAGS, F_live_rflags, c->rflags & ~must, c->rflags);
	check_frame(c, frame, RULE_PROMISE_FRAME);
	if (entry == ENTRY_IDT && vec == V_NMI && h && h->nmi) {
		if (c->promise.nmi_running)
			broken(c, RULE_PROMISE_NMI_NESTED, F_vector, 0, V_NMI);
		c->promise.nmi_running = 1;
		c->promise.nmi_owed = 0;
	}
}

void promise_c_over(struct cpu *c)
{
	struct handler *h = innermost(c);

	/* stepping oneself out of one's handler is nothing that a kernel does */
	if (c->rflags & FL_TF)
		c->promise.off = 1;
	if (h && h->nmi)
		c->promise.nmi_running = 0;
}

/* IRET has succeeded in ring 0: it popped what lay at `frame`. */
void promise_left(struct cpu *c, uint64_t frame)
{
	struct handler *h = innermost(c);
	unsigned nmis = 0;

	/* a kernel has no other IRET than those of its exits */
	if (!style_has(c->insn_start))
		c->promise.off = 1;
	if (!judging(c))
		return;
	/* the protocol's own jump back to the beginning, whose frame is the protocol's, too */
	if (c->rip == style_text(c->variant)->repeat && c->rip) {
		if (c->reg[GPR_SP] != NMI_COPY)
			broken(c, RULE_PROMISE_FRAME, F_rsp, NMI_COPY, c->reg[GPR_SP]);
		return;
	}
	if (!h) {
		c->promise.off = 1;
		return;
	}
	check_frame(c, frame, RULE_PROMISE_FRAME);
	/* ring 3 may have loaded the very same address itself */
	if (c->cpl == 3 && c->gs == STYLE_GS && h->gs != STYLE_GS)
		broken(c, RULE_PROMISE_GS_KEPT, F_gs_base, GS_U, c->gs);
	c->promise.n--;
	for (unsigned i = 0; i < c->promise.n; i++)
		nmis += c->promise.handler[i].nmi;
	if (h->nmi && !nmis && c->promise.nmi_owed)
		broken(c, RULE_PROMISE_NMI_LOST, F_vector, V_NMI, 0);
}
