/* SPDX-License-Identifier: BSD-2-Clause */
/* The first page: which machines, what FRED changes, and what each piece of software costs. */
#include <stdlib.h>
#include <string.h>

#include "bench/group.h"
#include "host/page.h"

/* A member of the context as text, whatever it is. */
static void member(FILE *f, const char *head, const struct run_file *run, const char *name)
{
	const json_t *v = json_object_get(run->context, name), *item;
	char *text;
	size_t i;

	fprintf(f, "<tr><th scope=\"row\">%s</th><td>", head);
	if (json_is_string(v)) {
		html(f, *json_string_value(v) ? json_string_value(v) : "none");
	} else if (json_is_array(v)) {
		json_array_foreach(v, i, item) {
			html(f, json_string_value(item));
			putc(' ', f);
		}
	} else if (!v || json_is_null(v)) {
		/* the one member of which null means that there was none */
		fputs(strcmp(name, "plan") ? "not known" : "none", f);
	} else {
		text = json_dumps(v, JSON_ENCODE_ANY);
		html(f, text ? text : "");
		free(text);
	}
	fputs("</td></tr>\n", f);
}

static void machine(FILE *f, const struct column *c)
{
	static const char *const members[][2] = {
		{ "engine", "engine" }, { "engine_version", "its version" }, { "tables", "tables" },
		{ "brand", "CPU by its CPUID" }, { "signature", "CPUID signature" }, { "microcode", "microcode" }, { "system", "system" },
		{ "board", "board" }, { "bios", "BIOS" }, { "firmware", "firmware" }, { "hypervisor", "hypervisor" },
		{ "features", "features" }, { "arch_capabilities", "ARCH_CAPABILITIES" }, { "spec_ctrl", "SPEC_CTRL" },
		{ "counters", "counters" }, { "lfence_waits", "LFENCE waits for all before it" }, { "plan", "plan" }, { "only", "rows asked for" },
		{ "samples_per_placement", "samples of a placement" }, { "warmup_per_placement", "warm-up runs" },
		{ "program", "trainwreck" }, { "build", "victim image" }, { "bench_build", "measured image" },
		{ "command_line", "command line" },
	};
	char clock[160], title[256];

	fprintf(f, "<h3 id=\"machine-%s\">%s, %s: ", c->name, c->name, c->label);
	html(f, site_title(c, title, sizeof(title)));
	fputs("</h3>\n<div class=\"wide\"><table class=\"about\"><tbody>\n<tr><th scope=\"row\">runs</th><td>", f);
	for (unsigned i = 0; i < c->n; i++) {
		html(f, c->run[i]->name);
		fputs(c->run[i]->sealed ? " " : " (older format: cannot show that it is whole) ", f);
	}
	fputs("</td></tr>\n<tr><th scope=\"row\">TSC</th><td>", f);
	html(f, site_clock(c, clock, sizeof(clock)));
	fputs("</td></tr>\n", f);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		member(f, members[i][1], c->run[0], members[i][0]);
	fputs("</tbody></table></div>\n", f);
}

void page_machines(FILE *f, const struct site *s)
{
	fputs("<h2>Machines</h2>\n<p>No serial number, UUID or network address is in any of it.</p>\n", f);
	for (unsigned i = 0; i < s->n_columns; i++)
		machine(f, &s->column[i]);
}

/* The difference at each placement of each boot, since two rows at the same one were measured alike. */
static void pair_up(const struct column *c, const char *path, const char *over, struct group_figures *ret)
{
	for (unsigned i = 0; i < c->n; i++) {
		const struct run_row *a = run_row(c->run[i], path), *b = run_row(c->run[i], over);

		if (!a || !b || !a->ok || !b->ok)
			continue;
		for (unsigned k = 0; k < a->n_placed && k < b->n_placed; k++) {
			double d = a->placed[k] - b->placed[k];

			ret->low = ret->pairs && ret->low < d ? ret->low : d;
			ret->high = ret->pairs && ret->high > d ? ret->high : d;
			ret->pairs++;
		}
	}
}

int group_figures(const struct column *c, unsigned adds, struct group_figures *ret)
{
	unsigned n;
	const struct bench_adds *a = &bench_adds(&n)[adds];
	const char *path = bench_row(a->row)->path;
	struct cell cell;

	*ret = (struct group_figures){ 0 };
	if (!site_cell(c, path, &cell))
		return -1;
	ret->row = cell.fig[F_MEDIAN];
	ret->q1 = cell.fig[F_Q1];
	ret->q3 = cell.fig[F_Q3];
	if (!a->over)
		return 0;
	if (!site_cell(c, bench_row(a->over)->path, &cell))
		return -1;
	ret->over = cell.fig[F_MEDIAN];
	pair_up(c, path, bench_row(a->over)->path, ret);
	return 0;
}

int group_is_there(const struct column *c, unsigned group)
{
	unsigned n, members = 0;
	const struct bench_adds *v = bench_adds(&n);
	struct group_figures fig;

	for (unsigned i = 0; i < n; i++)
		members += v[i].group == group && !group_figures(c, i, &fig);
	return members > 1;
}

/* Why there is no figure: what the row that is not OK says, and which it is where it is the one below. */
static void group_lacks(FILE *f, const struct column *c, const struct bench_adds *a)
{
	const char *below = NULL;
	struct cell cell;

	if (site_cell(c, bench_row(a->row)->path, &cell)) {
		below = bench_row(a->over)->path;
		site_cell(c, below, &cell);
	}
	fputs("<td>", f);
	html(f, cell.row ? cell.row->verdict : "");
	fputs("<small>", f);
	if (below)
		fprintf(f, "<code>%s</code>: ", below);
	html(f, cell.row ? cell.row->reason : "not asked for, or not in its build");
	fputs("</small></td>", f);
}

static void group_cell(FILE *f, const struct column *c, unsigned adds)
{
	unsigned n;
	const struct bench_adds *a = &bench_adds(&n)[adds];
	struct group_figures fig;

	if (group_figures(c, adds, &fig)) {
		group_lacks(f, c, a);
		return;
	}
	fputs("<td class=\"n\">", f);
	if (a->over)
		fprintf(f, "<strong>%+.0f</strong>", fig.row - fig.over);
	if (fig.pairs)
		fprintf(f, "<small>%+.0f to %+.0f</small>", fig.low, fig.high);
	fprintf(f, a->over ? "<small>of %.0f; q1 %.0f, q3 %.0f</small></td>" : "<strong>%.0f</strong><small>q1 %.0f, q3 %.0f</small></td>", fig.row,
		fig.q1, fig.q3);
}

static void group_table(FILE *f, const struct site *s, const char *label, unsigned group)
{
	unsigned first, n_columns = site_of_label(s, label, &first), n;
	const struct bench_adds *v = bench_adds(&n);

	fputs("<div class=\"wide\"><table><thead><tr><th>what is added, and to what</th>", f);
	for (unsigned k = 0; k < n_columns; k++)
		page_column(f, "", &s->column[first + k]);
	fputs("</tr></thead><tbody>\n", f);
	for (unsigned i = 0; i < n; i++) {
		if (v[i].group != group)
			continue;
		fputs("<tr><th scope=\"row\">", f);
		html(f, v[i].adds);
		fprintf(f, "<small>%s</small>", bench_row(v[i].row)->path);
		if (v[i].over)
			fprintf(f, "<small>to %s</small>", bench_row(v[i].over)->path);
		fputs("</th>", f);
		for (unsigned k = 0; k < n_columns; k++)
			group_cell(f, &s->column[first + k], i);
		fputs("</tr>\n", f);
	}
	fputs("</tbody></table></div>\n", f);
}

void page_groups(FILE *f, const struct site *s)
{
	char name[80];

	fputs("<h2>What each piece of software costs</h2>\n<p>The same event with one thing more each time. A bar is the way from the bare event "
	      "(its first colour) to a row; what a piece <em>saves</em> is drawn hollow behind the bar's end; the thin line is q1 to q3 of the row. "
	      "Medians in ticks, empty window included; only these differences may be taken, within one machine. In the tables the difference of the two "
	      "medians comes first, then the lowest and highest of the differences at one placement of the code (in each boot), then the row's own median "
	      "and quartiles. A difference whose lowest and highest have not the same sign says nothing.</p>\n", f);
	for (const char *const *label = site_labels; *label; label++) {
		unsigned first, n = site_of_label(s, *label, &first);
		int said = 0;

		for (unsigned g = 0; g < BENCH_GROUPS; g++) {
			unsigned has = 0;

			for (unsigned k = 0; k < n; k++)
				has += group_is_there(&s->column[first + k], g);
			if (!has)
				continue;
			if (!said++)
				page_label(f, *label);
			fputs("<h3>", f);
			html(f, bench_group(g)->words);
			fputs("</h3>\n", f);
			for (unsigned k = 0; k < n; k++)
				if (group_is_there(&s->column[first + k], g))
					page_figure(f, &s->column[first + k], 1,
						    plot_group_name(&s->column[first + k], g, name), "Medians of round trips, with q1 to q3 of each row");
			group_table(f, s, *label, g);
		}
	}
}

int page_index(const struct site *s, const char *dir)
{
	FILE *f = page_open(dir, "index.html", "Trainwreck: ways into and out of ring 0");
	char class_name[32];

	if (!f)
		return -1;
	fputs("<p>What exceptions, interrupts, system calls and their returns cost, measured by a UEFI application that has the machine to itself. "
	      "Hardware, virtual and emulated machines never share a table.</p>\n<nav>", f);
	for (unsigned i = 0; site_class_at(s, i, class_name); i++) {
		fprintf(f, "<a href=\"paths-%s.html\">%s</a>\n", class_name, class_name);
	}
	fputs("</nav>\n<div class=\"wide\"><table><thead><tr><th></th><th>machine</th><th>label</th><th>runs</th></tr></thead><tbody>\n", f);
	for (unsigned i = 0; i < s->n_columns; i++) {
		const struct column *c = &s->column[i];
		char title[256];

		fprintf(f, "<tr><td><a href=\"#machine-%s\">%s</a></td><td>", c->name, c->name);
		html(f, site_title(c, title, sizeof(title)));
		fprintf(f, "</td><td>%s</td><td class=\"n\">%u</td></tr>\n", c->label, c->n);
	}
	fputs("</tbody></table></div>\n", f);
	page_fred(f, s);
	page_groups(f, s);
	page_method(f);
	page_machines(f, s);
	return page_close(f);
}
