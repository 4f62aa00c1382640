/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequences come from text, bytes and folders, and say what they need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/seqfile.h"

static char dir[] = "/tmp/seqfile.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const void *p, size_t n)
{
	FILE *f = fopen(path_of(name), "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) && !mkdir(path_of("seq"), 0700) && !mkdir(path_of("seq/sub"), 0700) &&
			       !mkdir(path_of("afl"), 0700) && !mkdir(path_of("none"), 0700) ?
		       0 :
		       -1;
}

static int remove_dir(void **state)
{
	static const char *const all[] = { "f.seq", "f", "f.bin", "seq/b.seq", "seq/a.seq",
					   "seq/x.bin", "seq/sub/c.seq", "afl/id:0", "afl/README",
					   "seq/sub", "seq", "afl", "none", "" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		remove(path_of(all[i]));
	return access(dir, F_OK) ? 0 : -1;
}

static void test_kinds(void **state)
{
	static const uint8_t bytes[] = { 1, 0, 0, 0, OP_UD2, 0, 0, 0 };
	char err[512] = "";
	struct seq seq;

	(void)state;
	put("f", "ud2; int3", 9);
	assert_int_equal(seq_load(path_of("f"), &seq, err, sizeof(err)), 0);
	assert_int_equal(seq.n_steps, 2);
	put("f", bytes, sizeof(bytes));
	assert_int_equal(seq_load(path_of("f"), &seq, err, sizeof(err)), 0);
	assert_int_equal(seq.ring, CTX_U);
	assert_int_equal(seq.n_steps, 1);
	put("f.bin", "ud2; int", 8);
	assert_int_equal(seq_load(path_of("f.bin"), &seq, err, sizeof(err)), 0);
	assert_int_equal(seq.ring, 'u');
	put("f.seq", bytes, sizeof(bytes));
	assert_int_equal(seq_load(path_of("f.seq"), &seq, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "f.seq: line 1: unknown op"));
	assert_int_equal(seq_load(path_of("gone"), &seq, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "gone: No such file"));
	assert_int_equal(seq_load(dir, &seq, err, sizeof(err)), -1);
	assert_non_null(strstr(err, "cannot read"));
}

static void test_folders(void **state)
{
	struct seq_cases cases = { 0 };
	char err[512] = "";

	(void)state;
	put("seq/b.seq", "ud2\n", 4);
	put("seq/a.seq", "int3\n", 5);
	put("seq/x.bin", "", 0);
	put("seq/sub/c.seq", "de\n", 3);
	put("afl/id:0", "\1\0\0\0", 4);
	put("afl/README", "x", 1);
	assert_int_equal(seq_cases_add(&cases, path_of("seq"), err, sizeof(err)), 0);
	assert_int_equal(cases.n, 3);
	assert_int_equal(cases.v[0].seq.step[0].op, OP_INT3);
	assert_int_equal(cases.v[1].seq.step[0].op, OP_UD2);
	assert_non_null(strstr(cases.v[2].name, "/seq/sub/c.seq"));
	assert_int_equal(seq_cases_add(&cases, path_of("afl"), err, sizeof(err)), 0);
	assert_int_equal(cases.n, 4);
	assert_int_equal(cases.v[3].seq.ring, CTX_U);
	assert_int_equal(seq_cases_add(&cases, path_of("none"), err, sizeof(err)), -1);
	assert_non_null(strstr(err, "no *.seq, *.bin or id:* below"));
	seq_cases_free(&cases);
}

static void test_needs(void **state)
{
	struct profile intel = { .vendor = VENDOR_INTEL, .features = FEAT(SEP) };
	struct seq_cases cases = { 0 };
	char err[512] = "";

	(void)state;
	assert_int_equal(seq_cases_add_text(&cases, "ud2", err, sizeof(err)), 0);
	assert_int_equal(seq_cases_add_text(&cases, "# x\n# needs: Intel sep  \r\nud2", err,
					    sizeof(err)), 0);
	assert_int_equal(seq_cases_add_text(&cases, "# needs: sep fred-tables amd", err,
					    sizeof(err)), 0);
	assert_int_equal(seq_cases_add_text(&cases, "ud3", err, sizeof(err)), -1);
	assert_string_equal(err, "-e: line 1: unknown op \"ud3\"; did you mean \"ud2\"?");
	assert_int_equal(cases.n, 3);
	assert_null(cases.v[0].needs);
	assert_null(seq_case_lacks(&cases.v[0], &intel));
	assert_string_equal(cases.v[1].needs, "Intel sep");
	assert_null(seq_case_lacks(&cases.v[1], &intel));
	assert_string_equal(seq_case_lacks(&cases.v[2], &intel), "fred-tables amd");
	intel.features = 0;
	assert_string_equal(seq_case_lacks(&cases.v[1], &intel), "sep");
	seq_cases_free(&cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_needs),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
