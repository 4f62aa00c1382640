/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model's machine: registers, the victim's memory, what is pending and blocked. Internal to
 * fuzz/model*.c; the interface is fuzz/model.h.
 */
#ifndef TW_FUZZ_CPU_STATE_H
#define TW_FUZZ_CPU_STATE_H

#include <string.h>

#include "fuzz/insn.h"
#include "fuzz/model.h"
#include "fuzz/tape.h"

enum vec {
#define VEC(num, name, has_ec, class, kind, words) V_##name = num,
#include "efi/abi/vectors.def"
#undef VEC
};

enum { GPR_AX, GPR_CX, GPR_DX, GPR_BX, GPR_SP, GPR_BP, GPR_SI, GPR_DI, GPR_11 = 11, N_GPR = 16 };

enum rflag {
	FL_1 = 1 << 1,
	FL_TF = 1 << 8,
	FL_IF = 1 << 9,
	FL_DF = 1 << 10,
	FL_OF = 1 << 11,
	FL_IOPL = 3 << 12,
	FL_NT = 1 << 14,
	FL_RF = 1 << 16,
	FL_VM = 1 << 17,
	FL_AC = 1 << 18,
	FL_VIF = 1 << 19,
	FL_VIP = 1 << 20,
	FL_ID = 1 << 21,
	/* CF PF AF ZF SF DF OF TF: what every POPF and IRET loads; NT goes with them */
	FL_USER = 0x8d5 | FL_DF | FL_TF | FL_NT,
};

enum pf_err { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSV = 8, PF_I = 16, PF_PK = 32 };

/* A register that nobody can say: a clock, or RCX as an event finds it in a loop that waits. */
#define UNTOLD 0xc0ffee005ee0f0ffull

#define DR6_BT  0x8000ull
#define DR6_BS  0x4000ull
#define DR6_BD  0x2000ull
#define DR6_B   0xfull

/* SS's hidden part: a null one is unusable, and what else is in it may depend on how it got there. */
enum { SS_USABLE, SS_NULL, SS_NULL_RETURNED, SS_NARROW /* of 16 bits, by no manual */ };

/* A table's register, and the hidden part of a system segment's. */
struct table {
	uint64_t base;
	uint16_t limit;
};
struct sysseg {
	uint16_t sel;
	uint8_t usable;
	uint32_t limit;
	uint64_t base;
};

/* An event on its way in. */
struct event {
	uint8_t vec;
	uint8_t soft; /* INT n, INT3, INTO: gate DPL checked, EXT 0 */
	uint8_t fault; /* fault class: RF is set in the saved image, but for a code breakpoint */
	uint8_t has_err;
	uint8_t hw_nmi, hw_irq;
	uint16_t rule; /* that raised it */
	uint64_t err;
	uint64_t rip; /* to be saved */
	uint64_t cr2; /* of a #PF, loaded when it is delivered or becomes part of a #DF */
};

/* A handler of a styled run that has been entered and not left, for model_promise.c. */
struct handler {
	uint64_t frame[5]; /* RIP, CS, RFLAGS, RSP, SS that it must return to */
	uint64_t gs; /* the base that was there when it came */
	uint8_t vec, nmi;
	uint8_t system; /* entered by a system call */
	uint8_t open; /* its entry does not know where it came from: SYSENTER */
};
enum { HANDLERS_MAX = 64 };

struct promise {
	struct handler handler[HANDLERS_MAX];
	unsigned n;
	uint8_t off; /* ring 0 has done what no kernel does: nothing is promised any more */
	uint8_t nmi_owed, nmi_running;
	uint16_t from_cs; /* of the system call under way */
	uint64_t from_rsp;
};

/* Of a stack segment: B is clear, and outside 64-bit mode the stack pointer is SP; what is L of a code segment is set. */
enum ss_bit { SS_SP = 1, SS_L = 2 };

/* The pages that hold nothing but what steps, and frames led there, write. */
enum { DATA_USER, DATA_SUP, DATA_RO, DATA_KEY, N_DATA };

struct cpu {
	const struct profile *profile;
	struct overlay *overlay;
	const struct path *path; /* to follow */
	struct trace *out;
	/* leading: stop as soon as a record differs from the observed one */
	const struct record *observed;
	unsigned n_observed;

	uint64_t reg[N_GPR];
	uint64_t rip, rflags, cr0, cr2, dr[4], dr6, dr7, efer, fmask, lstar, gs, kgs;
	uint64_t cr4, star, cstar, fs, sysenter_cs, sysenter_esp, sysenter_eip;
	struct table gdtr, idtr;
	struct sysseg tr, ldtr;
	uint32_t pkru, mxcsr;
	uint8_t pke_later; /* CR4.PKE was set after PKRU was written */
	uint8_t x87_pending; /* an unmasked x87 exception waits for the next waiting instruction */
	uint16_t cs, ss, seg[N_SREG];
	uint8_t seg_nulls[N_SREG]; /* a return to ring 3 nulls what the register holds */
	uint8_t cpl, mode64, ss_unusable;
	uint8_t code16; /* CS has L and D clear: none of the text is assembled for that */
	uint8_t ss_bits; /* enum ss_bit */

	uint8_t nmi_blocked, nmi_pending, nmi_flight; /* the latter two count, up to 2 */
	uint8_t irr, isr, irq_flight; /* sets over ipi_vector[] */
	uint8_t tpr, spurious, timer; /* task priority; a withdrawn interrupt is due; the timer runs */
	uint32_t lvt_timer;
	uint8_t halted; /* in HLT or MWAIT */
	uint8_t mc_pending, mcg_status; /* the first: what MCG_STATUS becomes */
	uint32_t lvt_lint1;
	/* low words of what the last events in a window saved: it came somewhere in there */
	uint16_t window_rip[4];
	unsigned window_rips;
	uint64_t served; /* RSI + 1 of the last wait for which the host has done something */
	uint8_t shadow_sti, shadow_ss; /* after the instruction that just ended */
	uint8_t shadowed; /* the instruction that just ended began in a MOV SS or STI shadow */
	uint8_t db_trap; /* single-step #DB pending for the next boundary */
	uint8_t db_waiting; /* data breakpoints that had been met when the delivery under way began */
	uint8_t db_told; /* data breakpoints that a #DB has reported */
	uint8_t db_hits; /* data breakpoints that were met, not yet reported */
	uint8_t db_hidden; /* those whose #DB will not show them */
	uint8_t rep_waited; /* boundaries that such a hit has passed in a string instruction */
	uint64_t marked[2]; /* accessed bits that this instruction, or delivery, has set: a return's CS and SS at most */
	uint8_t marks;
	uint8_t rep_left; /* at this boundary a string instruction has iterations left */
	uint8_t rep_shadow_ss, rep_shadow_sti; /* the shadow that its last iteration began in */
	uint16_t db_rule;

	uint64_t insn_start;
	uint8_t rf_before; /* RF as the instruction found it */
	struct event raise; /* what a function that returned 1 wants delivered */
	int done;
	int delivered; /* the instruction under way delivered an event itself */

	const struct seq *seq;
	uint8_t style, variant; /* enum style_id, enum style_variant */
	struct promise promise;

	uint64_t end;
	unsigned needs; /* of the steps, enum op_need */
	uint8_t may_step; /* TF can be set in this sequence */
	uint16_t rip_rule, rflags_rule, land_rule, dr6_rule; /* provenance of fields of the next record */
	uint8_t vec; /* of the event being delivered, for overlay conditions */
	uint16_t overlaid[N_RULES], overlaid_end[N_RULES]; /* the first line for a rule, plus one; after the last */
	uint8_t chosen[N_RULES]; /* choices that are made once a run: the branch, plus one */

	/* From here on model_start() writes what has to be written. */
	uint8_t tape[L_TAPE];
	uint8_t harn[0x1010]; /* register sets and SETPTR */
	uint8_t tss[TSS_LEN];
	/* a bit for each page below that is as a run finds it: most runs write to two or three */
	uint32_t clean;
	uint8_t layout; /* of idt, where that is clean */
	uint64_t const_cr4; /* of the machine whose constants these are, where they are clean */
	uint8_t idt[IDT_LEN] __attribute__((aligned(16))), gdt[4096];
	uint8_t data[N_DATA][4096];
	uint8_t stack[11][4096];
	/* written only with CR0.WP clear: the constants, and the last page of each text */
	uint8_t kconst[L_KCONST], uconst[L_UCONST], text_data[2][4096];
};

/* One run along a path; stops at the first record that differs from an observed one, if given. */
void model_run(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
	       const struct path *path, const struct record *observed, unsigned n_observed,
	       struct trace *ret_trace);

/* A rule's result, after the overlay, which seldom has a line for it. */
uint64_t rule_overlaid(struct cpu *c, enum rule_id id, uint64_t value);
static inline uint64_t rule(struct cpu *c, enum rule_id id, uint64_t value)
{
	return c->overlaid[id] ? rule_overlaid(c, id, value) : value;
}

/* Take one of n branches; the manual leaves it open. */
unsigned choose(struct cpu *c, enum rule_id id, unsigned n);

/*
 * The same, once a run: what a machine does one way it does that way throughout. For what is asked at
 * each of many events that nothing is recorded between, or every path would be a path too many.
 */
unsigned choose_once(struct cpu *c, enum rule_id id, unsigned n);

/* Put a fault into c->raise; always returns 1, so that callers can return it. */
int fault(struct cpu *c, unsigned vec, uint64_t err, enum rule_id id);

/* Several faults have been met, one at least, and none is promised to come first. Returns as fault() does. */
int one_of(struct cpu *c, const struct event *met, unsigned n);

/*
 * What is wrong is in `first`, and if `also` something else as well, whose fault is in c->raise by now. Which of the two an
 * instruction or a delivery meets first is the processor's to say (SDM 3A 6.9). Always returns 1.
 */
int or_else(struct cpu *c, struct event first, int also);

/*
 * n words of 8 bytes, the first one highest; word NULL: it is only tried. Returns 1 with the fault of the first that has one,
 * or of the last, in c->raise.
 */
int push_words(struct cpu *c, uint64_t *rsp, unsigned access, const uint64_t *word, unsigned n);

/* A selector's privilege level, and all of it but that: 0 for the null selector, and what error codes hold. */
static inline unsigned sel_rpl(uint64_t sel)
{
	return sel & 3;
}
static inline unsigned sel_index(uint64_t sel)
{
	return (uint16_t)sel & ~3u;
}

/* What only ring 0 may do is #GP(0) elsewhere. Returns as fault() does. */
int need_ring0(struct cpu *c, enum rule_id id);

/* --- model_start.c ---------------------------------------------------------------------------- */
/* Something is written to p, which may be in a page that was clean. */
void dirtied(struct cpu *c, const uint8_t *p);
/* Everything from the tape on, and what of the registers does not start as 0; c->profile is set. */
void model_start(struct cpu *c, const struct seq *seq);

/* --- model_mem.c ------------------------------------------------------------------------------ */
enum access {
	ACC_READ = 0,
	ACC_WRITE = 1,
	ACC_SYSTEM = 2, /* by event delivery: ring 0's rights, no alignment check */
	ACC_FETCH = 4,
	ACC_STACK = 8, /* through SS */
	ACC_SUPER = 16, /* by an instruction, but with ring 0's rights */
	ACC_TABLE = 32, /* of a descriptor table or the TSS: ring 0's rights, implicit to SMAP */
	ACC_RING3 = 64, /* with ring 3's rights, whatever the ring */
	ACC_UNALIGNED = 128, /* by an instruction whose alignment is not checked */
};
/* Data access by the current instruction; len 1 to 8. Return 1 with c->raise set on a fault. */
/* The same of its alignment alone. */
int mem_misaligned(struct cpu *c, uint64_t addr, unsigned len);
int mem_faults(struct cpu *c, uint64_t addr, unsigned len, unsigned access); /* the checks alone */
int mem_read(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t *ret_value);
int mem_write(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t value);
/* Read and write in one: *value is written, and becomes what was there. */
int mem_exchange(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t *value);
/*
 * The same for an instruction that goes by what it reads: a byte or two of what a wait left of RCX (is_untold()), or of where in a
 * window an event came, nothing would tell from a number.
 */
int mem_load(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t *ret_value);
/* Whether a read that is not aligned to its length gets a part of something like that. */
int mem_cuts_open(struct cpu *c, uint64_t addr, unsigned len);
/* Whether what is not aligned is #AC: in ring 3, with CR0.AM and RFLAGS.AC set. */
int mem_checks_alignment(const struct cpu *c);
/* May code be fetched from addr? Returns 1 with c->raise set if not. */
int mem_fetch(struct cpu *c, uint64_t addr);
/* Bits of a byte were never written after all. */
void mem_clear(struct cpu *c, uint64_t addr, uint8_t bits);
int canonical(const struct cpu *c, uint64_t addr);

/* --- model_seg.c ------------------------------------------------------------------------------ */
/* What loads a segment register, or several, has met a fault: nobody says whether accessed bits are set by then. */
void not_loaded(struct cpu *c);

/* --- model_base.c ----------------------------------------------------------------------------- */
/* What a return to an outer ring does to the data segments. */
void leave_ring(struct cpu *c);

/* --- model_tables.c --------------------------------------------------------------------------- */
/* A body has written v over bytes 5 and 6 of the descriptor, whose address is that of the alias. */
void descriptor_written(struct cpu *c, uint64_t addr, uint64_t v);

/* --- model_return.c --------------------------------------------------------------------------- */
/* CS has been loaded: in compatibility mode nobody promises the upper halves of the registers. */
void lose_upper_half(struct cpu *c);

/* --- model_deliver.c -------------------------------------------------------------------------- */
void deliver(struct cpu *c, struct event ev);

/* --- model_record.c --------------------------------------------------------------------------- */
/* The entry at RIP records what it saw, and the tape goes on or ends. */
void record_entry(struct cpu *c, enum entry entry, unsigned vec);
/* The same for a styled entry, whose registers lie at RSP. */
void record_styled(struct cpu *c);
void end_run(struct cpu *c, enum outcome outcome, enum rule_id death);
/* A step of the tape begins: where that is. */
void note_step(struct cpu *c, unsigned index);
/* From here on nobody can say what comes: the prediction ends. */
void unchecked(struct cpu *c);

/* --- model_debug.c ---------------------------------------------------------------------------- */
/* An access that was made: does it meet a data breakpoint? */
void debug_access(struct cpu *c, uint64_t addr, unsigned len, unsigned access);
/* The same for an access to the IDT, GDT or TSS that the processor makes by itself. */
void debug_table(struct cpu *c, uint64_t addr, unsigned len, unsigned access);
/* A byte that was written to a port: does it meet an I/O breakpoint? */
void debug_io(struct cpu *c, unsigned port);
/* At a boundary: the trap of what was met or stepped over; the breakpoint on what comes. 1: delivered. */
int debug_trap(struct cpu *c, int shadow_ss);
int debug_code(struct cpu *c, int shadow_ss);
/* An instruction faults that began with these hits. */
void debug_faulted(struct cpu *c, unsigned before);
void debug_int1(struct cpu *c);
void debug_int(struct cpu *c);
void debug_delivered(struct cpu *c, const struct event *ev);
/* It could not be delivered, with DR7.GD as it was before. */
void debug_undelivered(struct cpu *c, uint64_t gd);
void debug_recorder(struct cpu *c);

/* --- model_pending.c -------------------------------------------------------------------------- */
/* Returns 1 when an event was delivered or the run has ended: the next boundary is that of its handler. */
int boundary(struct cpu *c);
/* Whether an event's entry begins at rip. */
int is_entry(uint64_t rip);

/* --- model_apic.c ----------------------------------------------------------------------------- */
/* The highest interrupt request above what is in service, as an index of ipi_vector[]; -1: none. */
int irq_ready(struct cpu *c);
/* A store to the local APIC's page, which sends an interrupt or ends one, or to that of what a second processor is to send. */
void lapic_store(struct cpu *c, uint64_t addr, uint64_t v);
/* Task priority, and what becomes of an interrupt that was on its way. */
void set_tpr(struct cpu *c, unsigned tpr);
void pull_lint1(struct cpu *c);

/* --- model_sys.c ------------------------------------------------------------------------------ */

/* --- model_async.c ---------------------------------------------------------------------------- */
/* Whether v is UNTOLD, or half of v is half of that. */
int is_untold(uint64_t v);
/*
 * Whether a value popped with operands of 2, 4 or 8 bytes is the saved address of an event in a window, or what
 * is left of RCX after a wait: good as a whole RIP at most, for nobody can say where in the window that is.
 */
int is_open(const struct cpu *c, unsigned opsize, uint64_t value);
/* The same of 8 bytes that two slots of 32 bits have made: not even good as a RIP. */
int is_half_open(const struct cpu *c, uint64_t value);
/* Whether what it does depends on a register that holds UNTOLD; moved, it stays what it is. */
int needs_untold(const struct cpu *c, const struct insn *in);

/* --- model_mc.c ------------------------------------------------------------------------------- */
/* Take the machine check that is pending. Returns 1: it was delivered, or it was a shutdown. */
int machine_check(struct cpu *c);
/* --- model_promise.c --------------------------------------------------------------------------- */
/* A step of the tape begins. */
void promise_step(struct cpu *c, unsigned index);
/* An event has been delivered: RSP is at its frame. */
void promise_delivered(struct cpu *c, const struct event *ev);
/* A system call has been entered; what it saved, if its entry can know. */
void promise_system_call(struct cpu *c, uint64_t rip, uint64_t rflags, int known);
/* Style text is about to use what GS points to. */
void promise_gs_use(struct cpu *c);
/* A C part begins, of this event, and with this frame; it ends; its handler has been left. */
void promise_c_part(struct cpu *c, enum entry entry, unsigned vec, uint64_t frame);
void promise_c_over(struct cpu *c);
void promise_left(struct cpu *c, uint64_t frame);

/* --- model_insn.c ----------------------------------------------------------------------------- */
/* Execute the instruction at RIP. Returns 1 with c->raise set on a fault. */
int execute(struct cpu *c, const struct insn *in);
/*
 * What each kind does, called with RIP behind the instruction; c->insn_start is its own address.
 * Returns 1 with c->raise set on a fault, RIP then being of no account.
 */
#define INSN(name, act, needs, words) int act_##act(struct cpu *c, const struct insn *in);
#include "fuzz/insn.def"
#undef INSN

/* --- model_state.c ---------------------------------------------------------------------------- */
extern int state_watched; /* state_keep() wants to see each boundary */
void state_keep(const struct cpu *c);

/* How much of RSP is the stack pointer, and a new value for that much of it. */
static inline uint64_t stack_mask(const struct cpu *c)
{
	return c->mode64 ? ~0ull : c->ss_bits & SS_SP ? 0xffff : 0xffffffff;
}

static inline void stack_set(struct cpu *c, uint64_t rsp)
{
	uint64_t keep = !c->mode64 && c->ss_bits & SS_SP ? 0xffff0000 : 0;

	c->reg[GPR_SP] = (c->reg[GPR_SP] & keep) | (rsp & stack_mask(c));
}

static inline int intel(const struct cpu *c)
{
	return c->profile->vendor != VENDOR_AMD;
}

#endif
