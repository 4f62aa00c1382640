/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the rest of the application may ask of the firmware, without one firmware type. Everything here
 * works only while the machine is the firmware's: before takeover() and after handback().
 */
#ifndef TW_BOOT_H
#define TW_BOOT_H

#include <stddef.h>
#include <stdint.h>

/* One piece of physical memory that the firmware lists. */
struct boot_range {
	uint64_t base, len;
};

/* Where the firmware loaded this application. */
struct boot_range boot_image(void);

/* Vendor and revision of the firmware. */
void boot_firmware(char *out, size_t cap);

/* Where it says SMBIOS structures lie; len 0: nowhere. */
struct boot_range boot_smbios(void);

/* Write to the firmware's console; '\n' ends a line. boot_print cuts what is longer than 255 characters. */
void boot_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void boot_say(const char *text);
void boot_clear(void);

/* The key that was pressed, 0 when none was; BOOT_KEY_OTHER for one that is no character. Never waits. */
enum { BOOT_KEY_OTHER = 1 };
char boot_key(void);
void boot_drop_keys(void);

/* The words with which the firmware or its shell started us; "" when there are none, or no words. */
void boot_options(char *out, size_t cap);

/*
 * Read a whole file of the volume the application came from. Returns 0; BOOT_NO_FILE; or BOOT_NO_READ when
 * it is longer than cap, or the volume does not give it.
 */
enum { BOOT_NO_FILE = -1, BOOT_NO_READ = -2 };
int boot_read(const char *path, void *out, size_t cap, size_t *ret_len);
/* The same of at most cap bytes from `from` on; *ret_len is 0 at the file's end. */
int boot_read_from(const char *path, size_t from, void *out, size_t cap, size_t *ret_len);

/* Create or replace a file there. Returns 0, or -1 when the volume does not take it. */
int boot_write(const char *path, const void *data, size_t len);

/* Add to the end of a file, which is made when it is not there. Returns 0, or -1. */
int boot_append(const char *path, const void *data, size_t len);

int boot_exists(const char *path);
void boot_remove(const char *path);

/*
 * The name of a folder's index-th entry, its dots not counted. Returns 0, or -1 behind the last. To be
 * asked from 0 on, one after the other.
 */
int boot_list(const char *path, unsigned index, char *out, size_t cap);

enum boot_end { BOOT_RETURN, BOOT_HALT, BOOT_REBOOT, BOOT_POWEROFF };

/* What becomes of the machine; returns only for BOOT_RETURN, or where the firmware cannot. */
void boot_end(enum boot_end how);

/*
 * Pages for as long as the application runs, zeroed, none of them in [avoid, avoid_end); NULL when
 * memory is short. Physical and linear address are the same.
 */
void *boot_pages(size_t n, uint64_t avoid, uint64_t avoid_end);

/*
 * Lend us one of the machine's other processors: it calls body, in the firmware's own page tables and on its stack,
 * until that returns. 0, or -1 where the firmware has none to lend that an 8-bit APIC ID names.
 */
int boot_second(void (*body)(void));
/* When body has returned: wait for the firmware to have it back. 0, or -1 when it has not within a second. */
int boot_second_back(void);

/* Wait, by the firmware's clock. */
void boot_stall(uint32_t microseconds);

/* Between these two the firmware's own timers and events stay out. */
void boot_hush(void);
void boot_unhush(void);

/* The application proper (main.c); its result is what the firmware is told: 0 for success. */
int machine_main(void);

#endif
