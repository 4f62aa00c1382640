/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last words. They need no IDT, no stack but the caller's and no memory but constants: whatever
 * table is broken, the UART still takes bytes.
 */
#include "efi/abi/fmt.h"
#include "efi/cpu.h"
#include "efi/machine.h"

enum { RESET_PORT = 0xcf9, RESET_FULL = 0x0e };

static const char *vector_words(uint8_t vector)
{
	switch (vector) {
#define VEC(n, name, err, class, kind, words) \
	case n:                               \
		return "#" #name ", " words;
#include "efi/abi/vectors.def"
#undef VEC
	}
	return "an interrupt";
}

static int describe(const struct record *rec, char *out, size_t cap)
{
	return fmt_print(out, cap,
			 "trainwreck: panic: vector %u (%s) in harness text, entry %u, step %u\n"
			 "  rip %016lx  cs  %04lx  rflags %016lx\n"
			 "  rsp %016lx  ss  %04lx  error  %016lx\n"
			 "  cr0 %016lx  cr2 %016lx\n"
			 "  cr3 %016lx  cr4 %016lx\n"
			 "  dr6 %016lx  landed %016lx\n"
			 "  next: report this text with the test case that was running\n",
			 rec->vector, vector_words(rec->vector), rec->entry, rec->step, rec->rip,
			 rec->cs, rec->rflags, rec->rsp, rec->ss, rec->err, read_cr0(), read_cr2(),
			 read_cr3(), read_cr4(), read_dr6(), rec->landed);
}

void panic_event(const struct record *rec)
{
	static char text[1024];
	static uint8_t frame[WIRE_FRAME_MAX];
	struct wire_head head = { .type = MSG_PANIC };
	int len = describe(rec, text, sizeof(text));
	size_t n = wire_encode(frame, head, text, (size_t)len);

	if (machine.config.port) {
		/* a zero first: the line may be in the middle of another frame */
		serial_send(&machine.serial, (const uint8_t *)"", 1);
		serial_send(&machine.serial, frame, n);
		serial_send(&machine.serial, (const uint8_t *)text, (size_t)len);
		serial_drain(&machine.serial);
	}
	if (machine.config.on_panic == CONFIG_RESET)
		outb(RESET_PORT, RESET_FULL);
	for (;;) {
		cli();
		hlt();
	}
}
