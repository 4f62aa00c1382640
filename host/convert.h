/* SPDX-License-Identifier: BSD-2-Clause */
/* What `asm` and `disasm` share: many cases in, one file or a folder of files out. */
#ifndef TW_HOST_CONVERT_H
#define TW_HOST_CONVERT_H

#include <stddef.h>

#include "fuzz/seq.h"

enum { CONVERT_MAX = 8192 };

struct conversion {
	const char *usage; /* "asm SEQ... -o F.bin|DIR" */
	const char *suffix; /* of the files it makes */
	int binary; /* not for a terminal */
	size_t (*convert)(const struct seq *seq, char out[CONVERT_MAX]);
};

/* argv[0] is the subcommand. Returns the exit status: 0, 2 usage or a bad sequence, 3 cannot write. */
int convert_main(int argc, char **argv, const struct conversion *conv);

#endif
