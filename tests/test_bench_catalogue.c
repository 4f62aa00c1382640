/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to measure against the rows that do. tests/catalogue.sh compares it with its page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/catalogue.h"
#include "bench/measure.h"

static int of_class(const struct bench_row *row, const struct bench_item *item)
{
	size_t len = strlen(item->class_name);

	return !strncmp(row->path, item->class_name, len) && row->path[len] == '.';
}

/* Each pattern names a row, and rows of its item's class alone. */
static void an_item_names_rows_of_its_class(void **state)
{
	unsigned n, n_rows;
	const struct bench_item *items = bench_items(&n);
	const struct bench_row *rows = bench_rows(&n_rows);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		const char *list = items[i].paths;
		char pattern[64];
		int more;

		assert_true(*list);
		while ((more = bench_pattern(&list, pattern, sizeof(pattern)))) {
			unsigned named = 0;

			assert_int_equal(more, 1);
			for (unsigned j = 0; j < n_rows; j++) {
				if (!glob_matches(pattern, rows[j].path))
					continue;
				named++;
				if (!of_class(&rows[j], &items[i]))
					fail_msg("%s of class %s names %s by %s", items[i].id, items[i].class_name,
						 rows[j].path, pattern);
			}
			if (!named)
				fail_msg("%s: no row in bench/bench.def is %s; add one, or mend bench/catalogue.def",
					 items[i].id, pattern);
		}
	}
}

static void every_row_is_named_by_an_item(void **state)
{
	unsigned n, n_rows;
	const struct bench_item *items = bench_items(&n);
	const struct bench_row *rows = bench_rows(&n_rows);

	(void)state;
	for (unsigned j = 0; j < n_rows; j++) {
		unsigned i = 0;

		while (i < n && !bench_item_names(&items[i], &rows[j]))
			i++;
		if (i == n)
			fail_msg("%s is named by no item of bench/catalogue.def: add it to one, or one for it",
				 rows[j].path);
	}
}

/* A CPU that has everything, as this maker builds it. */
static struct profile complete(uint8_t vendor)
{
	/* family 6, model 0x9a: one of those that count SMIs */
	struct profile p = { .vendor = vendor, .signature = 0x906a0, .features = ~0ull };

	p.features &= ~(FEAT(EMULATED) | FEAT(HYPERVISOR) | FEAT(X2APIC_MODE));
	return p;
}

/* What nothing sets up says what is missing, in more words than that something is; nothing else is left out. */
static void what_is_not_set_up_says_why(void **state)
{
	const struct profile intel = complete(VENDOR_INTEL), amd = complete(VENDOR_AMD);
	unsigned n, later = 0;
	const struct bench_row *rows = bench_rows(&n);

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		const char *why = bench_lacks(&rows[i], rows[i].vendor == BENCH_AMD ? &amd : &intel);
		int is_later = !!(rows[i].prep & PREP_LATER);

		if (rows[i].needs & FEAT(X2APIC_MODE))
			continue;
		if (!why != !is_later)
			fail_msg("%s: %s", rows[i].path, why ? why : "no reason");
		if (!is_later)
			continue;
		later++;
		if (!strcmp(why, "nothing in this build sets up what it needs"))
			fail_msg("%s: PREP_LATER alone says too little; use or add a LATER_* of bench/flags.def",
				 rows[i].path);
	}
	assert_true(later);
}

/* A feature that is not there is named before what is not set up. */
static void a_feature_that_is_missing_is_named(void **state)
{
	struct profile p = complete(VENDOR_INTEL);

	(void)state;
	p.features &= ~FEAT(FRED);
	assert_non_null(strstr(bench_lacks(bench_row(B_FRED_INT3_K), &p), "FRED"));
	p.features &= ~FEAT(TSC_DEADLINE);
	assert_non_null(strstr(bench_lacks(bench_row(B_IRQ_K_DEADLINE), &p), "deadline"));
	p.features |= FEAT(X2APIC_MODE);
	assert_non_null(strstr(bench_lacks(bench_row(B_NMI_K_XAPIC), &p), "x2APIC"));
	p.features |= FEAT(HYPERVISOR);
	assert_non_null(strstr(bench_lacks(bench_row(B_RD_SMI), &p), "MSR_SMI_COUNT"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_item_names_rows_of_its_class),
		cmocka_unit_test(every_row_is_named_by_an_item),
		cmocka_unit_test(what_is_not_set_up_says_why),
		cmocka_unit_test(a_feature_that_is_missing_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
