/* SPDX-License-Identifier: BSD-2-Clause */
/* Coverage of a trace: edges between events, by their meaning and never by an address. */
#include <string.h>

#include "fuzz/tape.h"
#include "fuzz/model.h"

static uint32_t mix(uint32_t h, uint32_t v)
{
	h = (h ^ v) * 0x9e3779b1u;
	return h ^ h >> 15;
}

/* What kind of place an address is: the region, or which way into it. */
static uint32_t place(uint64_t addr)
{
	const struct victim_labels *l = victim_labels();
	const struct region *r = region_of(addr);

	if (addr >= l->stubs && addr < l->harness_end)
		return 100;
	return r ? (uint32_t)(r - regions) : 101;
}

static uint32_t meaning(const struct record *r, const struct seq *seq)
{
	uint32_t h = mix(17, r->vector | (uint32_t)r->entry << 8 | (uint32_t)r->flags << 16);
	unsigned step = r->step ? r->step - 1u : 0;

	h = mix(h, (uint32_t)(r->cs & 0xffff) | (uint32_t)(r->ss & 3) << 16);
	h = mix(h, (uint32_t)(r->vector == 14 ? r->err : r->err & 7));
	h = mix(h, place(r->rip) << 8 | place(r->landed));
	h = mix(h, (uint32_t)(r->rflags >> 8 & 0x747));
	if (r->entry != ENTRY_LATE && step < seq->n_steps)
		h = mix(h, seq->step[step].op | (uint32_t)(seq->step[step].prefix % N_PREFIX) << 8);
	return h;
}

void cover_trace(const struct seq *seq, const struct trace *t, uint8_t *map, size_t len)
{
	uint32_t last = mix(1, seq_ctx(seq)), depth_seen = 0;

	memset(map, 0, len);
	map[0] = 1;
	for (unsigned i = 0; i < t->n; i++) {
		uint32_t now = meaning(&t->rec[i], seq);
		uint32_t edge = mix(last, now);
		uint8_t *m = &map[edge & (len - 1)];

		*m += *m < 255;
		depth_seen |= 1u << (t->rec[i].depth < 31 ? t->rec[i].depth : 31);
		last = now >> 1;
	}
	map[mix(t->outcome | 0x100u, depth_seen) & (len - 1)] = 1;
	map[0] = 1;
}
