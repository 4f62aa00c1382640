/* SPDX-License-Identifier: BSD-2-Clause */
/* Which members a line of results must have, and of what kind. */
#ifndef TW_HOST_RUN_CHECK_H
#define TW_HOST_RUN_CHECK_H

#include "host/run_file.h"

/* NULL, or what is wrong with the line, in buf. */
const char *run_check_context(const json_t *o, int version, char *buf, size_t cap);
const char *run_check_row(const json_t *o, int version, char *buf, size_t cap);

/* The figures of a row that run_check_row accepts. 0, or -1 with what is wrong in buf. */
int run_take_row(const json_t *o, int version, struct run_row *ret, char *buf, size_t cap);

#endif
