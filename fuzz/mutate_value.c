/* SPDX-License-Identifier: BSD-2-Clause */
/* Random steps, and where an argument can go. */
#include "fuzz/mutate.h"
#include "fuzz/text.h"

/* Vectors at which something changes: classes of double faults, error codes, the user gates, ends. */
static const uint8_t edge_vector[] = { 0, 1, 2, 3, 4, 6, 8, 10, 12, 13, 14, 17, 18, 31, 32, 0x40, 0x42, 0x61, 0x80, 255 };

static uint8_t random_vector(struct mutator *m)
{
	if (mutate_below(m, 4))
		return edge_vector[mutate_below(m, sizeof(edge_vector))];
	return (uint8_t)mutate_below(m, 256);
}

uint16_t mutate_arg(struct mutator *m, uint8_t op)
{
	unsigned field, len;

	switch (ops[op].arg) {
	case ARG_NONE:
		return 0;
	case ARG_VECTOR:
		return random_vector(m);
	case ARG_GATE:
		return (uint16_t)(random_vector(m) | mutate_below(m, ops[op].variants) << 8);
	case ARG_DEFECT:
		field = mutate_below(m, N_DEFECTS);
		return (uint16_t)(field | mutate_below(m, list_len(defect_kind(field))) << 8);
	default:
		len = list_len((enum arg_kind)ops[op].arg);
		return (uint16_t)mutate_below(m, len ? len : 256);
	}
}

struct step mutate_step(struct mutator *m)
{
	/* without exits a tape only gets deeper: one step in four is the plain one */
	struct step s = { .op = OP_IRET };

	if (!mutate_below(m, 4))
		return s;
	do
		s.op = (uint8_t)mutate_below(m, 256);
	while (!ops[s.op].text || (op_is_slow(s.op) && mutate_below(m, 16)));
	s.prefix = (uint8_t)(mutate_below(m, 6) ? P_NONE : mutate_below(m, N_PREFIX));
	/* exits sound as often as not */
	if (ops[s.op].arg != ARG_DEFECT || mutate_below(m, 2))
		s.arg = mutate_arg(m, s.op);
	return s;
}

/* A neighbour of v below n, or an end. */
static uint32_t walk(struct mutator *m, uint32_t v, uint32_t n)
{
	if (!n)
		return 0;
	switch (mutate_below(m, 6)) {
	case 0:
		return 0;
	case 1:
		return n - 1;
	case 2:
	case 3:
		return (v + 1) % n;
	default:
		return (v + n - 1) % n;
	}
}

static uint8_t walk_vector(struct mutator *m, uint8_t v)
{
	return mutate_below(m, 2) ? (uint8_t)walk(m, v, 256) : random_vector(m);
}

uint16_t mutate_walk(struct mutator *m, uint8_t op, uint16_t arg)
{
	unsigned low = arg & 0xff, high = arg >> 8, len;

	switch (ops[op].arg) {
	case ARG_NONE:
		return 0;
	case ARG_VECTOR:
		return walk_vector(m, (uint8_t)low);
	case ARG_GATE:
		if (mutate_below(m, 2))
			return (uint16_t)(walk_vector(m, (uint8_t)low) | high << 8);
		return (uint16_t)(low | walk(m, high, ops[op].variants) << 8);
	case ARG_DEFECT:
		len = list_len(defect_kind(low % N_DEFECTS));
		if (!len || !mutate_below(m, 3))
			return mutate_arg(m, op);
		return (uint16_t)(low | walk(m, high, len) << 8);
	default:
		len = list_len((enum arg_kind)ops[op].arg);
		return (uint16_t)walk(m, low, len ? len : 256);
	}
}
