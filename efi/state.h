/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything of the CPU that a takeover changes, as a value that can be read and compared. */
#ifndef TW_STATE_H
#define TW_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "efi/cpu.h"

enum { STATE_BASES = 3, STATE_SYSCALL = 4, STATE_SYSENTER = 3 };

struct state {
	uint64_t features; /* the profile's: which of the MSRs there are */
	uint64_t cr0, cr3, cr4, efer;
	struct table_reg gdtr, idtr;
	uint16_t tr, ldtr, cs, ds, es, ss, fs, gs;
	uint64_t base[STATE_BASES]; /* FS, GS, KERNEL_GS */
	uint64_t syscall[STATE_SYSCALL]; /* STAR, LSTAR, CSTAR, FMASK */
	uint64_t sysenter[STATE_SYSENTER]; /* CS, ESP, EIP */
	uint64_t dr[4], dr6, dr7;
};

void state_read(struct state *ret_state, uint64_t features);

/* Load the MSRs of a state: segment bases, SYSCALL's and SYSENTER's as far as there are any. */
void state_load_msrs(const struct state *s);

/* The debug registers, DR7 last. */
void state_load_debug(const struct state *s);

/* The names of what differs, "" when nothing. Returns out. */
const char *state_differs(const struct state *a, const struct state *b, char *out, size_t cap);

#endif
