/* SPDX-License-Identifier: BSD-2-Clause */
/* A sequence from its text; the test fails where that is none. After <cmocka.h>. */
#ifndef TW_TESTS_PARSED_H
#define TW_TESTS_PARSED_H

#include <string.h>

#include "fuzz/text.h"

static struct seq parsed(const char *text)
{
	struct seq seq;
	char why[256] = "";

	if (seq_parse(&seq, text, strlen(text), why, sizeof(why)))
		fail_msg("\"%s\": %s", text, why);
	return seq;
}

#endif
