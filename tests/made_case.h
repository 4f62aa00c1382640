/* SPDX-License-Identifier: BSD-2-Clause */
/* Test cases without meaning, whose results follow from their bytes. After <cmocka.h>. */
#ifndef TW_TESTS_MADE_CASE_H
#define TW_TESTS_MADE_CASE_H

#include "tests/fakeguest.h"

enum { MADE_MAX = 260 };

/* For fakeguest.run: each test case gives len % 49 records whose contents follow from its bytes. */
static void run_made(const uint8_t *bytes, size_t len, void *arg, struct fake_run *ret_run)
{
	(void)arg;
	ret_run->n = (unsigned)(len % (RECORDS_MAX + 1)) + 1;
	if (ret_run->n > RECORDS_MAX + 1)
		ret_run->n = RECORDS_MAX + 1;
	for (unsigned i = 0; i < ret_run->n; i++)
		ret_run->rec[i] = (struct record){ .step = (uint8_t)i, .rip = crc32_ieee(i, bytes, len) };
}

static uint64_t made_hash(const uint8_t *bytes, size_t len)
{
	struct fake_run r = { 0 };

	run_made(bytes, len, NULL, &r);
	return record_hash(r.rec, r.n);
}

/* One test case of a row of them that resemble each other. */
static size_t make_case(unsigned i, uint8_t bytes[MADE_MAX])
{
	size_t len = 4 + 4 * (i * 7 % 64);

	for (size_t k = 0; k < len; k++)
		bytes[k] = (uint8_t)(k * 3);
	bytes[i % len] ^= (uint8_t)i;
	return len;
}

#endif
