/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes are a sequence and survive the text form; any bytes as text are read or refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/seq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_round(const struct seq *seq)
{
	static char text[8192];
	uint8_t bytes[SEQ_BYTES_MAX];
	struct seq back;
	char err[128];
	int n = seq_print(seq, text, sizeof(text));

	if (n < 0 || seq_parse(&back, text, (size_t)n, err, sizeof(err)) ||
	    memcmp(seq, &back, sizeof(back)))
		abort();
	seq_decode(&back, bytes, seq_encode(seq, bytes));
	if (memcmp(seq, &back, sizeof(back)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct seq seq;
	char err[96];

	seq_decode(&seq, data, len);
	check_round(&seq);
	if (!seq_parse(&seq, (const char *)data, len, err, sizeof(err)))
		check_round(&seq);
	else if (!memchr(err, 0, sizeof(err)))
		abort();
	return 0;
}
