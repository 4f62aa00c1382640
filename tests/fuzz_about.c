/* SPDX-License-Identifier: BSD-2-Clause */
/* libFuzzer: any bytes as SMBIOS structures and as an entry point. */
#include <stdlib.h>
#include <string.h>

#include "efi/abi/about.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct about a = { 0 };
	uint64_t base;
	size_t len;

	smbios_entry(data, size, &base, &len);
	smbios_read(data, size, &a);
	for (const char *p = a.system; *p; p++)
		if (*p < ' ' || *p > '~')
			abort();
	if (strlen(a.bios) >= ABOUT_TEXT || strlen(a.board) >= ABOUT_TEXT)
		abort();
	return 0;
}
