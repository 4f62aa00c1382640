/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of benchmarks against the assembled image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/group.h"
#include "efi/abi/verdicts.h"
#include "host/bench_run.h"
#include "host/results.h"

static int in_section(unsigned i, uint32_t va)
{
	const struct image_section *s = &bench_head()->image.section[i];

	return va >= s->va && va - s->va < s->len;
}

static const uint8_t *bytes_at(uint32_t va)
{
	const struct image_section *s = bench_head()->image.section;

	return bench_image +
	       (in_section(0, va) ? va - s[0].va + s[0].off : va - s[1].va + s[1].off);
}

static void the_image_fits_its_regions(void **state)
{
	const struct bench_head *h = bench_head();

	(void)state;
	assert_int_equal(h->image.magic, IMAGE_MAGIC);
	assert_int_equal(h->image.section[0].va, W_BKTEXT);
	assert_int_equal(h->image.section[1].va, W_BUTEXT);
	assert_true(h->image.section[0].len <= L_BKTEXT);
	assert_true(h->image.section[1].len <= L_BUTEXT);
	for (unsigned i = 0; i < h->image.n_sections; i++)
		assert_true(h->image.section[i].off + h->image.section[i].len <=
			    (size_t)(bench_image_end - bench_image));
	assert_true(in_section(0, h->enter) && in_section(0, h->leave) && in_section(0, h->stubs));
}

static void ids_and_paths_are_unique_and_well_formed(void **state)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	(void)state;
	assert_true(n >= 350);
	for (unsigned i = 0; i < n; i++) {
		unsigned dots = 0;

		for (const char *p = rows[i].path; *p; p++)
			dots += *p == '.';
		assert_int_equal(dots, 3);
		assert_true(strlen(rows[i].path) < 48);
		if (i)
			assert_true(rows[i].id > rows[i - 1].id);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(rows[i].path, rows[j].path);
	}
}

/* Rows that open with another recipe than the stamp. */
static int is_recipe(unsigned id)
{
	return id == B_OVH_K_RDTSC || id == B_OVH_K_CPUIDS || id == B_OVH_K_MFENCES ||
	       id == B_OVH_K_SERIALS;
}

/* Entry, and behind its JMP the first stamp: the placement is that of the stamp. */
static void every_row_has_four_placed_bodies(void **state)
{
	static const uint8_t lfence[] = { 0x0f, 0xae, 0xe8 };
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		const struct bench_body *b = bench_body(rows[i].id);

		assert_non_null(b);
		for (unsigned a = 0; a < BENCH_ALIGNS; a++) {
			uint32_t go = bench_window(b, a);
			unsigned section = rows[i].from == BENCH_K ? 0 : 1;

			assert_true(in_section(section, b->addr[a]));
			assert_int_equal(b->addr[a] % 64, 0);
			if (!is_recipe(rows[i].id))
				assert_memory_equal(bytes_at(go), lfence, sizeof(lfence));
		}
	}
}

static void handlers_and_counts_go_together(void **state)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);
	const struct bench_body *empty = bench_body(B_OVH_K_JMP);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		const struct bench_body *b = bench_body(rows[i].id);
		int handled = rows[i].via != VIA_NONE;

		assert_int_equal(in_section(0, b->handler), handled);
		assert_int_equal(in_section(0, b->split), handled);
		assert_int_equal(b->event != 0, handled);
		assert_true(b->event < b->len[BENCH_WINDOW]);
		if (rows[i].prep & (PREP_WAIT | PREP_REPEAT)) {
			assert_int_equal(b->insns[BENCH_RT], 0);
			continue;
		}
		assert_true(b->insns[BENCH_RT] > 0);
		if (handled && !(rows[i].prep & PREP_LOOP))
			/* the split window holds one empty window more */
			assert_int_equal(b->insns[BENCH_ENTER] + b->insns[BENCH_EXIT],
					 b->insns[BENCH_RT] + empty->insns[BENCH_RT]);
	}
	assert_int_equal(bench_body(B_OVH_K_NOP)->insns[BENCH_RT], empty->insns[BENCH_RT] + 10);
	assert_int_equal(bench_body(B_INT3_K)->insns[BENCH_RT], empty->insns[BENCH_RT] + 2);
}

static uint32_t part_at(const struct bench_body *b, enum bench_part part)
{
	switch (part) {
	case BENCH_PRE:
		return b->addr[0];
	case BENCH_WINDOW:
		return bench_window(b, 0);
	case BENCH_HANDLER:
		return b->handler;
	case BENCH_OUTER:
		return b->outer;
	default:
		return b->cold;
	}
}

/* The first instruction of a body loads its own landing address. */
static int same_part(const struct bench_body *a, const struct bench_body *b, enum bench_part part)
{
	unsigned skip = part == BENCH_PRE ? 5 : 0, len = a->len[part];

	return len == b->len[part] &&
	       (!len || !memcmp(bytes_at(part_at(a, part) + skip),
				bytes_at(part_at(b, part) + skip), len - skip));
}

static int same_row(const struct bench_row *a, const struct bench_row *b)
{
	const struct bench_body *x = bench_body(a->id), *y = bench_body(b->id);

	if (a->from != b->from || a->to != b->to || a->via != b->via || a->prep != b->prep ||
	    x->outer_via != y->outer_via)
		return 0;
	for (unsigned p = 0; p < BENCH_PARTS; p++)
		if (!same_part(x, y, (enum bench_part)p))
			return 0;
	return 1;
}

static void no_two_rows_measure_the_same(void **state)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		assert_true(same_row(&rows[i], &rows[i]));
		for (unsigned j = 0; j < i; j++)
			if (same_row(&rows[i], &rows[j]))
				fail_msg("%s and %s have the same window", rows[i].path,
					 rows[j].path);
	}
}

static void an_overhead_is_measured_where_the_window_ends(void **state)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		const struct bench_row *o = bench_row(rows[i].overhead);

		assert_non_null(o);
		assert_int_equal(o->to, rows[i].to);
		assert_int_equal(o->overhead, o->id);
	}
}

/* One base in each group, and each other member above one that is there already. */
static void groups_are_trees_of_rows(void **state)
{
	unsigned n, bases[BENCH_GROUPS] = { 0 };
	const struct bench_adds *adds = bench_adds(&n);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		unsigned stands = !adds[i].over;

		bases[adds[i].group] += !adds[i].over;
		assert_non_null(bench_row(adds[i].row));
		assert_true(*adds[i].adds);
		assert_true(!i || adds[i].group == adds[i - 1].group || adds[i].group == adds[i - 1].group + 1);
		for (unsigned j = 0; j < i; j++) {
			if (adds[j].group != adds[i].group)
				continue;
			assert_int_not_equal(adds[j].row, adds[i].row);
			stands |= adds[j].row == adds[i].over;
		}
		assert_true(stands);
	}
	for (unsigned g = 0; g < BENCH_GROUPS; g++)
		assert_int_equal(bases[g], 1);
}

/* Handlers must not name a landing address where the CPU returns behind the event by itself. */
static void plain_trap_handlers_are_one_iretq(void **state)
{
	static const uint8_t iretq[] = { 0x48, 0xcf };

	(void)state;
	assert_memory_equal(bytes_at(bench_body(B_INT3_K)->handler), iretq, sizeof(iretq));
	assert_memory_equal(bytes_at(bench_body(B_INT80_C)->handler), iretq, sizeof(iretq));
	/* #PF pushes an error code, #UD does not: ADD RSP,8 comes first in one only */
	assert_int_equal(bytes_at(bench_body(B_PF_K)->handler)[1], 0x83);
	assert_int_equal(bytes_at(bench_body(B_UD_K)->handler)[1], 0x89);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_image_fits_its_regions),
		cmocka_unit_test(ids_and_paths_are_unique_and_well_formed),
		cmocka_unit_test(every_row_has_four_placed_bodies),
		cmocka_unit_test(handlers_and_counts_go_together),
		cmocka_unit_test(no_two_rows_measure_the_same),
		cmocka_unit_test(an_overhead_is_measured_where_the_window_ends),
		cmocka_unit_test(groups_are_trees_of_rows),
		cmocka_unit_test(plain_trap_handlers_are_one_iretq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
