/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC as far as steps can drive it: requests, what is in service, end of interrupt (SDM 3A 10.8). */
#include "fuzz/cpu_state.h"

int irq_ready(const struct cpu *c)
{
	int req = -1, serv = -1;

	for (int i = 0; i < IPI_VECTORS; i++) {
		if (c->irr >> i & 1)
			req = i;
		if (c->isr >> i & 1)
			serv = i;
	}
	if (req < 0 || (serv >= 0 && ipi_vector[req] >> 4 <= ipi_vector[serv] >> 4))
		return -1;
	return req;
}

void lapic_store(struct cpu *c, uint64_t addr, uint64_t v)
{
	if (addr == W_LAPIC + 0xb0) {
		for (int i = IPI_VECTORS - 1; i >= 0; i--)
			if (c->isr >> i & 1) {
				c->isr &= (uint8_t)~(1u << i);
				break;
			}
		c->irq_flight = 1;
		return;
	}
	if ((v & 0x700) == 0x400) {
		c->nmi_flight = 1;
		return;
	}
	for (unsigned i = 0; i < IPI_VECTORS; i++)
		if (ipi_vector[i] == (v & 0xff))
			c->irr |= (uint8_t)(1u << i);
	c->irq_flight = 1;
}
