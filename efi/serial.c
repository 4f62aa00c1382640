/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/serial.h"

#include "efi/cpu.h"

/* Registers, as offsets from the port. */
enum { RBR = 0, THR = 0, DLL = 0, IER = 1, DLM = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, SCR = 7 };

enum {
	LCR_8N1 = 0x03,
	LCR_DLAB = 0x80,
	IER_RECEIVED = 0x01,
	IIR_MASK = 0x0f,
	IIR_RECEIVED = 0x04, /* the FIFO holds at least its trigger level */
	IIR_FIFOS = 0xc0,
	FCR_ENABLE = 0x01,
	FCR_CLEAR = 0x06,
	FCR_TRIGGER_14 = 0xc0,
	MCR_DTR_RTS = 0x03, /* OUT2 clear: on a PC that keeps the interrupt off the line */
	LSR_DR = 0x01,
	LSR_THRE = 0x20,
	LSR_TEMT = 0x40,
	TRIGGER = 14,
	IDLE_SPIN = 100,
	DIVISOR_115200 = 1,
};

static void set_divisor(uint16_t port, uint8_t low, uint8_t high, uint8_t lcr)
{
	outb(port + LCR, LCR_DLAB);
	outb(port + DLL, low);
	outb(port + DLM, high);
	outb(port + LCR, lcr);
}

int serial_open(struct serial *s, uint16_t port)
{
	/* the scratch register does nothing, so it shows whether anybody is there */
	for (uint8_t v = 0x5a; v; v = v == 0x5a ? 0xa5 : 0) {
		outb(port + SCR, v);
		if (inb(port + SCR) != v)
			return -1;
	}
	s->port = port;
	s->lcr = inb(port + LCR) & ~LCR_DLAB;
	outb(port + LCR, s->lcr);
	s->ier = inb(port + IER);
	s->mcr = inb(port + MCR);
	outb(port + LCR, LCR_DLAB);
	s->divisor[0] = inb(port + DLL);
	s->divisor[1] = inb(port + DLM);
	set_divisor(port, DIVISOR_115200, 0, LCR_8N1);
	outb(port + FCR, FCR_ENABLE | FCR_CLEAR | FCR_TRIGGER_14);
	outb(port + MCR, MCR_DTR_RTS);
	/* the interrupt never leaves the chip, but its identification tells how full the FIFO is */
	outb(port + IER, IER_RECEIVED);
	s->has_fifo = (inb(port + IIR) & IIR_FIFOS) == IIR_FIFOS;
	return 0;
}

void serial_close(struct serial *s)
{
	serial_drain(s);
	set_divisor(s->port, s->divisor[0], s->divisor[1], s->lcr);
	outb(s->port + MCR, s->mcr);
	outb(s->port + IER, s->ier);
}

unsigned serial_receive(struct serial *s, uint8_t out[SERIAL_FIFO])
{
	unsigned n = 0;

	/*
	 * Nothing there: let some time pass before the next look. Under an emulator every look takes
	 * the lock that the byte needs to come in.
	 */
	if (!(inb(s->port + LSR) & LSR_DR)) {
		for (volatile unsigned i = 0; i < IDLE_SPIN; i++)
			;
		return 0;
	}
	/* at the trigger level 14 bytes are there for certain: no need to ask before each */
	if (s->has_fifo && (inb(s->port + IIR) & IIR_MASK) == IIR_RECEIVED) {
		insb(s->port + RBR, out, TRIGGER);
		return TRIGGER;
	}
	while (n < SERIAL_FIFO && (inb(s->port + LSR) & LSR_DR))
		out[n++] = inb(s->port + RBR);
	return n;
}

void serial_send(struct serial *s, const uint8_t *data, size_t len)
{
	const size_t most = s->has_fifo ? SERIAL_FIFO : 1;

	while (len) {
		size_t n = len < most ? len : most;

		while (!(inb(s->port + LSR) & LSR_THRE))
			pause();
		outsb(s->port + THR, data, n);
		data += n;
		len -= n;
	}
}

void serial_drain(struct serial *s)
{
	while (!(inb(s->port + LSR) & LSR_TEMT))
		pause();
}
