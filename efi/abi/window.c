/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/window.h"

#include <stddef.h>

const struct region regions[N_REGIONS] = {
#define REGION(name, base, len, flags, words) { base, len, flags, #name, words },
#include "efi/abi/window.def"
#undef REGION
};

/* Which region a page of the window is of, plus one: every region is whole pages. */
enum { PAGE_SHIFT = 12 };
#define PAGE_OF(addr) (((addr) - WINDOW_BASE) >> PAGE_SHIFT)
static const uint8_t region_of_page[PAGE_OF(WINDOW_END)] = {
#define REGION(name, base, len, flags, words)                                                      \
	[PAGE_OF(base)... PAGE_OF(base + len - 1)] = REGION_##name + 1,
#include "efi/abi/window.def"
#undef REGION
};

const struct region *region_of(uint64_t addr)
{
	unsigned r = addr - WINDOW_BASE < WINDOW_END - WINDOW_BASE ? region_of_page[PAGE_OF(addr)] : 0;

	return r ? &regions[r - 1] : NULL;
}
