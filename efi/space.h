/* SPDX-License-Identifier: BSD-2-Clause */
/* The address space of the taken-over machine: this application, the victim window, its alias. */
#ifndef TW_SPACE_H
#define TW_SPACE_H

#include "efi/abi/image.h"
#include "efi/abi/profile.h"
#include "efi/abi/window.h"
#include "efi/paging.h"

struct space {
	struct pager pager;
	uint8_t *backing[N_REGIONS]; /* memory behind each region, at its physical address */
};

/*
 * Build it all in memory from the firmware. Returns NULL, or why it cannot be done and what to do
 * about it.
 */
const char *space_build(struct space *s, const struct profile *profile, uint64_t apic_page);

/* Copy the sections of an image to where the window shows them. Same result. */
const char *space_load(struct space *s, const uint8_t *image, const uint8_t *image_end);

/* Memory of a device, at an address outside the victim's window. Same result. */
const char *space_map(struct space *s, uint64_t va, uint64_t pa, size_t len);

/*
 * Memory from boot_pages() that is needed while the machine is taken over: keep it at its address.
 * Same result.
 */
const char *space_keep(struct space *s, const void *memory, size_t len);

#endif
