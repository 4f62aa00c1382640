/* SPDX-License-Identifier: BSD-2-Clause */
/* System, board and BIOS by SMBIOS (DSP0134 3.7, sections 5.2 and 7.1 to 7.3). */
#include "efi/abi/about.h"

#include <string.h>

#include "efi/abi/little.h"

enum { TYPE_BIOS, TYPE_SYSTEM, TYPE_BOARD, TYPE_END = 127, HEAD = 4, TABLE_MAX = 1 << 20 };

/* An entry point's bytes add up to 0. */
static int sums_up(const uint8_t *p, size_t len)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + p[i]);
	return !sum;
}

int smbios_entry(const uint8_t *entry, size_t cap, uint64_t *ret_base, size_t *ret_len)
{
	if (cap >= 0x18 && !memcmp(entry, "_SM3_", 5) && entry[6] >= 0x18 && entry[6] <= cap &&
	    sums_up(entry, entry[6])) {
		*ret_base = little(entry + 0x10, 8);
		*ret_len = (size_t)little(entry + 0x0c, 4);
	} else if (cap >= 0x1f && !memcmp(entry, "_SM_", 4) && entry[5] >= 0x1e && entry[5] <= cap &&
		   sums_up(entry, entry[5])) {
		*ret_base = little(entry + 0x18, 4);
		*ret_len = (size_t)little(entry + 0x16, 2);
	} else {
		return -1;
	}
	if (*ret_len > TABLE_MAX)
		*ret_len = TABLE_MAX;
	return *ret_base && *ret_len ? 0 : -1;
}

/* One structure: its formatted part, and the strings behind that, up to two zero bytes. */
struct structure {
	const uint8_t *head, *strings, *end;
};

/* The one at `at`, and behind it the next one. 0, or -1 where none is whole. */
static int next(const uint8_t **at, const uint8_t *end, struct structure *s)
{
	size_t len = (size_t)(end - *at), n;

	if (len < HEAD || (*at)[1] < HEAD || (size_t)(*at)[1] + 2 > len)
		return -1;
	s->head = *at;
	s->strings = *at + (*at)[1];
	for (n = (size_t)(s->strings - *at); n + 2 <= len && ((*at)[n] || (*at)[n + 1]); n++)
		;
	if (n + 2 > len)
		return -1;
	s->end = *at + n + 1;
	*at += n + 2;
	return 0;
}

/* The string whose number stands at this offset; NULL: there is none. */
static const uint8_t *string(const struct structure *s, size_t offset, size_t *ret_len)
{
	const uint8_t *p = s->strings;
	unsigned number = offset < s->head[1] ? s->head[offset] : 0;

	while (number && p < s->end && *p) {
		const uint8_t *zero = memchr(p, 0, (size_t)(s->end - p));
		size_t n = zero ? (size_t)(zero - p) : (size_t)(s->end - p);

		if (!--number) {
			*ret_len = n;
			return p;
		}
		p += n + 1;
	}
	return NULL;
}

/* One more string behind what is there, without blanks at its ends; what is no ASCII becomes '?'. */
static void add(char *out, const uint8_t *p, size_t n)
{
	size_t at = strnlen(out, ABOUT_TEXT - 1);

	while (n && p[n - 1] <= ' ')
		n--;
	for (; n && *p <= ' '; p++)
		n--;
	for (size_t i = 0; n && at && i < 2 && at < ABOUT_TEXT - 1; i++)
		out[at++] = ", "[i];
	for (; n && at < ABOUT_TEXT - 1; n--, p++)
		out[at++] = *p >= ' ' && *p <= '~' ? (char)*p : '?';
	out[at] = 0;
}

void smbios_read(const uint8_t *table, size_t len, struct about *about)
{
	/* which strings: serial number, asset tag and the like are none of them */
	static const struct {
		uint8_t type, offset[3];
	} wanted[] = {
		{ TYPE_BIOS, { 4, 5, 8 } },
		{ TYPE_SYSTEM, { 4, 5, 6 } },
		{ TYPE_BOARD, { 4, 5, 6 } },
	};
	char *const to[] = { about->bios, about->system, about->board };
	const uint8_t *at = table, *end = table + len;
	struct structure s;

	while (!next(&at, end, &s) && s.head[0] != TYPE_END) {
		for (unsigned i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
			/* a second board, as in a blade, is not this one */
			if (wanted[i].type != s.head[0] || to[i][0])
				continue;
			for (unsigned k = 0; k < 3; k++) {
				size_t n = 0;
				const uint8_t *p = string(&s, wanted[i].offset[k], &n);

				if (p)
					add(to[i], p, n);
			}
		}
	}
}
