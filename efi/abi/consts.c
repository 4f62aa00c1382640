/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C constants that assembly needs too: compiled to assembly text, from which the Makefile takes the
 * marked strings, so no number is typed twice. Strings, because clang parses what it prints. Never linked.
 */
#include "efi/abi/record.h"
#include "efi/abi/tables.h"
#include "efi/abi/victim.h"

/* As an int: an immediate has 32 bits and a sign. */
#define EMIT(name) __asm__ volatile(".ascii \"@@" #name " equ %c0\"" ::"i"((int)(name)))

void emit_consts(void);
void emit_consts(void)
{
	EMIT(ENTRY_IDT);
	EMIT(ENTRY_SYSCALL);
	EMIT(ENTRY_SYSCALL32);
	EMIT(ENTRY_SYSENTER);
	EMIT(RECORDS_MAX);
	EMIT(STEPS_MAX);
	EMIT(SEL_KCS);
	EMIT(SEL_KDS);
	EMIT(SEL_UCS32);
	EMIT(SEL_UDS);
	EMIT(SEL_UCS);
	EMIT(SREG_ES);
	EMIT(SREG_FS);
	EMIT(SREG_GS);
	EMIT(SREG_DS);
	EMIT(MSR_OF_NOBODY);
	EMIT(MODE_IDLE);
	EMIT(MODE_RUN);
	EMIT(MODE_DRAIN);
	EMIT(TAPE_ENTRY_LEN);
	EMIT(TAPE_ARG0);
	EMIT(STACK_START_GAP);
	EMIT(SET_LEN);
	EMIT(CR0_START);
	EMIT(CR0_TS_BIT);
	EMIT(EFER_START);
	EMIT(SEL_KCS_NP);
	EMIT(SEL_KDS_NP);
	EMIT(SEL_UDS_NP);
	EMIT(SEL_UDS2);
	EMIT(SEL_UCS_LD);
	EMIT(SEL_KCS2);
	EMIT(SEL_LDTD);
	EMIT(SEL_TSS);
	EMIT(SEL_TSS_RSP0);
	EMIT(SEL_TSS_IST);
	EMIT(SEL_TSS_IO);
	EMIT(SEL_TSS_NP);
	EMIT(SEL_KCS_CONF);
	EMIT(SEL_GATE);
	EMIT(SEL_GATE_DPL0);
	EMIT(SEL_GATE_NP);
	EMIT(SEL_GATE_NULL);
	EMIT(SEL_GATE_NC);
	EMIT(SEL_GATE_UCS);
	EMIT(SEL_GATE_UCS32);
	EMIT(SEL_OUT);
	EMIT(SEL_LDT);
	EMIT(SEL_LDT_UCS);
	EMIT(GDT_LIMIT);
	EMIT(IDT_LIMIT);
	EMIT(GDT_SPLIT);
	EMIT(LDT_OFFSET);
	EMIT(IPI_VECTOR0);
	EMIT(IPI_VECTOR1);
	EMIT(IPI_VECTOR2);
	EMIT(TIMER_VECTOR);
	EMIT(HOST_LINT1);
	EMIT(HOST_MC);
	EMIT(SETS_LAST);
	EMIT(RAW_LEN);
	EMIT(DR6_START);
	EMIT(DR7_START);
	EMIT(DR7_TYPES);
	EMIT(DR7_LOCAL);
	EMIT(DR7_GD);
	EMIT(DR7_ARMED);
	EMIT(DR7_IO);
	EMIT(DR7_IO4);
	EMIT(PORT);
	EMIT(BP_NOWHERE);
	EMIT(PC_KSTACK);
	EMIT(PC_URSP);
	EMIT(PC_NMI_STATE);
	EMIT(PC_BASE);
	EMIT(PC_ENTRY);
	EMIT(PLACES_AT);
}
