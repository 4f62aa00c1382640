/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/abi/tables.h"

#include "efi/abi/window.h"

/* Descriptor bits above the limit and base, as in SDM 3A 3.4.5: the A bit is always set beforehand. */
enum {
	D_CODE = 0x9b, /* P, S, code, readable, accessed */
	D_DATA = 0x93, /* P, S, data, writable, accessed */
	D_RODATA = 0x91,
	D_TSS = 0x89, /* available 64-bit TSS */
	D_LDT = 0x82,
	D_CONFORMING = 0x04,
	D_DPL3 = 0x60,
	D_P = 0x80,
	F_L = 0x2, /* flags nibble: G, D/B, L, AVL */
	F_D = 0x4,
	F_G = 0x8,
};

static void put(uint8_t *p, uint64_t v, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void descriptor(uint8_t *gdt, uint16_t sel, uint32_t base, uint32_t limit, uint8_t type,
		       uint8_t flags)
{
	uint8_t *d = gdt + (sel & ~7);

	put(d, limit, 2);
	put(d + 2, base, 3);
	d[5] = type;
	d[6] = (uint8_t)(flags << 4 | (limit >> 16 & 0xf));
	d[7] = (uint8_t)(base >> 24);
}

static void flat(uint8_t *gdt, uint16_t sel, uint8_t type, uint8_t flags)
{
	descriptor(gdt, sel, 0, 0xfffff, type, flags | F_G);
}

static void system_segment(uint8_t *gdt, uint16_t sel, uint64_t base, uint32_t limit, uint8_t type)
{
	descriptor(gdt, sel, (uint32_t)base, limit, type, 0);
	put(gdt + (sel & ~7) + 8, base >> 32, 8);
}

void gdt_build(uint8_t *gdt, uint64_t tss)
{
	put(gdt, 0, 8);
	flat(gdt, SEL_KCS, D_CODE, F_L);
	flat(gdt, SEL_KDS, D_DATA, F_D);
	flat(gdt, SEL_UCS32, D_CODE | D_DPL3, F_D);
	flat(gdt, SEL_UDS, D_DATA | D_DPL3, F_D);
	flat(gdt, SEL_UCS, D_CODE | D_DPL3, F_L);
	flat(gdt, SEL_UDS2, D_DATA | D_DPL3, F_D);
	system_segment(gdt, SEL_TSS, tss, TSS_LIMIT, D_TSS);
	flat(gdt, SEL_KCS_NP, D_CODE & ~D_P, F_L);
	flat(gdt, SEL_UCS_NP, (D_CODE | D_DPL3) & ~D_P, F_L);
	flat(gdt, SEL_KDS_NP, D_DATA & ~D_P, F_D);
	flat(gdt, SEL_UDS_NP, (D_DATA | D_DPL3) & ~D_P, F_D);
	flat(gdt, SEL_UDS_RO, D_RODATA | D_DPL3, F_D);
	flat(gdt, SEL_UCS_LD, D_CODE | D_DPL3, F_L | F_D);
	flat(gdt, SEL_KCS2, D_CODE, F_L);
	system_segment(gdt, SEL_LDTD, W_GDT + LDT_OFFSET, LDT_LEN - 1, D_LDT);
	system_segment(gdt, SEL_TSS_RSP0, tss, 4 + 8 - 2, D_TSS);
	system_segment(gdt, SEL_TSS_IST, tss, 0x24 + 8 - 1, D_TSS);
	system_segment(gdt, SEL_TSS_IO, tss, TSS_LEN - 1, D_TSS);
	system_segment(gdt, SEL_TSS_NP, W_DNP, TSS_LIMIT, D_TSS);
	flat(gdt, SEL_KCS_CONF, D_CODE | D_CONFORMING, F_L);
	flat(gdt, SEL_UDS16, D_DATA | D_DPL3, 0);
}

void gdt_gates_build(uint8_t *gdt, uint64_t ring0, uint64_t ring3)
{
	static const struct {
		uint16_t at, cs;
		uint8_t attr;
	} gates[] = {
		{ SEL_GATE, SEL_KCS, GATE_CALL },
		{ SEL_GATE_DPL0, SEL_KCS, GATE_CALL & ~D_DPL3 },
		{ SEL_GATE_NP, SEL_KCS, GATE_CALL & ~D_P },
		{ SEL_GATE_NULL, 0, GATE_CALL },
		{ SEL_GATE_NC, SEL_KCS, GATE_CALL },
		{ SEL_GATE_UCS, SEL_UCS, GATE_CALL },
		{ SEL_GATE_UCS32, SEL_UCS32, GATE_CALL },
	};

	for (unsigned i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
		gate_write(gdt + gates[i].at,
			   gates[i].at == SEL_GATE_NC ? 1ull << 63 : gates[i].at < SEL_GATE_UCS ? ring0 : ring3,
			   gates[i].cs, gates[i].attr, 0);
}

void gdt_page_build(uint8_t *page)
{
	uint8_t *ldt = page + LDT_OFFSET;

	put(ldt, 0, 8);
	flat(ldt, SEL_LDT, D_DATA, F_D);
	flat(ldt, SEL_LDT_UDS, D_DATA | D_DPL3, F_D);
	flat(ldt, SEL_LDT_UCS, D_CODE | D_DPL3, F_L);
	for (unsigned i = 0; i < 0x1000 - GDT_SPLIT; i++)
		page[GDT_SPLIT + i] = page[i];
}

void tss_build(uint8_t *tss)
{
	static const uint32_t ist[7] = {
		W_IST1 + L_IST1, W_IST2 + L_IST2, W_IST3 + L_IST3, W_IST4 + L_IST4,
		W_IST5 + L_IST5, W_IST6 + L_IST6, W_IST7 + L_IST7,
	};

	for (unsigned i = 0; i < TSS_LEN; i++)
		tss[i] = 0;
	put(tss + 4, W_RSP0 + L_RSP0, 8);
	for (unsigned i = 0; i < 7; i++)
		put(tss + 0x24 + 8 * i, ist[i], 8);
	put(tss + 0x66, TSS_BITMAP, 2); /* beyond the limit but in SEL_TSS_IO */
	tss[TSS_LEN - 1] = 0xff;
}

void gate_write(uint8_t *gate, uint64_t offset, uint16_t sel, uint8_t attr, uint8_t ist)
{
	put(gate, offset, 2);
	put(gate + 2, sel, 2);
	gate[4] = ist;
	gate[5] = attr;
	put(gate + 6, offset >> 16, 2);
	put(gate + 8, offset >> 32, 4);
	put(gate + 12, 0, 4);
}

void idt_build(uint8_t *idt, uint64_t stubs, uint32_t stride, const uint8_t ist[32])
{
	for (unsigned v = 0; v < 256; v++) {
		int user = v == 3 || v == 4 || v == 0x80;

		gate_write(idt + 16 * v, stubs + (uint64_t)v * stride, SEL_KCS,
			   user ? GATE_USER : GATE_INTERRUPT, v < 32 ? ist[v] : 0);
	}
}
