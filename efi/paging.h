/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A builder of page tables, 4 or 5 levels deep. It knows no machine: tables come from a pool whose
 * linear and physical addresses are the same, so that a test can build and walk them anywhere.
 */
#ifndef TW_PAGING_H
#define TW_PAGING_H

#include <stddef.h>
#include <stdint.h>

enum { PAGE_SIZE = 4096, TABLE_LEN = 512 };

/* Bits of an entry (SDM 3A 4.5). */
enum pte_bit {
	PTE_P = 1 << 0,
	PTE_W = 1 << 1,
	PTE_U = 1 << 2,
	PTE_PWT = 1 << 3,
	PTE_PCD = 1 << 4,
	PTE_D = 1 << 6,
	PTE_PS = 1 << 7,
};
#define PTE_NX	 (1ull << 63)
#define PTE_RSV	 (1ull << 51)
#define PTE_KEY1 (1ull << 59)
#define PTE_ADDR 0x000ffffffffff000ull

enum map_flag {
	MAP_P = 1, /* without it the range becomes not present */
	MAP_W = 2,
	MAP_X = 4, /* without it the pages are NX, where the CPU has that */
	MAP_U = 8,
	MAP_RSV = 32, /* with a reserved bit set: bit 51, which few CPUs can address */
	MAP_KEY = 64, /* protection key 1 */
	MAP_DIRTY = 128,
	MAP_UC = 16, /* PCD and PWT: uncached, whatever the firmware made of the PAT */
};

struct pager {
	uint64_t (*pool)[TABLE_LEN];
	size_t n_pool, used; /* table 0 is the root */
	uint8_t levels; /* 4 or 5 */
	uint8_t nx; /* EFER.NXE will be on */
	uint8_t giant; /* 1 GiB pages may be used */
};

/* pool: n zeroed pages, page-aligned, n >= 1. */
void paging_init(struct pager *p, void *pool, size_t n, int levels, int nx, int giant);

/*
 * Map [va, va + len) to pa onwards, with the biggest pages that fit, in place of what was there. All
 * three are multiples of PAGE_SIZE. Returns 0, or -1 when the pool is used up.
 */
int paging_map(struct pager *p, uint64_t va, uint64_t pa, uint64_t len, unsigned flags);

/* What CR3 is loaded with. */
uint64_t paging_root(const struct pager *p);

#endif
