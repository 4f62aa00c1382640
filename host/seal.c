/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "efi/abi/wire.h"

#define MARK ",\"check\":\""

enum { DIGITS = 8, TAIL = sizeof(MARK) - 1 + DIGITS + 2 /* the quote and the brace */ };

static void tail_of(const char *line, size_t len, char out[TAIL + 1])
{
	snprintf(out, TAIL + 1, MARK "%08x\"}", crc32_ieee(0, line, len));
}

void seal_take(struct seal *s, const char *line, size_t len)
{
	s->crc = crc32_ieee(s->crc, line, len);
	s->crc = crc32_ieee(s->crc, "\n", 1);
	s->lines++;
}

int seal_good(const char *line, size_t len)
{
	char tail[TAIL + 1];

	if (len < TAIL + 1)
		return 0;
	tail_of(line, len - TAIL, tail);
	return !memcmp(line + len - TAIL, tail, TAIL);
}

int seal_line(FILE *f, struct seal *s, json_t *o)
{
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL, *line;
	size_t len = text ? strlen(text) - 1 : 0; /* the closing brace comes behind the seal */
	int bad = -1;

	json_decref(o);
	line = text ? realloc(text, len + TAIL + 1) : NULL;
	if (line) {
		char tail[TAIL + 1];

		tail_of(line, len, tail);
		memcpy(line + len, tail, sizeof(tail));
		seal_take(s, line, len + TAIL);
		bad = fputs(line, f) == EOF || fputc('\n', f) == EOF ? -1 : 0;
		free(line);
	} else {
		free(text);
		errno = ENOMEM;
	}
	return bad;
}

int seal_end(FILE *f, struct seal *s)
{
	char crc[16];

	snprintf(crc, sizeof(crc), "%08x", s->crc);
	return seal_line(f, s, json_pack("{s:s, s:i, s:s}", "schema", SEAL_END, "lines", (int)s->lines, "file", crc));
}
