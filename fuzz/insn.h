/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_FUZZ_INSN_H
#define TW_FUZZ_INSN_H

/* What a victim instruction is; struct insn.kind. NASM numbers the same rows in the same order. */
enum insn_kind {
#define INSN(name, act, needs, words) INSN_##name,
#include "fuzz/insn.def"
#undef INSN
	N_INSN_KINDS,
};

#endif
