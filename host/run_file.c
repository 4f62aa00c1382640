/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/run_file.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/run_check.h"
#include "host/seal.h"

enum { VERSION = 2, FILE_MAX = 64 << 20, LINES_MAX = 100000 };

#define CONTEXT_SCHEMA "trainwreck.bench-context."
#define ROW_SCHEMA     "trainwreck.bench."

struct parser {
	struct run_file *f;
	const char *at, *end;
	unsigned line; /* from 1 */
	int version, ended;
	struct seal seal;
	char *err;
	size_t cap;
};

__attribute__((format(printf, 2, 3))) static enum run_status bad(struct parser *p, const char *fmt, ...)
{
	int n = snprintf(p->err, p->cap, "%s:%u: ", p->f->name, p->line);
	va_list args;

	va_start(args, fmt);
	if (n >= 0 && (size_t)n < p->cap)
		vsnprintf(p->err + n, p->cap - (size_t)n, fmt, args);
	va_end(args);
	/* the reader of JSON shows what it stumbled over, and these words go to terminals */
	for (char *c = p->err; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return RUN_BAD;
}

/* The next line as JSON, kept for its strings. */
static enum run_status next(struct parser *p, const char **ret_line, size_t *ret_len, json_t **ret)
{
	const char *newline = memchr(p->at, '\n', (size_t)(p->end - p->at));
	size_t len = newline ? (size_t)(newline - p->at) : 0;
	json_error_t why;
	json_t *o;

	p->line++;
	if (!newline)
		return bad(p, "the file ends inside this line: it was cut short; copy it again");
	o = json_loadb(p->at, len, JSON_REJECT_DUPLICATES, &why);
	if (!json_is_object(o)) {
		json_decref(o);
		return bad(p, "this is no JSON object (%.80s): copy the file again", o ? "another value" : why.text);
	}
	p->f->lines[p->f->n_lines++] = o;
	*ret_line = p->at;
	*ret_len = len;
	*ret = o;
	p->at = newline + 1;
	return RUN_GOOD;
}

static const char *schema_of(const json_t *o)
{
	const char *s = json_string_value(json_object_get(o, "schema"));

	return s ? s : "";
}

static enum run_status sealed(struct parser *p, const char *line, size_t len)
{
	if (p->version > 1 && !seal_good(line, len))
		return bad(p, "this line was damaged or changed, its check does not fit: copy the file again");
	return RUN_GOOD;
}

static enum run_status first(struct parser *p)
{
	const char *line, *schema, *why;
	char buf[160];
	size_t len;
	json_t *o;

	if (p->at == p->end) {
		p->line = 1;
		return bad(p, "the file is empty: copy it again, or remove it");
	}
	if (next(p, &line, &len, &o))
		return RUN_BAD;
	schema = schema_of(o);
	if (strncmp(schema, CONTEXT_SCHEMA, strlen(CONTEXT_SCHEMA))) {
		if (!strcmp(schema, "trainwreck.selftest.1"))
			return RUN_OTHER;
		return bad(p, "a file of results begins with a line whose schema is " CONTEXT_SCHEMA
			      "%d: its first line is missing or damaged; copy the file again", VERSION);
	}
	p->version = atoi(schema + strlen(CONTEXT_SCHEMA));
	if (p->version < 1 || p->version > VERSION)
		return bad(p, "its schema is \"%.60s\", this program reads versions up to %d: use a newer trainwreck",
			   schema, VERSION);
	if (sealed(p, line, len))
		return RUN_BAD;
	why = run_check_context(o, p->version, buf, sizeof(buf));
	if (why)
		return bad(p, "%s: copy the file again", why);
	seal_take(&p->seal, line, len);
	p->f->context = o;
	p->f->sealed = p->version > 1;
	p->f->step = json_number_value(json_object_get(o, "tsc_step"));
	return RUN_GOOD;
}

static enum run_status last(struct parser *p, const json_t *o)
{
	const char *crc = json_string_value(json_object_get(o, "file"));
	char want[16];

	snprintf(want, sizeof(want), "%08x", p->seal.crc);
	if (!crc || strcmp(crc, want) ||
	    json_integer_value(json_object_get(o, "lines")) != (json_int_t)p->seal.lines)
		return bad(p, "lines before this one are missing or were changed: copy the file again");
	if (p->at != p->end)
		return bad(p, "something stands behind this last line: remove it, a run is written once");
	p->ended = 1;
	return RUN_GOOD;
}

static enum run_status one_row(struct parser *p, const json_t *o)
{
	struct run_row *r = &p->f->rows[p->f->n_rows];
	char want[40], buf[160];
	const char *why;

	snprintf(want, sizeof(want), ROW_SCHEMA "%d", p->version);
	if (strcmp(schema_of(o), want))
		return bad(p, "its schema must be %s, as its file's first line says: copy the file again", want);
	why = run_check_row(o, p->version, buf, sizeof(buf));
	if (!why && run_take_row(o, p->version, r, buf, sizeof(buf)))
		why = buf;
	if (!why && strcmp(json_string_value(json_object_get(o, "label")), run_text(p->f, "label")))
		why = "its label must be the one of the first line";
	if (why) {
		free(r->unit_of);
		return bad(p, "%s: copy the file again", why);
	}
	r->line = p->line;
	p->f->n_rows++;
	return RUN_GOOD;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct run_row *)a)->id, ((const struct run_row *)b)->id);
}

/* Sorted for run_row(), and each id once. */
static enum run_status sort(struct parser *p)
{
	struct run_file *f = p->f;

	qsort(f->rows, f->n_rows, sizeof(*f->rows), by_id);
	for (size_t i = 1; i < f->n_rows; i++) {
		if (strcmp(f->rows[i].id, f->rows[i - 1].id))
			continue;
		p->line = f->rows[i].line > f->rows[i - 1].line ? f->rows[i].line : f->rows[i - 1].line;
		return bad(p, "%.64s stands there twice: remove one of the two", f->rows[i].id);
	}
	return RUN_GOOD;
}

static enum run_status parse(struct parser *p)
{
	enum run_status status = first(p);
	const char *line;
	size_t len;
	json_t *o;

	while (status == RUN_GOOD && p->at != p->end && !p->ended) {
		status = next(p, &line, &len, &o);
		if (status == RUN_GOOD)
			status = sealed(p, line, len);
		if (status == RUN_GOOD && p->version > 1 && !strcmp(schema_of(o), SEAL_END))
			status = last(p, o);
		else if (status == RUN_GOOD)
			status = one_row(p, o);
		if (status == RUN_GOOD)
			seal_take(&p->seal, line, len);
	}
	if (status == RUN_GOOD && p->version > 1 && !p->ended) {
		p->line++;
		return bad(p, "the file ends before its last line: it was cut short; copy it again");
	}
	return status == RUN_GOOD ? sort(p) : status;
}

static size_t count_lines(const char *bytes, size_t len)
{
	size_t n = 1;

	for (const char *at = bytes; len && (at = memchr(at, '\n', (size_t)(bytes + len - at))); at++)
		n++;
	return n;
}

enum run_status run_parse(const char *bytes, size_t len, const char *name, struct run_file *ret, char *err,
			  size_t cap)
{
	struct parser p = { .f = ret, .at = bytes, .end = bytes + len, .err = err, .cap = cap };
	size_t lines = count_lines(bytes, len);

	*ret = (struct run_file){ .name = strdup(name) };
	if (lines <= LINES_MAX) {
		ret->lines = calloc(lines, sizeof(json_t *));
		ret->rows = calloc(lines, sizeof(*ret->rows));
	}
	if (!ret->name || !ret->lines || !ret->rows) {
		snprintf(err, cap, "%s has %zu lines, too many for one run: cut it into runs", name, lines);
		return RUN_BAD;
	}
	return parse(&p);
}

enum run_status run_read(const char *path, struct run_file *ret, char *err, size_t cap)
{
	enum run_status status = RUN_BAD;
	char *bytes = NULL;
	FILE *f = fopen(path, "rbe");
	long len = -1;

	*ret = (struct run_file){ 0 };
	if (f && !fseek(f, 0, SEEK_END))
		len = ftell(f);
	if (len > FILE_MAX) {
		snprintf(err, cap, "%s is longer than any run: name a file of results", path);
	} else {
		bytes = len < 0 ? NULL : malloc((size_t)len + 1);
		if (!bytes || fseek(f, 0, SEEK_SET) || fread(bytes, 1, (size_t)len, f) != (size_t)len)
			snprintf(err, cap, "%s: %s: name a file of results that can be read", path, strerror(errno));
		else
			status = run_parse(bytes, (size_t)len, path, ret, err, cap);
	}
	free(bytes);
	if (f)
		fclose(f);
	return status;
}

void run_free(struct run_file *f)
{
	for (size_t i = 0; i < f->n_rows; i++)
		free(f->rows[i].unit_of);
	for (size_t i = 0; i < f->n_lines; i++)
		json_decref(f->lines[i]);
	free(f->rows);
	free(f->lines);
	free(f->name);
	*f = (struct run_file){ 0 };
}

const char *run_text(const struct run_file *f, const char *member)
{
	const char *s = json_string_value(json_object_get(f->context, member));

	return s ? s : "";
}

const struct run_row *run_row(const struct run_file *f, const char *id)
{
	struct run_row key = { .id = id };

	return bsearch(&key, f->rows, f->n_rows, sizeof(*f->rows), by_id);
}
