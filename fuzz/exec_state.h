/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's machine between runs; fuzz/exec_state.c. exec_selfcheck (efi/machine.h) verifies it. */
#ifndef TW_FUZZ_EXEC_STATE_H
#define TW_FUZZ_EXEC_STATE_H

#include "efi/apic.h"
#include "efi/machine.h"
#include "fuzz/tape.h"

/* The window's address through the mapping that is always writable. */
static inline uint8_t *at(uint64_t addr)
{
	return (uint8_t *)ALIAS(addr);
}

static inline volatile uint64_t *harn(unsigned off)
{
	return (volatile uint64_t *)ALIAS((uint64_t)W_HARN + off);
}

/* What a run finds, and what is compared with later. */
enum { EXEC_CONSTANTS = 4 };
extern const uint8_t exec_constant[EXEC_CONSTANTS]; /* regions */
/* Registers of the local APIC that steps write, in the order in which they are put back. */
enum { EXEC_APIC = 5 };
extern const struct exec_apic {
	enum apic_reg reg;
	const char *name;
} exec_apic[EXEC_APIC];

extern struct exec_start {
	unsigned layout; /* that the IDT in the window has */
	uint64_t features; /* the profile's */
	uint64_t cr4; /* with every bit of ours as a run finds it */
	uint8_t idt[N_LAYOUT][IDT_LEN];
	uint8_t gdt[L_GDT], tss[TSS_LEN], kconst[L_KCONST], uconst[L_UCONST];
	uint64_t sum[EXEC_CONSTANTS];
	uint32_t apic[EXEC_APIC];
} exec_start;

/* VIF and VIP, which an IRET in ring 0 loads and no POPF writes. */
enum { EXEC_IRET_FLAGS = 3 << 19 };

/* Each qword counts with its place, so that no two changes cancel out. */
uint64_t exec_sum(const struct region *r);

/* The start state of every register, table and stack, and what is compared with later. */
void state_init(const struct profile *p);

/* The IDT of a start layout, for one run. */
void state_layout(unsigned layout);

/* The machine of a styled sequence, for one run; fuzz/exec_style.c. */
void style_enter(const struct seq *seq, const struct profile *p);
void style_leave(const struct seq *seq, const struct profile *p);

/* The legs of a timed run of n raw records, by the tape's end. */
unsigned time_legs(const struct raw_record *raw, unsigned n, uint64_t end, struct exec_leg *ret_leg);

/* Whether n qwords are not the same. */
int exec_differ(const void *is, const void *must, size_t n);

/*
 * Whether a register or a table is not as a run finds it, which is looked at after each one: an exit whose words an
 * engine took wrong can lead into the middle of a step that the sequence does not have.
 */
int exec_strayed(void);

/* Put back what the steps of this tape can have changed, and empty what they left pending. */
void state_restore(const struct tape *t);

/* Fill the stacks anew where the run's n raw records landed; or all of them. */
void state_wipe_stacks(const struct tape *t, const struct raw_record *raw, unsigned n);
void state_fill_stacks(void);

#endif
