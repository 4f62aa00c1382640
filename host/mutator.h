/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What AFL++ looks up by name in a custom mutator. Declared here and not by AFL++'s headers: only the
 * functions that 4.00 and all later versions call alike, its own state as an opaque pointer, so one
 * build serves every version. afl_custom_splice_optout is left out on purpose: with it AFL++ would
 * hand no second input over.
 */
#ifndef TW_HOST_MUTATOR_H
#define TW_HOST_MUTATOR_H

#include <stddef.h>
#include <stdint.h>

#define TW_AFL __attribute__((visibility("default")))

TW_AFL void *afl_custom_init(void *afl, unsigned int seed);
TW_AFL void afl_custom_deinit(void *data);
TW_AFL size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t len, uint8_t **ret_buf, uint8_t *add,
			      size_t add_len, size_t max_len);
/* How many of them one entry has before it is another one's turn. */
TW_AFL uint32_t afl_custom_fuzz_count(void *data, const uint8_t *buf, size_t len);
TW_AFL const char *afl_custom_describe(void *data, size_t max_len);

/* Called from within AFL++'s havoc stage, now and then: one mutation. */
TW_AFL size_t afl_custom_havoc_mutation(void *data, uint8_t *buf, size_t len, uint8_t **ret_buf,
					size_t max_len);
TW_AFL uint8_t afl_custom_havoc_mutation_probability(void *data);

/* Trimming: how many tries, the next one, whether it kept the coverage. */
TW_AFL int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t len);
TW_AFL size_t afl_custom_trim(void *data, uint8_t **ret_buf);
TW_AFL int32_t afl_custom_post_trim(void *data, uint8_t success);

#endif
