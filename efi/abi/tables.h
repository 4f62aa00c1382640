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
	SEL_KCS2 = 0x78, /* as KCS: for gates, so that it can be damaged and KCS stays sound */
	SEL_LDTD = 0x80, /* two slots: describes an LDT */
	SEL_TSS_RSP0 = 0x90, /* two slots each, all of the one TSS: this one ends within RSP0 */
	SEL_TSS_IST = 0xa0, /* ends behind IST1 */
	SEL_TSS_IO = 0xb0, /* holds an I/O bitmap that allows port 0x80 */
	SEL_TSS_NP = 0xc0, /* lies in a page that is not present */
	SEL_KCS_CONF = 0xd0, /* ring-0 code, conforming */
	SEL_UDS16 = 0xd8 | 3, /* ring-3 data, B clear: a 16-bit stack */
	SEL_GATE = 0xe0, /* two slots each, call gates: to ring 0, DPL 3 */
	SEL_GATE_DPL0 = 0xf0,
	SEL_GATE_NP = 0x100,
	SEL_GATE_NULL = 0x110, /* no segment */
	SEL_GATE_NC = 0x120, /* offset not canonical */
	SEL_GATE_UCS = 0x130, /* to ring 3 */
	SEL_GATE_UCS32 = 0x140, /* to compatibility code */
	SEL_OUT = 0x150, /* first selector beyond the limit */
	SEL_LDT = 0x0c, /* TI set: ring-0 data in the LDT; LDTR is null at first */
	SEL_LDT_UDS = 0x14 | 3,
	SEL_LDT_UCS = 0x1c | 3,
};

enum {
	GDT_LEN = 0x150,
	GDT_LIMIT = GDT_LEN - 1,
	IDT_LEN = 256 * 16,
	IDT_LIMIT = IDT_LEN - 1,
	LDT_OFFSET = 0x400, /* of the LDT in the page of the GDT */
	LDT_LEN = 0x20,
	GDT_SPLIT = 0x1000 - 0x40, /* offset of the GDT's head once more, so that the rest is on no page */
	TSS_BITMAP = 0x68, /* offset of the I/O bitmap */
	TSS_LEN = TSS_BITMAP + 0x80 / 8 + 2,
	TSS_LIMIT = TSS_BITMAP - 1,
	GATE_INTERRUPT = 0x8e, /* P, DPL 0, type 14 */
	GATE_CALL = 0xec, /* P, DPL 3, type 12 */
	GATE_USER = 0xee, /* the same with DPL 3 */
};

#define STAR_VALUE ((uint64_t)SEL_KCS << 32 | (uint64_t)SEL_UCS32 << 48)

/* Fill a GDT (GDT_LEN bytes) whose TSS lies at linear address tss. */
void gdt_build(uint8_t *gdt, uint64_t tss);

/* Its call gates, which lead to these addresses of ring-0 and ring-3 text. */
void gdt_gates_build(uint8_t *gdt, uint64_t ring0, uint64_t ring3);

/* The rest of the GDT's page: the LDT, and the table's head at GDT_SPLIT. */
void gdt_page_build(uint8_t *page);

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
