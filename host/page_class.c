/* SPDX-License-Identifier: BSD-2-Clause */
/* A page for each class of paths: the distributions, and every figure with its window beside it. */
#include <string.h>

#include "host/page.h"

static const char *const class_words[][2] = {
	{ "ovh", "Overheads: empty windows, and single instructions" },
	{ "idt", "Events through the IDT" },
	{ "cold", "The same paths with one thing flushed" },
	{ "ret", "Exits alone" },
	{ "sys", "System calls, and what software puts around entries" },
	{ "seg", "Segments, bases and control registers" },
	{ "nmi", "NMIs" },
	{ "irq", "Interrupts" },
	{ "mce", "Machine-check-safe copies" },
	{ "nest", "Events in events" },
	{ "fred", "FRED" },
	{ "uintr", "User interrupts" },
	{ "seq", "Sequences" },
};

static const char *words_of(const char *class_name)
{
	for (size_t i = 0; i < sizeof(class_words) / sizeof(class_words[0]); i++)
		if (!strcmp(class_words[i][0], class_name))
			return class_words[i][1];
	return class_name;
}

/* The row as somebody has it, for its definition. */
static const struct run_row *any_row(const struct column *c, unsigned n, const char *id)
{
	struct cell cell;

	for (unsigned k = 0; k < n; k++) {
		site_cell(&c[k], id, &cell);
		if (cell.row)
			return cell.row;
	}
	return NULL;
}

/* What the performance counters said, of more than the window. */
static void counted(FILE *f, const struct run_row *r)
{
	if (r->core_cycles < 0)
		return;
	fprintf(f, "<small>a whole sample: %.0f core cycles", r->core_cycles);
	if (r->retired >= 0)
		fprintf(f, ", %ld instructions", r->retired);
	fputs("</small>", f);
}

static void figures(FILE *f, const struct column *c, const char *id)
{
	struct cell cell;

	if (!site_cell(c, id, &cell)) {
		fputs("<td>", f);
		if (cell.row) {
			html(f, cell.row->verdict);
			fputs("<small>", f);
			html(f, cell.row->reason);
			fputs("</small>", f);
		} else {
			fputs("<small>not asked for, or not in its build</small>", f);
		}
		fputs("</td>", f);
		return;
	}
	fprintf(f, "<td class=\"n\"><strong>%.0f</strong>", cell.fig[F_MEDIAN]);
	fprintf(f, "<small>q1 %.0f, q3 %.0f; min %.0f, p99 %.0f</small><small>", cell.fig[F_Q1], cell.fig[F_Q3],
		cell.fig[F_MIN], cell.fig[F_P99]);
	if (cell.row->overhead >= 0)
		fprintf(f, "empty %.0f; ", cell.row->overhead);
	fprintf(f, "n %ld", cell.n);
	if (cell.discards)
		fprintf(f, ", %ld dropped", cell.discards);
	fputs("</small>", f);
	counted(f, cell.row);
	if (c->n > 1)
		fprintf(f, "<small>%u of %u boots OK, %.0f to %.0f</small>", cell.n_ok, c->n, cell.low, cell.high);
	fputs("</td>", f);
}

static void row(FILE *f, const struct column *c, unsigned n, const char *id)
{
	const struct run_row *r = any_row(c, n, id);

	if (!r)
		return;
	fputs("<tr><th scope=\"row\"><code>", f);
	html(f, id);
	fputs("</code><small>", f);
	html(f, r->definition);
	if (r->instructions >= 0)
		fprintf(f, "; %ld instructions", r->instructions);
	fputs("; empty window: ", f);
	html(f, r->overhead_id);
	fputs("</small></th>", f);
	for (unsigned k = 0; k < n; k++)
		figures(f, &c[k], id);
	fputs("</tr>\n", f);
}

static int in_class(const char *id, const char *class_name)
{
	char own[32];

	site_class(id, own, sizeof(own));
	return !strcmp(own, class_name);
}

static void table(FILE *f, const struct site *s, const char *class_name, unsigned first, unsigned n)
{
	const struct column *c = &s->column[first];

	fputs("<div class=\"wide\"><table><thead><tr><th>path, and its window</th>", f);
	for (unsigned k = 0; k < n; k++)
		page_column(f, "", &c[k]);
	fputs("</tr></thead><tbody>\n", f);
	for (size_t i = 0; i < s->n_ids; i++)
		if (in_class(s->id[i], class_name))
			row(f, c, n, s->id[i]);
	fputs("</tbody></table></div>\n", f);
}

static int any_plot(const struct site *s, const char *class_name, unsigned first, unsigned n)
{
	struct cell cell;

	for (size_t i = 0; i < s->n_ids; i++)
		for (unsigned k = 0; in_class(s->id[i], class_name) && !site_is_part(s->id[i]) && k < n; k++)
			if (site_cell(&s->column[first + k], s->id[i], &cell))
				return 1;
	return 0;
}

int page_class(const struct site *s, const char *dir, const char *name)
{
	char file[64], plot[80];
	FILE *f;

	snprintf(file, sizeof(file), "paths-%s.html", name);
	f = page_open(dir, file, words_of(name));
	if (!f)
		return -1;
	fputs("<nav><a href=\"index.html\">All machines</a><a href=\"index.html#method\">Method</a></nav>\n"
	      "<p>Ticks of the time-stamp counter: the median of all samples, then quartiles, minimum and 99th percentile. A window opens and closes with "
	      "the stamp LFENCE, JMP, RDTSC, LFENCE, MOV; what that costs by itself is the empty window, which is <em>not</em> subtracted. "
	      "<code>.enter</code> ends at the handler's first act, <code>.exit</code> begins there.</p>\n", f);
	for (const char *const *label = site_labels; *label; label++) {
		unsigned first, n = site_of_label(s, *label, &first);

		if (!n)
			continue;
		page_label(f, *label);
		if (any_plot(s, name, first, n))
			page_figure(f, &s->column[first], n, plot_class_name(*label, name, plot),
				    "Round trips: the box is q1 to q3 with the median as a dot, the line p5 to p95. Logarithmic scale; a window of no tick is drawn at 1.");
		table(f, s, name, first, n);
	}
	return page_close(f);
}
