/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of benchmarks against the assembled image, and the judging of results. */
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

static struct result figures(unsigned id, enum bench_kind kind, double median, double spread)
{
	struct result r = { .row = bench_row(id), .kind = kind };

	r.stats.n = 100;
	r.stats.median = median;
	r.stats.q1 = median - spread / 2;
	r.stats.q3 = median + spread / 2;
	return r;
}

static void judging(double ovh_spread, double rt_spread, double exit_median, struct result v[4])
{
	struct results rs = { v, 4 };

	v[0] = figures(B_OVH_K_JMP, BENCH_RT, 40, ovh_spread);
	v[1] = figures(B_INT3_K, BENCH_RT, 1000, rt_spread);
	v[2] = figures(B_INT3_K, BENCH_ENTER, 600, 0);
	v[3] = figures(B_INT3_K, BENCH_EXIT, exit_median, 0);
	results_judge(&rs);
}

static void steady_figures_that_fit_are_ok(void **state)
{
	struct result v[4];

	(void)state;
	judging(2, 100, 440, v);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(v[i].verdict, BENCH_OK);
}

/* An unstable row says by what figures. */
static void says_figures(const struct result *r)
{
	if (!strpbrk(r->reason, "0123456789"))
		fail_msg("no figures in: %s", r->reason);
}

static void a_wide_spread_is_unstable(void **state)
{
	struct result v[4];

	(void)state;
	judging(2, 320, 440, v);
	assert_int_equal(v[1].verdict, BENCH_UNSTABLE);
	says_figures(&v[1]);
	assert_int_equal(v[0].verdict, BENCH_OK);
}

static void an_unstable_overhead_spoils_what_depends_on_it(void **state)
{
	struct result v[4];

	(void)state;
	judging(60, 100, 440, v);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(v[i].verdict, BENCH_UNSTABLE);
	assert_non_null(strstr(v[1].reason, "ovh.window.k.jmp"));
	assert_non_null(strstr(v[1].reason, "half of the samples lie 60 ticks apart"));
}

static void parts_that_do_not_make_the_whole_are_unstable(void **state)
{
	struct result v[4];

	(void)state;
	judging(2, 100, 700, v);
	assert_int_equal(v[1].verdict, BENCH_OK);
	assert_int_equal(v[2].verdict, BENCH_UNSTABLE);
	assert_int_equal(v[3].verdict, BENCH_UNSTABLE);
	says_figures(&v[2]);
	says_figures(&v[3]);
}

static void labels_follow_the_profile_and_the_engine(void **state)
{
	struct msg_hello h = { 0 };

	(void)state;
	assert_string_equal(results_label(&h, "tty"), "hardware");
	assert_string_equal(results_label(&h, "bochs"), "emulated");
	h.profile.features = FEAT(HYPERVISOR);
	assert_string_equal(results_label(&h, "qemu"), "virtual");
	memcpy(h.profile.hypervisor, "TCGTCGTCGTCG", 12);
	assert_string_equal(results_label(&h, "qemu"), "emulated");
	memset(h.profile.hypervisor, 0, sizeof(h.profile.hypervisor));
	h.profile.features |= FEAT(EMULATED);
	assert_string_equal(results_label(&h, "tty"), "emulated");
}

static void a_record_has_the_fields_of_its_schema(void **state)
{
	static const char *const fields[] = {
		"schema",   "id",  "verdict", "reason", "unit",	       "n",
		"discards", "min", "p5",      "q1",	"median",      "q3",
		"p95",	    "p99", "max",     "mad",	"overhead_id", "definition",
	};
	struct result v[4];
	struct results rs = { v, 4 };
	json_t *o;

	(void)state;
	judging(2, 100, 440, v);
	o = bench_result_json(&rs, &v[2], "emulated");
	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		assert_non_null(json_object_get(o, fields[i]));
	assert_string_equal(json_string_value(json_object_get(o, "id")), "idt.int3.k.gate.enter");
	assert_true(json_real_value(json_object_get(o, "overhead_median")) > 39.9);
	assert_true(json_is_null(json_object_get(o, "smi")) || v[2].smi != ~0ull);
	json_decref(o);
}

/* Instructions retired only where every batch has the same number, core cycles as the median of the batches. */
static void what_was_counted_is_published(void **state)
{
	struct msg_benched b = { .verdict = VERDICT_OK, .n = 4, .retired = 321, .discards = 3, .discarded = { 0, 1, 2, 0 } };
	struct result v[4];
	struct results rs = { v, 4 };
	struct result *r = &v[2];
	json_t *o;

	(void)state;
	judging(2, 100, 440, v);
	o = bench_result_json(&rs, r, "emulated");
	assert_true(json_is_null(json_object_get(o, "retired_instructions")));
	assert_true(json_is_null(json_object_get(o, "core_cycles")));
	json_decref(o);
	for (b.cycles = 1001; b.cycles <= 1003; b.cycles++)
		assert_int_equal(bench_answered(&b, r), 1);
	o = bench_result_json(&rs, r, "hardware");
	assert_int_equal(json_integer_value(json_object_get(o, "retired_instructions")), 321);
	assert_true(json_real_value(json_object_get(o, "core_cycles")) == 1002.0);
	assert_int_equal(json_integer_value(json_object_get(o, "discards")), 9);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "discarded_for"), "smi")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "discarded_for"), "retired")), 6);
	json_decref(o);
	b.retired = 322;
	assert_int_equal(bench_answered(&b, r), 1);
	o = bench_result_json(&rs, r, "hardware");
	assert_true(json_is_null(json_object_get(o, "retired_instructions")));
	assert_true(json_real_value(json_object_get(o, "core_cycles")) == 1002.5);
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_counted_is_published),
		cmocka_unit_test(the_image_fits_its_regions),
		cmocka_unit_test(ids_and_paths_are_unique_and_well_formed),
		cmocka_unit_test(every_row_has_four_placed_bodies),
		cmocka_unit_test(handlers_and_counts_go_together),
		cmocka_unit_test(no_two_rows_measure_the_same),
		cmocka_unit_test(an_overhead_is_measured_where_the_window_ends),
		cmocka_unit_test(groups_are_trees_of_rows),
		cmocka_unit_test(plain_trap_handlers_are_one_iretq),
		cmocka_unit_test(steady_figures_that_fit_are_ok),
		cmocka_unit_test(a_wide_spread_is_unstable),
		cmocka_unit_test(an_unstable_overhead_spoils_what_depends_on_it),
		cmocka_unit_test(parts_that_do_not_make_the_whole_are_unstable),
		cmocka_unit_test(labels_follow_the_profile_and_the_engine),
		cmocka_unit_test(a_record_has_the_fields_of_its_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
