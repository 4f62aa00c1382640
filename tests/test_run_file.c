/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of results: read whole, of both versions; cut short or damaged at any byte, and said where. */
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
#include "tests/run_text.h"
#include "tests/scratch.h"

static char *text;
static size_t len;

static int build(void **state)
{
	struct made rows[] = {
		{ .row = 0, .median = 30, .width = 1 },
		{ .row = 3, .median = 40.5 },
		{ .row = 12, .verdict = BENCH_SKIP },
	};

	(void)state;
	for (unsigned a = 0; a < BENCH_ALIGNS; a++)
		for (unsigned k = 0; k < RESULT_ROUNDS; k++)
			rows[0].batch[a][k] = 29 + a + k, rows[1].batch[a][k] = 40.5;
	text = run_lines(rows, 3, &len);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	free(text);
	return 0;
}

static void test_whole(void **state)
{
	struct run_file f;
	char why[256] = "";
	const struct run_row *r;

	(void)state;
	if (run_parse(text, len, "x", &f, why, sizeof(why)) != RUN_GOOD)
		fail_msg("%s", why);
	assert_int_equal(f.n_rows, 3);
	assert_true(f.sealed && f.step >= 1 && f.step <= 1);
	assert_string_equal(run_text(&f, "brand"), "a CPU of the tests");
	assert_string_equal(run_text(&f, "label"), "hardware");
	r = run_row(&f, "ovh.window.k.rdtsc");
	assert_non_null(r);
	assert_true(r->ok && r->fig[F_MEDIAN] >= 30 && r->fig[F_MEDIAN] <= 30 && r->instructions == 9);
	assert_int_equal(r->n_units, BENCH_ALIGNS * RESULT_ROUNDS);
	assert_true(r->unit_of[5] >= 31 && r->unit_of[5] <= 31);
	assert_null(run_row(&f, "no.such"));
	run_free(&f);
}

/* The line that an error names, from 1. */
static unsigned line_named(const char *why)
{
	unsigned line = 0;

	if (sscanf(why, "x:%u: ", &line) != 1)
		fail_msg("no file and line in: %s", why);
	return line;
}

static unsigned line_of(size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += text[i] == '\n';
	return line;
}

static void test_cut(void **state)
{
	(void)state;
	for (size_t n = 0; n < len; n++) {
		struct run_file f;
		char why[512] = "";

		if (run_parse(text, n, "x", &f, why, sizeof(why)) != RUN_BAD)
			fail_msg("cut at %zu of %zu: not noticed", n, len);
		if (line_named(why) != line_of(n))
			fail_msg("cut at %zu, in line %u: %s", n, line_of(n), why);
		run_free(&f);
	}
}

/* Every byte, every bit; an error never names a line before the one that was hit. */
static void test_damage(void **state)
{
	(void)state;
	for (size_t at = 0; at < len; at++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			struct run_file f;
			char why[512] = "", was = text[at];

			text[at] = (char)(was ^ 1 << bit);
			if (run_parse(text, len, "x", &f, why, sizeof(why)) != RUN_BAD)
				fail_msg("bit %u of byte %zu: not noticed", bit, at);
			if (line_named(why) != line_of(at))
				fail_msg("byte %zu, line %u: %s", at, line_of(at), why);
			run_free(&f);
			text[at] = was;
		}
	}
}

/* Whole lines taken out, twice there, or in another order. */
static void test_lines(void **state)
{
	char *lines[8], *copy = strdup(text), *made = malloc(2 * len + 1);
	unsigned n = 0;

	(void)state;
	for (char *l = strtok(copy, "\n"); l; l = strtok(NULL, "\n"))
		lines[n++] = l;
	assert_int_equal(n, 5);
	for (unsigned out = 0; out < n; out++) {
		for (unsigned twice = 0; twice < 2; twice++) {
			struct run_file f;
			char why[512] = "";

			made[0] = 0;
			for (unsigned i = 0; i < n; i++) {
				for (unsigned k = 0; k < (i == out ? 2 * twice : 1); k++) {
					strcat(made, lines[i]);
					strcat(made, "\n");
				}
			}
			if (run_parse(made, strlen(made), "x", &f, why, sizeof(why)) != RUN_BAD)
				fail_msg("line %u %s: not noticed", out + 1, twice ? "twice" : "gone");
			line_named(why);
			run_free(&f);
		}
	}
	free(copy);
	free(made);
}

#define V1_CONTEXT                                                                                                  \
	"{\"schema\":\"trainwreck.bench-context.1\",\"label\":\"emulated\",\"engine\":\"qemu\",\"engine_version\":" \
	"\"7\",\"command_line\":\"\",\"tables\":\"idt\",\"program\":\"0.1\",\"build\":\"0x1\",\"vendor\":\"Intel\"," \
	"\"brand\":\"b\",\"signature\":\"0x1\",\"microcode\":\"0x1\",\"hypervisor\":\"\",\"firmware\":\"f\","        \
	"\"features\":[\"NX\"],\"tsc_hz\":\"0x0\",\"samples_per_placement\":4,\"warmup_per_placement\":0}\n"
#define V1_ROW                                                                                                       \
	"{\"schema\":\"trainwreck.bench.1\",\"id\":\"a.b.k.c\",\"kind\":\"round-trip\",\"verdict\":\"OK\",\"reason\":" \
	"\"\",\"label\":\"emulated\",\"unit\":\"tsc-ticks\",\"n\":16,\"discards\":0,\"min\":1,\"p5\":1,\"q1\":2,"      \
	"\"median\":3,\"q3\":4,\"p95\":5,\"p99\":6,\"max\":7,\"mad\":1,\"placement_medians\":[3,3,4,2],"               \
	"\"overhead_id\":\"o\",\"overhead_median\":null,\"instructions\":null,\"smi\":null,\"aperf\":null,"            \
	"\"mperf\":null,\"definition\":\"d\"}\n"

/* Files of before there were seals. */
static void test_older(void **state)
{
	struct run_file f;
	char why[256] = "";

	(void)state;
	if (run_parse(V1_CONTEXT V1_ROW, strlen(V1_CONTEXT V1_ROW), "x", &f, why, sizeof(why)) != RUN_GOOD)
		fail_msg("%s", why);
	assert_int_equal(f.n_rows, 1);
	assert_false(f.sealed);
	assert_int_equal(f.rows[0].n_units, 4);
	assert_int_equal(f.rows[0].instructions, -1);
	run_free(&f);
}

/* Sound JSON, well sealed or older, that says what no run can say. */
static void test_nonsense(void **state)
{
	static const struct {
		const char *from, *to, *words;
	} rows[] = {
		{ "\"median\":3", "\"median\":9", "rising order" },
		{ "\"n\":16", "\"n\":-1", "\"n\" must be a whole number" },
		{ "\"n\":16", "\"n\":0", "samples" },
		{ "\"kind\":\"round-trip\"", "\"kind\":\"trip\"", "\"kind\" must be" },
		{ "\"label\":\"emulated\",\"unit\"", "\"label\":\"hardware\",\"unit\"", "label" },
		{ "\"definition\":\"d\"", "\"definition\":\"\\u001b[2J\"", "\"definition\" must be a string" },
		{ ",\"definition\":\"d\"", "", "\"definition\" is missing" },
		{ "[3,3,4,2]", "[3,3,4]", "four placements" },
		{ "[3,3,4,2]", "[3,3,4,\"2\"]", "four placements" },
		{ "\"id\":\"a.b", "\"id\":\"../b", "\"id\" must be" },
		{ "bench.1", "bench.7", "schema must be" },
		{ "\"mad\":1", "\"mad\":1,\"mad\":1", "duplicate" },
		{ "context.1", "context.9", "newer trainwreck" },
		{ "\"signature\":\"0x1\"", "\"signature\":\"1\"", "\"signature\" must be a hex string" },
		{ "[\"NX\"]", "[1]", "\"features\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *whole = V1_CONTEXT V1_ROW, *at = strstr(whole, rows[i].from);
		char made[4096], why[512] = "";
		struct run_file f;

		assert_non_null(at);
		snprintf(made, sizeof(made), "%.*s%s%s", (int)(at - whole), whole, rows[i].to,
			 at + strlen(rows[i].from));
		if (run_parse(made, strlen(made), "x", &f, why, sizeof(why)) != RUN_BAD || !strstr(why, rows[i].words))
			fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].to, why, rows[i].words);
		line_named(why);
		run_free(&f);
	}
}

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
		cmocka_unit_test(test_whole),	 cmocka_unit_test(test_cut),   cmocka_unit_test(test_damage),
		cmocka_unit_test(test_lines),	 cmocka_unit_test(test_older), cmocka_unit_test(test_nonsense),
		cmocka_unit_test_setup_teardown(test_folder, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_given_twice, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_full_disk, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_report, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, build, drop);
}
