/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the victim image tells C of itself: its labels and its instructions. The image is fuzz/victim.asm,
 * assembled flat; its header and these tables are at its start, and struct order is the order of the
 * dq/dd lines there.
 */
#ifndef TW_ABI_VICTIM_H
#define TW_ABI_VICTIM_H

#include <stddef.h>
#include <stdint.h>

#include "efi/abi/image.h"
#include "efi/abi/window.h"

/* The data segment registers that steps load and read through. */
enum seg_reg { SREG_ES, SREG_FS, SREG_GS, SREG_DS, N_SREG };

/* What a run starts with, and what its steps may write. */
#define CR0_START  0x80050033ull /* PG AM WP NE ET MP PE */
#define CR0_TS_BIT 0x8ull
#define CR0_EM_BIT 0x4ull
#define CR0_MP_BIT 0x2ull
#define CR0_NW_BIT 0x20000000ull
#define CR0_CD_BIT 0x40000000ull
#define CR0_WP_BIT 0x10000ull
#define CR0_AM_BIT 0x40000ull
/* The bits of CR4 that steps change; the others stay as the machine has them. */
#define CR4_TSD_BIT	   0x4ull
#define CR4_DE_BIT	   0x8ull
#define CR4_MCE_BIT	   0x40ull
#define CR4_PCE_BIT	   0x100ull
#define CR4_OSFXSR_BIT	   0x200ull
#define CR4_OSXMMEXCPT_BIT 0x400ull
#define CR4_UMIP_BIT	   0x800ull
#define CR4_FSGSBASE_BIT   0x10000ull
#define CR4_SMEP_BIT	   0x100000ull
#define CR4_SMAP_BIT	   0x200000ull
#define CR4_PKE_BIT	   0x400000ull
#define CR4_STEPS                                                                                  \
	(CR4_TSD_BIT | CR4_DE_BIT | CR4_OSFXSR_BIT | CR4_OSXMMEXCPT_BIT | CR4_UMIP_BIT |           \
	 CR4_FSGSBASE_BIT | CR4_SMEP_BIT | CR4_SMAP_BIT | CR4_PKE_BIT)
/* The last pages of text hold none: steps that write to text are led there. */
#define W_KTEXT_DATA (W_KTEXT + L_KTEXT - 0x1000)
#define W_UTEXT_DATA (W_UTEXT + L_UTEXT - 0x1000)
/* Where no processor will ever have an MSR (SDM 4 2.1), and no hypervisor that is known has one. */
#define MSR_OF_NOBODY 0x40000060
#define EFER_START 0xd01ull /* NXE LMA LME SCE */

/*
 * The debug registers at the start of a run: nothing enabled, every address where nothing is. What a
 * run does with them is fixed by number: DR0 is for execution, DR1 for writes of 8 bytes, DR2 for reads
 * and writes of 4, DR3 for those of 1, or for a port.
 */
#define DR6_START 0xffff0ff0ull
#define DR7_START 0x400ull
#define DR7_TYPES 0x3f900000ull /* R/W and LEN as said above */
#define DR7_LOCAL 0x55ull /* L0 to L3 */
#define DR7_RW0	  0x30000ull /* DR0 for reads and writes of one byte */
#define DR7_GD    0x2000ull
#define DR7_ARMED (DR7_START | DR7_TYPES | DR7_LOCAL)
#define DR7_IO	  ((DR7_ARMED & 0xfffffffull) | 0x20000000ull) /* DR3 for one port */
#define DR7_IO4	  (DR7_IO | 0xc0000000ull) /* DR3 for four */
#define PORT	  0x80u /* that a step writes to */
#define BP_NOWHERE (W_DNP + 0xff8ull)

/* The fixed interrupts that a step may send: two of one priority class, one of a higher one. */
enum { IPI_VECTOR0 = 0x40, IPI_VECTOR1 = 0x42, IPI_VECTOR2 = 0x61 };

/* The local timer's, alone among its 32; the one of an interrupt that was withdrawn; and how many leave a request. */
enum { TIMER_VECTOR = 0x91, SPURIOUS_VECTOR = 0xff, IPI_VECTORS = 4 };

enum harn_mode { MODE_IDLE, MODE_RUN, MODE_DRAIN };

enum harn_off {
#define HARN(name, off, words) H_##name = off,
#include "efi/abi/harn.def"
#undef HARN
};

enum {
	TAPE_ENTRY_LEN = 64, /* k, u, c addresses; three arguments; two spare */
	TAPE_ARG0 = 24,
	STACK_START_GAP = 64, /* MAIN, USTK and CSTK start this far below their tops: a sound frame lies there */
	SET_LEN = 40,
	SETS_LAST = 4096 - 2 * SET_LEN, /* the last offset at which a set can be pushed upon */
	RAW_LEN = 160,
};

/* What styled entries (fuzz/style.inc) read, in the page that ring 0's GS base points to. */
enum percpu {
	PC_KSTACK = 0x800, /* where system calls start */
	PC_URSP = 0x808, /* ring 3's RSP, between two instructions of SYSCALL's entry */
	PC_NMI_STATE = 0x810,
	PC_BASE = 0x818, /* ring 0's GS base */
	PC_ENTRY = 0x820, /* struct style_text of the variant, fuzz/style.h */
};
/* One byte for each place of style text at which an event can be made to come, in DUSER. */
enum { PLACES_AT = 0x400, PLACES_LEN = 16 };

/*
 * Instructions of the harness in a leg of a timed run (efi/entry.inc, efi/run.inc), by where it begins and
 * where it ends: what stands between a time stamp and victim text. tests/bench_icount.sh holds them.
 */
enum {
	TIME_START = 7, /* RDTSC, LFENCE, MOV; three MOV; the jump or RETF to the first landing */
	TIME_LEAVE = 9, /* RDTSC, LFENCE, MOV; five MOV; the jump to the next body */
	TIME_ENTER = 11, /* ENDBR64, two MOV, JMP; three MOV; MOVZX, JRCXZ, LFENCE, JMP */
	TIME_STYLED = 6, /* two MOV; MOVZX, JRCXZ, LFENCE, JMP */
	TIME_END = 4, /* MOVZX, JRCXZ, LFENCE, JMP */
};

/* A raw record, as efi/entry.inc writes it. */
struct raw_record {
	uint8_t vector, entry, harness, style, pad[4];
	uint64_t rsi, setptr, rsp, frame[6], rflags;
	uint16_t ss, cs;
	uint32_t pad2;
	uint64_t cr2, dr6, gs_base, rcx, r11, dr7;
	uint32_t tsc_in, tsc_out; /* time stamps, low 32 bits, where they are taken */
	uint64_t pad3;
};
_Static_assert(sizeof(struct raw_record) == RAW_LEN, "raw record");
_Static_assert(offsetof(struct raw_record, cr2) == 96, "raw record");
_Static_assert(offsetof(struct raw_record, tsc_in) == 144, "raw record");

#define VICTIM_LABELS(X)                                                                           \
	X(stubs)                                                                                   \
	X(stub_stride)                                                                             \
	X(entries_end)                                                                             \
	X(harness_end)                                                                             \
	X(entry_syscall)                                                                           \
	X(entry_syscall32)                                                                         \
	X(entry_sysenter)                                                                          \
	X(enter)                                                                                   \
	X(drain)                                                                                   \
	X(land_k)                                                                                  \
	X(land_u)                                                                                  \
	X(land_c)                                                                                  \
	X(end_k)                                                                                   \
	X(end_u)                                                                                   \
	X(end_c)                                                                                   \
	X(sled_k)                                                                                  \
	X(sled_k_long)                                                                             \
	X(sled_k_end)                                                                              \
	X(sled_u)                                                                                  \
	X(sled_u_long)                                                                             \
	X(sled_u_end)                                                                              \
	X(sled_c)                                                                                  \
	X(sled_c_long)                                                                             \
	X(sled_c_end)                                                                              \
	X(sled_ptr)                                                                                \
	X(sled_ptr_k)                                                                              \
	X(cr4s)                                                                                    \
	X(gate_tables)                                                                             \
	X(copy_k)                                                                                  \
	X(copy_k_end)                                                                              \
	X(copy_u)                                                                                  \
	X(copy_u_end)                                                                              \
	X(style_stubs)                                                                             \
	X(style_stub_stride)                                                                       \
	X(style_end)                                                                               \
	X(styletab_off)                                                                            \
	X(kinsn_off)                                                                               \
	X(kinsn_len)                                                                                \
	X(uinsn_off)                                                                               \
	X(uinsn_len)                                                                                \
	X(optab_off)                                                                               \
	X(bodytab_off)

struct victim_labels {
#define X(name) uint64_t name;
	VICTIM_LABELS(X)
#undef X
};

/* One instruction of victim text. */
struct insn {
	uint32_t addr;
	uint8_t len; /* and INSN_MODE*: which modes it was assembled for */
	uint8_t kind, a, b;
	uint64_t imm;
};
enum { INSN_LEN = 0x0f, INSN_MODE64 = 0x10, INSN_MODE32 = 0x20 };

const struct victim_labels *victim_labels(void);

/* The instruction that begins at addr, or NULL. */
const struct insn *victim_insn(uint64_t addr);

/* Whether addr is in a loop of a step that waits for an event. */
int victim_waits(uint64_t addr);

/*
 * What the host is to do for a guest whose RIP is addr: 0, or 1 + an index of host_event[]. The guest says
 * nothing else: it waits in such a loop as long as RAX + RSI is -1, and RSI tells one wait from the next.
 */
unsigned victim_request(uint64_t addr);

struct host_event {
	uint8_t mc; /* a machine check; 0: the line LINT1 is pulled */
	uint8_t mcg_status; /* 1 RIPV, 2 EIPV, 4 MCIP */
	uint64_t status; /* of the bank */
};
enum { HOST_LINT1, HOST_MC, N_HOST_EVENTS = HOST_MC + 3 };
extern const struct host_event host_event[N_HOST_EVENTS];

/* The body of an op; 0 when the op has none for that context. */
uint32_t victim_body(unsigned op, unsigned ctx, unsigned prefix, unsigned n_variants, unsigned variant);

/* Which op's body addr lies in: fills what it knows and returns 1, or returns 0. */
struct body_place {
	uint8_t op, ctx, prefix;
	uint16_t offset; /* from the start of the body */
};
int victim_place(uint64_t addr, struct body_place *ret_place);

/* The checksum by which host, guest and what they have written know each other's text. */
uint32_t victim_build(void);

/* The image's bytes at addr (text and constants), or NULL; *ret_left says how many follow. */
const uint8_t *victim_bytes(uint64_t addr, uint32_t *ret_left);

#endif
