/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in bytes of others' making, which may lie anywhere. */
#ifndef TW_ABI_LITTLE_H
#define TW_ABI_LITTLE_H

#include <stdint.h>

/* n bytes, the lowest first. */
static inline uint64_t little(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

#endif
