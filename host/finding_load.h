/* SPDX-License-Identifier: BSD-2-Clause */
/* A saved finding, read back. */
#ifndef TW_HOST_FINDING_LOAD_H
#define TW_HOST_FINDING_LOAD_H

#include "host/oracle.h"

struct finding {
	char signature[SIGNATURE_CAP], verdict[16], first_seen[32], spec[256], engine[32], version[192];
	char reproducer[1200];
	uint64_t count;
	struct seq seq; /* the reproducer */
	struct profile profile;
	enum outcome outcome;
	unsigned n;
	struct record observed[RECORDS_MAX + 1];
};

/* Read the folder of one finding. 0, or -1 with err. */
int finding_load(const char *folder, struct finding *ret_finding, char *err, size_t err_cap);

/*
 * Ids of the known differences (for the engine that the finding was seen on) that explain what was
 * observed, comma-separated; "-" when none do. 0, or -1 with err: the list cannot be read.
 */
int finding_known(const struct finding *finding, char *out, size_t cap, char *err, size_t err_cap);

#endif
