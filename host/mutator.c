/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck-mutator.so: fuzz/mutate.c under the names that AFL++ looks for. */
#include "host/mutator.h"

#include <stdlib.h>

#include "fuzz/model.h"
#include "fuzz/mutate.h"
#include "host/again.h"

enum {
	HAVOC_PERCENT = 20,
	/* test cases of one turn of a queue entry */
	TURN = 256,
	/* AFL++ may read as far as its own least length (-g), which our results need not have */
	SLACK = 65536,
};

struct afl_mutator {
	struct mutator m;
	struct seq seq, add;
	/* of the trim under way: the plainest forms that the models know, whether the last one is right */
	struct seq trimmed[2];
	int32_t n_trimmed, at;
	/* what the target wants to be run next */
	struct again *again;
	uint32_t seen;
	uint8_t out[SEQ_BYTES_MAX + SLACK];
};

/* As the target will read it. */
static void read_seq(struct seq *ret_seq, const uint8_t *bytes, size_t len)
{
	seq_decode(ret_seq, bytes, len);
	seq_fold(ret_seq);
}

static void limit(struct mutator *m, size_t max_len)
{
	size_t steps = max_len > SEQ_HEADER_LEN ? (max_len - SEQ_HEADER_LEN) / SEQ_STEP_LEN : 0;

	m->max_steps = steps < STEPS_MAX ? (uint32_t)steps : STEPS_MAX;
}

static size_t give(struct afl_mutator *a, const struct seq *seq, uint8_t **ret_buf)
{
	*ret_buf = a->out;
	return seq_encode(seq, a->out);
}

void *afl_custom_init(void *afl, unsigned int seed)
{
	struct afl_mutator *a = calloc(1, sizeof(*a));

	(void)afl;
	if (a) {
		mutate_seed(&a->m, seed);
		a->again = again_open();
		a->seen = a->again ? a->again->turn : 0;
	}
	return a;
}

void afl_custom_deinit(void *data)
{
	struct afl_mutator *a = data;

	if (a)
		again_close(a->again);
	free(a);
}

size_t afl_custom_fuzz(void *data, uint8_t *buf, size_t len, uint8_t **ret_buf, uint8_t *add,
		       size_t add_len, size_t max_len)
{
	struct afl_mutator *a = data;
	size_t posted = a->again ? again_take(a->again, &a->seen, a->out) : 0;

	*ret_buf = a->out;
	if (posted && posted <= max_len)
		return posted;
	read_seq(&a->seq, buf, len);
	read_seq(&a->add, add, add ? add_len : 0);
	limit(&a->m, max_len);
	mutate(&a->m, &a->seq, &a->add);
	return give(a, &a->seq, ret_buf);
}

/*
 * Without this AFL++ goes on with an entry twice as long whenever it has found something new, which here it does all the
 * time: two entries had all of 571,518 test cases, and 11,976 others none.
 */
uint32_t afl_custom_fuzz_count(void *data, const uint8_t *buf, size_t len)
{
	(void)data;
	(void)buf;
	(void)len;
	return TURN;
}

const char *afl_custom_describe(void *data, size_t max_len)
{
	const struct afl_mutator *a = data;

	(void)max_len;
	return mutation_name[a->m.last];
}

size_t afl_custom_havoc_mutation(void *data, uint8_t *buf, size_t len, uint8_t **ret_buf,
				 size_t max_len)
{
	struct afl_mutator *a = data;

	read_seq(&a->seq, buf, len);
	limit(&a->m, max_len);
	mutate_one(&a->m, (enum mutation)mutate_below(&a->m, N_MUTATIONS), &a->seq, NULL);
	return give(a, &a->seq, ret_buf);
}

uint8_t afl_custom_havoc_mutation_probability(void *data)
{
	(void)data;
	return HAVOC_PERCENT;
}

/* Which CPU the target has AFL++ does not say, so each maker's model is asked; a test case decides. */
int32_t afl_custom_init_trim(void *data, uint8_t *buf, size_t len)
{
	static const char *const maker[2] = { "intel", "amd" };
	struct afl_mutator *a = data;

	a->at = a->n_trimmed = 0;
	read_seq(&a->seq, buf, len);
	for (unsigned i = 0; i < 2; i++) {
		struct seq seq = a->seq;

		trim_seq(&seq, profile_named(maker[i]));
		if (seq.n_steps < a->seq.n_steps)
			a->trimmed[a->n_trimmed++] = seq;
	}
	return a->n_trimmed;
}

size_t afl_custom_trim(void *data, uint8_t **ret_buf)
{
	struct afl_mutator *a = data;

	return give(a, &a->trimmed[a->at], ret_buf);
}

int32_t afl_custom_post_trim(void *data, uint8_t success)
{
	struct afl_mutator *a = data;

	a->at = success ? a->n_trimmed : a->at + 1;
	return a->at;
}
