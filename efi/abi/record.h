/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an entry saw of one event. The guest's recorder writes these, the model writes these, and
 * a verdict is their comparison. Addresses are those of the victim window, which are the same on
 * every machine and in every run of one build.
 */
#ifndef TW_ABI_RECORD_H
#define TW_ABI_RECORD_H

#include <stdint.h>

enum {
	RECORDS_MAX = 48, /* a run that has this many events is over */
	STEPS_MAX = 64,
};

/* Which way an event came in. */
enum entry {
	ENTRY_IDT, /* through a gate; record.vector is the gate */
	ENTRY_SYSCALL, /* LSTAR */
	ENTRY_SYSCALL32, /* CSTAR */
	ENTRY_SYSENTER,
	ENTRY_LATE, /* the last record of every run: what the run left pending */
};

enum record_flag {
	REC_ERR = 1, /* an error code was on the stack: seen by alignment, never assumed */
	REC_HARNESS = 2, /* the event interrupted harness text; the run ended with it */
	REC_WINDOW = 4, /* the event landed in a window: rip is the window's first instruction */
	REC_STYLE = 8, /* through a styled entry, which has used the arithmetic flags */
};

/* FIELD(type, name, "words"): in the order of the struct, with no padding between. */
#define RECORD_FIELDS(FIELD)                                                                       \
	FIELD(uint8_t, vector, "gate the event came through, 0 for system calls")                  \
	FIELD(uint8_t, entry, "way in: IDT, SYSCALL, SYSCALL32, SYSENTER, LATE")                   \
	FIELD(uint8_t, flags, "error code pushed, harness text, window")                           \
	FIELD(uint8_t, depth, "handlers entered and not left, this one included")                  \
	FIELD(uint8_t, step, "steps begun")                                                        \
	FIELD(uint8_t, live_cpl, "ring of the handler, from its CS")                               \
	FIELD(uint16_t, live_ss, "SS in the handler")                                              \
	FIELD(uint64_t, err, "error code; LATE: whether an NMI was left")                          \
	FIELD(uint64_t, rip, "saved RIP; LATE: bit set of the interrupt vectors left")             \
	FIELD(uint64_t, cs, "saved CS, the whole slot; LATE: bit set of those in service")           \
	FIELD(uint64_t, rflags, "saved RFLAGS")                                                    \
	FIELD(uint64_t, rsp, "saved RSP; LATE: MCG_STATUS")                                        \
	FIELD(uint64_t, ss, "saved SS, the whole slot; LATE: task priority")                         \
	FIELD(uint64_t, landed, "RSP on entry: the stack it landed on, and where")                 \
	FIELD(uint64_t, live_rflags, "RFLAGS in the handler")                                      \
	FIELD(uint64_t, cr2, "CR2, on #PF")                                                        \
	FIELD(uint64_t, dr6, "DR6, on #DB")                                                        \
	FIELD(uint64_t, dr7, "DR7, on #DB")                                                        \
	FIELD(uint64_t, gs_base, "GS base in the handler")                                         \
	FIELD(uint64_t, rcx, "RCX, on SYSCALL")                                                    \
	FIELD(uint64_t, r11, "R11, on SYSCALL")

struct record {
#define FIELD(type, name, words) type name;
	RECORD_FIELDS(FIELD)
#undef FIELD
};
_Static_assert(sizeof(struct record) == 120, "record");

enum record_field {
#define FIELD(type, name, words) F_##name,
	RECORD_FIELDS(FIELD)
#undef FIELD
		F_COUNT,
};

/* How a run ended. Of the guest only DONE is ever seen: the others are silence. */
enum outcome {
	OUTCOME_DONE,
	OUTCOME_SHUTDOWN, /* triple fault */
	OUTCOME_HANG,
};

/*
 * The hash of n records: what the guest sends instead of them. 64-bit, order matters, computed on
 * the struct's words so that both sides agree byte for byte (both are little-endian).
 */
uint64_t record_hash(const struct record *rec, unsigned n);

/*
 * Put a record into the one form that is compared: fields that do not belong to its kind of event,
 * or that the manual leaves undefined, become 0 (a function of the record alone, so guest and model
 * mask alike); an asynchronous event inside a window gets the window's address. docs/model.md lists
 * every mask with its manual section.
 */
void record_mask(struct record *rec);

#endif
