/* SPDX-License-Identifier: BSD-2-Clause */
/* What an engine must be able to do. One row in engine.c and one file of these make a new engine. */
#ifndef TW_HOST_ENGINE_OPS_H
#define TW_HOST_ENGINE_OPS_H

#include "fuzz/seq.h"
#include "host/engine.h"
#include "host/link.h"
#include "host/rundir.h"

struct engine_ops {
	const char *name, *words;
	int loses_nothing; /* on its line: to a run that takes long nothing was left unsaid */
	int emulated; /* never silicon, though the CPU that it shows may not say so */
	/* Whether these options can be read, before anything is started. NULL: whatever they are. */
	int (*check)(const char *options, char *err, size_t err_cap);
	/* NULL: not in this build; words say what to do instead */
	int (*start)(struct engine *e, const char *options, char *err, size_t err_cap);
	int (*snapshot)(struct engine *e, char *err, size_t err_cap);
	/* Something can be read from watch_fd, the link is closed, or sleeps() has asked: what became of the machine? */
	enum engine_status (*watch)(struct engine *e);
	/* Give the run under way the event that it waits for, if it does. Returns whether. NULL: this engine cannot. */
	int (*inject)(struct engine *e);
	/* Does the CPU sleep in HLT, and how long has the engine run by now? NULL: nobody can ask. */
	int (*sleeps)(struct engine *e);
	int64_t (*cpu_ms)(struct engine *e);
	void (*freeze)(struct engine *e); /* the deadline passed: keep the CPU as it is now */
	/* To the snapshot, from any state, with a new link.fd if need be; afresh: not in place. */
	int (*restore)(struct engine *e, int afresh);
	int (*registers)(struct engine *e, char *buf, size_t cap);
	int (*log)(struct engine *e, const char *path);
	void (*stop)(struct engine *e);
};

extern const struct engine_ops qemu_ops, bochs_ops, fd_ops;

/* A test case as the guest has it, or will have it. */
struct engine_case {
	size_t len;
	uint8_t bytes[SEQ_BYTES_MAX];
};

struct engine {
	const struct engine_ops *ops;
	struct engine_opts opts;
	void *machine; /* the engine's own state */

	/* filled by start(), or by restore() when there is a new process */
	int watch_fd; /* -1: none */
	int death; /* wait status of the process; -1 while it lives */
	char version[160];
	char *command_line;
	struct rundir dir;
	char stderr_path[PATH_MAX];
	long stderr_from; /* where in it this process begins; before are those that died */

	struct link link;
	struct shm_window *window; /* offered by the machine; NULL: it has none */
	struct msg_hello hello;
	enum engine_status last;
	char words[WIRE_PAYLOAD_MAX + 1];

	/* the request under way */
	uint8_t epoch;
	uint16_t seq;
	int64_t deadline, retry_at;
	int run_ms; /* how long the run under way may take */
	int64_t look_at; /* when to look next at what the CPU does in a run */
	unsigned looks, slept; /* how often that was done, and how often in a row the CPU slept */
	int64_t cpu_ms; /* what the engine had used at the first look */
	int retry_ms;
	unsigned repeats; /* of it */
	int64_t put_us; /* when it was sent last */
	unsigned answer_us; /* what answers took of late */
	unsigned noise; /* so many requests ago, counted down from NOISE_LASTS, one was repeated */
	size_t out_len;
	uint8_t out[WIRE_RAW_MAX];

	struct engine_case run, base; /* the last one sent, and the one before it */
	int has_base, whole;
	unsigned open; /* runs sent and not waited for */
	int by_second; /* the run under way may wait for a second processor */
	int hosted; /* the run under way may wait for an event of the host */
	uint8_t debug[ENGINE_RUNS_MAX]; /* by seq: the run may meet a data breakpoint */
	int watched; /* so might one that is under way */
	int lost; /* the last return to the snapshot was to a guest that does not answer */
	uint64_t served; /* the engine's own: the last wait that got its event */
};

enum {
	ENGINE_SHORT_MS = 3000, /* for requests that only read what the guest has */
	ENGINE_LOOK_MS = 10, /* between looks at what the CPU does in a run */
};

/* The run under way has its whole time before it, from now on. */
void engine_goes_on(struct engine *e);

/* The two halves of engine_request(): send it, and see to it until e->deadline. */
void engine_ask(struct engine *e, enum msg_type type, const void *payload, size_t len);
enum engine_status engine_answer(struct engine *e, struct wire_msg *ret_msg);

/* Remember how it ended, and return that; after anything but an answer the guest's last case is unknown. */
enum engine_status engine_ended(struct engine *e, enum engine_status status);

/* Whether it ended so that nobody answers before engine_recover(). */
int engine_is_down(const struct engine *e);

/* Wait for a guest that boots. 0, or -1 with err. */
int engine_await_hello(struct engine *e, int ms, char *err, size_t err_cap);

/* Ask who is there; fills e->hello. */
enum engine_status engine_ident(struct engine *e, int deadline_ms);

#endif
