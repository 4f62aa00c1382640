/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as the request loop sees it, and what runs and measures on it. */
#ifndef TW_MACHINE_H
#define TW_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include "efi/abi/profile.h"
#include "efi/abi/record.h"
#include "efi/abi/wire.h"
#include "efi/config.h"
#include "efi/profile.h"
#include "efi/serial.h"
#include "efi/shm.h"
#include "efi/space.h"

struct machine {
	struct profile profile;
	struct config config;
	struct serial serial;
	struct shm shm;
	struct space space;
	uint64_t tsc_hz;
	enum clock_source clock;
	uint64_t build; /* CRC-32 of the victim image */
	uint16_t hello_flags;
	char firmware[32];
	struct about about;
};

/* There is one machine. */
extern struct machine machine;

/* fuzz/exec.c: test cases. */
int exec_init(const struct profile *p); /* once, after takeover; 0, or -1 when it cannot run here */
void exec_run(const uint8_t *bytes, size_t len, struct msg_done *ret_done);
unsigned exec_records(const struct record **ret_rec);

/* One leg of a run that was timed: up to an event, or to the end. */
struct exec_leg {
	uint32_t ticks;
	uint8_t step; /* steps begun when it ended, or TIMED_AT_END */
};
enum { LEGS_MAX = RECORDS_MAX + 1 };
/* The same run with time stamps; leg holds LEGS_MAX. Returns how many there are. */
unsigned exec_run_timed(const uint8_t *bytes, size_t len, struct msg_done *ret_done, struct exec_leg *ret_leg);
unsigned exec_selfcheck(char *words, size_t cap);

/* bench/run.c: measurements. */
unsigned bench_count(void); /* ids are below this; not every number is taken */
const char *bench_path(unsigned id); /* its name; NULL: no such row */
unsigned bench_kinds_of(unsigned id); /* how many msg_bench.kind it has */
unsigned bench_overhead(unsigned id); /* the row that measures its empty window */
void bench_measure(const struct msg_bench *req, struct msg_benched *ret);
unsigned bench_samples(const uint32_t **ret_samples);
/* bench/timed.c: a test case again and again, with time stamps; bench_samples() then has its legs. */
void bench_time(const uint8_t *bytes, size_t len, const struct msg_time *req, struct msg_timed *ret);

/* efi/panic.c: an event that no run expects. Speaks on the line, then halts or resets. */
void panic_event(const struct record *rec) __attribute__((noreturn));

#endif
