/* SPDX-License-Identifier: BSD-2-Clause */
/* Coverage of a trace: events and pairs of them, by their meaning and never by an address. */
#include <string.h>

#include "fuzz/model.h"
#include "fuzz/style.h"
#include "fuzz/tape.h"

static uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 0x9e3779b1u;
	return h ^ h >> 15;
}

/* What kind of place an address is: the region, or which way into it; in style text the place that gap.* names. */
static uint32_t place(uint64_t addr)
{
	const struct victim_labels *l = victim_labels();
	const struct region *r = region_of(addr);
	const uint64_t window = style_has(addr) ? window_of(addr) : 0;

	if (window)
		return 102u + victim_insn(window)->a;
	if (addr >= l->stubs && addr < l->harness_end)
		return 100;
	return r ? (uint32_t)(r - regions) : 101;
}

/* What came. Of the vectors that mean nothing one is like the other. */
static uint32_t event(const struct record *r)
{
	unsigned vector = r->vector < 32 ? r->vector : 32;

	for (unsigned i = 0; i < IPI_VECTORS; i++)
		if (r->vector == ipi_vector[i])
			vector = 33;
	return vector | (uint32_t)r->entry << 8;
}

/*
 * A point for each event in each ring with each thing that it can differ in, and with each event before it. Of more
 * than one of these at once, or of pairs by more than what came, there would be so many that one test case in thirty
 * has a new one: a queue that nobody gets through, and AFL++ busy with it. What a machine may do either way (RF) is
 * left out: it would come and go.
 */
void cover_trace(const struct seq *seq, const struct trace *t, uint8_t *map, size_t len)
{
	enum { BY_STEP = 1, BY_PREFIX, BY_ERROR, BY_PLACE, BY_CS, BY_HOW, BY_STACK, BY_BEFORE, BY_FLAG, FLAGS = 0x44700 };
	uint32_t last = seq_ctx(seq), depth_seen = 0;

	memset(map, 0, len);
	for (unsigned i = 0; i < t->n; i++) {
		const struct record *r = &t->rec[i];
		const unsigned step = r->step ? r->step - 1u : 0;
		const uint32_t ring = (r->cs & 3u) | (uint32_t)(r->cs == SEL_UCS32) << 2, now = mix(event(r), ring);
		const uint32_t point[] = {
			mix(now + BY_STEP, r->entry != ENTRY_LATE && step < seq->n_steps ? seq->step[step].op : 0),
			mix(now + BY_PREFIX, step < seq->n_steps ? seq->step[step].prefix % N_PREFIX : 0),
			mix(now + BY_ERROR, (uint32_t)(r->vector == 14 ? r->err : r->err & 7)),
			mix(now + BY_PLACE, place(r->rip) << 8 | (uint32_t)(r->ss & 3)),
			mix(now + BY_CS, r->cs & 0xffff),
			mix(now + BY_HOW, r->flags),
			mix(now + BY_STACK, place(r->landed)),
			mix(now + BY_BEFORE, last),
		};

		for (size_t k = 0; k < sizeof(point) / sizeof(point[0]); k++)
			map[point[k] & (len - 1)] = 1;
		for (uint32_t left = FLAGS; left; left &= left - 1)
			map[mix(now + BY_FLAG, (left & -left) | (r->rflags & left & -left ? 1 : 0)) & (len - 1)] = 1;
		depth_seen |= 1u << (r->depth < 31 ? r->depth : 31);
		last = event(r);
	}
	map[mix(t->outcome | 0x100u, depth_seen) & (len - 1)] = 1;
	map[0] = 1;
}
