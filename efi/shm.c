/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/shm.h"

#include "efi/abi/window.h"
#include "efi/cpu.h"

enum {
	PCI_ADDRESS = 0xcf8, /* configuration mechanism #1 */
	PCI_DATA = 0xcfc,
	PCI_ENABLE = 1u << 31,
	PCI_SLOTS = 32,
	PCI_ID = 0x00,
	PCI_COMMAND = 0x04,
	PCI_BAR0 = 0x10,
	COMMAND_MEMORY = 1 << 1,
	BAR_IO = 1 << 0,
	BAR_64 = 2 << 1,
	BAR_FLAGS = 0xf,
};

static void select(unsigned slot, unsigned reg)
{
	outl(PCI_ADDRESS, (uint32_t)PCI_ENABLE | slot << 11 | reg);
}

static uint32_t config_read(unsigned slot, unsigned reg)
{
	select(slot, reg);
	return inl(PCI_DATA);
}

uint64_t shm_open(struct shm *s)
{
	const unsigned bar = PCI_BAR0 + 4 * SHM_BAR;
	unsigned slot = 0;
	uint64_t at;

	*s = (struct shm){ 0 };
	while (slot < PCI_SLOTS && config_read(slot, PCI_ID) != (SHM_VENDOR | (uint32_t)SHM_DEVICE << 16))
		slot++;
	if (slot == PCI_SLOTS)
		return 0;
	at = config_read(slot, bar);
	if (at & BAR_IO)
		return 0;
	if (at & BAR_64)
		at |= (uint64_t)config_read(slot, bar + 4) << 32;
	at &= ~(uint64_t)BAR_FLAGS;
	if (!at)
		return 0;
	select(slot, PCI_COMMAND);
	outw(PCI_DATA, (uint16_t)(inl(PCI_DATA) | COMMAND_MEMORY));
	s->window = (struct shm_window *)(uintptr_t)SHM_AT;
	return at;
}

int shm_receive(struct shm *s, struct wire_msg *ret_msg)
{
	const struct shm_box *box = shm_look(s->window->request, &s->seen);

	return box && wire_unpack(box->frame, box->len, ret_msg);
}
