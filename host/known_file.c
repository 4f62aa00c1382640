/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the files of known differences lie, and what a range of versions means. */
#include "host/known.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/paths.h"

enum { PARTS = 4 };

/* "7.2.22" -> 3 numbers; the rest of a version's text ("-rc1", "+ds") is ignored. 0: no number. */
static unsigned version_parts(const char *text, size_t len, unsigned long part[PARTS])
{
	const char *end = text + len;
	unsigned n = 0;

	while (n < PARTS && text < end && isdigit((unsigned char)*text)) {
		unsigned long v = 0;
		for (; text < end && isdigit((unsigned char)*text); text++)
			v = v * 10 + (unsigned long)(*text - '0');
		part[n++] = v;
		if (text == end || *text != '.')
			break;
		text++;
	}
	return n;
}

static size_t version_len(const char *text)
{
	return strspn(text, "0123456789.");
}

/*
 * Compare only as many numbers as the bound has: 9.1.3 is inside -9.1. Engines say their version in
 * a sentence ("QEMU emulator version 7.2.22 (...)"): the first number in it counts.
 */
static int version_cmp(const char *version, const char *bound, size_t bound_len)
{
	unsigned long v[PARTS] = { 0 }, b[PARTS] = { 0 };
	unsigned n = version_parts(bound, bound_len, b);

	version += strcspn(version, "0123456789");
	version_parts(version, strlen(version), v);
	for (unsigned i = 0; i < n; i++) {
		if (v[i] != b[i])
			return v[i] < b[i] ? -1 : 1;
	}
	return 0;
}

int version_in_range(const char *version, const char *range)
{
	if (!strcmp(range, "any"))
		return 1;

	size_t low = version_len(range);
	const char *rest = range + low;
	if (!*rest)
		return low && range[low - 1] != '.' ? version_cmp(version, range, low) == 0 : -1;
	if (*rest != '-')
		return -1;
	const char *upper = rest + 1;
	size_t high = version_len(upper);
	if (upper[high] || (!low && !high))
		return -1;
	if ((low && (range[0] == '.' || range[low - 1] == '.')) ||
	    (high && (upper[0] == '.' || upper[high - 1] == '.')))
		return -1;
	return (!low || version_cmp(version, range, low) >= 0) &&
	       (!high || version_cmp(version, upper, high) <= 0);
}

static int is_folder(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* The file for `engine`, into path; 0 when there is none. */
static int find_file(const char *engine, char *path, size_t cap)
{
	const char *env = getenv("TRAINWRECK_KNOWN");
	char built[128], installed[128];

	if (env && *env) {
		if (is_folder(env))
			snprintf(path, cap, "%s/%s.known", env, engine);
		else
			snprintf(path, cap, "%s", env);
		return 1; /* named by hand: not being there is an error */
	}
	snprintf(built, sizeof(built), "fuzz/known/%s.known", engine);
	snprintf(installed, sizeof(installed), "share/trainwreck/known/%s.known", engine);
	return path_of_ours(built, installed, path, cap);
}

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "r");
	if (!f)
		return NULL;

	size_t cap = 1 << 20;
	char *text = malloc(cap);
	size_t n = text ? fread(text, 1, cap - 1, f) : 0;
	if (text)
		text[n] = 0;
	fclose(f);
	return text;
}

int known_load(struct known *known, const char *engine, const char *version, char *err,
	       size_t err_cap)
{
	char path[1024];

	if (!find_file(engine, path, sizeof(path)))
		return known_parse(known, "(none)", "", version, err, err_cap);

	char *text = read_text(path);
	if (!text) {
		snprintf(err, err_cap, "%s: %s; correct or unset TRAINWRECK_KNOWN", path,
			 strerror(errno));
		return -1;
	}
	int r = known_parse(known, path, text, version, err, err_cap);
	free(text);
	return r;
}
