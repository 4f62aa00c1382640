/* SPDX-License-Identifier: BSD-2-Clause */
/* The table for mail, and the one for other programs. */
#include <string.h>

#include "host/site.h"

/* Of ids: where there are five figures behind them, and where there are six. */
enum { COLUMNS = 78, SIDE_BY_SIDE = 2, ID_WIDE = 38, ID_NARROW = 34 };

static const char *const figure_names[N_FIGURES] = { "min", "p5", "q1", "median", "q3", "p95", "p99", "max", "mad" };

/* Words behind a heading, folded at 78 columns. */
static void fold(FILE *f, const char *head, const char *words)
{
	int at = fprintf(f, "    %-9s", head);

	if (!*words) {
		fputs(" not known\n", f);
		return;
	}
	while (*words) {
		int n = (int)strcspn(words, " ");

		if (at + 1 + n > COLUMNS && at > 14)
			at = fprintf(f, "\n%14s", "") - 1;
		/* longer than a line: cut hard */
		if (n > COLUMNS - 16)
			n = COLUMNS - 16;
		at += fprintf(f, "%s%.*s", at > 13 || *head ? " " : "", n, words);
		words += n;
		words += strspn(words, " ");
	}
	putc('\n', f);
}

static void machine(FILE *f, const struct column *c)
{
	static const char *const members[][2] = {
		{ "system", "system" }, { "board", "board" },	      { "bios", "BIOS" }, { "firmware", "firmware" }, { "brand", "CPU" },
		{ "engine_version", "engine" }, { "tables", "tables" }, { "signature", "CPUID" },
		{ "microcode", "microcode" }, { "bench_build", "build" },
	};
	char line[64], title[256];

	fprintf(f, "[%s] %.70s\n", c->name, site_title(c, title, sizeof(title)));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		fold(f, members[i][1], run_text(c->run[0], members[i][0]));
	site_clock(c, title, sizeof(title));
	fold(f, "TSC", title);
	snprintf(line, sizeof(line), "%u; samples of a placement: %d", c->n,
		 (int)json_integer_value(json_object_get(c->run[0]->context, "samples_per_placement")));
	fold(f, "runs", line);
}

/* An id that is too long for its column has a line of its own: its end says which part of a path it is. */
static void name(FILE *f, const char *id, int width)
{
	if ((int)strlen(id) > width)
		fprintf(f, "%s\n%*s", id, width, "");
	else
		fprintf(f, "%-*s", width, id);
}

/* In thousands or millions where there is no room for all digits. */
static void ticks(FILE *f, double v, int width)
{
	char text[64];

	snprintf(text, sizeof(text), "%.0f", v);
	if ((int)strlen(text) > width)
		snprintf(text, sizeof(text), "%.0fk", v / 1e3);
	if ((int)strlen(text) > width)
		snprintf(text, sizeof(text), "%.0fM", v / 1e6);
	fprintf(f, " %*s", width, text);
}

/* Why a row has no figures, all of it: on lines of its own where it is long. */
static void verdict(FILE *f, const struct run_row *r)
{
	int fits = strlen(r->reason) <= 30;

	fprintf(f, " %8s%s%s\n", r->verdict, fits ? " " : "", fits ? r->reason : "");
	if (!fits)
		fold(f, "", r->reason);
}

/* The empty window's column is that of the boots' medians where there are several: it has a row of its own. */
static void one_machine(FILE *f, const struct site *s, const struct column *c)
{
	const int boots = c->n > 1, wide = boots ? ID_NARROW : ID_WIDE, width = boots ? 6 : 7;

	fprintf(f, "%-*s %7s %*s %*s %*s", wide, "id", "median", width, "q1", width, "q3", width, "p99");
	if (boots)
		fputs("    low   high\n", f);
	else
		fputs("   empty\n", f);
	for (size_t i = 0; i < s->n_ids; i++) {
		struct cell cell;
		int ok = site_cell(c, s->id[i], &cell);

		if (!cell.row)
			continue;
		name(f, s->id[i], wide);
		if (!ok) {
			verdict(f, cell.row);
			continue;
		}
		ticks(f, cell.fig[F_MEDIAN], 7);
		ticks(f, cell.fig[F_Q1], width);
		ticks(f, cell.fig[F_Q3], width);
		ticks(f, cell.fig[F_P99], width);
		if (boots) {
			ticks(f, cell.low, width);
			ticks(f, cell.high, width);
		} else if (cell.row->overhead < 0) {
			fprintf(f, " %7s", "-"); /* not known is not 0 */
		} else {
			ticks(f, cell.row->overhead, width);
		}
		putc('\n', f);
	}
	if (boots)
		fprintf(f, "low, high: the lowest and the highest of the medians of %u boots\n", c->n);
}

static void several(FILE *f, const struct site *s, const struct column *c, unsigned n)
{
	fprintf(f, "%-*s", ID_NARROW, "median, quartiles");
	for (unsigned k = 0; k < n; k++)
		fprintf(f, " %7s %6s %6s", c[k].name, "q1", "q3");
	putc('\n', f);
	for (size_t i = 0; i < s->n_ids; i++) {
		name(f, s->id[i], ID_NARROW);
		for (unsigned k = 0; k < n; k++) {
			struct cell cell;

			if (site_cell(&c[k], s->id[i], &cell)) {
				ticks(f, cell.fig[F_MEDIAN], 7);
				ticks(f, cell.fig[F_Q1], 6);
				ticks(f, cell.fig[F_Q3], 6);
			} else if (k + 1 < n) {
				fprintf(f, " %8s%13s", cell.row ? cell.row->verdict : "-", "");
			} else {
				fprintf(f, " %8s", cell.row ? cell.row->verdict : "-");
			}
		}
		putc('\n', f);
	}
}

void report_text(FILE *f, const struct site *s)
{
	fputs("Trainwreck: ways into and out of ring 0, in ticks of the time-stamp counter.\n"
	      "Each figure holds the empty window (`empty`, or its ovh row); nothing is\n"
	      "subtracted. How they are made: docs/method.md; what is what: docs/results.md.\n", f);
	for (const char *const *label = site_labels; *label; label++) {
		unsigned first, n = site_of_label(s, *label, &first);

		if (!n)
			continue;
		fprintf(f, "\n== %s%s\n\n", *label,
			strcmp(*label, "emulated") ? "" : ": these figures describe the emulator, no CPU");
		for (unsigned i = 0; i < n; i++)
			machine(f, &s->column[first + i]);
		for (unsigned i = 0; i < n; i += SIDE_BY_SIDE) {
			putc('\n', f);
			if (n == 1)
				one_machine(f, s, &s->column[first]);
			else
				several(f, s, &s->column[first + i], n - i < SIDE_BY_SIDE ? n - i : SIDE_BY_SIDE);
		}
	}
}

static void quoted(FILE *f, const char *text)
{
	putc('"', f);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', f);
		putc(*text, f);
	}
	putc('"', f);
}

/* What a line taken alone still says of where it came from: members of the context. */
static const char *const provenance[] = {
	"signature", "microcode", "system", "board", "bios", "firmware", "tsc_hz", "tsc_hz_from", "bench_build", "program",
};

static void csv_row(FILE *f, const struct column *c, const struct run_file *run, const struct run_row *r)
{
	const char *const texts[] = {
		c->name,	run->name, run_text(run, "label"), run_text(run, "brand"), run_text(run, "engine_version"),
		run_text(run, "tables"), r->id, r->kind, r->verdict, r->reason, r->unit,
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		quoted(f, texts[i]);
		putc(',', f);
	}
	fprintf(f, "%ld,%ld,", r->n, r->discards);
	for (unsigned i = 0; i < N_FIGURES; i++) {
		if (r->n)
			fprintf(f, "%.15g", r->fig[i]);
		putc(',', f);
	}
	quoted(f, r->overhead_id);
	putc(',', f);
	if (r->overhead >= 0)
		fprintf(f, "%.15g", r->overhead);
	putc(',', f);
	if (r->instructions >= 0)
		fprintf(f, "%ld", r->instructions);
	putc(',', f);
	quoted(f, r->definition);
	putc(',', f);
	if (r->retired >= 0)
		fprintf(f, "%ld", r->retired);
	putc(',', f);
	if (r->core_cycles >= 0)
		fprintf(f, "%.15g", r->core_cycles);
	for (size_t i = 0; i < sizeof(provenance) / sizeof(provenance[0]); i++) {
		putc(',', f);
		quoted(f, run_text(run, provenance[i]));
	}
	fputs("\r\n", f);
}

void report_csv(FILE *f, const struct site *s)
{
	fputs("machine,file,label,brand,engine_version,tables,id,kind,verdict,reason,unit,n,discards", f);
	for (unsigned i = 0; i < N_FIGURES; i++)
		fprintf(f, ",%s", figure_names[i]);
	fputs(",overhead_id,overhead_median,instructions,definition,retired_instructions,core_cycles", f);
	for (size_t i = 0; i < sizeof(provenance) / sizeof(provenance[0]); i++)
		fprintf(f, ",%s", provenance[i]);
	fputs("\r\n", f);
	for (unsigned k = 0; k < s->n_columns; k++) {
		const struct column *c = &s->column[k];

		for (unsigned i = 0; i < c->n; i++) {
			for (size_t r = 0; r < s->n_ids; r++) {
				const struct run_row *row = run_row(c->run[i], s->id[r]);

				if (row)
					csv_row(f, c, c->run[i], row);
			}
		}
	}
}
