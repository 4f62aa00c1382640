/* SPDX-License-Identifier: BSD-2-Clause */
/* Whatever AFL++ hands to the mutator, a sequence within the length it allows comes back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/seq.h"
#include "host/mutator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const uint8_t *out, size_t len, size_t max)
{
	struct seq s;

	if (len < SEQ_HEADER_LEN || len > SEQ_BYTES_MAX || (max > SEQ_HEADER_LEN && len > max))
		abort();
	seq_decode(&s, out, len);
	for (uint32_t i = 0; i < s.n_steps; i++) {
		if (!ops[s.step[i].op].text)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* first two bytes: how much room there is, and where the second input begins */
	size_t max = len > 0 ? data[0] * 2u : 0, at = len > 1 ? data[1] : 0;
	uint8_t *copy = malloc(len + 1), *out;
	void *m = afl_custom_init(NULL, (unsigned)len);

	if (!copy || !m)
		abort();
	memcpy(copy, data, len);
	if (at > len)
		at = len;
	for (unsigned i = 0; i < 8; i++) {
		size_t got = afl_custom_fuzz(m, copy, at, &out, i & 1 ? copy + at : NULL, len - at, max);
		check(out, got, max);
		got = afl_custom_havoc_mutation(m, copy, len, &out, max);
		check(out, got, max);
	}
	for (int32_t i = 0, n = afl_custom_init_trim(m, copy, len); i < n; i = afl_custom_post_trim(m, i & 1)) {
		size_t got = afl_custom_trim(m, &out);
		check(out, got, len);
	}
	afl_custom_deinit(m);
	free(copy);
	return 0;
}
