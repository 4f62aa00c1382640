/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/bench.h"
#include "efi/machine.h"

const char *bench_path(unsigned id)
{
	const struct bench_row *row = bench_row(id);

	return row ? row->path : NULL;
}

unsigned bench_overhead(unsigned id)
{
	const struct bench_row *row = bench_row(id);

	return row ? row->overhead : 0;
}

unsigned bench_kinds_of(unsigned id)
{
	const struct bench_row *row = bench_row(id);

	return row ? bench_kinds(row) : 0;
}
