/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/wire.h"

#include <string.h>

/*
 * Reflected CRC-32, eight bits a step. The table is computed by the compiler: guest text is read-only
 * and a table filled at run time would have to be written somewhere.
 */
#define POLY 0xedb88320u
#define C1(c) ((c) & 1 ? (c) >> 1 ^ POLY : (c) >> 1)
#define C2(c) C1(C1(c))
#define C4(c) C2(C2(c))
