/* SPDX-License-Identifier: BSD-2-Clause */
/* A folder of the test's own, as cmocka's set-up and tear-down: of a group, or of each test anew. */
#ifndef TW_TESTS_SCRATCH_H
#define TW_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/trainwreck-test.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[sizeof(dir) + 8];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

#endif
