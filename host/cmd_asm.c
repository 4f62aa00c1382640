/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/cli.h"
#include "host/convert.h"

static size_t to_bytes(const struct seq *seq, char out[CONVERT_MAX])
{
	_Static_assert((int)SEQ_BYTES_MAX <= (int)CONVERT_MAX, "a sequence fits");
	return seq_encode(seq, (uint8_t *)out);
}

int cmd_asm(int argc, char **argv)
{
	static const struct conversion conv = {
		.usage = "asm [-o F.bin|DIR] [-e TEXT] [F.seq|DIR|-]...",
		.suffix = ".bin",
		.binary = 1,
		.convert = to_bytes,
	};

	return convert_main(argc, argv, &conv);
}
