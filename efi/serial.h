/* SPDX-License-Identifier: BSD-2-Clause */
/* A 16550 on I/O ports, polled, 115200 8N1. */
#ifndef TW_SERIAL_H
#define TW_SERIAL_H

#include <stddef.h>
#include <stdint.h>

enum { SERIAL_FIFO = 16 };

struct serial {
	uint16_t port;
	uint8_t has_fifo;
	/* as the firmware had it */
	uint8_t ier, lcr, mcr, divisor[2];
};

/* Returns -1, and touches nothing more, when no UART answers there. */
int serial_open(struct serial *s, uint16_t port);

/* Put the line settings back as they were found. */
void serial_close(struct serial *s);

/* What has arrived: up to SERIAL_FIFO bytes, 0 when there is nothing. Never waits. */
unsigned serial_receive(struct serial *s, uint8_t out[SERIAL_FIFO]);

/* Send all of it, waiting as long as the line takes. */
void serial_send(struct serial *s, const uint8_t *data, size_t len);

/* Wait until the last bit has left. */
void serial_drain(struct serial *s);

#endif
