/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of the runs before a difference that does not come again, and how files are written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/file.h"
#include "host/history.h"
#include "tests/scratch.h"

/* The bytes of a file below dir; -1: there is none. */
static int read_file(const char *name, uint8_t *out, size_t cap)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	int n = (int)fread(out, 1, cap, f);
	fclose(f);
	return n;
}

/* A sequence that tells one run from another. */
static struct seq numbered(unsigned i)
{
	return (struct seq){ .n_steps = 2, .step = { { .op = OP_INT3, .arg = 0 }, { .op = OP_IRET, .arg = (uint16_t)i } } };
}

static void run(struct history *h, const struct oracle *o, unsigned i, enum verdict verdict)
{
	const struct seq seq = numbered(i);
	const struct result r = { .verdict = verdict };

	history_add(h, o, &seq, &r);
}

static void assert_kept(const char *name, unsigned i)
{
	const struct seq want = numbered(i);
	uint8_t expected[SEQ_BYTES_MAX], found[SEQ_BYTES_MAX + 1];
	size_t n = seq_encode(&want, expected);

	assert_int_equal(read_file(name, found, sizeof(found)), n);
	assert_memory_equal(found, expected, n);
}

static void the_runs_before_are_kept_oldest_first(void **state)
{
	static struct history h;
	static struct oracle o;
	uint8_t b[16];

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		run(&h, &o, i, VERDICT_PASS);
	history_save(&h, dir, "few");
	assert_kept("flaky/00-few/000.bin", 0);
	assert_kept("flaky/00-few/002.bin", 2);
	assert_int_equal(read_file("flaky/00-few/003.bin", b, sizeof(b)), -1);
}

static void of_many_the_last_are_kept(void **state)
{
	static struct history h;
	static struct oracle o;
	char name[64];

	(void)state;
	for (unsigned i = 0; i < HISTORY_RUNS + 10; i++)
		run(&h, &o, i, VERDICT_PASS);
	history_save(&h, dir, "many");
	assert_kept("flaky/00-many/000.bin", 10);
	snprintf(name, sizeof(name), "flaky/00-many/%03u.bin", HISTORY_RUNS - 1);
	assert_kept(name, HISTORY_RUNS + 9);
}

/* What killed it is the last of its history. */
static void a_fresh_machine_has_no_history(void **state)
{
	static struct history h;
	static struct oracle o;
	uint8_t b[16];

	(void)state;
	run(&h, &o, 1, VERDICT_PASS);
	o.n_recoveries++;
	run(&h, &o, 2, VERDICT_CRASH);
	history_save(&h, dir, "death");
	assert_kept("flaky/00-death/000.bin", 1);
	assert_kept("flaky/00-death/001.bin", 2);
	assert_int_equal(read_file("flaky/00-death/002.bin", b, sizeof(b)), -1);
	run(&h, &o, 3, VERDICT_PASS);
	history_save(&h, dir, "fresh");
	assert_kept("flaky/01-fresh/000.bin", 3);
	assert_int_equal(read_file("flaky/01-fresh/001.bin", b, sizeof(b)), -1);
	o.n_recoveries += 3;
	history_end(&h, &o);
	run(&h, &o, 4, VERDICT_PASS);
	run(&h, &o, 5, VERDICT_PASS);
	history_save(&h, dir, "confirmed");
	assert_kept("flaky/02-confirmed/000.bin", 4);
	assert_kept("flaky/02-confirmed/001.bin", 5);
}

static void what_was_not_run_is_not_in_it(void **state)
{
	static struct history h;
	static struct oracle o;
	const struct seq seq = numbered(1);
	const struct result r = { .verdict = VERDICT_PASS, .not_run = 1 };

	(void)state;
	run(&h, &o, 0, VERDICT_SKIP);
	history_add(&h, &o, &seq, &r);
	assert_int_equal(h.n, 0);
}

static void only_the_first_histories_are_kept(void **state)
{
	static struct history h;
	static struct oracle o;
	uint8_t b[SEQ_BYTES_MAX];
	char name[64];

	(void)state;
	run(&h, &o, 0, VERDICT_PASS);
	for (unsigned i = 0; i < HISTORIES_KEPT + 2; i++)
		history_save(&h, dir, "again");
	snprintf(name, sizeof(name), "flaky/%02u-again/000.bin", HISTORIES_KEPT - 1);
	assert_true(read_file(name, b, sizeof(b)) > 0);
	snprintf(name, sizeof(name), "flaky/%02u-again/000.bin", HISTORIES_KEPT);
	assert_int_equal(read_file(name, b, sizeof(b)), -1);
}

/* A full disk: what was there stays, and no half file is left. */
static void a_write_that_fails_leaves_what_was_there(void **state)
{
	char path[128], tmp[160], big[4096] = { 0 };
	struct rlimit was, small;
	uint8_t b[16];

	(void)state;
	snprintf(path, sizeof(path), "%s/figures", dir);
	snprintf(tmp, sizeof(tmp), "%s.%d", path, (int)getpid());
	assert_int_equal(file_write(path, "old", 3), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 1000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(file_write(path, big, sizeof(big)), -1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(read_file("figures", b, sizeof(b)), 3);
	assert_memory_equal(b, "old", 3);
	assert_int_equal(access(tmp, F_OK), -1);
	assert_int_equal(file_write(path, "newer", 5), 0);
	assert_int_equal(read_file("figures", b, sizeof(b)), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_runs_before_are_kept_oldest_first, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(of_many_the_last_are_kept, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_fresh_machine_has_no_history, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(what_was_not_run_is_not_in_it, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(only_the_first_histories_are_kept, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_write_that_fails_leaves_what_was_there, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
