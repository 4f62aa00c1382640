/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The descriptor tables as they are at the start of every run: one C source for the guest that
 * installs them and for the model that reads them.
 */
#ifndef TW_ABI_TABLES_H
#define TW_ABI_TABLES_H

#include <stddef.h>
#include <stdint.h>

/*
 * GDT slots. STAR and SYSENTER_CS fix the order of the first seven:
 * STAR[47:32] = KCS (SS = +8); STAR[63:48] = UCS32 (SS = +8, 64-bit CS = +16);
 * SYSENTER_CS = KCS, SYSEXIT to compat +16, to 64-bit +32 (SS = +8 of each).
 */
enum gdt_sel {
	SEL_KCS = 0x08,
	SEL_KDS = 0x10,
	SEL_UCS32 = 0x18 | 3,
	SEL_UDS = 0x20 | 3,
	SEL_UCS = 0x28 | 3,
	SEL_UDS2 = 0x30 | 3,
	SEL_TSS = 0x38, /* two slots */
	SEL_KCS_NP = 0x48,
	SEL_UCS_NP = 0x50 | 3,
	SEL_KDS_NP = 0x58,
	SEL_UDS_NP = 0x60 | 3,
	SEL_UDS_RO = 0x68 | 3,
	SEL_UCS_LD = 0x70 | 3, /* L and D both set: never loadable */
	SEL_OUT = 0x80, /* first selector beyond the limit */
	SEL_LDT = 0x0c, /* TI set; LDTR is null */
};

enum {
	GDT_LEN = 0x78,
	GDT_LIMIT = GDT_LEN - 1,
	IDT_LEN = 256 * 16,
	IDT_LIMIT = IDT_LEN - 1,
	TSS_LEN = 0x68,
	TSS_LIMIT = TSS_LEN - 1,
	GATE_INTERRUPT = 0x8e, /* P, DPL 0, type 14 */
	GATE_USER = 0xee, /* the same with DPL 3 */
};

#define STAR_VALUE ((uint64_t)SEL_KCS << 32 | (uint64_t)SEL_UCS32 << 48)

/* Fill a GDT (GDT_LEN bytes) whose TSS lies at linear address tss. */
void gdt_build(uint8_t *gdt, uint64_t tss);

/* Fill a TSS (TSS_LEN bytes): RSP0 and the seven IST pointers at the tops of their regions. */
void tss_build(uint8_t *tss);

/* One 16-byte gate: attr is byte 5 (P, DPL, type), ist 0..7. */
void gate_write(uint8_t *gate, uint64_t offset, uint16_t sel, uint8_t attr, uint8_t ist);

/*
 * Fill an IDT: vector v goes to stubs + v * stride, interrupt gates, DPL 0 but for the vectors that
 * systems open to ring 3 (#BP, #OF, 0x80: DPL 3); ist[v] for the first 32 vectors.
 */
void idt_build(uint8_t *idt, uint64_t stubs, uint32_t stride, const uint8_t ist[32]);

#endif
