/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The victim window: everything a sequence can touch, at addresses fixed for all machines. Every
 * region stands in window.def; NASM reads the same file. Each region is also mapped, supervisor and
 * writable, at its address + ALIAS_DELTA: that is the only way the harness looks at it.
 */
#ifndef TW_ABI_WINDOW_H
#define TW_ABI_WINDOW_H

#include <stdint.h>

enum region_flag {
	R_W = 1, /* writable */
	R_X = 2, /* executable */
	R_U = 4, /* ring 3 may */
	R_NP = 8, /* not present (no memory behind it; not in the alias) */
	R_UC = 16, /* uncached: the local APIC's own page (not in the alias) */
	R_H = 32, /* the harness's: neither filled nor compared */
	R_S = 64, /* a stack: filled with the pattern before a run */
	R_M = 128, /* the memory of the region before it once more, with other rights (not in the alias) */
	R_V = 256, /* reserved bits are set in its page-table entries */
	R_K = 512, /* protection key 1 */
	R_D = 1024, /* dirty from the start: read-only as well, it can hold a shadow stack */
};

#define WINDOW_BASE 0x40000000ull
#define WINDOW_END  0x40600000ull
#define ALIAS_DELTA 0xffffff0000000000ull
#define ALIAS(addr) ((addr) + ALIAS_DELTA)

/* Where the window that is shared with a host is mapped (efi/abi/shm.h): no value of a sequence comes near. */
#define SHM_AT ALIAS(WINDOW_BASE - 0x200000)

/* The pattern that fills the stacks: not canonical, so a frame popped from it faults. */
#define STACK_PATTERN 0x5a5aa5a55a5aa5a5ull

enum region_id {
#define REGION(name, base, len, flags, words) REGION_##name,
#include "efi/abi/window.def"
#undef REGION
	N_REGIONS,
};

enum window_addr {
#define REGION(name, base, len, flags, words) W_##name = base,
#include "efi/abi/window.def"
#undef REGION
};

enum window_len {
#define REGION(name, base, len, flags, words) L_##name = len,
#include "efi/abi/window.def"
#undef REGION
};

/*
 * The last page of the lower canonical half, where addresses have 48 bits: the region EDGE once more, whose text
 * ends with the page.
 */
#define EDGE_PAGE 0x7ffffffff000ull

/* Where the window shows an address of EDGE_PAGE; any other address as it is. */
static inline uint64_t edge_in_window(uint64_t addr)
{
	return addr >> 12 == EDGE_PAGE >> 12 ? W_EDGE + (addr & 0xfff) : addr;
}

struct region {
	uint32_t base, len;
	uint32_t flags;
	const char *name, *words;
};
extern const struct region regions[N_REGIONS];

/* The region that holds addr, or NULL. */
const struct region *region_of(uint64_t addr);

#endif
