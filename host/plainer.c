/* SPDX-License-Identifier: BSD-2-Clause */
/* What is plain in a sequence, and what a step could plainly be instead. */
#include <string.h>

#include "fuzz/text.h"
#include "host/minimize.h"

/* Steps that a reader knows at sight, the plainest first. */
static const uint8_t plain_op[] = { OP_NOP, OP_INT3, OP_UD2, OP_IRET };
enum { N_PLAIN = sizeof(plain_op), OTHER_OP = 16 };

static unsigned long op_cost(uint8_t op)
{
	for (unsigned i = 0; i < N_PLAIN; i++) {
		if (plain_op[i] == op)
			return i;
	}
	return OTHER_OP;
}

unsigned long seq_cost(const struct seq *seq)
{
	/* the parts never reach a step's own weight: 64 steps of less than 2^20 each */
	unsigned long cost = (unsigned long)seq->n_steps << 28;

	for (uint32_t i = 0; i < seq->n_steps; i++) {
		const struct step *s = &seq->step[i];
		cost += op_cost(s->op) * 4096 + s->prefix * 1024ul + (s->arg & 0xff) + (s->arg >> 8) * 16ul;
	}
	for (unsigned bit = 0; bit < 8; bit++)
		cost += (seq->flags >> bit & 1) * 512ul;
	return cost + seq->ring * 256ul + seq->layout * 512ul + seq->style * 1024ul;
}

static uint16_t canonical_arg(const struct step *s)
{
	const struct op *op = &ops[s->op];
	unsigned low = s->arg & 0xff, high = s->arg >> 8, len;

	switch (op->arg) {
	case ARG_NONE:
		return 0;
	case ARG_VECTOR:
		return (uint16_t)low;
	case ARG_GATE:
		return (uint16_t)(low | (op->variants ? high % op->variants : high) << 8);
	case ARG_DEFECT:
		low %= N_DEFECTS;
		len = list_len(defect_kind(low));
		return (uint16_t)(low | (len ? high % len : 0) << 8);
	default:
		len = list_len((enum arg_kind)op->arg);
		return (uint16_t)(len ? low % len : low);
	}
}

void seq_canonical(struct seq *seq)
{
	for (unsigned i = 0; i < N_FIELDS; i++) {
		const struct field_text *f = &field_text[i];
		uint8_t *byte = (uint8_t *)seq + f->offset;
		*byte = (uint8_t)(f->is_set ? *byte & ((1u << f->n) - 1) : *byte % f->n);
	}
	for (uint32_t i = 0; i < seq->n_steps; i++) {
		struct step *s = &seq->step[i];
		s->prefix %= N_PREFIX;
		if (ops[s->op].text)
			s->arg = canonical_arg(s);
		else
			*s = (struct step){ .op = OP_NOP };
	}
}

/* A lower value of the low or the high byte: 0, 1, 2, ... below what it is. */
static int lower_arg(struct step *s, unsigned i)
{
	unsigned low = s->arg & 0xff, high = s->arg >> 8;

	if (i < low) {
		/* a defect's index belongs to its field */
		s->arg = (uint16_t)(i | (ops[s->op].arg == ARG_DEFECT ? 0 : high << 8));
		return 1;
	}
	i -= low;
	if (i >= high)
		return 0;
	s->arg = (uint16_t)(low | i << 8);
	return 1;
}

static int plainer_step(struct step *s, unsigned i)
{
	if (i < N_PLAIN) {
		*s = (struct step){ .op = plain_op[i], .prefix = s->prefix };
		return 1;
	}
	i -= N_PLAIN;
	if (i < s->prefix) {
		s->prefix = (uint8_t)i;
		return 1;
	}
	return lower_arg(s, i - s->prefix);
}

static int plainer_start(struct seq *seq, unsigned i)
{
	if (i < 8) {
		seq->flags &= (uint8_t)~(1u << i);
		return 1;
	}
	switch (i) {
	case 8:
		seq->layout = 0;
		return 1;
	case 9:
		seq->style = 0;
		return 1;
	case 10:
	case 11:
		seq->ring = (uint8_t)(i - 10);
		return 1;
	}
	return 0;
}

int seq_plainer(const struct seq *seq, uint32_t step, unsigned i, struct seq *ret_seq)
{
	*ret_seq = *seq;
	if (step < seq->n_steps)
		return plainer_step(&ret_seq->step[step], i);
	return step == seq->n_steps && plainer_start(ret_seq, i);
}
