/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/record.h"

#include <string.h>

/* xor and multiply by an odd constant, word by word: cheap where every instruction is emulated. */
uint64_t record_hash(const struct record *rec, unsigned n)
{
	uint64_t h = 0x9e3779b97f4a7c15ull ^ n;

	for (unsigned i = 0; i < n; i++) {
		uint64_t w[sizeof(*rec) / 8];

		memcpy(w, &rec[i], sizeof(w));
		for (unsigned k = 0; k < sizeof(w) / sizeof(w[0]); k++) {
			h = (h ^ w[k]) * 0xff51afd7ed558ccdull;
			h ^= h >> 32;
		}
	}
	return h;
}
