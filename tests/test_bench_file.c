/* SPDX-License-Identifier: BSD-2-Clause */
/* The transcript that a stick brings home: read whole, and cut short or damaged at any byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "efi/abi/victim.h"
#include "efi/abi/verdicts.h"
#include "host/bench_file.h"

enum { SAMPLES = 3, FILE_MAX = 65536 };

static uint8_t file[FILE_MAX];
static size_t len;
static char path[] = "/tmp/trainwreck-test-XXXXXX";

static void put(enum msg_type type, const void *payload, size_t n)
{
	struct wire_head head = { .type = (uint8_t)type };

	len += wire_encode(file + len, head, payload, n);
}

static void put_batch(unsigned id, unsigned kind, unsigned align)
{
	struct msg_bench req = { .id = (uint16_t)id, .kind = (uint8_t)kind, .align = (uint8_t)align,
				 .n = SAMPLES, .warmup = 5 };
	struct msg_benched b = { .id = (uint16_t)id, .kind = (uint8_t)kind, .verdict = VERDICT_OK, .n = SAMPLES,
				 .insns = 9, .smi = ~0ull };
	struct {
		struct msg_samp head;
		uint32_t v[SAMPLES];
	} samp = { { 0, SAMPLES }, { 100 + align, 100 + align, 100 + align } };

	put(MSG_BENCH, &req, sizeof(req));
	put(MSG_BENCHED, &b, sizeof(b));
	put(MSG_SAMP, &samp, sizeof(samp));
}

/* Two rows, each the round trip alone, in four placements. */
static void build(void)
{
	struct msg_hello hello = { .record_len = sizeof(struct record) };
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	hello.build = victim_build();
	hello.about.bench_build = bench_build();
	len = 0;
	put(MSG_HELLO, &hello, sizeof(hello));
	for (unsigned row = 0; row < 2; row++)
		for (unsigned align = 0; align < BENCH_ALIGNS; align++)
			put_batch(rows[row].id, 0, align);
	put(MSG_BYE, "measured", 8);
}

static int read_back(size_t n, struct bench_file *f)
{
	FILE *out = fopen(path, "wb");
	char why[512] = "";
	int bad;

	assert_non_null(out);
	assert_int_equal(fwrite(file, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
	bad = bench_file_read(path, f, why, sizeof(why));
	assert_true(!bad || why[0]);
	return bad;
}

static void test_whole(void **state)
{
	struct bench_file f;

	(void)state;
	build();
	assert_int_equal(read_back(len, &f), 0);
	assert_int_equal(f.n_bad, 0);
	assert_int_equal(f.results.n, 2);
	assert_int_equal(f.samples, SAMPLES);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(f.results.v[i].verdict, BENCH_OK);
		assert_int_equal(f.results.v[i].stats.n, SAMPLES * BENCH_ALIGNS);
		assert_int_equal(f.results.v[i].insns, 9);
		assert_true(f.results.v[i].stats.min == 100 && f.results.v[i].stats.max == 103);
		assert_true(f.results.v[i].placed[2] == 102);
	}
	bench_file_free(&f);
}

static void text(const char *words)
{
	memcpy(file + len, words, strlen(words));
	len += strlen(words);
}

static void end_text(void)
{
	file[len++] = 0;
}

/* Caught from a line: words of the firmware and of the stick stand before frames, a zero ends them. Other bytes there are damage. */
static void test_caught(void **state)
{
	struct msg_hello hello = { .record_len = sizeof(struct record) };
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	(void)state;
	hello.build = victim_build();
	hello.about.bench_build = bench_build();
	for (int damaged = 0; damaged < 2; damaged++) {
		struct bench_file f;

		len = 0;
		text("\033[2J\033[01;01HBdsDxe: starting\r\n");
		for (unsigned i = 0; i < 100; i++)
			text("a summary longer than any frame is\n");
		end_text();
		put(MSG_HELLO, &hello, sizeof(hello));
		text(damaged ? "path\x01\n" : "path\n");
		end_text();
		for (unsigned align = 0; align < BENCH_ALIGNS; align++)
			put_batch(rows[0].id, 0, align);
		text("idt.int3 1 2 3\n");
		end_text();
		put(MSG_BYE, "measured", 8);
		text("1 rows measured\n");
		assert_int_equal(read_back(len, &f), 0);
		assert_int_equal(f.n_bad, damaged);
		assert_int_equal(f.results.n, 1);
		assert_int_equal(f.results.v[0].verdict, BENCH_OK);
		bench_file_free(&f);
	}
}

/* A row that is OK has all its samples, whatever happened to the file; and what happened is noticed. */
static void check(size_t n, const char *what, size_t at)
{
	struct bench_file f;

	if (!read_back(n, &f)) {
		if (!f.n_bad)
			fail_msg("%s at %zu of %zu is not noticed", what, at, len);
		for (size_t i = 0; i < f.results.n; i++) {
			const struct result *r = &f.results.v[i];

			if (r->verdict == BENCH_OK && r->stats.n != SAMPLES * BENCH_ALIGNS)
				fail_msg("%s at %zu: an OK row with %zu samples", what, at, r->stats.n);
		}
	}
	bench_file_free(&f);
}

static void test_cut(void **state)
{
	(void)state;
	build();
	for (size_t n = 0; n < len; n++)
		check(n, "cut", n);
}

static void test_damage(void **state)
{
	(void)state;
	build();
	for (size_t at = 0; at < len; at++) {
		uint8_t was = file[at];

		file[at] ^= (uint8_t)(1 << at % 8);
		check(len, "damage", at);
		file[at] = was;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole), cmocka_unit_test(test_caught),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_damage),
	};
	int fd = mkstemp(path), bad;

	if (fd < 0)
		return 1;
	close(fd);
	bad = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return bad;
}
