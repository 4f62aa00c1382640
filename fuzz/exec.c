/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The executor: lays a sequence out in the window, runs it, and turns raw records into the form that
 * is compared. What a run may have changed is put back by fuzz/exec_state.c.
 */
#include <string.h>

#include "efi/apic.h"
#include "efi/cpu.h"
#include "efi/machine.h"
#include "efi/second.h"
#include "fuzz/exec_state.h"
#include "fuzz/style.h"

enum { CHECK_EVERY = 1000 };

static struct {
	struct profile profile;
	struct record rec[RECORDS_MAX + 1];
	unsigned n_rec, since_check;
	struct seq on_tape;
	int tape_is_sound;
	struct exec_leg *leg; /* where a timed run's go; NULL: no time stamps */
	unsigned n_legs;
	uint64_t in_service, priority, mcg_status; /* when the run ended */
} x;

/* Called by the recorder, on its private stack, for an event that neither a run nor a drain expects. */
static void unexpected(uint64_t vector, const uint64_t *rsp)
{
	const uint64_t *f = (uintptr_t)rsp & 8 ? rsp : rsp + 1;
	struct record r = {
		.vector = (uint8_t)vector,
		.flags = REC_HARNESS,
		.err = f == rsp ? 0 : rsp[0],
		.rip = f[0],
		.cs = f[1],
		.rflags = f[2],
		.rsp = f[3],
		.ss = f[4],
		.landed = (uint64_t)(uintptr_t)rsp,
	};

	panic_event(&r);
}

int exec_init(const struct profile *p)
{
	/* without NX the page tables cannot keep what they promise */
	if (!(p->features & FEAT(NX)))
		return -1;
	x.profile = *p;
	*harn(H_MODE) = MODE_IDLE;
	*harn(H_PANIC) = (uint64_t)(uintptr_t)unexpected;
	*harn(H_EOI) = p->features & FEAT(X2APIC_MODE) ? 0 : W_LAPIC + 0xb0;
	state_init(p);
	return 0;
}

static void convert(const struct raw_record *raw, struct record *r)
{
	unsigned err = raw->entry == ENTRY_IDT && !(raw->rsp & 8);
	const uint64_t *f = raw->frame + err;

	*r = (struct record){
		.vector = raw->vector,
		.entry = raw->entry,
		.flags = (uint8_t)((err ? REC_ERR : 0) | (raw->harness ? REC_HARNESS : 0) |
				   (raw->style ? REC_STYLE : 0)),
		.depth = (uint8_t)((raw->setptr - W_HARN - H_SETS) / SET_LEN),
		.step = (uint8_t)(raw->rsi / TAPE_ENTRY_LEN),
		.live_cpl = raw->cs & 3,
		.live_ss = raw->ss,
		.landed = raw->rsp,
		.live_rflags = raw->rflags,
		.cr2 = raw->cr2,
		.dr6 = raw->dr6,
		.dr7 = raw->dr7,
		.gs_base = raw->gs_base,
		.rcx = raw->rcx,
		.r11 = raw->r11,
	};
	if (raw->entry == ENTRY_IDT) {
		r->err = err ? raw->frame[0] : 0;
		r->rip = f[0];
		r->cs = f[1];
		r->rflags = f[2];
		r->rsp = f[3];
		r->ss = f[4];
	}
	record_mask(r);
}

/* Before it is put back: what is in service, the task priority, and the state of machine checks. */
static void look_back(const struct tape *t)
{
	x.in_service = x.priority = x.mcg_status = 0;
	if (t->needs & MCHECK)
		x.mcg_status = rdmsr(IA32_MCG_STATUS);
	if (!(t->needs & ASYNC))
		return;
	for (unsigned i = 0; i < IPI_VECTORS; i++) {
		unsigned v = ipi_vector[i];

		if (apic_read((enum apic_reg)(APIC_ISR + v / 32 * 16)) >> (v % 32) & 1)
			x.in_service |= 1ull << i;
	}
	x.priority = apic_read(APIC_TPR);
}

static void late(struct record *r)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < IPI_VECTORS; i++) {
		unsigned v = ipi_vector[i];

		if (*harn(H_LATEVEC + v / 64 * 8) >> (v % 64) & 1)
			bits |= 1ull << i;
	}
	*r = (struct record){
		.entry = ENTRY_LATE,
		.err = *harn(H_LATENMI),
		.rip = bits,
		.cs = x.in_service,
		.ss = x.priority,
		.rsp = x.mcg_status,
	};
}

_Static_assert(SET_LEN * (RECORDS_MAX + 1) <= SETS_LAST + 2 * SET_LEN, "a set for each record");

void exec_run(const uint8_t *bytes, size_t len, struct msg_done *ret_done)
{
	const struct victim_labels *l = victim_labels();
	void (*enter)(uint64_t, uint64_t) = (void (*)(uint64_t, uint64_t))(uintptr_t)l->enter;
	struct raw_record *raw = (void *)at(W_HARN + H_RAW);
	struct seq seq;
	struct tape t;
	int dirty = 0, by_second;

	seq_decode(&seq, bytes, len);
	tape_lay_out(&seq, x.tape_is_sound ? &x.on_tape : NULL, &x.profile, at(W_TAPE), &t);
	x.on_tape = seq;
	/* a run that can write where it should not may have written there, too */
	x.tape_is_sound = !(t.needs & PAGES);
	state_layout(seq.layout);
	*harn(H_END) = t.end;
	*harn(H_NREC) = 0;
	*harn(H_FAULT) = 0;
	*harn(H_LATENMI) = 0;
	for (unsigned i = 0; i < 4; i++)
		*harn(H_LATEVEC + 8 * i) = 0;
	/* steps write to these, copies and strange stack pointers anywhere in them, and what is there can be read */
	memset(at(W_DUSER), 0, L_DUSER);
	memset(at(W_DSUP), 0, L_DSUP);
	memset(at(W_DKEY), 0, L_DKEY);
	if (style_of(&seq))
		style_enter(&seq, &x.profile);
	write_cr2(0);
	if (seq.flags & START_TS)
		write_cr0(CR0_START | CR0_TS_BIT);

	by_second = t.needs & SECOND && x.profile.features & FEAT(SECOND);
	if (by_second)
		second_wake();
	enter(seq_ctx(&seq), t.rflags);
	if (by_second)
		dirty = second_rest() != 0;
	look_back(&t);
	if (x.leg)
		x.n_legs = time_legs(raw, (unsigned)*harn(H_NREC), t.end, x.leg);

	if (style_of(&seq))
		style_leave(&seq, &x.profile);
	state_restore(&t);
	if (exec_strayed()) {
		t.needs |= TABLES | MSRS | DEBUG | LAPIC | FPU | STACKS | PAGES | MCHECK;
		state_restore(&t);
	}
	x.n_rec = (unsigned)*harn(H_NREC);
	for (unsigned i = 0; i < x.n_rec; i++)
		convert(&raw[i], &x.rec[i]);
	/* a styled entry writes below and above the frame that is recorded */
	if (style_of(&seq))
		state_fill_stacks();
	else
		state_wipe_stacks(&t, raw, x.n_rec);
	/* an exit left halfway may look at any set of registers, pushed in this run or not */
	memset(at(W_HARN + H_SETS), 0, SET_LEN * (1 + x.n_rec));
	set_bottom(at(W_HARN + H_SETS));
	/* one whose frame cannot be read stays half written: nothing of this run may stand there then */
	memset(raw, 0, (x.n_rec < RECORDS_MAX ? x.n_rec + 1 : RECORDS_MAX) * sizeof(*raw));
	late(&x.rec[x.n_rec++]);
	if (++x.since_check >= CHECK_EVERY) {
		char words[8];

		x.since_check = 0;
		dirty |= exec_selfcheck(words, sizeof(words)) != 0;
	}
	/* an engine may enter virtual-8086 mode, and then no IRET of its ever clears them */
	dirty |= (pushfq() & EXEC_IRET_FLAGS) != 0;
	*ret_done = (struct msg_done){
		.outcome = OUTCOME_DONE,
		.n_rec = (uint8_t)x.n_rec,
		.flags = (uint8_t)((*harn(H_FAULT) ? DONE_HARNESS : 0) | (dirty ? DONE_DIRTY : 0)),
		.hash = record_hash(x.rec, x.n_rec),
	};
}

unsigned exec_run_timed(const uint8_t *bytes, size_t len, struct msg_done *ret_done, struct exec_leg *ret_leg)
{
	*harn(H_TIMED) = 1;
	x.leg = ret_leg;
	exec_run(bytes, len, ret_done);
	x.leg = NULL;
	*harn(H_TIMED) = 0;
	return x.n_legs;
}

unsigned exec_records(const struct record **ret_rec)
{
	*ret_rec = x.rec;
	return x.n_rec;
}
