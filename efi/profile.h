/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPU as its own CPUID describes it. Nothing is probed by faulting. */
#ifndef TW_PROFILE_H
#define TW_PROFILE_H

#include "efi/abi/about.h"
#include "efi/abi/profile.h"

void profile_read(struct profile *ret_profile);

/*
 * CR4 as it is while we have the machine, from the firmware's: paging's own bits, what describes saved
 * state, and modes in force; and machine checks on, if the CPU has them (FEAT() bits).
 */
uint64_t cr4_ours(uint64_t firmware, uint64_t features);

enum clock_source {
	CLOCK_UNKNOWN,
	CLOCK_CPUID15, /* crystal and ratio */
	CLOCK_CPUID16, /* base frequency, in MHz */
	CLOCK_MEASURED, /* against the firmware's Stall */
};

/* Frequency of the time-stamp counter in Hz, 0 when not known. Asks the firmware to wait. */
uint64_t clock_hz(enum clock_source *ret_source);

/* What is known of the machine beyond its CPU; all but the plan and the clock. */
void about_read(const struct profile *p, struct about *ret_about);

#endif
