/* SPDX-License-Identifier: BSD-2-Clause */
/* Folders of results: what is taken in, in which order and how often; what a damaged file of one leaves of the report. */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/run_set.h"
#include "host/site.h"
#include "tests/run_sample.h"
#include "tests/scratch.h"

static void put(const char *name, const char *bytes, size_t n)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	/* a new file each time: some file systems wait for the disk where an old one is cut and written again */
	remove(path);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* One file of a folder is damaged: the others are there, in the order of their numbers. */
static void test_folder(void **state)
{
	struct run_set set = { 0 };
	char sub[128];

	(void)state;
	snprintf(sub, sizeof(sub), "%s/sub", dir);
	assert_int_equal(mkdir(sub, 0777), 0);
	put("sub/10.jsonl", text, len);
	put("sub/9.jsonl", text, len);
	put("sub/3.jsonl", text, len - 1);
	put("sub/2.jsonl", "", 0);
	put("results.jsonl", "{\"schema\": \"trainwreck.selftest.1\"}\n", 36);
	put("notes.txt", "x", 1);
	run_set_add(&set, dir);
	assert_int_equal(set.n, 2);
	assert_int_equal(set.n_bad, 2);
	assert_non_null(strstr(set.v[0].name, "/9.jsonl"));
	assert_non_null(strstr(set.v[1].name, "/10.jsonl"));
	assert_true(run_same_machine(&set.v[0], &set.v[1]));
	run_set_free(&set);
	snprintf(sub, sizeof(sub), "%s/none", dir);
	run_set_add(&set, sub);
	assert_int_equal(set.n_bad, 1);
	run_set_free(&set);
}

/* A run is one boot, however often and by whatever name it is given; what cannot be read to its end is not waited for. */
static void test_given_twice(void **state)
{
	struct run_set set = { 0 };
	char path[128];

	(void)state;
	put("1.jsonl", text, len);
	put("2.jsonl", text, len);
	snprintf(path, sizeof(path), "%s/3.jsonl", dir);
	assert_int_equal(symlink("1.jsonl", path), 0);
	snprintf(path, sizeof(path), "%s/loop", dir);
	assert_int_equal(symlink(".", path), 0);
	run_set_add(&set, dir);
	snprintf(path, sizeof(path), "%s/2.jsonl", dir);
	run_set_add(&set, path);
	assert_int_equal(set.n, 2);
	assert_int_equal(set.n_bad, 0);
	run_set_free(&set);
	snprintf(path, sizeof(path), "%s/0.jsonl", dir);
	assert_int_equal(mkfifo(path, 0666), 0);
	run_set_add(&set, dir);
	assert_int_equal(set.n, 2);
	assert_int_equal(set.n_bad, 1);
	run_set_free(&set);
}

/* A disk that is full: the reason is told, and no part of a file stays, which would be left out of every report. */
static void test_full_disk(void **state)
{
	static const struct msg_hello hello;
	const struct results_context c = { .hello = &hello, .engine = "tty", .engine_version = "1", .command_line = "", .tables = "idt", .only = "*" };
	const struct results rs = { 0 };
	struct rlimit was, small;
	char path[PATH_MAX];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(results_write(dir, &rs, &c, path), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(results_write(dir, &rs, &c, path), 0);
	assert_non_null(strstr(path, "/1.jsonl"));
}

/* The report of the folder, and what was said on stderr meanwhile. */
static char *report_of_folder(size_t *ret_bad, char *said, size_t cap)
{
	static FILE *file;
	struct run_set set = { 0 };
	struct site s;
	char *out = NULL;
	size_t n;
	FILE *f = open_memstream(&out, &n);
	int was = dup(STDERR_FILENO);
	ssize_t got;

	if (!file)
		file = tmpfile();
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), 0), 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
	dup2(fileno(file), STDERR_FILENO);
	run_set_add(&set, dir);
	*ret_bad = set.n_bad;
	assert_int_equal(site_make(&set, &s), 0);
	report_text(f, &s);
	dup2(was, STDERR_FILENO);
	close(was);
	got = pread(fileno(file), said, cap - 1, 0);
	said[got < 0 ? 0 : got] = 0;
	site_free(&s);
	assert_int_equal(fclose(f), 0);
	return out;
}

/* One file of two is damaged in its byte `at`: said with its name and line, once, and the report is that of the other. */
static void damaged_in(size_t at, const char *how, const char *want)
{
	char said[1024], begin[128], *out;
	size_t bad;

	out = report_of_folder(&bad, said, sizeof(said));
	snprintf(begin, sizeof(begin), "trainwreck: %s/1.jsonl:%u: ", dir, line_of(at));
	if (bad != 1 || strncmp(said, begin, strlen(begin)) || strchr(said, '\n') != said + strlen(said) - 1 ||
	    !(strstr(said, "copy") || strstr(said, "remove") || strstr(said, "use a newer")))
		fail_msg("byte %zu %s: \"%s\" must begin with \"%s\" and say what to do", at, how, said, begin);
	for (const char *p = said; p[1]; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			fail_msg("byte %zu %s: a control character in \"%s\"", at, how, said);
	if (strcmp(out, want))
		fail_msg("byte %zu %s: the sound file is reported in another way: %s", at, how, out);
	free(out);
}

/* Cut short at any byte, and another bit of each byte the other way round. */
static void test_report(void **state)
{
	char said[1024], *want;
	size_t bad;

	(void)state;
	put("2.jsonl", text, len);
	want = report_of_folder(&bad, said, sizeof(said));
	assert_int_equal(bad, 0);
	assert_non_null(strstr(want, "ovh.window.k.rdtsc"));
	for (size_t at = 0; at < len; at++) {
		char was = text[at];

		put("1.jsonl", text, at);
		damaged_in(at, "and all behind it are gone", want);
		text[at] = (char)(was ^ 1 << at % 8);
		put("1.jsonl", text, len);
		text[at] = was;
		damaged_in(at, "is another one", want);
	}
	free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_folder, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_given_twice, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_full_disk, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_report, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, build, drop);
}
