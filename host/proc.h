/* SPDX-License-Identifier: BSD-2-Clause */
/* Other programs: run one and read what it prints, find one, write down how it was called. */
#ifndef TW_HOST_PROC_H
#define TW_HOST_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Run argv[0] from the PATH; ret_text gets its stdout and stderr. Exit status, 127: not there. */
int proc_capture(const char *const argv[], char *ret_text, size_t cap);

/* Whether a program of this name is in the PATH (or is a path to one). */
int proc_find(const char *name);

/*
 * A child's end: send it the signal (0: none), wait for it at most wait_ms, then SIGKILL. Its wait
 * status, or -1; *pid becomes 0. Nothing is done when it is 0 already.
 */
int proc_end(pid_t *pid, int sig, int wait_ms);
/* Whether a child has ended; proc_end() is still to be called. */
int proc_ended(pid_t pid);
/* Whether no thread of it runs or wants to: however busy the machine is, none is kept from running. */
int proc_sleeps(pid_t pid);
/* The processor time that it has used so far. */
int64_t proc_cpu_ms(pid_t pid);

/* One byte and a descriptor through a socket. 0, or -1. */
int proc_send_fd(int to, char byte, int fd);
/* A process id that comes through it as 32 bits. 0: none within wait_ms. */
pid_t proc_read_pid(int from, int wait_ms);

/* argv as one line that a shell reads back as it was. malloc()ed. */
char *proc_quote(const char *const argv[]);

#endif
