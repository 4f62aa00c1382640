/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/second.h"

#include "efi/abi/tables.h"
#include "efi/abi/window.h"
#include "efi/apic.h"
#include "efi/boot.h"
#include "efi/cpu.h"

enum {
	VECTORS = 0x30,
	WAKE = 0x20, /* the interrupt that ends its sleep */
	SPURIOUS = 0x2f,
	PATIENCE = 1 << 26, /* turns of a loop in which it must have answered; a second and more */
	ICR_BUSY = 1 << 12,
	ICR_FIXED = 0x4000,
	ICR_NMI = 0x4400,
	SENDING = 1, /* in place of what was asked for: it is being sent */
};

static struct {
	volatile uint32_t *mail; /* by the firmware's page tables */
	uint32_t id, first_id;
	/* what the first processor says, and what the second does */
	volatile uint32_t awake, end;
	volatile uint32_t gone;
} s;

/* The same by ours. */
static volatile uint32_t *mail(void)
{
	return (volatile uint32_t *)ALIAS((uint64_t)W_SECOND);
}

static uint8_t idt[16 * VECTORS] __attribute__((aligned(16)));

struct frame;

/* What it is woken by, and what may come besides: SPURIOUS, and an NMI of the machine's, wanted by nobody here. */
__attribute__((interrupt)) static void wake(struct frame *frame)
{
	(void)frame;
}

static void message(uint32_t to, uint32_t icr)
{
	apic_write(APIC_ICR_HIGH, to << 24);
	apic_write(APIC_ICR_LOW, icr);
	while (apic_read(APIC_ICR_LOW) & ICR_BUSY)
		pause();
}

/*
 * What is asked for stands there until it has been sent, so that who waits knows. Meanwhile the next may have been asked
 * for, by the handler of what has just arrived. Nothing is sent that no step asks for.
 */
static void look(void)
{
	uint32_t icr = *s.mail, sending = SENDING;

	if (!icr)
		return;
	icr = __atomic_exchange_n(s.mail, SENDING, __ATOMIC_SEQ_CST);
	if (icr == ICR_NMI || (icr & ~0xffu) == ICR_FIXED)
		message(s.first_id, icr);
	__atomic_compare_exchange_n(s.mail, &sending, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* On the second processor, whose interrupts are off. */
static void body(void)
{
	struct table_reg firmware = sidt(), ours = { sizeof(idt) - 1, (uintptr_t)idt };
	struct apic_saved saved;

	for (unsigned v = 0; v < VECTORS; v++)
		gate_write(idt + 16 * v, (uintptr_t)wake, read_cs(), v == 2 || v >= WAKE ? GATE_INTERRUPT : 0, 0);
	lidt(&ours);
	apic_take(&saved);
	apic_ready(s.id);
	apic_write(APIC_SVR, APIC_SVR_ENABLE | SPURIOUS);
	while (!s.end) {
		if (s.awake) {
			look();
			pause();
		} else {
			sti_hlt_cli();
			apic_write(APIC_EOI, 0);
		}
	}
	apic_give(&saved);
	lidt(&firmware);
	s.gone = 1;
}

int second_start(volatile uint32_t *mail, uint32_t own_id)
{
	/* its number has eight bits, and its local APIC a page */
	if (!apic_page())
		return -1;
	s.mail = mail;
	s.first_id = own_id;
	return boot_second(body, &s.id);
}

static void rouse(void)
{
	message(s.id, ICR_FIXED | WAKE);
	apic_write(APIC_ICR_HIGH, s.first_id << 24);
}

void second_wake(void)
{
	/* a step that something else led into may have asked while it slept */
	*mail() = 0;
	s.awake = 1;
	rouse();
}

int second_rest(void)
{
	unsigned turns = 0;

	while (*mail() && turns++ < PATIENCE)
		pause();
	s.awake = 0;
	return *mail() ? -1 : 0;
}

const char *second_end(void)
{
	uint32_t icr_high = apic_read(APIC_ICR_HIGH);
	unsigned turns = 0;

	s.end = 1;
	rouse();
	apic_write(APIC_ICR_HIGH, icr_high);
	while (!s.gone && turns++ < PATIENCE)
		pause();
	return !s.gone || boot_second_back() ? "the second processor does not come back" : 0;
}
