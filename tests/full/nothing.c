/* SPDX-License-Identifier: BSD-2-Clause */
/* A client of AFL++ that does nothing: how fast AFL++ itself is here, to hold a campaign's rate against. */
#include <stdio.h>

#include "host/forksrv.h"

int main(void)
{
	struct forksrv f;
	const uint8_t *bytes;
	char why[256];
	size_t len;

	if (forksrv_open(&f, NULL, why, sizeof(why))) {
		fprintf(stderr, "nothing: %s\n", why);
		return 3;
	}
	while (forksrv_next(&f, &bytes, &len) == 1 && !forksrv_done(&f, 0))
		;
	forksrv_close(&f);
	return 0;
}
