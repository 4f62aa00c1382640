/* SPDX-License-Identifier: BSD-2-Clause */
/* Plots: one script for gnuplot, an SVG for each figure, which then learns to follow the reader's light or dark. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/group.h"
#include "host/file.h"
#include "host/page.h"
#include "host/proc.h"

enum { WIDTH = 860, LINE = 13, FRAME = 70, SVG_MAX = 8 << 20, DEPTH_MAX = 8, ID_MARGIN = 30, WORDS_MARGIN = 46, ADDS_MAX = 50 };

/* Okabe and Ito's: told apart by colour-blind readers, and on light and dark. */
static const unsigned colours[] = { 0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9 };

enum { N_COLOURS = sizeof(colours) / sizeof(colours[0]) };

static const char style[] =
	"<style>svg{color:#1b1b1b}[stroke=\"black\"]{stroke:currentColor}[fill=\"black\"]{fill:currentColor}"
	"[color=\"black\"]{color:inherit}@media (prefers-color-scheme:dark){svg{color:#d8d8d8}}"
	"@media print{svg{color:#000}}</style>\n";

const char *plot_class_name(const char *label, const char *class_name, char *buf)
{
	snprintf(buf, 80, "%s-%s", label, class_name);
	return buf;
}

const char *plot_group_name(const struct column *c, unsigned group, char *buf)
{
	snprintf(buf, 80, "%s-adds-%s-%s", c->label, bench_group(group)->name, c->name);
	return buf;
}

static void begin(FILE *f, const char *name, unsigned lines, unsigned margin)
{
	fputs("reset\n", f);
	fprintf(f, "set lmargin %u\n", margin);
	fprintf(f, "set terminal svg size %d,%u dynamic font \"sans-serif,11\"\n", WIDTH,
		lines * LINE + FRAME);
	fprintf(f, "set output \"%s.svg\"\nset grid x\nset tics nomirror\nset border 1\nset ytics scale 0 noenhanced\n", name);
	fprintf(f, "set xlabel \"ticks of the time-stamp counter\"\nset rmargin 3\nset key outside top center horizontal noenhanced\n");
	fprintf(f, "set yrange [%g:0.7]\n", -(double)lines + 0.3);
}

/* In a quoted string of gnuplot: what could end it, or start something in it, is left out. */
static void quoted(FILE *f, const char *text)
{
	putc('"', f);
	for (; *text; text++)
		if (*text != '"' && *text != '\\' && *text != '`')
			putc(*text, f);
	putc('"', f);
}

static int in_class(const char *id, const char *class_name)
{
	size_t n = strlen(class_name);

	return !strncmp(id, class_name, n) && id[n] == '.' && !site_is_part(id);
}

static int any_ok(const struct column *c, unsigned n, const char *id)
{
	struct cell cell;

	for (unsigned k = 0; k < n; k++)
		if (site_cell(&c[k], id, &cell))
			return 1;
	return 0;
}

/* A box for each machine: quartiles and median; a line from p5 to p95. */
static void plot_class(FILE *f, const struct site *s, const char *label, const char *class_name)
{
	unsigned first, n = site_of_label(s, label, &first), rows = 0;
	const struct column *c = &s->column[first];
	char name[80];

	for (size_t i = 0; i < s->n_ids; i++)
		rows += in_class(s->id[i], class_name) && any_ok(c, n, s->id[i]);
	if (!rows)
		return;
	begin(f, plot_class_name(label, class_name, name), rows * (n > 1 ? n : 1), ID_MARGIN);
	fprintf(f, "set yrange [%g:0.7]\nset logscale x\nset ytics (", -(double)rows + 0.3);
	for (size_t i = 0, at = 0; i < s->n_ids; i++) {
		if (!in_class(s->id[i], class_name) || !any_ok(c, n, s->id[i]))
			continue;
		fputs(at ? "," : "", f);
		quoted(f, s->id[i]);
		fprintf(f, " -%zu", at++);
	}
	fputs(")\n", f);
	for (unsigned k = 0; k < n; k++) {
		fprintf(f, "$c%u << EOD\n", k);
		for (size_t i = 0, at = 0; i < s->n_ids; i++) {
			struct cell cell;

			if (!in_class(s->id[i], class_name) || !any_ok(c, n, s->id[i]))
				continue;
			if (site_cell(&c[k], s->id[i], &cell)) {
				fprintf(f, "%g", -(double)at + 0.4 - (k + 0.5) * 0.8 / n);
				/* no logarithm of 0: a window of no tick stands at 1 */
				for (unsigned i2 = F_P5; i2 <= F_P95; i2++)
					fprintf(f, " %g", cell.fig[i2] < 1 ? 1 : cell.fig[i2]);
				putc('\n', f);
			}
			at++;
		}
		fputs("EOD\n", f);
	}
	fputs("plot ", f);
	for (unsigned k = 0; k < n; k++) {
		double half = 0.36 / n;

		fprintf(f, "%s$c%u using 4:1:2:6 with xerrorbars pt -1 lw 1 lc rgb %u notitle, ", k ? ", " : "", k,
			colours[k % N_COLOURS]);
		fprintf(f, "$c%u using 4:1:3:5:($1-%g):($1+%g) with boxxyerror fs solid 0.45 lc rgb %u title ", k, half, half,
			colours[k % N_COLOURS]);
		quoted(f, c[k].name);
		fprintf(f, ", $c%u using 4:1 with points pt 7 ps 0.35 lc rgb %u notitle", k, colours[k % N_COLOURS]);
	}
	fputs("\n", f);
}

/* Of two with the same words each says what it stands on: `VERW, to stack`. */
const char *group_words(unsigned adds, char *buf, size_t cap)
{
	unsigned n;
	const struct bench_adds *v = bench_adds(&n), *a = &v[adds];
	char to[ADDS_MAX / 2] = "";
	int room;

	for (unsigned i = 0; i < n && a->over; i++)
		if (i != adds && v[i].group == a->group && !strcmp(v[i].adds, a->adds))
			snprintf(to, sizeof(to), ", to %s", strrchr(bench_row(a->over)->path, '.') + 1);
	room = ADDS_MAX - (int)strlen(to);
	snprintf(buf, cap, "%s%.*s%s%s", a->over ? "+ " : "", room, a->adds, strlen(a->adds) > (size_t)room ? "..." : "", to);
	return buf;
}

/* The segments of a bar: from 0 to the base's median, from there to the next, up to the row. */
static void segments(FILE *f, const struct column *c, unsigned adds, double y, int hollow)
{
	unsigned way[DEPTH_MAX], depth = 0, n;
	const struct bench_adds *v = bench_adds(&n);
	struct group_figures of;
	double top;

	if (group_figures(c, adds, &of))
		return;
	top = of.row;
	for (unsigned at = adds;; ) {
		unsigned under = n;

		if (depth == DEPTH_MAX)
			return;
		way[depth++] = at;
		for (unsigned i = 0; v[at].over && i < at; i++)
			if (v[i].group == v[at].group && v[i].row == v[at].over)
				under = i;
		if (under == n)
			break;
		at = under;
	}
	for (unsigned i = depth; i--;) {
		unsigned colour = colours[(depth - 1 - i) % N_COLOURS];
		double low, high;

		if (group_figures(c, way[i], &of))
			continue;
		low = of.over < of.row ? of.over : of.row;
		high = of.over < of.row ? of.row : of.over;
		/* what a piece saves is drawn hollow, behind the bar's end */
		if ((of.row < of.over) != hollow)
			continue;
		if (!hollow && high > top && i)
			high = top > low ? top : low;
		fprintf(f, "%g %g %g %u\n", low, high, y, colour);
	}
}

static void plot_group(FILE *f, const struct column *c, unsigned group)
{
	unsigned n, lines = 0, at = 0;
	const struct bench_adds *v = bench_adds(&n);
	struct group_figures fig;
	char name[80];

	for (unsigned i = 0; i < n; i++)
		lines += v[i].group == group && !group_figures(c, i, &fig);
	begin(f, plot_group_name(c, group, name), lines, WORDS_MARGIN);
	fputs("set xrange [0:*]\nunset key\nset ytics (", f);
	for (unsigned i = 0; i < n; i++) {
		char words[128];

		if (v[i].group != group || group_figures(c, i, &fig))
			continue;
		fputs(at ? "," : "", f);
		quoted(f, group_words(i, words, sizeof(words)));
		fprintf(f, " -%u", at++);
	}
	fputs(")\n", f);
	for (int hollow = 0; hollow < 2; hollow++) {
		fprintf(f, "$h%d << EOD\n", hollow);
		at = 0;
		for (unsigned i = 0; i < n; i++)
			if (v[i].group == group && !group_figures(c, i, &fig))
				segments(f, c, i, -(double)at++, hollow);
		/* so that there is a line in any case */
		fputs("0 0 0 0\nEOD\n", f);
	}
	fputs("$spread << EOD\n", f);
	at = 0;
	for (unsigned i = 0; i < n; i++)
		if (v[i].group == group && !group_figures(c, i, &fig))
			fprintf(f, "%g %g %g %g\n", fig.row, fig.q1, fig.q3, -(double)at++);
	fputs("EOD\nplot $h0 using (($1+$2)/2):3:1:2:($3-.36):($3+.36):4 with boxxyerror fs solid 0.75 noborder lc rgb variable, "
	      "$h1 using (($1+$2)/2):3:1:2:($3-.36):($3+.36):4 with boxxyerror fs empty lc rgb variable, "
	      "$spread using 1:4:2:3 with xerrorbars pt -1 lw 1 lt -1\n", f);
}

static int finish(const char *path)
{
	char *text = malloc(SVG_MAX + 1), *at;
	size_t len = 0, head;
	FILE *f = fopen(path, "rbe");
	int bad = -1;

	if (f && text)
		len = fread(text, 1, SVG_MAX, f);
	if (f)
		fclose(f);
	if (text)
		text[len] = 0;
	at = len ? strstr(text, "<g id=\"gnuplot_canvas\"") : NULL;
	if (at && len + sizeof(style) <= SVG_MAX) {
		head = (size_t)(at - text);
		memmove(at + sizeof(style) - 1, at, len - head);
		memcpy(at, style, sizeof(style) - 1);
		bad = file_write(path, text, len + sizeof(style) - 1);
	}
	free(text);
	return bad;
}

/* Does it for each plot: writes it, or once gnuplot has run puts it in order. */
static int each(FILE *script, const struct site *s, const char *dir)
{
	char path[PATH_MAX], class_name[32], name[80];

	for (const char *const *label = site_labels; *label; label++) {
		for (unsigned i = 0; site_class_at(s, i, class_name); i++) {
			if (script) {
				plot_class(script, s, *label, class_name);
				continue;
			}
			snprintf(path, sizeof(path), "%s/%s.svg", dir, plot_class_name(*label, class_name, name));
			if (!access(path, F_OK) && finish(path))
				return -1;
		}
	}
	for (unsigned i = 0; i < s->n_columns; i++) {
		const struct column *c = &s->column[i];

		for (unsigned g = 0; g < BENCH_GROUPS; g++) {
			if (!group_is_there(c, g))
				continue;
			if (script) {
				plot_group(script, c, g);
				continue;
			}
			snprintf(path, sizeof(path), "%s/%s.svg", dir, plot_group_name(c, g, name));
			if (finish(path))
				return -1;
		}
	}
	return 0;
}

int plots_make(const struct site *s, const char *dir, char *err, size_t cap)
{
	const char *const argv[] = { "sh", "-c", "cd \"$0\" && exec gnuplot plots.gp", dir, NULL };
	char path[PATH_MAX], said[512] = "";
	FILE *f;
	int bad;

	if (!proc_find("gnuplot")) {
		snprintf(err, cap, "the pages need gnuplot: apt install gnuplot-nox, or ask for --text or --csv");
		return -1;
	}
	snprintf(path, sizeof(path), "%s/plots.gp", dir);
	f = fopen(path, "we");
	bad = !f || each(f, s, dir);
	if ((f && fclose(f)) || bad) {
		snprintf(err, cap, "%s: %s: name a folder that can be written", path, strerror(errno));
		return -1;
	}
	if (proc_capture(argv, said, sizeof(said)) || each(NULL, s, dir)) {
		snprintf(err, cap, "gnuplot made no plots of %s (%.300s): see that it is 5.2 or later", path, said);
		return -1;
	}
	return unlink(path);
}
