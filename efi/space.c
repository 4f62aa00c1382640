/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/space.h"

#include <string.h>

#include "efi/boot.h"

enum {
	POOL_PAGES = 128, /* the image, the stack, the window and its alias take some fifty */
	STACK_REACH = 0x20000, /* of the firmware's stack, to each side of here */
	SECTION_EXECUTE = 0x20000000, /* of a PE section's characteristics */
};
#define SECTION_WRITE 0x80000000u

static const char too_little[] =
	"not enough memory for the page tables and the window: give the machine 16 MiB more";

static uint64_t round_up(uint64_t v)
{
	return (v + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

/*
 * Of the machine's memory only what this application runs on is mapped at its own address: a step
 * that reads, writes or pushes somewhere else must fault, and never reach the firmware's memory or a
 * device. The local APIC is there for the moments between the two maps.
 */
static int map_identity(struct pager *p, uint64_t apic_page)
{
	uint64_t sp = (uintptr_t)__builtin_frame_address(0) & ~(PAGE_SIZE - 1);
	int bad = paging_map(p, sp - STACK_REACH, sp - STACK_REACH, 2 * STACK_REACH, MAP_P | MAP_W);

	if (apic_page)
		bad |= paging_map(p, apic_page, apic_page, PAGE_SIZE, MAP_P | MAP_W | MAP_UC);
	return bad;
}

/*
 * This application's own sections as its PE header gives them. Read-only ones first, so that where
 * small sections share a page the one that is written wins; text has its pages to itself.
 */
static int map_self(struct pager *p)
{
	struct boot_range self = boot_image();
	const uint8_t *base = (const uint8_t *)(uintptr_t)self.base;
	const uint8_t *pe = base + get32(base + 0x3c);
	const uint8_t *table = pe + 24 + get16(pe + 20);
	int bad = paging_map(p, self.base, self.base, round_up(self.len), MAP_P);

	for (int pass = 0; pass < 3; pass++) {
		static const unsigned flags[3] = { MAP_P, MAP_P | MAP_W, MAP_P | MAP_X };

		for (unsigned i = 0; i < get16(pe + 6); i++) {
			const uint8_t *s = table + 40 * i;
			uint64_t at = self.base + (get32(s + 12) & ~(PAGE_SIZE - 1u));
			uint64_t end = self.base + round_up((uint64_t)get32(s + 12) + get32(s + 8));
			uint32_t kind = get32(s + 36);
			int is = kind & SECTION_EXECUTE ? 2 : kind & SECTION_WRITE ? 1 : 0;

			if (is == pass)
				bad |= paging_map(p, at, at, end - at, flags[pass]);
		}
	}
	return bad;
}

static unsigned region_flags(uint32_t r)
{
	return MAP_P | (r & R_W ? MAP_W : 0) | (r & R_X ? MAP_X : 0) | (r & R_U ? MAP_U : 0) |
	       (r & R_UC ? MAP_UC : 0) | (r & R_V ? MAP_RSV : 0) | (r & R_K ? MAP_KEY : 0) |
	       (r & R_D ? MAP_DIRTY : 0);
}

static int map_window(struct space *s, uint64_t apic_page)
{
	int bad = paging_map(&s->pager, WINDOW_BASE, 0, WINDOW_END - WINDOW_BASE, 0);

	for (unsigned i = 0; i < N_REGIONS; i++) {
		const struct region *r = &regions[i];
		uint64_t pa = r->flags & R_UC ? apic_page : (uintptr_t)s->backing[r->flags & R_M ? i - 1 : i];

		if (!pa)
			continue;
		bad |= paging_map(&s->pager, r->base, pa, round_up(r->len), region_flags(r->flags));
		if (i == REGION_EDGE)
			bad |= paging_map(&s->pager, EDGE_PAGE, pa, PAGE_SIZE, region_flags(r->flags));
		if (!(r->flags & (R_UC | R_M)))
			bad |= paging_map(&s->pager, ALIAS(r->base), pa, round_up(r->len),
					  MAP_P | MAP_W);
	}
	return bad;
}

static int back_regions(struct space *s)
{
	uint64_t total = 0;
	uint8_t *at;

	for (unsigned i = 0; i < N_REGIONS; i++)
		total += regions[i].flags & (R_NP | R_UC | R_M) ? 0 : round_up(regions[i].len);
	at = boot_pages(total / PAGE_SIZE, WINDOW_BASE, WINDOW_END);
	if (!at)
		return -1;
	for (unsigned i = 0; i < N_REGIONS; i++) {
		if (regions[i].flags & (R_NP | R_UC | R_M))
			continue;
		s->backing[i] = at;
		at += round_up(regions[i].len);
	}
	return 0;
}

static int in_window(uint64_t base, uint64_t len)
{
	return base < WINDOW_END && base + len > WINDOW_BASE;
}

const char *space_build(struct space *s, const struct profile *profile, uint64_t apic_page)
{
	int giant = (profile->features & FEAT(PGE1G)) != 0, bad;
	struct boot_range self = boot_image();
	void *pool;

	if (in_window(self.base, self.len) ||
	    in_window((uintptr_t)&self - STACK_REACH - PAGE_SIZE, 2 * STACK_REACH + PAGE_SIZE))
		return "the firmware loaded this application at 0x40000000 to 0x40600000, which it "
		       "needs for itself: start it from another device, or with less or more memory";
	pool = boot_pages(POOL_PAGES, WINDOW_BASE, WINDOW_END);
	if (!pool || back_regions(s))
		return too_little;
	paging_init(&s->pager, pool, POOL_PAGES, profile->features & FEAT(LA57) ? 5 : 4,
		    (profile->features & FEAT(NX)) != 0, giant);
	bad = map_identity(&s->pager, apic_page);
	bad |= map_self(&s->pager);
	bad |= map_window(s, apic_page);
	return bad ? too_little : NULL;
}

const char *space_map(struct space *s, uint64_t va, uint64_t pa, size_t len)
{
	return paging_map(&s->pager, va, pa, round_up(len), MAP_P | MAP_W) ? too_little : NULL;
}

const char *space_keep(struct space *s, const void *memory, size_t len)
{
	return space_map(s, (uintptr_t)memory, (uintptr_t)memory, len);
}

const char *space_load(struct space *s, const uint8_t *image, const uint8_t *image_end)
{
	struct image_head head;

	if ((size_t)(image_end - image) < sizeof(head))
		return "an image is cut short: build again from clean";
	memcpy(&head, image, sizeof(head));
	if (head.magic != IMAGE_MAGIC || head.n_sections > IMAGE_SECTIONS_MAX)
		return "an image has no header of this build: build again from clean";
	for (unsigned i = 0; i < head.n_sections; i++) {
		const struct image_section *sec = &head.section[i];
		const struct region *r = region_of(sec->va);

		if (!sec->va)
			continue;
		if (!r || !s->backing[r - regions] || sec->va - r->base + sec->len > r->len ||
		    (uint64_t)sec->off + sec->len > (uint64_t)(image_end - image))
			return "a section of an image does not fit its region: enlarge it in window.def";
		memcpy(s->backing[r - regions] + (sec->va - r->base), image + sec->off, sec->len);
	}
	return NULL;
}
