/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequences as bytes, and their tables of ops and lists. */
#include "fuzz/seq.h"

#include <string.h>

const struct op ops[256] = {
#define OP(id, name, op_text, op_ctx, op_arg, n, need, op_words)                                   \
	[id] = {                                                                                   \
		.text = op_text,                                                                   \
		.words = op_words,                                                                 \
		.variants = n,                                                                     \
		.ctx = op_ctx,                                                                     \
		.arg = ARG_##op_arg,                                                               \
		.needs = need,                                                                     \
	},
#include "fuzz/ops.def"
#undef OP
};

enum { LIST_MAX = 32 };

static const struct item {
	const char *name, *words;
} items[N_ARG_KINDS][LIST_MAX] = {
#define ITEM(list, i, item_name, item_words) [ARG_##list][i] = { item_name, item_words },
#include "fuzz/lists.def"
#undef ITEM
};

unsigned list_len(enum arg_kind kind)
{
	unsigned n = 0;

	if ((unsigned)kind >= N_ARG_KINDS)
		return 0;
	while (n < LIST_MAX && items[kind][n].name)
		n++;
	return n;
}

const char *list_item(enum arg_kind kind, unsigned index)
{
	return (unsigned)kind < N_ARG_KINDS && index < LIST_MAX ? items[kind][index].name : NULL;
}

const char *list_words(enum arg_kind kind, unsigned index)
{
	return (unsigned)kind < N_ARG_KINDS && index < LIST_MAX ? items[kind][index].words : NULL;
}

void seq_decode(struct seq *ret_seq, const uint8_t *bytes, size_t len)
{
	uint8_t head[SEQ_HEADER_LEN] = { 0 };
	size_t i, n = 0;

	if (len)
		memcpy(head, bytes, len < SEQ_HEADER_LEN ? len : SEQ_HEADER_LEN);
	if (len > SEQ_HEADER_LEN)
		n = (len - SEQ_HEADER_LEN) / SEQ_STEP_LEN;
	if (n > STEPS_MAX)
		n = STEPS_MAX;

	/* The unused steps are zero, so that equal sequences are equal structs. */
	memset(ret_seq, 0, sizeof(*ret_seq));
	ret_seq->ring = head[0];
	ret_seq->flags = head[1];
	ret_seq->layout = head[2];
	ret_seq->style = head[3];
	ret_seq->n_steps = (uint32_t)n;
	for (i = 0; i < n; i++) {
		const uint8_t *p = bytes + SEQ_HEADER_LEN + i * SEQ_STEP_LEN;

		ret_seq->step[i].op = p[0];
		ret_seq->step[i].prefix = p[1];
		ret_seq->step[i].arg = (uint16_t)(p[2] | p[3] << 8);
	}
}

size_t seq_encode(const struct seq *seq, uint8_t *out)
{
	uint8_t *p = out;
	uint32_t i;

	*p++ = seq->ring;
	*p++ = seq->flags;
	*p++ = seq->layout;
	*p++ = seq->style;
	for (i = 0; i < seq->n_steps && i < STEPS_MAX; i++) {
		*p++ = seq->step[i].op;
		*p++ = seq->step[i].prefix;
		*p++ = (uint8_t)seq->step[i].arg;
		*p++ = (uint8_t)(seq->step[i].arg >> 8);
	}
	return (size_t)(p - out);
}

unsigned seq_needs(const struct seq *seq)
{
	unsigned needs = 0;

	for (uint32_t i = 0; i < seq->n_steps; i++)
		needs |= ops[seq->step[i].op].needs;
	return needs;
}

void seq_fold(struct seq *seq)
{
	uint8_t known[256];
	unsigned n = 0;

	for (unsigned op = 0; op < 256; op++)
		if (ops[op].text && !op_is_slow(op))
			known[n++] = (uint8_t)op;
	for (uint32_t i = 0; i < seq->n_steps; i++)
		if (!ops[seq->step[i].op].text)
			seq->step[i].op = known[seq->step[i].op % n];
}
