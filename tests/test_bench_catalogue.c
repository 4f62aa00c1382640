/* SPDX-License-Identifier: BSD-2-Clause */
/* What there is to measure against the rows that do. tests/catalogue.sh compares it with its page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/catalogue.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_item_names_rows_of_its_class),
		cmocka_unit_test(every_row_is_named_by_an_item),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
