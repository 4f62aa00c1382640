/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/seqfile.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A text of 64 steps with a long claim is under 8 KiB; what is larger is another kind of file. */
enum { FILE_MAX = 1 << 20 };

struct bytes {
	uint8_t *p;
	size_t n;
};

__attribute__((format(printf, 3, 4))) static int fail(char *err, size_t cap, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err, cap, fmt, ap);
	va_end(ap);
	return -1;
}

static int ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), k = strlen(tail);

	return n >= k && !strcmp(s + n - k, tail);
}

static int slurp(const char *path, struct bytes *ret_bytes, char *err, size_t cap)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "rbe") : stdin;
	struct bytes b = { malloc(FILE_MAX + 1), 0 };
	int bad;

	if (!f) {
		free(b.p);
		return fail(err, cap, "cannot open %s: %s; name a .seq or .bin file, a folder, or -",
			    path, strerror(errno));
	}
	if (b.p)
		b.n = fread(b.p, 1, FILE_MAX + 1, f);
	bad = !b.p || ferror(f);
	if (bad)
		fail(err, cap, "cannot read %s: %s; name a file or a folder", path, strerror(errno));
	else if (b.n > FILE_MAX)
		bad = fail(err, cap, "%s is over 1 MiB, so no sequence; name a .seq or .bin file", path);
	if (f != stdin)
		fclose(f);
	if (bad) {
		free(b.p);
		return -1;
	}
	*ret_bytes = b;
	return 0;
}

static int is_text(const char *path, const struct bytes *b)
{
	size_t i;

	if (ends_with(path, ".seq"))
		return 1;
	/* AFL++ names its files id:...; their bytes may well be printable */
	if (ends_with(path, ".bin") || !b->n || strstr(path, "/id:") || !strncmp(path, "id:", 3))
		return 0;
	for (i = 0; i < b->n; i++)
		if ((b->p[i] < ' ' && !strchr("\t\r\n", b->p[i])) || b->p[i] == 0x7f || !b->p[i])
			return 0;
	return 1;
}

/* The rest of the first line "# needs: ...", or NULL. */
static char *find_needs(const struct bytes *b)
{
	static const char head[] = "# needs:";
	const char *p = (const char *)b->p, *end = p + b->n;

	while (p < end) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));

		eol = eol ? eol : end;
		if ((size_t)(eol - p) >= sizeof(head) - 1 && !memcmp(p, head, sizeof(head) - 1)) {
			p += sizeof(head) - 1;
			while (p < eol && *p == ' ')
				p++;
			while (eol > p && (eol[-1] == ' ' || eol[-1] == '\r'))
				eol--;
			return strndup(p, (size_t)(eol - p));
		}
		p = eol + 1;
	}
	return NULL;
}

static int parse_bytes(const char *name, const struct bytes *b, int text, struct seq *ret_seq,
		       char *err, size_t cap)
{
	char words[512];

	if (!text) {
		seq_decode(ret_seq, b->p, b->n);
		return 0;
	}
	if (seq_parse(ret_seq, (const char *)b->p, b->n, words, sizeof(words)))
		return fail(err, cap, "%s: %s", name, words);
	return 0;
}

static int load(const char *path, struct seq *ret_seq, char **ret_needs, char *err, size_t cap)
{
	struct bytes b = { 0 };
	int text;

	if (slurp(path, &b, err, cap))
		return -1;
	text = is_text(path, &b);
	if (parse_bytes(path, &b, text, ret_seq, err, cap)) {
		free(b.p);
		return -1;
	}
	*ret_needs = text ? find_needs(&b) : NULL;
	free(b.p);
	return 0;
}

int seq_load(const char *path, struct seq *ret_seq, char *err, size_t cap)
{
	char *needs;

	if (load(path, ret_seq, &needs, err, cap))
		return -1;
	free(needs);
	return 0;
}

/* Takes needs over. */
static int append(struct seq_cases *cases, const char *name, char *needs, const struct seq *seq,
		  char *err, size_t cap)
{
	struct seq_case *v = realloc(cases->v, (cases->n + 1) * sizeof(*v));
	char *copy = strdup(name);

	if (v)
		cases->v = v;
	if (!v || !copy) {
		free(copy);
		free(needs);
		return fail(err, cap, "out of memory at %s; name fewer sequences", name);
	}
	v[cases->n++] = (struct seq_case){ .name = copy, .needs = needs, .seq = *seq };
	return 0;
}

static int add_file(struct seq_cases *cases, const char *path, char *err, size_t cap)
{
	struct seq seq;
	char *needs;

	if (load(path, &seq, &needs, err, cap))
		return -1;
	return append(cases, path, needs, &seq, err, cap);
}

static int wanted(const char *name, int afl)
{
	if (afl)
		return ends_with(name, ".bin") || !strncmp(name, "id:", 3);
	return ends_with(name, ".seq");
}

static int walk(struct seq_cases *cases, const char *dir, int afl, char *err, size_t cap)
{
	struct dirent **entry;
	int i, n = scandir(dir, &entry, NULL, alphasort), ret = 0;

	if (n < 0)
		return fail(err, cap, "cannot list %s: %s; check its permissions", dir, strerror(errno));
	for (i = 0; i < n; i++) {
		char path[4096];
		struct stat st;

		if (!ret && entry[i]->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
			if (!stat(path, &st) && S_ISDIR(st.st_mode))
				ret = walk(cases, path, afl, err, cap);
			else if (wanted(entry[i]->d_name, afl))
				ret = add_file(cases, path, err, cap);
		}
		free(entry[i]);
	}
	free(entry);
	return ret;
}

int seq_cases_add(struct seq_cases *cases, const char *path, char *err, size_t cap)
{
	size_t before = cases->n;
	struct stat st;

	if (!strcmp(path, "-") || stat(path, &st) || !S_ISDIR(st.st_mode))
		return add_file(cases, path, err, cap);
	if (walk(cases, path, 0, err, cap))
		return -1;
	if (cases->n == before && walk(cases, path, 1, err, cap))
		return -1;
	if (cases->n == before)
		return fail(err, cap, "no *.seq, *.bin or id:* below %s; name another folder", path);
	return 0;
}

int seq_cases_add_text(struct seq_cases *cases, const char *text, char *err, size_t cap)
{
	struct bytes b = { (uint8_t *)text, strlen(text) };
	struct seq seq;

	if (parse_bytes("-e", &b, 1, &seq, err, cap))
		return -1;
	return append(cases, "-e", find_needs(&b), &seq, err, cap);
}

const char *seq_case_lacks(const struct seq_case *c, const struct profile *profile)
{
	size_t len;

	return c->needs ? profile_lacks(profile, c->needs, &len) : NULL;
}

void seq_cases_free(struct seq_cases *cases)
{
	size_t i;

	for (i = 0; i < cases->n; i++) {
		free(cases->v[i].name);
		free(cases->v[i].needs);
	}
	free(cases->v);
	memset(cases, 0, sizeof(*cases));
}
