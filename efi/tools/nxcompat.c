/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs on the machine that builds: makes a PE image say that it bears non-executable data (newer
 * firmware refuses one that does not), and refuses an image with a section both writable and
 * executable. objcopy cannot do the first and does not check the second.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "efi/abi/little.h"

enum {
	PE_OFFSET = 0x3c,
	HEADER_LEN = 4096,
	DLL_CHARACTERISTICS = 24 + 70, /* from the signature, for PE32+ */
	NX_COMPAT = 0x0100,
	SECTION_LEN = 40,
	SECTION_FLAGS = 36,
};
#define SECTION_WX 0xa0000000u

/* Offset of the PE signature, 0 when this is no PE32+ image whose headers are all in `head`. */
static uint32_t find_pe(const uint8_t *head, size_t len)
{
	uint32_t pe = len > PE_OFFSET + 4 ? (uint32_t)little(head + PE_OFFSET, 4) : 0;

	if (!pe || pe + 24 + 112 > len || memcmp(head + pe, "PE\0\0", 4) ||
	    little(head + pe + 24, 2) != 0x20b)
		return 0;
	if (pe + 24 + little(head + pe + 20, 2) + SECTION_LEN * little(head + pe + 6, 2) > len)
		return 0;
	return pe;
}

static int check_sections(const uint8_t *pe, const char *path)
{
	const uint8_t *s = pe + 24 + little(pe + 20, 2);

	for (uint32_t i = 0; i < little(pe + 6, 2); i++, s += SECTION_LEN) {
		if ((little(s + SECTION_FLAGS, 4) & SECTION_WX) != SECTION_WX)
			continue;
		fprintf(stderr, "nxcompat: %s: section %.8s is writable and executable: fix the link\n",
			path, (const char *)s);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	uint8_t head[HEADER_LEN];
	FILE *f = argc == 2 ? fopen(argv[1], "r+b") : NULL;
	uint32_t pe, flags;
	size_t len;
	int bad;

	if (!f) {
		fprintf(stderr, "usage: nxcompat IMAGE.EFI, an existing file that can be written\n");
		return 2;
	}
	len = fread(head, 1, sizeof(head), f);
	pe = find_pe(head, len);
	if (!pe) {
		fprintf(stderr, "nxcompat: %s: not a PE32+ image: see that objcopy made it\n", argv[1]);
		fclose(f);
		return 1;
	}
	flags = (uint32_t)little(head + pe + DLL_CHARACTERISTICS, 2) | NX_COMPAT;
	head[pe + DLL_CHARACTERISTICS] = (uint8_t)flags;
	head[pe + DLL_CHARACTERISTICS + 1] = (uint8_t)(flags >> 8);
	bad = check_sections(head + pe, argv[1]) || fseek(f, 0, SEEK_SET) ||
	      fwrite(head, 1, len, f) != len;
	if (fclose(f) || bad) {
		fprintf(stderr, "nxcompat: %s: not changed\n", argv[1]);
		return 1;
	}
	return 0;
}
