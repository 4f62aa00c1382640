/* SPDX-License-Identifier: BSD-2-Clause */
/* IDT against FRED: the same event of the same machine through both. */
#include <string.h>

#include "bench/bench.h"
#include "host/page.h"

static void row(FILE *f, const char *idt_id, const char *fred_id, const struct cell *idt, const struct cell *fred)
{
	double a = idt->fig[F_MEDIAN], b = fred->fig[F_MEDIAN];

	fprintf(f, "<tr><th scope=\"row\"><code>%s</code>", idt_id);
	if (strcmp(idt_id, fred_id))
		fprintf(f, "<small><code>%s</code></small>", fred_id);
	fprintf(f, "</th><td class=\"n\">%.0f<small>q1 %.0f, q3 %.0f</small></td><td class=\"n\">%.0f<small>q1 %.0f, q3 %.0f</small></td>", a,
		idt->fig[F_Q1], idt->fig[F_Q3], b, fred->fig[F_Q1], fred->fig[F_Q3]);
	if (a > 0)
		fprintf(f, "<td class=\"n\">%.2f</td></tr>\n", b / a);
	else
		fputs("<td class=\"n\">-</td></tr>\n", f);
}

/* The way through the IDT that raises what a row of class fred raises, from the same ring and with nothing more in its handler. */
static const struct {
	enum bench_id fred, idt;
} counterparts[] = {
	{ B_FRED_INT3_K, B_INT3_K },
	{ B_FRED_INT3_U, B_INT3_U },
	{ B_FRED_INT3_C, B_INT3_C },
	{ B_FRED_INTN_U, B_INTN_U },
	{ B_FRED_INT80_C, B_INT80_C },
	{ B_FRED_SYSCALL_U, B_SYSCALL_U },
	{ B_FRED_SYSENTER_C, B_SYSENTER_C },
	{ B_FRED_UD_K, B_UD_K },
	{ B_FRED_UD_U, B_UD_U },
	{ B_FRED_PF_K, B_PF_K },
	{ B_FRED_PF_U, B_PF_U },
	{ B_FRED_NMI_K, B_NMI_K_XAPIC },
	{ B_FRED_NMI_U, B_NMI_U_XAPIC },
	{ B_FRED_INTN_K, B_INTN_K },
	{ B_FRED_INT1_K, B_INT1_K },
	{ B_FRED_INT1_U, B_INT1_U },
	{ B_FRED_SYSENTER_U, B_SYSENTER_U },
	{ B_FRED_IRQ_K, B_IRQ_K_XAPIC },
	{ B_FRED_IRQ_U, B_IRQ_U_XAPIC },
	{ B_FRED_DB_K, B_DB_K_TF },
	{ B_FRED_SYSCALL_LKGS, B_SYSCALL_U_GS },
	{ B_FRED_INT3_K_SSS, B_INT3_K_SSS },
	{ B_FRED_INT3_U_SS, B_INT3_U_SS },
	{ B_FRED_INTN_C, B_INTN_C },
	{ B_FRED_INT1_C, B_INT1_C },
	{ B_FRED_UD_C, B_UD_C },
	{ B_FRED_PF_C, B_PF_C },
	{ B_FRED_NMI_C, B_NMI_C_XAPIC },
	{ B_FRED_IRQ_C, B_IRQ_C_XAPIC },
	{ B_ERETS_K, B_IRET_K },
	{ B_ERETS_K_NMI, B_IRET_K },
	{ B_ERETU_U, B_IRET_U },
	{ B_ERETU_C, B_IRET_C },
	{ B_ERETU_U_OTHER, B_IRET_U },
};

/* Nothing else may stand in for it where it is not OK. */
static const char *counterpart(const struct column *idt, const char *fred_id, struct cell *ret)
{
	for (size_t i = 0; i < sizeof(counterparts) / sizeof(counterparts[0]); i++) {
		const char *id = bench_row(counterparts[i].idt)->path;

		if (!strcmp(bench_row(counterparts[i].fred)->path, fred_id))
			return site_cell(idt, id, ret) ? id : NULL;
	}
	return NULL;
}

static void heads(FILE *f, const struct column *idt, const struct column *fred)
{
	fputs("<div class=\"wide\"><table><thead><tr><th>path</th>", f);
	page_column(f, "IDT: ", idt);
	page_column(f, "FRED: ", fred);
	fputs("<th>FRED/IDT</th></tr></thead><tbody>\n", f);
}

/* What a machine has through both. */
static unsigned pair(FILE *f, const struct site *s, const struct column *idt, const struct column *fred)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n_ids; i++) {
		const char *id = s->id[i];
		struct cell a, b;

		if (site_is_part(id) || !site_cell(fred, id, &b))
			continue;
		if (!strncmp(id, "fred.", 5))
			id = counterpart(idt, id, &a);
		else if (idt == fred || !site_cell(idt, id, &a))
			id = NULL;
		if (!id)
			continue;
		if (!n++)
			heads(f, idt, fred);
		row(f, id, s->id[i], &a, &b);
	}
	if (n)
		fputs("</tbody></table></div>\n", f);
	return n;
}

static unsigned with_fred(const struct site *s)
{
	unsigned n = 0;

	for (unsigned k = 0; k < s->n_columns; k++) {
		const json_t *word;
		size_t i;

		json_array_foreach(json_object_get(s->column[k].run[0]->context, "features"), i, word)
			n += !strcmp(json_string_value(word), "FRED");
	}
	return n;
}

/* Why there is nothing: what a run through FRED says of itself, or that there is none. */
static void no_fred(FILE *f, const struct site *s)
{
	fputs("<p>Nothing to show: ", f);
	for (unsigned k = 0; k < s->n_columns; k++) {
		const struct run_file *run = s->column[k].run[0];

		if (strcmp(run_text(run, "tables"), "fred") || !run->n_rows || run->rows[0].ok)
			continue;
		html(f, s->column[k].name);
		fputs(" was asked for its FRED tables and says: ", f);
		html(f, *run->rows[0].reason ? run->rows[0].reason : run->rows[0].verdict);
		fputs("; ", f);
	}
	fprintf(f, "no event is OK through both the IDT and FRED in these runs, and %u of %u machines have FRED by their CPUID.</p>\n", with_fred(s),
		s->n_columns);
}

void page_fred(FILE *f, const struct site *s)
{
	unsigned n = 0;

	fputs("<h2>IDT against FRED</h2>\n", f);
	for (unsigned i = 0; i < s->n_columns; i++)
		for (unsigned k = 0; k < s->n_columns; k++)
			if (!strcmp(run_text(s->column[i].run[0], "tables"), "idt") &&
			    (i == k || (!strcmp(run_text(s->column[k].run[0], "tables"), "fred") &&
					run_same_but_tables(s->column[i].run[0], s->column[k].run[0]))))
				n += pair(f, s, &s->column[i], &s->column[k]);
	if (!n)
		no_fred(f, s);
}
