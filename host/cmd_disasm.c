/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/cli.h"
#include "host/convert.h"

static size_t to_text(const struct seq *seq, char out[CONVERT_MAX])
{
	int n = seq_print(seq, out, CONVERT_MAX);

	/* The longest step is 32 characters and there are 64 of them: it always fits. */
	return n < 0 ? 0 : (size_t)n;
}

int cmd_disasm(int argc, char **argv)
{
	static const struct conversion conv = {
		.usage = "disasm [-o F.seq|DIR] [-e TEXT] [F.bin|DIR|-]...",
		.suffix = ".seq",
		.binary = 0,
		.convert = to_text,
	};

	return convert_main(argc, argv, &conv);
}
