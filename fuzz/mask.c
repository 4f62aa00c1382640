/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is not compared: fields that do not belong to an event, or that the manual leaves undefined.
 * A mask is a function of the record alone, the same C for guest and model; fuzz/masks.def has the
 * table of them, each with the manual's section, and docs/model.md shows it.
 */
#include <string.h>

#include "efi/abi/record.h"
#include "efi/abi/tables.h"
#include "fuzz/insn.h"
#include "fuzz/model.h"
#include "fuzz/style.h"

enum { ARITH = 0x8d5, RF = 0x10000, VEC_DB = 1, VEC_DF = 8, VEC_PF = 14, VEC_MC = 18, INT_LEN = 2 };

uint64_t window_of(uint64_t addr)
{
	const struct victim_labels *l = victim_labels();
	const struct insn *in;

	if (addr >= l->sled_k && addr < l->sled_k_end)
		return l->sled_k;
	if (addr >= l->sled_u && addr < l->sled_u_end)
		return l->sled_u;
	if (addr >= l->sled_c && addr < l->sled_c_end)
		return l->sled_c;
	in = victim_insn(addr);
	if (in && (in->kind == INSN_WNOP || in->kind == INSN_JWIN))
		return in->imm;
	if (!in || (in->kind != INSN_JSLED && !victim_waits(addr)))
		return 0;
	if (addr < W_UTEXT)
		return l->sled_k;
	return in->len & INSN_MODE32 ? l->sled_c : l->sled_u;
}

static void mask_cr2(struct record *r)
{
	if (r->entry != ENTRY_IDT || r->vector != VEC_PF)
		r->cr2 = 0;
}

static void mask_dr6(struct record *r)
{
	if (r->entry != ENTRY_IDT || r->vector != VEC_DB)
		r->dr6 = 0;
}

static void mask_dr7(struct record *r)
{
	if (r->entry != ENTRY_IDT || r->vector != VEC_DB)
		r->dr7 = 0;
}

/* Neither Ln nor Gn enables the breakpoint. */
static void mask_dr6_b(struct record *r)
{
	for (unsigned i = 0; i < 4; i++)
		if (!(r->dr7 >> (2 * i) & 3))
			r->dr6 &= ~(1ull << i);
}

static void mask_syscall(struct record *r)
{
	if (r->entry != ENTRY_SYSCALL && r->entry != ENTRY_SYSCALL32)
		r->rcx = r->r11 = 0;
}

/* System calls have vector 0. INT 8 pushes no error code; INT 18 is known by the instruction before the saved RIP: both are traps. */
static int is_abort(const struct record *r)
{
	const struct insn *before;

	if (r->vector != VEC_MC)
		return r->vector == VEC_DF && r->flags & REC_ERR;
	before = victim_insn(r->rip - INT_LEN);
	return !before || before->kind != INSN_INTN || before->a != VEC_MC;
}

static void mask_abort(struct record *r)
{
	if (is_abort(r)) {
		r->rip = 0;
		r->rflags &= ~(uint64_t)RF;
	}
}

/* What a styled entry's own tests left. */
static void mask_style(struct record *r)
{
	if (!(r->flags & REC_STYLE))
		return;
	r->live_rflags &= ~(uint64_t)ARITH;
	if (r->entry == ENTRY_IDT && (!r->rip || style_has(r->rip)))
		r->rflags &= ~(uint64_t)ARITH;
}

static void mask_compat_sp(struct record *r)
{
	if (r->entry == ENTRY_IDT && (r->cs & 0xffff) == SEL_UCS32)
		r->rsp &= 0xffffffff;
}

/*
 * The event that was sent, a fault in its delivery, or a single step through what is left; a page fault that
 * fetches what an event in a window saved.
 */
static void mask_window(struct record *r)
{
	uint64_t w = r->entry == ENTRY_IDT ? window_of(r->rip) : 0;
	uint64_t fetched = window_of(r->cr2);

	if (fetched)
		r->cr2 = fetched;

	if (w) {
		r->rip = w;
		r->flags |= REC_WINDOW;
	}
}

/* A row without a function, a function without a row, and a row without a section do not build. */
void record_mask(struct record *r)
{
	if (r->entry == ENTRY_LATE)
		return;
#define MASK(function, fields, becomes, when, why, section)                                        \
	_Static_assert(sizeof(section) > 1, #function " has no section");                          \
	mask_##function(r);
#include "fuzz/masks.def"
#undef MASK
}

const struct mask_info mask_info[N_MASKS] = {
#define MASK(function, fields, becomes, when, why, section)                                        \
	{ #function, fields, becomes, when, why, section },
#include "fuzz/masks.def"
#undef MASK
};
