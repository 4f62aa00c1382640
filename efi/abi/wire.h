/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line between guest and host: frames, and what is in them. Both sides include this file, and
 * every byte on the line is described here and nowhere else. docs/protocol.md tells the story.
 *
 * A frame on the wire is a COBS block (Cheshire and Baker, 1999) ended by one zero byte, so that
 * zero occurs nowhere else and a receiver is in step again at the next zero after any damage:
 *
 *	cobs( type | epoch | seq | payload | crc32, little-endian ) 0x00
 *
 * The CRC is that of "W" and the version, which are not sent, and of what stands before it: a byte takes 87
 * microseconds at 115200 baud, and who speaks another version is not understood either way.
 *
 * Every message of the host is a request and has exactly one answer, which carries its sequence
 * number. A guest that sees the sequence number of its last answer again repeats that answer and
 * does nothing else; so a host repeats a request until it is answered. All integers little-endian.
 */
#ifndef TW_ABI_WIRE_H
#define TW_ABI_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "efi/abi/about.h"
#include "efi/abi/record.h"
#include "efi/abi/profile.h"

enum {
	WIRE_VERSION = 6,
	WIRE_HEAD_LEN = 4, /* of a wire_head without len, which the frame's own length tells */
	WIRE_PAYLOAD_MAX = 1536,
	WIRE_CRC_LEN = 4,
};

enum msg_type {
#define MSG(id, name, dir, words) MSG_##name = id,
#include "efi/abi/msgs.def"
#undef MSG
};

struct wire_head {
	uint8_t type; /* enum msg_type */
	uint8_t epoch; /* chosen anew by the host after each return to a snapshot */
	uint16_t seq;
	uint16_t len; /* of the payload */
};
_Static_assert((int)offsetof(struct wire_head, len) == (int)WIRE_HEAD_LEN, "len is last, and is not sent");

enum {
	WIRE_RAW_MAX = WIRE_HEAD_LEN + WIRE_PAYLOAD_MAX + WIRE_CRC_LEN,
	/* COBS adds one byte per 254 begun, and the final zero */
	WIRE_FRAME_MAX = WIRE_RAW_MAX + WIRE_RAW_MAX / 254 + 2,
};

/* MSG_HELLO */
struct msg_hello {
	uint16_t record_len; /* sizeof(struct record): a host of another build notices */
	uint16_t flags; /* HELLO_* */
	uint32_t n_bench;
	uint64_t build; /* checksum of the victim image: both sides must carry the same one */
	uint64_t tsc_hz; /* 0: not known */
	struct profile profile;
	char firmware[32]; /* vendor and revision, NUL-padded */
	/* only to an IDENT that asks for it: the longer a frame, the less often it arrives whole */
	struct about about;
};
enum { WIRE_HELLO_SHORT = offsetof(struct msg_hello, about) };

/* MSG_IDENT; without it the guest believes its CPUID alone */
struct msg_ident {
	uint8_t flags; /* IDENT_* */
};

enum {
	IDENT_ABOUT = 2, /* the whole HELLO */
	IDENT_EMULATED = 1, /* underneath is an emulator, also when CPUID names none */
};

enum {
	HELLO_PLAN_BAD = 1, /* the plan on the stick was refused; the built-in one runs */
	HELLO_PLAN_READ = 2, /* a plan was read from the stick */
	HELLO_SHM = 4, /* there is a shared window, and it is listened to */
};

/*
 * MSG_RUN: the test case as a difference (efi/abi/delta.h) from the one before. `crc` is the CRC-32
 * of the whole, so that a guest which has another "one before" (a snapshot came between) says
 * REFUSE_BASE; the host then sends a difference from nothing, with the complement of the CRC to say
 * so.
 */
struct msg_run {
	uint32_t crc;
	/* uint8_t delta[] */
};

/* MSG_DONE */
struct msg_done {
	uint8_t outcome; /* enum outcome */
	uint8_t n_rec;
	uint8_t flags; /* DONE_* */
	uint64_t hash;
} __attribute__((packed));

enum {
	DONE_HARNESS = 1, /* an event came in harness text */
	DONE_DIRTY = 2, /* the restore after this run did not verify */
};

/* MSG_GETSAMP */
struct msg_from {
	uint32_t first;
};

/* MSG_GETREC: no more than so many at once, since on a bad line a long frame never arrives whole */
struct msg_getrec {
	uint32_t first;
	uint32_t max;
};

/* MSG_RECS: struct record[], as many as fit and are wanted, from `first` on */
struct msg_recs {
	uint16_t first;
	uint16_t n;
	uint32_t total;
	/* struct record rec[n] */
};

/* MSG_BENCH */
struct msg_bench {
	uint16_t id; /* of bench.def */
	uint8_t kind; /* 0 round trip, 1 enter, 2 exit */
	uint8_t align; /* placement of the timed body, 0..3 */
	uint32_t n; /* samples wanted */
	uint32_t warmup; /* runs before the first sample */
};

/* Why a sample does not count: an NMI ended it; an SMI came; it retired as many instructions as few do; 2^32 ticks. */
enum discard { DISCARD_NMI, DISCARD_SMI, DISCARD_RETIRED, DISCARD_LONG, DISCARD_REASONS };

/* MSG_BENCHED */
struct msg_benched {
	uint16_t id;
	uint8_t kind;
	uint8_t verdict; /* VERDICT_OK, or SKIP or ERROR with a reason */
	uint32_t n; /* samples there are */
	uint32_t discards;
	uint32_t insns; /* instructions in the window, 0: not countable */
	uint64_t smi; /* SMI count difference over the batch; ~0: not known */
	uint64_t aperf, mperf; /* differences over the batch; 0: not known */
	uint32_t retired; /* instructions of each sample, with the way in and out; 0: not known, or not one number */
	uint32_t cycles; /* core cycles of the same: the median; 0: not known */
	uint32_t discarded[DISCARD_REASONS]; /* of discards, for which reason */
	char reason[64];
};
_Static_assert(sizeof(struct msg_benched) == 128, "benched");

/* MSG_SAMP */
struct msg_samp {
	uint32_t first;
	uint32_t n;
	/* uint32_t sample[n], TSC ticks, saturating */
};
enum { SAMPLES_A_FRAME = (WIRE_PAYLOAD_MAX - sizeof(struct msg_samp)) / sizeof(uint32_t) };

/* MSG_TIME: the last test case again, with time stamps */
struct msg_time {
	uint32_t n; /* samples wanted; the guest makes fewer when it has no room for the legs of so many */
	uint32_t warmup; /* runs before the first sample */
	uint32_t countable; /* 1: nothing in it waits, so that each run retires as many instructions as the next */
};

/*
 * MSG_TIMED: samples are fetched as those of a benchmark, n_legs of them a run. A leg goes from one event to
 * the next, or to the end, without the recorder.
 */
struct msg_timed {
	uint8_t verdict; /* VERDICT_OK, or ERROR with a reason */
	uint8_t n_legs;
	uint8_t pad[2];
	uint32_t n; /* runs that were kept */
	uint32_t discards; /* runs that took another way than the first, met an SMI, or were disturbed */
	uint32_t disturbed; /* of them, runs that retired another number of instructions than the others; TIMED_UNCOUNTED */
	uint64_t hash; /* of the trace, as in DONE */
	uint64_t smi, aperf, mperf; /* as in BENCHED */
	uint8_t step[RECORDS_MAX + 1]; /* by leg: steps begun when it ended; TIMED_AT_END where no event ended it */
	char reason[63];
};
enum { TIMED_AT_END = 255 };
#define TIMED_UNCOUNTED 0xffffffffu
_Static_assert(sizeof(struct msg_timed) == 160, "timed");

/* MSG_REFUSE */
struct msg_refuse {
	uint16_t code; /* enum refuse */
	char words[62];
};

enum refuse {
	REFUSE_BASE = 1, /* RUN: the difference does not fit what I have; send the whole */
	REFUSE_TYPE = 2, /* no such message */
	REFUSE_LEN = 3, /* payload too short or too long for its type */
	REFUSE_RANGE = 4, /* an id or index out of range */
	REFUSE_UNSAFE = 5, /* RUN: on a machine of its own, what the model cannot follow to its end */
};

/* MSG_CHECKED */
struct msg_checked {
	uint32_t n_bad; /* pages or registers that are not as they must be */
	char words[120]; /* the first of them */
};

/* MSG_BYE, MSG_PANIC: text, not NUL-terminated */

/* A receiver: feed it bytes, it says when a frame is whole and sound. */
struct wire_rx {
	uint16_t len; /* bytes of buf in use */
	uint8_t lost; /* the frame under way is too long: drop until the next zero */
	uint32_t n_bad; /* frames dropped so far: COBS, length or CRC wrong */
	uint8_t buf[WIRE_FRAME_MAX];
};

/* What a receiver found; payload points into the receiver's buffer until the next byte is fed. */
struct wire_msg {
	struct wire_head head;
	const uint8_t *payload;
};

/*
 * Feed one byte. Returns 1 and fills *ret_msg when it completes a sound frame, else 0. Total: any
 * bytes in any order only ever raise n_bad.
 */
int wire_feed(struct wire_rx *rx, uint8_t byte, struct wire_msg *ret_msg);

/*
 * Encode a frame into out (WIRE_FRAME_MAX bytes). Returns its length on the wire, the final zero
 * included, or 0 when the payload is longer than WIRE_PAYLOAD_MAX. Type, epoch and seq are the caller's;
 * head.len is not looked at.
 */
size_t wire_encode(uint8_t *out, struct wire_head head, const void *payload, size_t len);

/*
 * The same in two halves, for a link that needs no stuffing (efi/abi/shm.h): pack makes head, payload
 * and CRC (out holds WIRE_RAW_MAX; 0 when the payload is too long), stuff makes of it what goes on a
 * line. unpack is total: 1, with a payload that points into buf, or 0 for what is no sound frame.
 */
size_t wire_pack(uint8_t *out, struct wire_head head, const void *payload, size_t len);
size_t wire_stuff(uint8_t *out, const uint8_t *raw, size_t raw_len);
int wire_unpack(const uint8_t *buf, size_t len, struct wire_msg *ret_msg);

/* CRC-32 as in IEEE 802.3 (reflected 0xedb88320), to be chained: start with 0. */
uint32_t crc32_ieee(uint32_t crc, const void *data, size_t len);

#endif
