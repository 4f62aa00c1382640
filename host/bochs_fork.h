/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A snapshot of a process that has none of its own: a small library in it (bochs_fork.c) parks it on a
 * signal, and from then on each message on a descriptor makes a copy of it, which goes on from there.
 */
#ifndef TW_HOST_BOCHS_FORK_H
#define TW_HOST_BOCHS_FORK_H

#include <signal.h>

#define FORK_ENV "TRAINWRECK_FORK" /* the port whose connection is the copy's to replace */

enum {
	FORK_FD = 3, /* a socket in the process */
	FORK_SIGNAL = SIGUSR2,
	FORK_HERE = 'h', /* the library is loaded, the signal is safe to send */
	FORK_PARKED = 'p',
	/* asked with one byte and a descriptor beside it; answered by the copy's pid */
	FORK_COPY = 'c',
};

#endif
