/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a run leaves: its records, each with the rules that its fields rest on, and how it ended. The
 * recorder of efi/entry.inc is to the model one act.
 */
#include "fuzz/cpu_state.h"

void end_run(struct cpu *c, enum outcome outcome, enum rule_id death)
{
	if (c->done)
		return;
	c->done = 1;
	c->out->outcome = (uint8_t)outcome;
	c->out->death = (uint16_t)death;
}

void unchecked(struct cpu *c)
{
	c->out->unchecked = 1;
	end_run(c, OUTCOME_DONE, RULE_UNCHECKED);
}

static uint64_t frame_slot(struct cpu *c, uint64_t addr)
{
	uint64_t v = 0;

	/* the recorder reads through the alias, which is always there */
	if (mem_read(c, ALIAS(addr), 8, ACC_SYSTEM, &v))
		unchecked(c); /* what the recorder makes of that is no processor's doing */
	return v;
}

static void why_fields(struct cpu *c, uint16_t why[F_COUNT], const struct record *r)
{
	uint16_t event = why[F_vector];

	for (unsigned f = 0; f < F_COUNT; f++)
		why[f] = event;
	why[F_rip] = c->rip_rule;
	why[F_rflags] = c->rflags_rule;
	why[F_landed] = why[F_rsp] = c->land_rule;
	why[F_live_ss] = c->land_rule == RULE_STACK_IST ? RULE_SS_WITH_IST : RULE_SS_NULL_ON_CPL_CHANGE;
	if (r->err & 2 && (r->vector == V_GP || r->vector == V_NP))
		why[F_err] = RULE_IDT_ERROR_CODE;
	why[F_live_rflags] = RULE_DELIVERY_FLAGS;
	why[F_dr6] = c->dr6_rule ? c->dr6_rule : RULE_DR6_SINGLE_STEP;
	why[F_dr7] = RULE_GD_CLEARED;
	why[F_gs_base] = RULE_SWAPGS;
	if (r->entry == ENTRY_SYSCALL || r->entry == ENTRY_SYSCALL32) {
		why[F_live_rflags] = RULE_SYSCALL_FMASK;
		why[F_live_ss] = RULE_SYSCALL_SELECTORS;
		why[F_r11] = RULE_SYSCALL_R11;
		why[F_rcx] = RULE_SYSCALL_RCX;
	}
	if (r->entry == ENTRY_SYSENTER) {
		why[F_live_rflags] = RULE_SYSENTER_FLAGS;
		why[F_landed] = RULE_SYSENTER_RSP;
	}
}

/* The register set in force. */
static uint64_t current_set(const struct cpu *c)
{
	uint64_t cur = 0;

	/* an exit left halfway can have stored anything here; efi/entry.inc begins anew, too */
	memcpy(&cur, c->harn + H_SETPTR, 8);
	if (cur - W_HARN - H_SETS > SETS_LAST || (cur - W_HARN - H_SETS) % SET_LEN)
		cur = W_HARN + H_SETS;
	return cur;
}

static uint8_t depth_of(uint64_t set)
{
	return (uint8_t)((set - W_HARN - H_SETS) / SET_LEN);
}

void note_step(struct cpu *c, unsigned index)
{
	if (index < STEPS_MAX)
		c->out->began[index] = (struct step_began){
			.body = (uint32_t)c->insn_start,
			.delivered = c->out->delivered,
			.ctx = (uint8_t)(1 + (!c->cpl ? CTX_K : c->mode64 ? CTX_U : CTX_C)),
			.depth = depth_of(current_set(c)),
		};
}

static void push_set(struct cpu *c, struct record *r)
{
	uint64_t cur = current_set(c) + SET_LEN, *const reg = c->reg;
	uint8_t *set = c->harn + (cur - W_HARN);

	put64(set, reg[GPR_AX]);
	put64(set + 8, reg[GPR_CX]);
	put64(set + 16, reg[GPR_DX]);
	put64(set + 24, reg[GPR_11]);
	put64(set + 32, cur - SET_LEN);
	put64(c->harn + H_SETPTR, cur);
	r->depth = depth_of(cur);
}

/* Read the frame at rsp into r, and leave RSP at it. Returns 1 when it was harness text. */
static int read_frame(struct cpu *c, struct record *r, uint64_t rsp)
{
	const struct victim_labels *l = victim_labels();

	if (!(rsp & 8)) {
		r->flags |= REC_ERR;
		r->err = frame_slot(c, rsp);
		rsp += 8;
	}
	r->rip = frame_slot(c, rsp);
	r->cs = frame_slot(c, rsp + 8);
	r->rflags = frame_slot(c, rsp + 16);
	r->rsp = frame_slot(c, rsp + 24);
	r->ss = frame_slot(c, rsp + 32);
	c->reg[GPR_SP] = rsp;
	if (r->rip < l->stubs || r->rip >= l->harness_end)
		return 0;
	if (r->rip >= l->entries_end || (r->rip - l->stubs) % l->stub_stride)
		return 1;
	/* an entry's first instruction is the victim's, and must not be left with TF set */
	mem_write(c, ALIAS(rsp + 16), 8, ACC_SYSTEM, r->rflags & ~(uint64_t)FL_TF);
	return 0;
}

/* A stub that a return has led to takes its frame from words pushed before: where in a window an event came, too. */
static int frame_is_open(const struct cpu *c, const struct record *r)
{
	const uint64_t slot[] = { r->cs, r->rflags, r->rsp, r->ss, r->err };

	for (size_t i = 0; i < sizeof(slot) / sizeof(slot[0]); i++)
		if (is_open(c, sizeof(slot[i]), slot[i]))
			return 1;
	return 0;
}

/* One record; the frame lies at `frame`. Returns 1 when the run is over. */
static int record(struct cpu *c, enum entry entry, unsigned vec, uint64_t frame, unsigned flags)
{
	struct record *r = &c->out->rec[c->out->n];
	int harness = 0;

	if (entry == ENTRY_IDT && vec == V_DB)
		debug_recorder(c);
	*r = (struct record){
		.vector = (uint8_t)vec,
		.entry = (uint8_t)entry,
		.flags = (uint8_t)flags,
		.step = (uint8_t)(c->reg[GPR_SI] / TAPE_ENTRY_LEN),
		.live_ss = c->ss,
		.landed = frame,
		.live_rflags = c->rflags,
		.cr2 = c->cr2,
		.dr6 = c->dr6,
		.dr7 = c->dr7,
		.gs_base = c->gs,
		.rcx = c->reg[GPR_CX],
		.r11 = c->reg[GPR_11],
	};
	if (entry == ENTRY_IDT)
		harness = read_frame(c, r, frame);
	/* the same of a frame made of parts of such words */
	if (entry == ENTRY_IDT && frame & 7 && c->window_rips)
		unchecked(c);
	/* a frame that lies over registers which were saved */
	if (c->out->unchecked)
		return 1;
	if (is_untold(r->rip) || is_half_open(c, r->rip) || frame_is_open(c, r) ||
	    /* an entry that an interrupted system call's frame led to, or that found other words for its registers */
	    ((entry == ENTRY_SYSCALL || entry == ENTRY_SYSCALL32) &&
	     (is_open(c, sizeof(r->rcx), r->rcx) || is_open(c, sizeof(r->r11), r->r11)))) {
		unchecked(c);
		return 1;
	}
	r->flags |= harness ? REC_HARNESS : 0;
	push_set(c, r);
	why_fields(c, c->out->why[c->out->n], r);
	c->out->rip[c->out->n] = r->rip;
	c->out->by_record[c->out->n] = c->out->delivered;
	record_mask(r);
	c->out->n++;
	c->out->harness |= harness != 0;
	/* its POPF writes neither */
	c->rflags = FL_1 | (c->rflags & (FL_VIF | FL_VIP));
	return harness || c->reg[GPR_SI] >= c->end || c->out->n >= RECORDS_MAX;
}

static void go_on(struct cpu *c, int over)
{
	uint64_t next;

	if (over) {
		end_run(c, OUTCOME_DONE, RULE_END);
		return;
	}
	memcpy(&next, c->tape + c->reg[GPR_SI], 8);
	c->rip = next;
}

void record_entry(struct cpu *c, enum entry entry, unsigned vec)
{
	go_on(c, record(c, entry, vec, c->reg[GPR_SP], 0));
}

/* As efi/entry.inc's rec_style reads what fuzz/style.inc has pushed. */
void record_styled(struct cpu *c)
{
	enum { AT_R11 = 16, AT_RDX = 24, AT_RCX = 32, AT_RAX = 40, AT_SLOT = 48, NO_ERR = 0x100 };
	uint64_t rsp = c->reg[GPR_SP], slot = frame_slot(c, rsp + AT_SLOT);
	uint64_t frame = rsp + AT_SLOT + (slot & NO_ERR ? 16 : 8);
	enum entry entry = (enum entry)(slot >> 16 & 3);
	int over;

	promise_c_part(c, entry, slot & 0xff, frame + (slot & NO_ERR ? 0 : 8));
	c->reg[GPR_11] = frame_slot(c, rsp + AT_R11);
	c->reg[GPR_DX] = frame_slot(c, rsp + AT_RDX);
	c->reg[GPR_CX] = frame_slot(c, rsp + AT_RCX);
	c->reg[GPR_AX] = frame_slot(c, rsp + AT_RAX);
	over = record(c, entry, slot & 0xff, frame, REC_STYLE);
	c->reg[GPR_SP] = rsp;
	go_on(c, over);
}
