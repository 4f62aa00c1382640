/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/paging.h"

/* One request under way; level 0 is the table of 4 KiB pages. */
struct job {
	struct pager *p;
	uint64_t va, pa, len;
	unsigned flags;
};

void paging_init(struct pager *p, void *pool, size_t n, int levels, int nx, int giant)
{
	p->pool = pool;
	p->n_pool = n;
	p->used = 1;
	p->levels = (uint8_t)levels;
	p->nx = nx != 0;
	p->giant = giant != 0;
}

uint64_t paging_root(const struct pager *p)
{
	return (uintptr_t)p->pool[0];
}

static uint64_t span(int level)
{
	return (uint64_t)PAGE_SIZE << (9 * level);
}

static uint64_t leaf(const struct job *j, int level)
{
	uint64_t e = j->pa | PTE_P;

	if (!(j->flags & MAP_P))
		return 0;
	if (j->flags & MAP_W)
		e |= PTE_W;
	if (j->flags & MAP_U)
		e |= PTE_U;
	if (j->flags & MAP_UC)
		e |= PTE_PCD | PTE_PWT;
	if (j->flags & MAP_RSV)
		e |= PTE_RSV;
	if (j->flags & MAP_DIRTY)
		e |= PTE_D;
	if (j->flags & MAP_KEY)
		e |= PTE_KEY1;
	if (!(j->flags & MAP_X) && j->p->nx)
		e |= PTE_NX;
	return level ? e | PTE_PS : e;
}

static int may_be_leaf(const struct job *j, int level)
{
	if ((j->va | j->pa) & (span(level) - 1) || j->len < span(level))
		return 0;
	/* "nothing here" can be said at any level */
	return !(j->flags & MAP_P) || level <= 1 || (level == 2 && j->p->giant);
}

/* The table behind an entry; a big page is first split into pages of the next size down. */
static uint64_t *descend(struct pager *p, uint64_t *entry, int level)
{
	uint64_t old = *entry, *table;

	if ((old & PTE_P) && !(old & PTE_PS))
		return (uint64_t *)(uintptr_t)(old & PTE_ADDR);
	if (p->used == p->n_pool)
		return NULL;
	table = p->pool[p->used++];
	if (old & PTE_P) {
		uint64_t keep = level == 1 ? old & ~(uint64_t)PTE_PS : old;

		for (unsigned i = 0; i < TABLE_LEN; i++)
			table[i] = keep + i * span(level - 1);
	}
	/* permissions are the last level's alone */
	*entry = (uintptr_t)table | PTE_P | PTE_W | PTE_U;
	return table;
}

static int map_level(struct job *j, uint64_t *table, int level)
{
	for (uint64_t i = j->va / span(level) % TABLE_LEN; i < TABLE_LEN && j->len; i++) {
		uint64_t *child;

		if (may_be_leaf(j, level)) {
			table[i] = leaf(j, level);
			j->va += span(level);
			j->pa += span(level);
			j->len -= span(level);
			continue;
		}
		child = descend(j->p, &table[i], level);
		if (!child || map_level(j, child, level - 1))
			return -1;
	}
	return 0;
}

int paging_map(struct pager *p, uint64_t va, uint64_t pa, uint64_t len, unsigned flags)
{
	/* what is not present has no address, and so no alignment of one either */
	struct job j = { p, va, flags & MAP_P ? pa : va, len, flags };

	return map_level(&j, p->pool[0], p->levels - 1);
}
