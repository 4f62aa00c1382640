/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_ABI_SORT_H
#define TW_ABI_SORT_H

#include <stdint.h>

/* In place, the smallest first. */
void sort_u32(uint32_t *v, uint32_t n);

#endif
