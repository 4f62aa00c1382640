/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sequence laid out for a run: the tape's bytes, and the start state of everything a run can
 * change. One C source for the guest, which writes it into the window, and for the model.
 */
#ifndef TW_FUZZ_TAPE_H
#define TW_FUZZ_TAPE_H

#include <string.h>

#include "efi/abi/profile.h"
#include "efi/abi/tables.h"
#include "efi/abi/victim.h"
#include "fuzz/seq.h"

#define FMASK_START  0x47700ull /* AC NT IOPL DF IF TF */
#define GS_K         (W_DSUP + 0ull)
#define GS_U         (W_DUSER + 0ull)
#define MXCSR_START  0x1f80u
#define NONCANONICAL 0x8000000000000000ull
#define LAST_LOWER   0x00007fffffffffffull

#define USTK_START (W_USTK + L_USTK - STACK_START_GAP)
#define CSTK_START (W_CSTK + L_CSTK - STACK_START_GAP)
#define MAIN_START (W_MAIN + L_MAIN - STACK_START_GAP)
extern const uint8_t ipi_vector[IPI_VECTORS];

/* What a tape's steps can leave behind: OR of ops[].needs of the steps that have a body. */
struct tape {
	unsigned needs; /* enum op_need */
	unsigned swapgs; /* SWAPGS occurs */
	uint64_t end; /* tape index of the end */
	uint64_t rflags; /* at the start */
};

/*
 * Lay out: mem is the TAPE region's L_TAPE bytes (those behind the tape's end are ends, too). What is in
 * there of old, laid out for the same profile, is not written again; NULL: anything may be in there.
 */
void tape_lay_out(const struct seq *seq, const struct seq *old, const struct profile *profile, uint8_t *mem,
		  struct tape *ret_tape);

/* The bits of CR4 that steps change, at the start: what this CPU has of what a system needs. */
uint64_t cr4_start(const struct profile *profile);
/*
 * Entry of the victim's table of values for CR4, as the executor completes it for this machine: the list
 * ARG_CR4, then MCE clear and set, then DE clear and set.
 */
unsigned cr4_values(void);
uint64_t cr4_value(const struct profile *profile, unsigned index);

/* The number an item of a list stands for, as the tape's first argument has it. */
uint64_t list_value(enum arg_kind kind, unsigned index, unsigned op);

/* The IST indices of the first 32 vectors under a layout. */
const uint8_t *layout_ist(unsigned layout);

/* The sound frames that lie at the tops of the stacks where contexts start. */
void stack_tops(uint8_t *main_top, uint8_t *user_top, uint8_t *compat_top);

/* The registers that serve when no handler is left: SET_LEN bytes at H_SETS. */
void set_bottom(uint8_t *set);

static inline void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, 8); /* x86 on both sides */
}

#endif
