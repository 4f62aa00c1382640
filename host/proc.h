/* SPDX-License-Identifier: BSD-2-Clause */
/* Other programs: run one and read what it prints, find one, write down how it was called. */
#ifndef TW_HOST_PROC_H
#define TW_HOST_PROC_H

#include <stddef.h>

/* Run argv[0] from the PATH; ret_text gets its stdout and stderr. Exit status, 127: not there. */
int proc_capture(const char *const argv[], char *ret_text, size_t cap);

/* Whether a program of this name is in the PATH (or is a path to one). */
int proc_find(const char *name);

/* argv as one line that a shell reads back as it was. malloc()ed. */
char *proc_quote(const char *const argv[]);

#endif
