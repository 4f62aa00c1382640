/* SPDX-License-Identifier: BSD-2-Clause */
/* The same sequences on several QEMU binaries: which difference is in which version. */
#ifndef TW_HOST_DIFF_VERSIONS_H
#define TW_HOST_DIFF_VERSIONS_H

#include "host/seqfile.h"

/*
 * `binaries`: what QEMU= would name, with commas between; `spec`: the engine, like qemu:cpu=EPYC. Prints a row a
 * difference, a column a binary. Returns an exit status: whether all show the same.
 */
int diff_versions(const char *binaries, const char *spec, const struct seq_cases *cases, int json);

#endif
