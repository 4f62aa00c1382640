/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs as a report: what shares a column, what shares a table, what a figure is of several boots, and that nothing of a file is taken for HTML. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/group.h"
#include "host/page.h"
#include "tests/site_made.h"

static void test_columns(void **state)
{
	struct run_file a = run(10, 20), b = run(12, 20), c = run(30, 40), d = run(50, 60), e = run(1, 2), g = run(8, 9);
	struct site s;
	unsigned first;

	(void)state;
	member(&c, "microcode", "0x2");
	member(&d, "label", "emulated");
	member(&e, "tables", "fred");
	/* a boot with another mitigation is no boot of the same machine */
	member(&g, "spec_ctrl", "0x1");
	make(&s, 6, d, a, c, b, e, g);
	assert_int_equal(s.n_columns, 5);
	/* hardware first; two boots of one machine in one column */
	assert_int_equal(s.column[0].n, 2);
	assert_string_equal(s.column[0].name, "A");
	assert_int_equal(site_of_label(&s, "hardware", &first), 4);
	assert_int_equal(first, 0);
	assert_int_equal(site_of_label(&s, "emulated", &first), 1);
	assert_int_equal(first, 4);
	assert_int_equal(site_of_label(&s, "virtual", &first), 0);
	/* in the order of the table, not of the alphabet or the file */
	assert_int_equal(s.n_ids, 3);
	assert_string_equal(s.id[0], "ovh.window.k.rdtsc");
	assert_string_equal(s.id[1], "ovh.window.k.jmp");
	site_free(&s);
}

static void test_cells(void **state)
{
	struct run_file a = run(10, 20), b = run(13, 20), c = run(40, 20);
	struct site s;
	struct cell cell;

	(void)state;
	c.rows[0].ok = 0;
	make(&s, 3, a, b, c);
	assert_int_equal(s.n_columns, 1);
	assert_true(site_cell(&s.column[0], "ovh.window.k.rdtsc", &cell));
	assert_int_equal(cell.n_ok, 3);
	assert_true(cell.fig[F_MEDIAN] >= 13 && cell.fig[F_MEDIAN] <= 13 && cell.low <= 10 && cell.high >= 40);
	assert_int_equal(cell.n, 3 * 1024);
	assert_false(site_cell(&s.column[0], s.id[2], &cell));
	assert_string_equal(cell.row->verdict, "SKIP");
	assert_false(site_cell(&s.column[0], "no.such.row", &cell));
	assert_null(cell.row);
	site_free(&s);
}

/* Words of a file stand in a page as words. */
static void test_html(void **state)
{
	struct run_file a = run(10, 20);
	struct site s;
	char *text;

	(void)state;
	member(&a, "brand", "<script>alert(\"1\")</script> & \"co\"");
	make(&s, 1, a);
	text = printed(&s, page_machines);
	assert_null(strstr(text, "<script"));
	assert_non_null(strstr(text, "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &quot;co&quot;"));
	free(text);
	text = printed(&s, report_csv);
	assert_non_null(strstr(text, ",\"<script>alert(\"\"1\"\")</script> & \"\"co\"\"\","));
	free(text);
	site_free(&s);
}

/* One machine through both tables; and where there is none, why. */
static void test_fred(void **state)
{
	struct run_file a = run(10, 20), b = run(5, 30), c = run(1, 2);
	struct site s;
	char *text;

	(void)state;
	member(&b, "tables", "fred");
	make(&s, 2, a, b);
	text = printed(&s, page_fred);
	assert_non_null(strstr(text, "<code>ovh.window.k.rdtsc</code>"));
	assert_non_null(strstr(text, ">0.50</td>"));
	assert_non_null(strstr(text, ">1.50</td>"));
	free(text);
	site_free(&s);
	/* what else differs, too, is no pair */
	a = run(10, 20);
	b = run(5, 30);
	member(&b, "tables", "fred");
	member(&b, "microcode", "0x2");
	make(&s, 2, a, b);
	text = printed(&s, page_fred);
	assert_null(strstr(text, "<td"));
	free(text);
	site_free(&s);
	make(&s, 1, c);
	text = printed(&s, page_fred);
	assert_non_null(strstr(text, "Nothing to show: no event is OK through both the IDT and FRED in these runs, and 0 of 1 machines"));
	free(text);
	site_free(&s);
}

static unsigned index_of(const char *path)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	for (unsigned i = 0; i < n; i++)
		if (!strcmp(rows[i].path, path))
			return i;
	fail_msg("no row is called %s", path);
	return 0;
}

static unsigned times(const char *text, const char *word)
{
	unsigned n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* A row of class fred has one counterpart, and where that is not OK nothing like it takes its place. */
static void test_fred_rows(void **state)
{
	static const struct {
		const char *path;
		double median;
		enum bench_verdict verdict;
	} have[] = {
		{ "nest.pf.k.in-gp", 9000, BENCH_OK },	   { "sys.int3.k.paranoid-msr", 8000, BENCH_OK },
		{ "sys.int3.u.paranoid-msr", 8000, BENCH_OK }, { "idt.int3.k.trap", 7000, BENCH_OK },
		{ "idt.int3.k.gate", 200, BENCH_OK },	   { "idt.int3.u.gate", 300, BENCH_UNSTABLE },
		{ "idt.pf.k.np-read", 500, BENCH_SKIP },   { "sys.syscall.u.bare", 100, BENCH_OK },
		{ "fred.int3.k.erets", 100, BENCH_OK },	   { "fred.int3.u.eretu", 150, BENCH_OK },
		{ "fred.pf.k.erets", 250, BENCH_OK },	   { "fred.syscall.u.eretu", 25, BENCH_OK },
		{ "fred.ud.k.erets", 50, BENCH_OK },
	};
	struct made rows[sizeof(have) / sizeof(have[0])];
	const size_t n = sizeof(have) / sizeof(have[0]);
	struct site s;
	char *text;

	(void)state;
	for (size_t i = 0; i < n; i++)
		rows[i] = (struct made){ .row = index_of(have[i].path), .median = have[i].median, .verdict = have[i].verdict };
	make(&s, 1, run_of(rows, n));
	text = printed(&s, page_fred);
	assert_int_equal(times(text, "<th scope=\"row\">"), 2);
	assert_non_null(strstr(text, "<code>idt.int3.k.gate</code><small><code>fred.int3.k.erets</code>"));
	assert_non_null(strstr(text, ">0.50</td>"));
	assert_non_null(strstr(text, "<code>sys.syscall.u.bare</code><small><code>fred.syscall.u.eretu</code>"));
	assert_non_null(strstr(text, ">0.25</td>"));
	assert_null(strstr(text, "paranoid"));
	free(text);
	site_free(&s);
}

/* Stack levels, where the frame goes, and what only an ERETS says: the IDT has nothing like it. */
static int only_fred(const char *path)
{
	static const char *const words[] = { ".sl", ".rsp-", ".redzone-", ".nested", ".erets.k.sti", ".erets.k.software" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(path, words[i]))
			return 1;
	return 0;
}

/* None else is without a counterpart. */
static void test_fred_all(void **state)
{
	unsigned n, n_fred = 0;
	const struct bench_row *all = bench_rows(&n);
	struct made *rows = calloc(n, sizeof(*rows));
	struct site s;
	char *text;

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		rows[i] = (struct made){ .row = i, .median = 100 };
		n_fred += !strncmp(all[i].path, "fred.", 5) && !only_fred(all[i].path);
	}
	make(&s, 1, run_of(rows, n));
	free(rows);
	text = printed(&s, page_fred);
	assert_true(n_fred > 10);
	assert_int_equal(times(text, "<small><code>fred."), n_fred);
	free(text);
	site_free(&s);
}

/* What has no figure in the workaround table says which row is not OK, with its verdict and its reason. */
static void test_group_lacks(void **state)
{
	struct made rows[] = {
		{ .row = index_of("sys.syscall.u.bare"), .median = 100 },
		{ .row = index_of("sys.syscall.u.swapgs"), .median = 120, .verdict = BENCH_UNSTABLE },
		{ .row = index_of("sys.syscall.u.lfence"), .median = 130 },
		{ .row = index_of("sys.syscall.u.cr3"), .median = 190 },
		{ .row = index_of("sys.syscall.u.verw"), .verdict = BENCH_SKIP },
	};
	struct run_file f;
	struct site s;
	char *text;

	(void)state;
	f = run_of(rows, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < f.n_rows; i++)
		if (!strcmp(f.rows[i].verdict, "UNSTABLE"))
			f.rows[i].reason = "q1 100 < q3 400";
	make(&s, 1, f);
	text = printed(&s, page_groups);
	assert_non_null(strstr(text, "<td>UNSTABLE<small>q1 100 &lt; q3 400</small></td>"));
	assert_non_null(strstr(text, "<td>UNSTABLE<small><code>sys.syscall.u.swapgs</code>: q1 100 &lt; q3 400</small></td>"));
	assert_non_null(strstr(text, "<td>SKIP<small>this CPU lacks: it</small></td>"));
	assert_non_null(strstr(text, "<td><small>not asked for, or not in its build</small></td>"));
	assert_non_null(strstr(text, "<strong>+90</strong>"));
	assert_null(strstr(text, "not OK"));
	free(text);
	site_free(&s);
}

static struct run_row *row_of(struct run_file *f, const char *id)
{
	for (size_t i = 0; i < f->n_rows; i++)
		if (!strcmp(f->rows[i].id, id))
			return &f->rows[i];
	fail_msg("no row %s", id);
	return NULL;
}

/* Beside a difference: how far it goes apart, and the row that it is of, with its quartiles; and whose it is. */
static void test_group_spread(void **state)
{
	struct made rows[] = {
		{ .row = index_of("sys.syscall.u.bare"), .median = 100 },
		{ .row = index_of("sys.syscall.u.swapgs"), .median = 120 },
	};
	static const double bare[2][4] = { { 100, 101, 99, 100 }, { 100, 100, 100, 104 } },
			    swapgs[2][4] = { { 120, 121, 117, 123 }, { 120, 131, 120, 120 } };
	struct run_file f[2];
	struct site s;
	char *text;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct run_row *r;

		f[i] = run_of(rows, 2);
		memcpy(row_of(&f[i], "sys.syscall.u.bare")->placed, bare[i], sizeof(bare[i]));
		r = row_of(&f[i], "sys.syscall.u.swapgs");
		memcpy(r->placed, swapgs[i], sizeof(swapgs[i]));
		r->fig[F_Q1] = 118;
		r->fig[F_Q3] = 125;
	}
	make(&s, 2, f[0], f[1]);
	text = printed(&s, page_groups);
	assert_non_null(strstr(text, "<strong>+20</strong><small>+16 to +31</small><small>of 120; q1 118, q3 125</small></td>"));
	assert_non_null(strstr(text, "<strong>100</strong><small>q1 100, q3 100</small></td>"));
	assert_non_null(strstr(text, "<th>A, hardware<small><a href=\"index.html#machine-A\">"));
	free(text);
	site_free(&s);
}

/* No two bars of a plot have the same words beside them. */
static void test_group_words(void **state)
{
	unsigned n, cut = 0;
	const struct bench_adds *v = bench_adds(&n);
	char a[128], b[128];

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		cut += !!strstr(group_words(i, a, sizeof(a)), "...");
		for (unsigned k = 0; k < i; k++)
			if (v[k].group == v[i].group && !strcmp(a, group_words(k, b, sizeof(b))))
				fail_msg("%s: twice in group %s", a, bench_group(v[i].group)->name);
		assert_true(strlen(a) <= 56);
	}
	assert_true(cut > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns), cmocka_unit_test(test_cells), cmocka_unit_test(test_html),
		cmocka_unit_test(test_fred),	cmocka_unit_test(test_fred_rows), cmocka_unit_test(test_fred_all),
		cmocka_unit_test(test_group_lacks), cmocka_unit_test(test_group_spread), cmocka_unit_test(test_group_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
