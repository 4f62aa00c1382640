/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's side of the line in a process of its own, so that all of the host can be tested without
 * an emulator: it answers as docs/protocol.md says, except where a test asks it to misbehave.
 */
#ifndef TW_TESTS_FAKEGUEST_H
#define TW_TESTS_FAKEGUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "efi/abi/shm.h"

enum mischief {
	FAKE_DEAF = 1, /* the request is lost on its way */
	FAKE_DROP = 2, /* the work is done and the answer is lost */
	FAKE_TWICE = 4, /* the answer comes twice */
	FAKE_CORRUPT = 8, /* one bit of the answer flips */
	FAKE_GARBAGE = 16, /* line noise before the answer */
	FAKE_STALE = 32, /* an answer of the epoch before comes first, with other contents */
	FAKE_DELAY = 64, /* a quarter of a second passes first */
	FAKE_SILENT = 128, /* nothing more until the host has chosen a new epoch */
	FAKE_DIE = 256,
	FAKE_FORGET = 512, /* the test case before is forgotten, as by a return to a snapshot */
	FAKE_PANIC = 1024,
	FAKE_REFUSE = 2048,
	FAKE_WRONG = 4096, /* an answer of a type that does not belong to the request */
	FAKE_SHUTDOWN = 8192, /* the CPU shuts down: a byte on told_fd, no answer, and nothing more */
	FAKE_LIE = 16384, /* the hash of DONE is not that of the records */
	FAKE_DIRTY = 32768, /* DONE says that the restore after the run did not verify */
};

enum { FAKE_SAMPLES = 4096 };

/* What a test case does in the fake guest. */
struct fake_run {
	unsigned mischief; /* on top of what the request's own is */
	unsigned n;
	struct record rec[RECORDS_MAX + 1]; /* masked; DONE's count and hash come from them */
	const char *wrong; /* what it finds wrong with its state afterwards, NULL: nothing */
};

struct fakeguest {
	struct profile profile;
	uint64_t build; /* 0: that of this program, as it should be */
	uint16_t flags; /* of its HELLO */
	/* Both run in the guest's process, so what they write the test does not see. Either may be NULL. */
	void (*run)(const uint8_t *bytes, size_t len, void *arg, struct fake_run *ret_run);
	unsigned (*mischief)(unsigned nth, const struct wire_head *request, void *arg);
	/* A timed run of the last test case: fill everything, and n * n_legs samples. NULL: refused. */
	void (*time)(const struct fake_run *run, const struct msg_time *req, void *arg,
		     struct msg_timed *ret_timed, uint32_t *ret_samples);
	void *arg;
	int with_window; /* requests may also come through the shared window, and are answered there */

	/* filled by fakeguest_start() */
	int fd; /* the host's end */
	int told_fd; /* what watches the machine says here what became of it */
	struct shm_window *window; /* NULL: it has none */
	pid_t pid;
	char spec[16]; /* for engine_opts.spec */
	struct fake_counts {
		unsigned requests, runs, run_requests, run_bytes;
	} *counts; /* kept up to date by the guest */
};

/* 0, or -1. */
int fakeguest_start(struct fakeguest *g);
/* As from its snapshot: a new process with new ends and a fresh window; the counts go on. 0, or -1. */
int fakeguest_restart(struct fakeguest *g);
void fakeguest_stop(struct fakeguest *g);

#endif
