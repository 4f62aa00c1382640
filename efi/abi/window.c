/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/window.h"

#include <stddef.h>

const struct region regions[N_REGIONS] = {
#define REGION(name, base, len, flags, words) { base, len, flags, #name, words },
#include "efi/abi/window.def"
#undef REGION
};

const struct region *region_of(uint64_t addr)
{
	for (unsigned i = 0; i < N_REGIONS; i++)
		if (addr >= regions[i].base && addr - regions[i].base < regions[i].len)
			return &regions[i];
	return NULL;
}
