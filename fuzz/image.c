/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking things up in the victim image: labels, instructions, bodies, bytes. */
#include "efi/abi/victim.h"

#include "efi/abi/image.h"
#include "efi/abi/wire.h"
#include "fuzz/insn.h"
#include "fuzz/seq.h"

static const struct image_head *head(void)
{
	return (const struct image_head *)(const void *)victim_image;
}

uint32_t victim_build(void)
{
	return crc32_ieee(0, victim_image, (size_t)(victim_image_end - victim_image));
}

const struct victim_labels *victim_labels(void)
{
	return (const struct victim_labels *)(const void *)(victim_image + sizeof(struct image_head));
}

static const struct insn *find(const struct insn *tab, size_t n, uint64_t addr)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (tab[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && tab[lo].addr == addr ? &tab[lo] : NULL;
}

static const struct insn *look_up(uint64_t addr)
{
	const struct victim_labels *l = victim_labels();

	if (addr >= W_KTEXT && addr < W_KTEXT + L_KTEXT)
		return find((const void *)(victim_image + l->kinsn_off),
			    l->kinsn_len / sizeof(struct insn), addr);
	if ((addr >= W_UTEXT && addr < W_UTEXT + L_UTEXT) || (addr >= W_EDGE && addr < W_EDGE + L_EDGE))
		return find((const void *)(victim_image + l->uinsn_off),
			    l->uinsn_len / sizeof(struct insn), addr);
	return NULL;
}

/* The model asks for every instruction it executes, and for few different ones. */
const struct insn *victim_insn(uint64_t addr)
{
	static const struct insn *recent[4096];
	const struct insn **in;

	addr = edge_in_window(addr);
	in = &recent[(addr ^ addr >> 12) % (sizeof(recent) / sizeof(recent[0]))];
	if (!*in || (*in)->addr != addr) {
		const struct insn *found = look_up(addr);

		if (!found)
			return NULL;
		*in = found;
	}
	return *in;
}

int victim_waits(uint64_t addr)
{
	const struct insn *in = victim_insn(addr);

	return in && in->b == 1 &&
	       (in->kind == INSN_TIMERRD || in->kind == INSN_JRCXZ || in->kind == INSN_JMPSHORT ||
		in->kind == INSN_LEATEST || in->kind == INSN_HOSTWAIT || in->kind == INSN_PAUSE);
}

/* An uncorrected error of a data load (MCA error code 0x134): VAL, UC, EN, S, AR. */
#define DATA_LOAD 0xb180000000000134ull
const struct host_event host_event[N_HOST_EVENTS] = {
	[HOST_LINT1] = { 0, 0, 0 },
	[HOST_MC] = { 1, 7, DATA_LOAD },
	[HOST_MC + 1] = { 1, 6, DATA_LOAD },
	[HOST_MC + 2] = { 1, 5, DATA_LOAD },
};

unsigned victim_request(uint64_t addr)
{
	const struct insn *in = victim_insn(addr);

	return in && victim_waits(addr) && in->kind != INSN_TIMERRD && in->kind != INSN_JMPSHORT &&
		       in->a <= N_HOST_EVENTS ? in->a : 0;
}

static const uint32_t *bodies(unsigned op)
{
	const struct victim_labels *l = victim_labels();
	const uint32_t *tab = (const void *)(victim_image + l->optab_off);

	if (op > 255 || !tab[op])
		return NULL;
	return (const void *)(victim_image + l->bodytab_off + tab[op] - 1);
}

uint32_t victim_body(unsigned op, unsigned ctx, unsigned prefix, unsigned n_variants, unsigned variant)
{
	const uint32_t *b = bodies(op);

	if (!b)
		return 0;
	return b[(ctx * N_PREFIX + prefix) * n_variants + variant];
}

/*
 * Bodies of one op and context lie in the order of their table, and those of ops in the order of
 * their numbers; so the body that holds addr is the last one that begins at or before it.
 */
int victim_place(uint64_t addr, struct body_place *ret_place)
{
	struct body_place best = { 0 };
	uint32_t start = 0;

	if (!region_of(addr) || !(region_of(addr)->flags & R_X))
		return 0;
	for (unsigned op = 0; op < 256; op++) {
		const uint32_t *b = bodies(op);
		unsigned n = ops[op].variants;

		if (!b)
			continue;
		for (unsigned i = 0; i < N_CTX * N_PREFIX * n; i++) {
			if (!b[i] || b[i] > addr || b[i] <= start)
				continue;
			start = b[i];
			best.op = (uint8_t)op;
			best.ctx = (uint8_t)(i / (N_PREFIX * n));
			best.prefix = (uint8_t)(i / n % N_PREFIX);
		}
	}
	if (!start || region_of(addr) != region_of(start))
		return 0;
	best.offset = (uint16_t)(addr - start);
	*ret_place = best;
	return 1;
}

const uint8_t *victim_bytes(uint64_t addr, uint32_t *ret_left)
{
	for (unsigned i = 0; i < head()->n_sections; i++) {
		const struct image_section *s = &head()->section[i];

		if (addr >= s->va && addr < (uint64_t)s->va + s->len) {
			*ret_left = (uint32_t)(s->va + s->len - addr);
			return victim_image + s->off + (addr - s->va);
		}
	}
	return NULL;
}
