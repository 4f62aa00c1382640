/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An engine is what runs the application: an emulator, a real machine, or a test's own process.
 * This is all that the rest of the host knows of it: start it, ask it, bring it back after a death.
 *
 * A caller's loop is: engine_run(); on ENGINE_OK use the answer; on ENGINE_SHUTDOWN, _HANG, _DEAD or
 * _PANIC take engine_registers() or engine_death() for the finding and then engine_recover().
 */
#ifndef TW_HOST_ENGINE_H
#define TW_HOST_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "efi/abi/wire.h"

struct engine;

struct engine_opts {
	const char *spec; /* "qemu", "qemu:cpu=EPYC,accel=kvm", "fd:7"; NULL: qemu */
	const char *rundir; /* folder for all its files; NULL: a fresh one, removed at the end */
	const char *link; /* NULL or "serial" */
	const char *const *extra; /* further arguments for the emulator, NULL-terminated; or NULL */
	int boot_ms; /* deadline for HELLO; 0: 60 s */
	int about; /* engine_hello() is to have what a measurement says of the machine, too */
	int verbose; /* say what is started, on stderr */
};

enum engine_status {
	ENGINE_OK,
	ENGINE_SHUTDOWN, /* the CPU shut down: a triple fault */
	ENGINE_HANG, /* no answer within the deadline; the machine is stopped now */
	ENGINE_DEAD, /* the engine itself is gone: see engine_death() and engine_stderr() */
	ENGINE_REFUSED, /* the guest said no: ret_msg is its MSG_REFUSE */
	ENGINE_PANIC, /* the guest's harness gave up: ret_msg is its MSG_PANIC */
	ENGINE_FAULT, /* the two sides do not understand each other: another build, a bad answer */
};

/* Whether there is an engine and a link of these names. 0, or -1 with err; what follows the colon is the engine's to read. */
int engine_named(const struct engine_opts *opts, char *err, size_t err_cap);

/* Start it, wait for its guest, take the snapshot. NULL: err says what is wrong and what to do. */
struct engine *engine_start(const struct engine_opts *opts, char *err, size_t err_cap);
void engine_stop(struct engine *e);

const struct msg_hello *engine_hello(const struct engine *e);
const char *engine_name(const struct engine *e); /* "qemu" */
const char *engine_version(const struct engine *e); /* "QEMU emulator version 7.2.22 (...)" */
const char *engine_command_line(const struct engine *e); /* quoted for a shell */
const char *engine_rundir(const struct engine *e);
/* Path of the file, "" when there is none; *ret_from: where in it what the present process says begins. */
const char *engine_stderr(const struct engine *e, long *ret_from);
const char *engine_status_words(enum engine_status status);

/*
 * One request, one answer. It is repeated while the guest is silent. ret_msg->payload is good until
 * the next call on this engine.
 */
enum engine_status engine_request(struct engine *e, enum msg_type type, const void *payload,
				  size_t len, int deadline_ms, struct wire_msg *ret_msg);

enum { ENGINE_RUNS_MAX = 32 };

/*
 * Run one test case (bytes past SEQ_BYTES_MAX mean nothing and are not sent). In halves: up to
 * engine_runs_max() may be sent before the oldest is waited for, and nothing else is asked meanwhile; the
 * bytes are copied. A return to the snapshot ends them all unanswered.
 */
enum engine_status engine_run(struct engine *e, const uint8_t *bytes, size_t len, int deadline_ms,
			      struct msg_done *ret_done);
enum engine_status engine_run_send(struct engine *e, const uint8_t *bytes, size_t len,
				   int deadline_ms);
enum engine_status engine_run_wait(struct engine *e, struct msg_done *ret_done);
unsigned engine_runs_max(const struct engine *e);
unsigned engine_runs_open(const struct engine *e);
int engine_run_arrived(const struct engine *e); /* engine_run_wait() would not wait */

/* What the guest finds wrong with its own state now; empty when it finds nothing, or does not say (engine_last_status()). */
void engine_selfcheck(struct engine *e, char *ret_words, size_t cap);

/* All the records of the last run. Returns how many, at most max, or -1 (engine_last_status()). */
int engine_records(struct engine *e, struct record *rec, unsigned max);
enum engine_status engine_last_status(const struct engine *e);

/* The text of the last MSG_PANIC or MSG_REFUSE, or "". */
const char *engine_words(const struct engine *e);

/*
 * Back to the snapshot: of the machine in place, or in a new process when the old one is gone. Also
 * good after ENGINE_OK, for a fresh state. On a failure the engine is of no more use: stop it.
 */
enum engine_status engine_recover(struct engine *e);
/* The same with a new process. */
enum engine_status engine_renew(struct engine *e);

/* The CPU's registers as the engine prints them, after SHUTDOWN or HANG. Length, or -1. */
int engine_registers(struct engine *e, char *buf, size_t cap);

/* How the engine's process ended, as waitpid() says it; -1 when it did not. */
int engine_death(const struct engine *e);

/* The engine's own event log: to `path` from now on, or (path NULL) off. 0, or -1. */
int engine_log(struct engine *e, const char *path);

/* Whether test cases go through memory that it shares with the guest, rather than over a line. */
int engine_has_window(const struct engine *e);

/* Whether it can give a waiting guest an NMI or a machine check. */
int engine_injects(const struct engine *e);

/* For `list` and `doctor`. */
struct engine_info {
	const char *name, *words;
	int in_this_build;
};
unsigned engine_count(void);
struct engine_info engine_info(unsigned index);

#endif
