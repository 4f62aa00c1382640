/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_ABI_VERDICTS_H
#define TW_ABI_VERDICTS_H

enum verdict {
#define VERDICT(id, name, status, words) VERDICT_##name = id,
#include "efi/abi/verdicts.def"
#undef VERDICT
};

const char *verdict_name(enum verdict v);

#endif
