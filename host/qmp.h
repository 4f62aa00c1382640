/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's control channel: commands with their answers, and the three events that matter here. */
#ifndef TW_HOST_QMP_H
#define TW_HOST_QMP_H

#include <stddef.h>

struct qmp {
	int fd;
	int gone; /* the channel is closed, or QEMU is stuck: it has ended or must be ended */
	int shutdown, stopped, reset; /* events seen; whoever waits for one clears it first */
	size_t len;
	char buf[65536];
};

enum { QMP_MS = 15000 }; /* how long a command may take before QEMU counts as stuck */

/* Greet. 0, or -1 when QEMU said nothing sensible. */
int qmp_open(struct qmp *q, int fd);

/* Read the events that are there, without waiting. -1 when the channel is closed. */
int qmp_events(struct qmp *q);

/* Run a command; args is the text of a JSON object, or NULL. 0, or -1 (err: QEMU's words). */
int qmp_command(struct qmp *q, const char *name, const char *args, char *err, size_t err_cap);

/* A command of the human monitor. ret_text gets what it prints. 0, or -1. */
int qmp_human(struct qmp *q, const char *line, char *ret_text, size_t cap);

/* Wait until *flag (one of q's) is set. 0, or -1 after the deadline. */
int qmp_wait(struct qmp *q, const int *flag, int deadline_ms);

#endif
