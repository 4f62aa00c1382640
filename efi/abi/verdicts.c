/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/verdicts.h"

const char *verdict_name(enum verdict v)
{
	switch (v) {
#define VERDICT(id, name, status, words)                                                           \
	case VERDICT_##name:                                                                       \
		return #name;
#include "efi/abi/verdicts.def"
#undef VERDICT
	}
	return "ERROR";
}
