/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware's types, which boot.c and boot_mp.c alone know; all others include efi/boot.h. */
#ifndef TW_FIRMWARE_H
#define TW_FIRMWARE_H

#include <efi.h>

extern EFI_BOOT_SERVICES *bs;

#endif
