/* SPDX-License-Identifier: BSD-2-Clause */
/* What a figure's reader wants to know of the machine beyond its CPU. Serial numbers, UUIDs and network addresses are not in it. */
#ifndef TW_ABI_ABOUT_H
#define TW_ABI_ABOUT_H

#include <stddef.h>
#include <stdint.h>

enum { ABOUT_TEXT = 80 };

#define ABOUT_NOT_KNOWN (~0ull)

struct about {
	/* from SMBIOS: maker, product, version (the BIOS: and date); "" where the firmware has no such table */
	char system[ABOUT_TEXT], board[ABOUT_TEXT], bios[ABOUT_TEXT];
	char clock[40]; /* how the TSC's frequency is known */
	char plan[48]; /* path of the plan on the stick; "": the built-in one */
	uint64_t arch_capabilities, spec_ctrl; /* the two MSRs as the firmware left them; or ABOUT_NOT_KNOWN */
	uint32_t bench_build; /* CRC-32 of the image that is measured */
	uint8_t pmu_version, pmu_general, pmu_fixed; /* performance counters by CPUID 0AH; version 0: none */
	uint8_t lfence_waits; /* 1: LFENCE waits for all before it, by the maker or by CPUID; 0: not known */
};
_Static_assert(sizeof(struct about) == 3 * ABOUT_TEXT + 40 + 48 + 24, "about");

/*
 * Where the table of structures lies, by the entry point that the firmware names. Total: 0 with *ret_base and
 * *ret_len (at most), or -1 for what is no entry point. cap: bytes of it that may be read.
 */
int smbios_entry(const uint8_t *entry, size_t cap, uint64_t *ret_base, size_t *ret_len);

/* What the structures say of system, board and BIOS, into the three texts. Total. */
void smbios_read(const uint8_t *table, size_t len, struct about *about);

#endif
