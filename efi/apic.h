/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC in the mode it is found in: registers by their xAPIC offsets, as the manual names them. */
#ifndef TW_APIC_H
#define TW_APIC_H

#include <stdint.h>

enum apic_reg {
	APIC_ID = 0x20,
	APIC_VERSION = 0x30,
	APIC_TPR = 0x80,
	APIC_EOI = 0xb0,
	APIC_SVR = 0xf0,
	APIC_ISR = 0x100,
	APIC_IRR = 0x200,
	APIC_ICR_LOW = 0x300,
	APIC_ICR_HIGH = 0x310,
	APIC_LVT_CMCI = 0x2f0,
	APIC_LVT_TIMER = 0x320,
	APIC_LVT_THERMAL = 0x330,
	APIC_LVT_PERF = 0x340,
	APIC_LVT_LINT0 = 0x350,
	APIC_LVT_LINT1 = 0x360,
	APIC_LVT_ERROR = 0x370,
	APIC_INITIAL_COUNT = 0x380,
	APIC_CURRENT_COUNT = 0x390,
	APIC_DIVIDE = 0x3e0,
	APIC_MASKED = 1 << 16,
	APIC_SVR_ENABLE = 1 << 8,
};

struct apic_saved {
	uint32_t svr, tpr, icr_high, divide, initial, lvt[7];
	uint64_t deadline;
};

/* 0, or -1 when the local APIC is switched off. */
int apic_open(void);

/* Physical address of the xAPIC page; 0 in x2APIC mode, which has none. */
uint64_t apic_page(void);

uint32_t apic_read(enum apic_reg reg);
void apic_write(enum apic_reg reg, uint32_t v);

/* Mask every local source and switch the APIC on with the spurious vector 0xff; and undo it. */
void apic_take(struct apic_saved *ret_saved);
void apic_ready(uint32_t own_id);
void apic_give(const struct apic_saved *saved);

#endif
