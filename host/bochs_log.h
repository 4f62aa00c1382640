/* SPDX-License-Identifier: BSD-2-Clause */
/* What Bochs says: the only place where it tells of a triple fault, of a panic, and of its registers. */
#ifndef TW_HOST_BOCHS_LOG_H
#define TW_HOST_BOCHS_LOG_H

#include <stddef.h>

enum { BOCHS_LOG_TAIL = 16384 };

struct bochs_log {
	int fd; /* a pipe from it, read without waiting */
	int out; /* the file that keeps it */
	long kept; /* bytes in the file */
	int shutdown; /* a triple fault has been told since the last bochs_log_forget() */
	size_t len;
	char tail[BOCHS_LOG_TAIL + 1];
};

void bochs_log_open(struct bochs_log *l, int fd, const char *path);
void bochs_log_close(struct bochs_log *l);

/* Take what has come. 0, or -1 when nothing will come any more. */
int bochs_log_read(struct bochs_log *l);
void bochs_log_forget(struct bochs_log *l);

/* The panic, else the last line: why it would not start. */
void bochs_log_last(const struct bochs_log *l, char *buf, size_t cap);
/* The last registers that it has written. Length, or -1. */
int bochs_log_registers(const struct bochs_log *l, char *buf, size_t cap);

#endif
