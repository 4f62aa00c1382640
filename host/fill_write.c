/* SPDX-License-Identifier: BSD-2-Clause */
/* What the search for cells has found, as a text that says what it reaches and by which rule of the manual. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host/file.h"
#include "host/fill.h"

struct text {
	char buf[16384];
	size_t n;
	unsigned column; /* in a comment */
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->n, sizeof(t->buf) - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->n += (size_t)n < sizeof(t->buf) - t->n ? (size_t)n : sizeof(t->buf) - t->n - 1;
}

/* Words of a comment, broken into lines. */
static void comment(struct text *t, const char *words)
{
	while (*words) {
		size_t n = strcspn(words, " ");

		if (t->column + 1 + n > 100) {
			put(t, "\n");
			t->column = 0;
		}
		if (!t->column) {
			put(t, "#");
			t->column = 1;
		}
		put(t, " %.*s", (int)n, words);
		t->column += 1 + (unsigned)n;
		words += n + (words[n] == ' ');
	}
}

static void end_comment(struct text *t)
{
	put(t, "\n");
	t->column = 0;
}

static int is_new(const struct fill *f, unsigned event, unsigned ctx, unsigned depth, unsigned exit)
{
	for (unsigned maker = 0; maker < COVER_MAKERS; maker++) {
		unsigned cell = cell_of((struct place){ maker, event, ctx, depth, exit });

		if (cell_in(&f->cur_cells, cell) && !cell_in(&f->have, cell))
			return 1;
	}
	return 0;
}

/* The new cells of a row, in the order of their columns. */
static void claim(const struct fill *f, struct text *t, unsigned event, unsigned ctx, unsigned depth)
{
	static const char *const from[N_CTX] = { "ring 0", "64-bit ring 3", "compatibility mode" };
	static const char *const end[N_COVER_ENDS] = { "left with a damaged frame", "an exit's own fault",
						       "left by go.*", "not left" };
	unsigned exits = cover_column(256), n = 0, n_exits = 0;
	char words[128];

	for (unsigned exit = 0; cover_exit(exit); exit++) {
		if (!is_new(f, event, ctx, depth, exit))
			continue;
		if (n++) {
			put(t, ",");
		} else {
			snprintf(words, sizeof(words), "%s from %s, %s deep:", cover_event(event), from[ctx], cover_depth(depth));
			comment(t, words);
		}
		if (exit < exits)
			snprintf(words, sizeof(words), "%sret.%s", n_exits++ ? "" : "left by ", cover_exit(exit));
		else
			snprintf(words, sizeof(words), "%s", end[exit - exits]);
		comment(t, words);
	}
	if (n) {
		put(t, ".");
		end_comment(t);
	}
}

static void source(const struct fill *f, struct text *t)
{
	char words[512];

	put(t, "#\n");
	comment(t, "Source: the model, by `trainwreck cover --fill`");
	for (unsigned i = 0; i < f->n_rules; i++) {
		const struct rule_info *rule = &rule_info[f->rules[i]];

		put(t, ";");
		snprintf(words, sizeof(words), "%s: Intel %s%s%s", rule->name, *rule->intel ? rule->intel : "silent",
			 *rule->amd ? "; AMD " : "", rule->amd);
		comment(t, words);
	}
	end_comment(t);
	put(t, "\n");
}

/* A name that no file has: "pf-u-03". */
static int name_of(const struct fill *f, char *out, size_t cap)
{
	char event[32];
	unsigned n = 0;

	for (const char *p = cover_event(f->named_event); *p && n < sizeof(event) - 1; p++) {
		if (isalnum((unsigned char)*p))
			event[n++] = (char)tolower((unsigned char)*p);
		else if (*p == ' ')
			event[n++] = '-';
	}
	event[n] = '\0';
	for (unsigned i = 1; i < 1000; i++) {
		struct stat st;

		snprintf(out, cap, "%s/%s-%c-%02u.seq", f->dir, event, cover_ctx[f->named_ctx], i);
		if (stat(out, &st))
			return errno == ENOENT ? 0 : -1;
	}
	return -1;
}

int fill_write(struct fill *f)
{
	struct text t = { .n = 0 };
	char path[4096];
	unsigned gained = 0;
	int n;

	for (unsigned i = 0; i < sizeof(f->have.bit) / sizeof(f->have.bit[0]); i++)
		gained += (unsigned)__builtin_popcountll(f->cur_cells.bit[i] & ~f->have.bit[i]);
	if (!gained)
		return 0;
	for (unsigned row = 0; row < COVER_EVENTS * N_CTX * COVER_DEPTHS; row++)
		claim(f, &t, row / COVER_DEPTHS / N_CTX, row / COVER_DEPTHS % N_CTX, row % COVER_DEPTHS);
	source(f, &t);
	n = seq_print(&f->cur, t.buf + t.n, sizeof(t.buf) - t.n);
	if (n < 0 || name_of(f, path, sizeof(path)) || file_write(path, t.buf, t.n + (size_t)n)) {
		snprintf(f->why, sizeof(f->why), "cannot write %s: %s; name a folder that is there and can be written",
			 path, strerror(errno));
		return -1;
	}
	for (unsigned i = 0; i < sizeof(f->have.bit) / sizeof(f->have.bit[0]); i++)
		f->have.bit[i] |= f->cur_cells.bit[i];
	f->n_files++;
	f->n_cells += gained;
	return 0;
}
