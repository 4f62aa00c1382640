/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's side of AFL++'s fork server, with no fork: one process runs every test case. Serves
 * 4.04c and later. Outside AFL++ it hands out the one test case of a file or of standard input.
 */
#ifndef TW_HOST_FORKSRV_H
#define TW_HOST_FORKSRV_H

#include <stddef.h>
#include <stdint.h>

enum { FORKSRV_MAP_LEN = 1 << 14, FORKSRV_INPUT_MAX = 1 << 20 };

struct forksrv {
	int is_afl; /* a fork server's pipes are there */
	int ctl, status; /* the two pipes */
	uint8_t *map; /* never NULL */
	size_t map_len;
	const uint8_t *shared; /* test cases by shared memory: length, then bytes; or NULL */
	const char *path; /* else they are in this file; NULL: standard input */
	uint8_t *own_map; /* what map is when AFL++ gave none */
	uint8_t *input;
	int served; /* outside AFL++: the one test case was handed out */
};

/*
 * Attach to what the environment names and say hello; call it when test cases can be run. Returns 0,
 * or -1 with err saying what is wrong and what to do.
 */
int forksrv_open(struct forksrv *f, const char *path, char *err, size_t err_cap);

/*
 * Wait for the next test case and clear the map but for its first byte. Returns 1 and the bytes
 * (good until the next call), 0 when there are no more, -1 when it cannot be read.
 */
int forksrv_next(struct forksrv *f, const uint8_t **ret_bytes, size_t *ret_len);

/* Answer it: 0 for a good run, a signal's number for a crash. Returns 0, or -1: AFL++ is gone. */
int forksrv_done(struct forksrv *f, int signal_number);

void forksrv_close(struct forksrv *f);

#endif
