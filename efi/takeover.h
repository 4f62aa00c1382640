/* SPDX-License-Identifier: BSD-2-Clause */
/* Taking the CPU from the firmware and giving it back as it was. */
#ifndef TW_TAKEOVER_H
#define TW_TAKEOVER_H

#include <stdint.h>

#include "efi/abi/profile.h"

struct takeover {
	const struct profile *profile;
	uint64_t cr3;
	uint64_t stubs; /* entry of vector 0; vector v's is v * stride further on */
	uint32_t stride;
	uint64_t lstar, cstar, sysenter;
};

/* NULL, or why this machine cannot be taken over and what to do about it. */
const char *takeover_refuses(void);

/*
 * From here on the machine is ours: interrupts off, tables those of efi/abi/tables.h, every source
 * masked. Call with the firmware hushed and its interrupts off.
 */
void takeover(const struct takeover *t);

/*
 * Put everything back. What became pending meanwhile is left pending. Returns the names of what is not
 * as it was found, "" when all is: a firmware's TR of null cannot be loaded, and stays on our TSS.
 */
const char *handback(void);

#endif
