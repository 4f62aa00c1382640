/* SPDX-License-Identifier: BSD-2-Clause */
/* The state that a run starts with: what fuzz/exec_state.c makes of the machine before each one. */
#include "fuzz/cpu_state.h"
#include "fuzz/style.h"

enum {
	PAGE_LEN = 4096,
	N_STACKS = sizeof(((struct cpu *)0)->stack) / PAGE_LEN,
	/* from idt to text_data */
	N_PAGES = 2 + N_DATA + N_STACKS + (L_KCONST + L_UCONST) / PAGE_LEN + 2,
};
_Static_assert(offsetof(struct cpu, text_data) == offsetof(struct cpu, idt) + (N_PAGES - 2) * PAGE_LEN,
	       "pages without a gap");
_Static_assert(N_PAGES <= 32, "a bit each");

static unsigned page_bit(const struct cpu *c, const uint8_t *p)
{
	size_t i = (size_t)(p - c->idt) / PAGE_LEN;

	return p >= c->idt && i < N_PAGES ? 1u << i : 0;
}

void dirtied(struct cpu *c, const uint8_t *p)
{
	c->clean &= ~page_bit(c, p);
}

/* Whether the page has to be made anew, as the caller then does. */
static int is_dirty(struct cpu *c, const uint8_t *page)
{
	unsigned bit = page_bit(c, page), was = c->clean & bit;

	c->clean |= bit;
	return !was;
}

static void start_stacks(struct cpu *c)
{
	int any = 0;

	for (unsigned n = 0; n < N_STACKS; n++) {
		uint64_t *p = (uint64_t *)(void *)c->stack[n];

		if (!is_dirty(c, c->stack[n]))
			continue;
		for (unsigned i = 0; i < PAGE_LEN / 8; i++)
			p[i] = STACK_PATTERN;
		any = 1;
	}
	if (any)
		stack_tops(c->stack[0] + PAGE_LEN, c->stack[9] + PAGE_LEN, c->stack[10] + PAGE_LEN);
}

static void start_tables(struct cpu *c, unsigned layout)
{
	const struct victim_labels *l = victim_labels();

	if (is_dirty(c, c->idt) || c->layout != layout)
		idt_build(c->idt, l->stubs, (uint32_t)l->stub_stride, layout_ist(layout));
	c->layout = (uint8_t)layout;
	if (is_dirty(c, c->gdt)) {
		memset(c->gdt, 0, sizeof(c->gdt));
		gdt_build(c->gdt, W_TSS);
		c->gdt[SEL_TSS + 5] |= 2; /* busy: LTR has loaded it */
		gdt_gates_build(c->gdt, l->land_k, l->land_u);
		gdt_page_build(c->gdt);
	}
	tss_build(c->tss);
	c->idtr = (struct table){ W_IDT, IDT_LIMIT };
	c->gdtr = (struct table){ W_GDT, GDT_LIMIT };
	c->tr = (struct sysseg){ SEL_TSS, 1, TSS_LIMIT, W_TSS };
}

/* A region's constants, from the image. Returns whether they were not as they are now. */
static int start_constants(struct cpu *c, uint8_t *page, uint32_t va, uint32_t len)
{
	const uint8_t *image;
	uint32_t left;
	int dirty = 0;

	for (uint32_t at = 0; at < len; at += PAGE_LEN)
		dirty |= is_dirty(c, page + at);
	if (!dirty)
		return 0;
	image = victim_bytes(va, &left);
	memset(page, 0, len);
	memcpy(page, image, left);
	return 1;
}

static void start_read_only(struct cpu *c)
{
	if (start_constants(c, c->kconst, W_KCONST, L_KCONST) || c->const_cr4 != c->profile->cr4)
		for (unsigned i = 0; i < cr4_values(); i++) {
			const uint64_t v = cr4_value(c->profile, i);

			memcpy(c->kconst + victim_labels()->cr4s - W_KCONST + 8 * i, &v, sizeof(v));
		}
	c->const_cr4 = c->profile->cr4;
	start_constants(c, c->uconst, W_UCONST, L_UCONST);
	for (unsigned i = 0; i < 2; i++)
		if (is_dirty(c, c->text_data[i]))
			memset(c->text_data[i], 0, PAGE_LEN);
}

static void start_context(struct cpu *c, enum ctx ctx)
{
	const struct victim_labels *l = victim_labels();

	c->mode64 = ctx != CTX_C;
	c->cpl = ctx == CTX_K ? 0 : 3;
	c->rip = ctx == CTX_K ? l->land_k : ctx == CTX_U ? l->land_u : l->land_c;
	c->reg[GPR_SP] = ctx == CTX_K ? MAIN_START : ctx == CTX_U ? USTK_START : CSTK_START;
	c->cs = ctx == CTX_K ? SEL_KCS : ctx == CTX_U ? SEL_UCS : SEL_UCS32;
	c->ss = ctx == CTX_K ? SEL_KDS : SEL_UDS;
	c->seg[SREG_ES] = SEL_UDS;
	c->seg[SREG_DS] = SEL_UDS;
}

/* Whether anything in the sequence can set TF. */
static int may_step(const struct seq *seq)
{
	for (unsigned i = 0; i < seq->n_steps; i++) {
		const struct step *s = &seq->step[i];
		unsigned arg = ops[s->op].arg;

		if (s->op == OP_GOUS || s->op == OP_TFOVER || s->op == OP_TFHLT || arg == ARG_FLAGS ||
		    (arg == ARG_DEFECT && (s->arg & 0xff) % N_DEFECTS == DEFECT_FL))
			return 1;
	}
	return 0;
}

static void start_style(struct cpu *c)
{
	const struct style_text *t;

	c->variant = (uint8_t)style_variant(c->seq);
	t = style_text(c->variant);
	style_idt(c->variant, c->idt);
	dirtied(c, c->idt);
	style_percpu(c->variant, c->data[DATA_SUP] + PC_KSTACK);
	dirtied(c, c->data[DATA_SUP]);
	c->lstar = t->syscall;
	c->cstar = t->syscall32;
	c->sysenter_eip = t->sysenter;
	c->cr4 |= style_fsgsbase(c->variant) ? CR4_FSGSBASE_BIT : 0;
	c->gs = c->cpl ? GS_U : STYLE_GS;
	c->kgs = c->cpl ? STYLE_GS : GS_U;
}

void model_start(struct cpu *c, const struct seq *seq)
{
	const struct victim_labels *l = victim_labels();
	uint64_t *reg = c->reg;
	struct tape t;

	tape_lay_out(seq, NULL, c->profile, c->tape, &t);
	c->end = t.end;
	c->needs = t.needs;
	c->may_step = (uint8_t)may_step(seq);
	start_read_only(c);
	for (unsigned i = 0; i < N_DATA; i++)
		if (is_dirty(c, c->data[i]))
			memset(c->data[i], 0, PAGE_LEN);
	start_tables(c, seq->layout);
	start_stacks(c);
	set_bottom(c->harn + H_SETS);
	put64(c->harn + H_SETPTR, W_HARN + H_SETS);
	memcpy(&reg[GPR_AX], c->harn + H_SETS, 8);
	memcpy(&reg[GPR_CX], c->harn + H_SETS + 8, 8);
	memcpy(&reg[GPR_DX], c->harn + H_SETS + 16, 8);
	memcpy(&reg[GPR_11], c->harn + H_SETS + 24, 8);
	c->rflags = t.rflags;
	c->cr0 = CR0_START | (seq->flags & START_TS ? CR0_TS_BIT : 0);
	c->dr6 = DR6_START;
	c->dr7 = DR7_START;
	for (unsigned i = 0; i < 4; i++)
		c->dr[i] = BP_NOWHERE;
	c->efer = EFER_START;
	c->cr4 = cr4_start(c->profile);
	c->mxcsr = MXCSR_START;
	c->fmask = FMASK_START;
	c->star = STAR_VALUE;
	c->lstar = l->entry_syscall;
	c->cstar = l->entry_syscall32;
	c->sysenter_cs = SEL_KCS;
	c->sysenter_esp = W_RSP0 + L_RSP0;
	c->sysenter_eip = l->entry_sysenter;
	c->gs = GS_K;
	c->kgs = GS_U;
	start_context(c, seq_ctx(seq));
	c->seq = seq;
	c->style = (uint8_t)style_of(seq);
	if (c->style)
		start_style(c);
}
