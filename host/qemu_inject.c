/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events from outside: a guest that waits for one says so by where it is and by its registers alone
 * (victim_request()), and goes on when it has it. The machine stands still while it is given.
 */
#include "host/qemu_inject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "efi/abi/victim.h"

/* A register of `info registers`, which names it by the width of the mode it is in. */
static int find(const char *text, const char *name, uint64_t *ret_value)
{
	for (const char *width = "RE"; *width; width++) {
		const char word[5] = { *width, name[0], name[1], '=', 0 };
		const char *at = strstr(text, word);

		if (at) {
			*ret_value = strtoull(at + 4, NULL, 16);
			return 0;
		}
	}
	return -1;
}

/* What the guest waits for, as 1 + an index of host_event[]; 0: nothing, or it has got it. */
static unsigned wants(struct qmp *q, uint64_t served, uint64_t *ret_rsi)
{
	char text[4096];
	uint64_t rip, rax, rsi;

	if (qmp_human(q, "info registers", text, sizeof(text)) || find(text, "IP", &rip) ||
	    find(text, "AX", &rax) || find(text, "SI", &rsi))
		return 0;
	/* bits that a narrower mode does not have are not looked at */
	if ((uint32_t)(rax + rsi + 1) || served == rsi + 1)
		return 0;
	*ret_rsi = rsi;
	return victim_request(rip);
}

static int give(struct qmp *q, const struct host_event *ev)
{
	char line[128], text[512];

	if (!ev->mc)
		return qmp_command(q, "inject-nmi", NULL, NULL, 0);
	snprintf(line, sizeof(line), "mce 0 1 0x%llx 0x%x 0x1000 0", (unsigned long long)ev->status,
		 ev->mcg_status);
	return qmp_human(q, line, text, sizeof(text));
}

int qemu_inject(struct qmp *q, uint64_t *served)
{
	uint64_t rsi;
	unsigned request;
	int given = 0;

	/* a look at a machine that runs costs little and may be wrong; then one at a machine that stands */
	if (!wants(q, *served, &rsi) || qmp_command(q, "stop", NULL, NULL, 0))
		return 0;
	request = wants(q, *served, &rsi);
	if (request && !give(q, &host_event[request - 1])) {
		*served = rsi + 1;
		given = 1;
		/* a machine check can be a shutdown, of which QEMU tells by the time it answers again */
		qmp_command(q, "query-status", NULL, NULL, 0);
	}
	if (!q->shutdown)
		qmp_command(q, "cont", NULL, NULL, 0);
	q->stopped = q->shutdown;
	return given;
}
