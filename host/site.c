/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/site.h"

#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "host/stats.h"

const char *const site_labels[] = { "hardware", "virtual", "emulated", NULL };

static void name_column(struct column *c, unsigned i)
{
	if (i < 26)
		snprintf(c->name, sizeof(c->name), "%c", 'A' + (int)i);
	else
		snprintf(c->name, sizeof(c->name), "M%u", i + 1);
}

static void add_run(struct site *s, unsigned first, const struct run_file *f)
{
	struct column *c;

	for (unsigned i = first; i < s->n_columns; i++) {
		c = &s->column[i];
		if (run_same_machine(c->run[0], f) && c->n < SITE_BOOTS_MAX) {
			c->run[c->n++] = f;
			return;
		}
	}
	c = &s->column[s->n_columns];
	*c = (struct column){ .run = { f }, .n = 1, .label = run_text(f, "label") };
	name_column(c, s->n_columns++);
}

static void make_columns(struct site *s)
{
	for (const char *const *label = site_labels; *label; label++) {
		unsigned first = s->n_columns;

		for (size_t i = 0; i < s->set.n; i++)
			if (!strcmp(run_text(&s->set.v[i], "label"), *label))
				add_run(s, first, &s->set.v[i]);
	}
}

int site_is_part(const char *id)
{
	size_t n = strlen(id);

	return (n > 6 && !strcmp(id + n - 6, ".enter")) || (n > 5 && !strcmp(id + n - 5, ".exit"));
}

/* Where an id stands in the table; behind its end for what it does not know. */
static unsigned place(const char *id)
{
	static const char *const parts[] = { "", ".enter", ".exit" };
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(rows[i].path);

		if (strncmp(id, rows[i].path, len))
			continue;
		for (unsigned k = 0; k < BENCH_KINDS; k++)
			if (!strcmp(id + len, parts[k]))
				return i * BENCH_KINDS + k;
	}
	return n * BENCH_KINDS;
}

struct placed {
	const char *id;
	unsigned at;
};

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->at != y->at ? (x->at > y->at) - (x->at < y->at) : strcmp(x->id, y->id);
}

static int make_ids(struct site *s)
{
	size_t most = 1, n = 0;
	struct placed *v;

	for (size_t i = 0; i < s->set.n; i++)
		most += s->set.v[i].n_rows;
	v = calloc(most, sizeof(*v));
	s->id = calloc(most, sizeof(char *));
	for (size_t i = 0; v && s->id && i < s->set.n; i++) {
		for (size_t r = 0; r < s->set.v[i].n_rows; r++) {
			const char *id = s->set.v[i].rows[r].id;

			v[n++] = (struct placed){ id, place(id) };
		}
	}
	if (v && s->id) {
		qsort(v, n, sizeof(*v), by_place);
		for (size_t i = 0; i < n; i++)
			if (!i || strcmp(v[i].id, v[i - 1].id))
				s->id[s->n_ids++] = v[i].id;
	}
	free(v);
	return s->id ? 0 : -1;
}

int site_make(struct run_set *set, struct site *ret)
{
	*ret = (struct site){ .set = *set };
	*set = (struct run_set){ 0 };
	ret->column = calloc(ret->set.n + 1, sizeof(*ret->column));
	if (!ret->column)
		return -1;
	make_columns(ret);
	return make_ids(ret);
}

void site_free(struct site *s)
{
	run_set_free(&s->set);
	free(s->column);
	free(s->id);
	*s = (struct site){ 0 };
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int site_cell(const struct column *c, const char *id, struct cell *ret)
{
	const struct run_row *ok[SITE_BOOTS_MAX];
	double v[SITE_BOOTS_MAX];

	*ret = (struct cell){ 0 };
	for (unsigned i = 0; i < c->n; i++) {
		const struct run_row *r = run_row(c->run[i], id);

		if (r && !ret->row)
			ret->row = r;
		if (!r || !r->ok)
			continue;
		ok[ret->n_ok++] = r;
		ret->n += r->n;
		ret->discards += r->discards;
	}
	for (unsigned f = 0; ret->n_ok && f < N_FIGURES; f++) {
		for (unsigned i = 0; i < ret->n_ok; i++)
			v[i] = ok[i]->fig[f];
		qsort(v, ret->n_ok, sizeof(*v), ascending);
		ret->fig[f] = quantile(v, ret->n_ok, 0.5);
		if (f == F_MEDIAN) {
			ret->low = v[0];
			ret->high = v[ret->n_ok - 1];
		}
	}
	if (ret->n_ok)
		ret->row = ok[0];
	return ret->n_ok > 0;
}

unsigned site_of_label(const struct site *s, const char *label, unsigned *ret_first)
{
	unsigned n = 0;

	*ret_first = 0;
	for (unsigned i = 0; i < s->n_columns; i++) {
		if (strcmp(s->column[i].label, label))
			continue;
		if (!n++)
			*ret_first = i;
	}
	return n;
}

void site_class(const char *id, char *out, size_t cap)
{
	snprintf(out, cap, "%.*s", (int)strcspn(id, "."), id);
}

const char *site_title(const struct column *c, char *buf, size_t cap)
{
	const struct run_file *f = c->run[0];

	const char *tables = strcmp(run_text(f, "tables"), "fred") ? "" : "; FRED";

	/* the name of a CPU is never first where there was none */
	if (!strcmp(c->label, "emulated"))
		snprintf(buf, cap, "%s as %s, CPUID %s%s", run_text(f, "engine_version"), run_text(f, "brand"), run_text(f, "signature"), tables);
	else
		snprintf(buf, cap, "%s, CPUID %s, microcode %s; %s%s", run_text(f, "brand"), run_text(f, "signature"),
			 run_text(f, "microcode"), run_text(f, "engine_version"), tables);
	return buf;
}

const char *site_clock(const struct column *c, char *buf, size_t cap)
{
	const struct run_file *f = c->run[0];
	unsigned long long hz = strtoull(run_text(f, "tsc_hz"), NULL, 16);
	const char *from = run_text(f, "tsc_hz_from");
	char step[48] = "no step seen";

	if (f->step > 0)
		snprintf(step, sizeof(step), "steps of %.0f seen", f->step);
	if (!hz)
		snprintf(buf, cap, "frequency not known; %s", step);
	else
		snprintf(buf, cap, "%llu Hz (%.3f ns a tick; %s); %s", hz, 1e9 / (double)hz,
			 *from ? from : "who said so is not known", step);
	return buf;
}
