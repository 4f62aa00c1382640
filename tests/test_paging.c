/* SPDX-License-Identifier: BSD-2-Clause */
/* Page tables built on the host, walked as the CPU walks them, against a plain list of what was asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "efi/paging.h"

enum { POOL = 4096, ASKED_MAX = 24, ROUNDS = 60, PROBES = 2000 };
#define MIB (1ull << 20)
#define GIB (1ull << 30)

struct asked {
	uint64_t va, pa, len;
	unsigned flags;
};

static uint64_t *pool;

static void start(struct pager *p, int levels, int nx, int giant)
{
	memset(pool, 0, (size_t)POOL * PAGE_SIZE);
	paging_init(p, pool, POOL, levels, nx, giant);
}

/* The walk of SDM 3A 4.5: returns 0 when not present, else the leaf entry, its page's size, the address. */
static uint64_t walk(const struct pager *p, uint64_t va, uint64_t *ret_pa, uint64_t *ret_size)
{
	const uint64_t *table = (const uint64_t *)(uintptr_t)paging_root(p);

	for (int level = p->levels - 1; level >= 0; level--) {
		uint64_t size = 1ull << (12 + 9 * level), e = table[va >> (12 + 9 * level) & 511];

		if (!(e & PTE_P))
			return 0;
		if (level == 0 || (e & PTE_PS)) {
			assert_true(level <= 2);
			/* address bits below the page's size are reserved */
			assert_int_equal(e & PTE_ADDR & (size - 1), 0);
			*ret_pa = (e & PTE_ADDR) + (va & (size - 1));
			*ret_size = size;
			return e;
		}
		/* upper levels must leave permissions to the last */
		assert_int_equal(e & (PTE_W | PTE_U | PTE_NX | PTE_PCD | PTE_PWT), PTE_W | PTE_U);
		table = (const uint64_t *)(uintptr_t)(e & PTE_ADDR);
	}
	return 0;
}

static void expect(const struct pager *p, uint64_t va, const struct asked *asked, unsigned n)
{
	const struct asked *a = NULL;
	uint64_t pa, size, e = walk(p, va, &pa, &size);

	for (unsigned i = 0; i < n; i++) {
		if (va - asked[i].va < asked[i].len)
			a = &asked[i];
	}
	if (!a || !(a->flags & MAP_P)) {
		assert_int_equal(e, 0);
		return;
	}
	assert_true(e & PTE_P);
	assert_int_equal(pa, a->pa + (va - a->va));
	assert_int_equal(!(e & PTE_W), !(a->flags & MAP_W));
	assert_int_equal(!(e & PTE_U), !(a->flags & MAP_U));
	assert_int_equal(!(e & PTE_NX), !p->nx || (a->flags & MAP_X));
	assert_int_equal(e & (PTE_PCD | PTE_PWT), a->flags & MAP_UC ? PTE_PCD | PTE_PWT : 0);
	assert_int_equal(!(e & PTE_D), !(a->flags & MAP_DIRTY));
	assert_int_equal(!(e & PTE_KEY1), !(a->flags & MAP_KEY));
	if (!p->giant)
		assert_true(size < GIB);
}

static void test_biggest_pages(void **state)
{
	struct pager p;
	uint64_t pa, size;

	(void)state;
	start(&p, 4, 1, 1);
	assert_int_equal(paging_map(&p, 0, 0, 4 * GIB, MAP_P | MAP_W), 0);
	assert_int_equal(p.used, 2);
	walk(&p, 3 * GIB, &pa, &size);
	assert_int_equal(size, GIB);
	start(&p, 4, 1, 0);
	assert_int_equal(paging_map(&p, 0, 0, 4 * GIB, MAP_P | MAP_W), 0);
	assert_int_equal(p.used, 6);
	walk(&p, 3 * GIB, &pa, &size);
	assert_int_equal(size, 2 * MIB);
	/* a physical address out of step with the linear one forbids the big page */
	assert_int_equal(paging_map(&p, 8 * GIB, 8 * GIB + PAGE_SIZE, 4 * MIB, MAP_P), 0);
	walk(&p, 8 * GIB + 2 * MIB, &pa, &size);
	assert_int_equal(size, PAGE_SIZE);
}

/* What a taken-over machine asks for: identity, a hole, a window at high permission, its alias. */
static void test_window(void **state)
{
	static const struct asked asked[] = {
		{ 0, 0, 4 * GIB, MAP_P | MAP_W },
		{ 0, 0, 0x10000, 0 },
		{ 0x40000000, 0, 0x600000, 0 },
		{ 0x40000000, 0x1234000, 0x100000, MAP_P | MAP_X },
		{ 0x40100000, 0x1334000, 0x100000, MAP_P | MAP_X | MAP_U },
		{ 0x40500000, 0xfee00000, 0x1000, MAP_P | MAP_W | MAP_U | MAP_UC },
		{ 0xffffff0040000000, 0x1234000, 0x100000, MAP_P | MAP_W },
	};
	const unsigned n = sizeof(asked) / sizeof(asked[0]);

	(void)state;
	for (int kind = 0; kind < 8; kind++) {
		struct pager p;

		start(&p, kind & 1 ? 5 : 4, kind & 2, kind & 4);
		for (unsigned i = 0; i < n; i++)
			assert_int_equal(paging_map(&p, asked[i].va, asked[i].pa, asked[i].len,
						    asked[i].flags),
					 0);
		for (unsigned i = 0; i < n; i++) {
			uint64_t at[] = { asked[i].va - 1, asked[i].va, asked[i].va + asked[i].len / 2,
					  asked[i].va + asked[i].len - 1, asked[i].va + asked[i].len };

			for (unsigned k = 0; k < 5; k++)
				expect(&p, at[k], asked, n);
		}
	}
}

static uint64_t pages_below(uint64_t limit)
{
	uint64_t r = (uint64_t)rand() << 31 | (uint64_t)rand();
	uint64_t step = (uint64_t)PAGE_SIZE << (rand() % 3 * 9);

	return r % limit / step * step;
}

static void test_random(void **state)
{
	struct asked asked[ASKED_MAX];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct pager p;

		start(&p, rand() % 2 ? 5 : 4, rand() % 2, rand() % 2);
		for (unsigned n = 0; n < ASKED_MAX; n++) {
			struct asked *a = &asked[n];

			*a = (struct asked){ pages_below(8 * GIB), pages_below(64 * GIB),
					     pages_below(GIB / 4) + PAGE_SIZE, (unsigned)rand() % 256 & ~(unsigned)MAP_RSV };
			assert_int_equal(paging_map(&p, a->va, a->pa, a->len, a->flags), 0);
		}
		for (int i = 0; i < PROBES; i++) {
			const struct asked *a = &asked[rand() % ASKED_MAX];
			uint64_t edge = a->va + (rand() % 2 ? a->len : 0);

			expect(&p, pages_below(10 * GIB) + 5, asked, ASKED_MAX);
			expect(&p, edge, asked, ASKED_MAX);
			if (edge)
				expect(&p, edge - 1, asked, ASKED_MAX);
		}
	}
}

static void test_pool_used_up(void **state)
{
	struct pager p;

	(void)state;
	start(&p, 4, 1, 1);
	paging_init(&p, pool, 3, 4, 1, 1);
	assert_int_equal(paging_map(&p, 0, 0, PAGE_SIZE, MAP_P), -1);
	assert_int_equal(p.used, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_biggest_pages),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_pool_used_up),
	};
	int bad;

	pool = aligned_alloc(PAGE_SIZE, (size_t)POOL * PAGE_SIZE);
	if (!pool)
		return 1;
	bad = cmocka_run_group_tests(tests, NULL, NULL);
	free(pool);
	return bad;
}
