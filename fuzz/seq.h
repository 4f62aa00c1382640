/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test case: a start state and up to 64 steps, as bytes (what AFL++ mutates and the line carries),
 * as this struct, and as text (.seq, what people write). docs/language.md is the reference.
 *
 * Bytes: a 4-byte header { ring, flags, layout, style }, then 4-byte steps { op, prefix, arg lo,
 * arg hi }. Decoding is total: any bytes of any length are a sequence. Missing header bytes are 0,
 * an incomplete last step is dropped, steps past STEPS_MAX are dropped, unknown op numbers are
 * steps that do nothing. Values out of range are reduced when a sequence is laid out (a list index
 * modulo the list's length), never when it is decoded, so that decode and encode are inverse.
 */
#ifndef TW_FUZZ_SEQ_H
#define TW_FUZZ_SEQ_H

#include <stddef.h>
#include <stdint.h>

#include "efi/abi/record.h"

enum { SEQ_HEADER_LEN = 4, SEQ_STEP_LEN = 4, SEQ_BYTES_MAX = SEQ_HEADER_LEN + STEPS_MAX * SEQ_STEP_LEN };

/* Contexts: what a body is assembled for. Header byte 0 modulo 3 is the start context. */
enum ctx { CTX_K, CTX_U, CTX_C, N_CTX };

/* Header byte 1. */
enum start_flag {
	START_IF = 1,
	START_AC = 2,
	START_DF = 4,
	START_NT = 8,
	START_TS = 16, /* CR0.TS */
	START_TF_LATER = 32, /* reserved: kept, does nothing */
};

/* Header byte 2, modulo N_LAYOUT: which gates use which IST stack at the start. */
enum layout {
	LAYOUT_PLAIN, /* #DF on IST1, nothing else */
	LAYOUT_LINUX, /* #DF on IST1, NMI on IST2, #DB on IST3, #MC on IST4 */
	LAYOUT_SHARED, /* #DF on IST1; NMI, #DB, #BP and #PF all on IST2: recursion */
	N_LAYOUT,
};

/* Step byte 1, modulo N_PREFIX. */
enum prefix { P_NONE, P_STI, P_MOVSS, P_STI_MOVSS, P_MOVSS_STI, P_POPSS, N_PREFIX };

enum op_ctx { K = 1, U = 2, C = 4, KU = 3, UC = 6, KUC = 7 };

enum op_need {
	ASYNC = 1, /* may leave something pending in the local APIC */
	TABLES = 2, /* writes IDT, GDT, LDT, TSS or their registers: delivery may be broken afterwards */
	MSRS = 4, /* writes an MSR that must be restored */
	HOSTED = 32, /* waits for an event that only the host can give */
	MCHECK = 64, /* writes or may set what machine checks leave behind; clears CR4.MCE */
	DEBUG = 8, /* writes debug registers: any access and any instruction may then trap */
	LAPIC = 128, /* writes a register of the local APIC that must be restored */
	FPU = 256, /* writes x87 or SSE state, or PKRU */
	STACKS = 512, /* moves a stack pointer: pushes may come where nothing lands */
	PAGES = 1024, /* may clear CR0.WP: ring 0 may have written read-only pages */
	SECOND = 2048, /* asks a second processor for an event */
};

/* What a step's 16-bit argument means. */
enum arg_kind {
	ARG_NONE,
	ARG_VECTOR, /* low byte: a vector */
	ARG_GATE, /* low byte: a vector; high byte: a small number */
	ARG_DEFECT, /* low byte: which field (0 none, rip, cs, fl, rsp, ss); high byte: index in its list */
	ARG_LIST0, /* from here on: low byte is an index into the list of that name in lists.def */
	ARG_PAGE = ARG_LIST0,
	ARG_SEL,
	ARG_FLAGS,
	ARG_FMASK,
	ARG_RIP,
	ARG_CS,
	ARG_RSP,
	ARG_RCX,
	ARG_BOOL,
	ARG_IPIVEC,
	ARG_FOLLOW,
	ARG_BURST,
	ARG_ORDER,
	ARG_TPR,
	ARG_CLASS,
	ARG_VDSOCALL,
	ARG_CALLED,
	ARG_OPPORT,
	ARG_GAP,
	ARG_TIMER,
	ARG_LINT,
	ARG_MCV,
	ARG_COPY,
	ARG_MONITOR,
	ARG_BPX,
	ARG_BPD,
	ARG_DR7,
	ARG_DR6,
	ARG_DRN,
	ARG_REP,
	ARG_PLACE,
	ARG_GSBASE,
	ARG_URSP,
	ARG_IDTR,
	ARG_GDTR,
	ARG_LDTR,
	ARG_TR,
	ARG_STK,
	ARG_DESC,
	ARG_CR4,
	ARG_CR0,
	ARG_PKRU,
	ARG_SCS,
	ARG_CODE,
	ARG_STAR,
	ARG_BASE,
	ARG_PRIV,
	ARG_UMIP,
	ARG_SREG,
	ARG_CALLG,
	ARG_TFOVER,
	ARG_PREFIX,
	ARG_BPIO,
	N_ARG_KINDS,
};

/* Items of the list FOLLOW that somebody has to know of. */
enum follow { FOLLOW_SYSENTER = 2, FOLLOW_SYSEXIT = 9, FOLLOW_SWAPGS = 13 };
/* The same of PAGE. */
enum { PAGE_OF_RESERVED_BIT = 6 };

enum defect { DEFECT_NONE, DEFECT_RIP, DEFECT_CS, DEFECT_FL, DEFECT_RSP, DEFECT_SS, N_DEFECTS };

enum op_id {
#define OP(id, name, text, ctx, arg, variants, needs, words) OP_##name = id,
#include "fuzz/ops.def"
#undef OP
};

struct op {
	const char *text, *words;
	uint16_t variants; /* bodies of each context and prefix */
	uint8_t ctx, arg;
	uint16_t needs;
};
extern const struct op ops[256]; /* text NULL: no such op */

struct step {
	uint8_t op, prefix;
	uint16_t arg;
};

struct seq {
	uint8_t ring, flags, layout, style;
	uint32_t n_steps;
	struct step step[STEPS_MAX];
};

/* Total; see above. */
void seq_decode(struct seq *ret_seq, const uint8_t *bytes, size_t len);

/* The inverse; out holds SEQ_BYTES_MAX. Returns the length. */
size_t seq_encode(const struct seq *seq, uint8_t *out);

/*
 * Fold op numbers that nothing has onto those that something has, as a campaign does with a mutator's
 * bytes before it runs them: four in five random numbers would be steps that do nothing. What is
 * saved and replayed is the folded sequence, so numbers that come to mean something change nothing.
 */
void seq_fold(struct seq *seq);

/*
 * Whether a step mostly ends the run by silence or waits for the host or another processor: nothing that chance should
 * often put into a sequence.
 */
static inline int op_is_slow(unsigned op)
{
	return op == OP_HLT || op == OP_TFHLT || op == OP_MWAIT || (ops[op].needs & (HOSTED | SECOND)) != 0;
}

/* What its steps need and may leave behind, enum op_need. */
unsigned seq_needs(const struct seq *seq);

/* Length of the list behind an ARG_ kind, 0 when it is not a list; the name of one item. */
unsigned list_len(enum arg_kind kind);
const char *list_item(enum arg_kind kind, unsigned index);
const char *list_words(enum arg_kind kind, unsigned index);

/* The reduced meanings, used by everything that lays out or explains a sequence. */
static inline enum ctx seq_ctx(const struct seq *seq)
{
	return (enum ctx)(seq->ring % N_CTX);
}

/*
 * Text. seq_print writes one sequence as lines (a `start` line unless the header is all zero, then a
 * step a line) and returns the length, or -1 when cap is too small. seq_parse reads what seq_print
 * writes and what people write: steps end at a newline or ';', '#' starts a comment to the end of
 * the line. On an error it returns -1 and fills err with "line N: what is wrong and what to write".
 */
int seq_print(const struct seq *seq, char *out, size_t cap);
int seq_parse(struct seq *ret_seq, const char *text, size_t len, char *err, size_t err_cap);

/* One step as text ("movss+ret.iret rip=nc"), for traces and reports. */
int step_print(const struct step *step, char *out, size_t cap);

#endif
