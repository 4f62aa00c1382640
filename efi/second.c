/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/second.h"

#include "efi/abi/tables.h"
#include "efi/abi/window.h"
#include "efi/apic.h"
#include "efi/boot.h"
#include "efi/cpu.h"

enum {
	VECTORS = 256,
	WAKE = 0x20, /* the interrupt that ends its sleep; any other from here on is as good */
	SPURIOUS = 0x2f,
	NMI = 2,
	PATIENCE = 1 << 28, /* turns of a loop in which it must have answered; seconds */
	ARRIVAL = 20000, /* ticks in which a message that has left the sender is taken */
	BASE_BSP = 1 << 8,
	ICR_BUSY = 1 << 12,
	ICR_FIXED = 0x4000,
	ICR_NMI = 0x4400,
	SENDING = 1, /* in place of what was asked for: it is being sent */
};

static struct {
	volatile uint32_t *mail; /* by the firmware's page tables */
	uint64_t base; /* the first one's IA32_APIC_BASE */
	uint32_t first_id;
	volatile uint32_t id;
	/* what the first processor says, and what the second does */
	volatile uint32_t awake, end, gone;
	volatile uint32_t start; /* who comes first says how it went */
	int lent;
} s;

enum { STARTING, READY, LATE };

/* Whether this processor is the one that says it. */
static int settle(uint32_t start)
{
	uint32_t open = STARTING;

	return __atomic_compare_exchange_n(&s.start, &open, start, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The same by ours. */
static volatile uint32_t *asked(void)
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

/* Anything else should not be: it is not heard of again, which who asks it notices, and the machine goes on. */
__attribute__((interrupt)) static void park(struct frame *frame)
{
	(void)frame;
	for (;;)
		hlt();
}

static void message(uint32_t to, uint32_t icr)
{
	apic_write(APIC_ICR_HIGH, to << 24);
	apic_write(APIC_ICR_LOW, icr);
	while (apic_read(APIC_ICR_LOW) & ICR_BUSY)
		pause();
}

/*
 * What is asked for stands there until it has been sent, and has had the time to arrive: who waits leaves its window then.
 * Meanwhile the next may have been asked for, by the handler of what has just arrived. Nothing is sent that no step asks for.
 */
static void look(void)
{
	uint32_t icr = *s.mail, sending = SENDING;
	uint64_t sent;

	if (!icr)
		return;
	icr = __atomic_exchange_n(s.mail, SENDING, __ATOMIC_SEQ_CST);
	if (icr == ICR_NMI || (icr & ~0xffu) == ICR_FIXED)
		message(s.first_id, icr);
	for (sent = rdtsc(); rdtsc() - sent < ARRIVAL;)
		pause();
	__atomic_compare_exchange_n(s.mail, &sending, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* On the second processor, whose interrupts are off. The end is said to who sleeps, so that no interrupt is left behind. */
static void serve(void)
{
	for (;;) {
		sti_hlt_cli();
		apic_write(APIC_EOI, 0);
		if (s.end)
			return;
		while (s.awake) {
			look();
			pause();
		}
	}
}

static void body(void)
{
	struct table_reg firmware = sidt(), ours = { sizeof(idt) - 1, (uintptr_t)idt };
	struct apic_saved saved;

	/* in another mode, or elsewhere, its local APIC is not the one that is written here */
	if (!((rdmsr(IA32_APIC_BASE) ^ s.base) & ~(uint64_t)BASE_BSP)) {
		for (unsigned v = 0; v < VECTORS; v++)
			gate_write(idt + 16 * v, (uintptr_t)(v == NMI || v >= WAKE ? wake : park), read_cs(),
				   GATE_INTERRUPT, 0);
		lidt(&ours);
		apic_take(&saved);
		s.id = apic_read(APIC_ID) >> 24;
		apic_ready(s.id);
		apic_write(APIC_SVR, APIC_SVR_ENABLE | SPURIOUS);
		if (settle(READY))
			serve();
		apic_give(&saved);
		lidt(&firmware);
	}
	s.gone = 1;
}

int second_start(volatile uint32_t *mail, uint32_t own_id)
{
	/* its number has eight bits, and its local APIC a page */
	if (!apic_page())
		return -1;
	s.mail = mail;
	s.first_id = own_id;
	s.base = rdmsr(IA32_APIC_BASE);
	if (boot_second(body))
		return -1;
	s.lent = 1;
	for (unsigned turns = 0; s.start == STARTING && !s.gone && turns < PATIENCE; turns++)
		pause();
	return settle(LATE) ? -1 : 0;
}

static void rouse(void)
{
	message(s.id, ICR_FIXED | WAKE);
	apic_write(APIC_ICR_HIGH, s.first_id << 24);
}

void second_wake(void)
{
	/* a step that something else led into may have asked while it slept */
	*asked() = 0;
	s.awake = 1;
	rouse();
}

int second_rest(void)
{
	for (unsigned turns = 0; *asked() && turns < PATIENCE; turns++)
		pause();
	s.awake = 0;
	return *asked() ? -1 : 0;
}

int second_end(void)
{
	uint32_t icr_high;

	if (!s.lent)
		return 0;
	if (s.start == READY) {
		icr_high = apic_read(APIC_ICR_HIGH);
		s.end = 1;
		rouse();
		apic_write(APIC_ICR_HIGH, icr_high);
	}
	for (unsigned turns = 0; !s.gone && turns < PATIENCE; turns++)
		pause();
	return s.gone ? boot_second_back() : -1;
}
