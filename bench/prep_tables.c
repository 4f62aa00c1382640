/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptor tables and breakpoints as a row needs them, and back. */
#include "bench/prep.h"

#include <string.h>

#include "efi/abi/tables.h"
#include "efi/cpu.h"

enum {
	TSS_RSP0 = 4,
	TSS_IST1 = 0x24,
	TSS_IST2 = 0x2c,
	GATE_TRAP_BIT = 1,
	GATE_PRESENT = 0x80,
	TSS_BUSY = 2,
	FLAG_D = 0x40, /* in byte 6 of a descriptor */
	VEC_DF = 8,
	VEC_NP = 11,
	VEC_PF = 14,
	VEC_GATE = 0x40, /* what the rows with INT n use */
	PAGE = 0x1000,
	BP_EXEC_0 = 0x1,	/* L0; R/W0 and LEN0 are 0 for an instruction */
	BP_WRITE_01 = 0xdd0005, /* L0, L1, write, four bytes */
};
#define DR7_NONE 0x400ull

static struct {
	uint8_t idt[IDT_LEN], tss[TSS_LEN], gdt[PAGE];
	uint16_t tr, ldtr;
	uint64_t dr0, dr1, dr6, dr7;
} saved;

static uint8_t *alias(uint32_t addr)
{
	return (uint8_t *)(uintptr_t)ALIAS((uint64_t)addr);
}

static uint8_t *descriptor(uint16_t sel)
{
	return alias(W_GDT) + (sel & ~7u);
}

/* LTR takes a TSS that is not busy only, also the one that it holds. */
static void load_task(uint16_t sel)
{
	descriptor(sel)[5] &= (uint8_t)~TSS_BUSY;
	ltr(sel);
}

static void install_segments(const struct bench_row *row, uint32_t handler)
{
	gdt_page_build(alias(W_GDT));
	if (row->via == VIA_GATE)
		gate_write(descriptor(SEL_LDTD), handler, SEL_KCS, GATE_CALL, 0);
	if (row->prep & PREP_SS16)
		descriptor(SEL_UDS2)[6] &= (uint8_t)~FLAG_D;
	if (row->prep & PREP_LDT)
		lldt(SEL_LDTD);
	if (row->prep & PREP_TSS_CUT)
		load_task(SEL_TSS_IST);
}

static void install_gates(const struct bench_row *row, const struct bench_body *body, uint32_t handler)
{
	const struct bench_head *head = bench_head();
	uint8_t *idt = alias(W_IDT);

	for (unsigned v = 0; v < 256; v++) {
		int user = v == BENCH_VEC_LEAVE || v == BENCH_VEC_MISSED;

		gate_write(idt + 16 * v, head->stubs + (uint64_t)v * head->stride, SEL_KCS,
			   user ? GATE_USER : GATE_INTERRUPT, v == VEC_DF);
	}
	if (row->via < 256)
		gate_write(idt + 16 * row->via, handler, row->prep & PREP_KCS2 ? SEL_KCS2 : SEL_KCS,
			   GATE_USER | (row->prep & PREP_TRAP ? GATE_TRAP_BIT : 0),
			   !!(row->prep & PREP_IST));
	if (body->outer && (body->outer_via & 0xffff) < 256)
		gate_write(idt + 16 * (body->outer_via & 0xff), body->outer, SEL_KCS, GATE_USER,
			   (uint8_t)(body->outer_via >> 16));
	if (row->prep & PREP_GATE_NP)
		gate_write(idt + 16 * VEC_GATE, 0, SEL_KCS, GATE_USER & ~GATE_PRESENT, 0);
	if (row->prep & PREP_TSS_CUT)
		gate_write(idt + 16 * VEC_GATE, 0, SEL_KCS, GATE_USER, 2);
	if (row->prep & PREP_NP_NP)
		idt[16 * VEC_NP + 5] &= (uint8_t)~GATE_PRESENT;
	if (row->prep & PREP_PF_NP)
		idt[16 * VEC_PF + 5] &= (uint8_t)~GATE_PRESENT;
}

void prep_tables_do(const struct bench_row *row, const struct bench_body *body, uint32_t handler)
{
	uint64_t rsp0 = W_BDATA + BD_RSP0TOP, ist1 = W_BDATA + BD_ISTTOP, ist2 = W_BDATA + BD_IST2TOP;

	memcpy(saved.idt, alias(W_IDT), sizeof(saved.idt));
	memcpy(saved.tss, alias(W_TSS), sizeof(saved.tss));
	memcpy(saved.gdt, alias(W_GDT), sizeof(saved.gdt));
	saved.tr = str();
	saved.ldtr = sldt();
	install_gates(row, body, handler);
	memcpy(alias(W_TSS) + TSS_RSP0, &rsp0, sizeof(rsp0));
	memcpy(alias(W_TSS) + TSS_IST1, &ist1, sizeof(ist1));
	memcpy(alias(W_TSS) + TSS_IST2, &ist2, sizeof(ist2));
	install_segments(row, handler);
}

/* The row may have left another LDT and another TSS behind, so both are loaded again. */
void prep_tables_undo(void)
{
	memcpy(alias(W_TSS), saved.tss, sizeof(saved.tss));
	memcpy(alias(W_IDT), saved.idt, sizeof(saved.idt));
	memcpy(alias(W_GDT), saved.gdt, sizeof(saved.gdt));
	load_task(saved.tr);
	lldt(saved.ldtr);
}

/* Last of all that is done and first of all that is undone: nothing else is to meet a breakpoint.
 */
void prep_debug_do(const struct bench_row *row, uint32_t event)
{
	saved.dr0 = read_dr0();
	saved.dr1 = read_dr1();
	saved.dr6 = read_dr6();
	saved.dr7 = read_dr7();
	write_dr7(DR7_NONE);
	if (row->prep & PREP_BP_X) {
		write_dr0(event);
		write_dr7(DR7_NONE | BP_EXEC_0);
	}
	if (row->prep & PREP_BP_W) {
		write_dr0(W_DSUP);
		write_dr1(W_DUSER);
		write_dr7(DR7_NONE | BP_WRITE_01);
	}
}

void prep_debug_undo(void)
{
	write_dr7(DR7_NONE);
	write_dr0(saved.dr0);
	write_dr1(saved.dr1);
	write_dr6(saved.dr6);
	write_dr7(saved.dr7);
}
