/* SPDX-License-Identifier: BSD-2-Clause */
/* Timed sequences for people. */
#include <string.h>

#include "fuzz/seq.h"
#include "host/bench_seq.h"
#include "host/cli.h"

/* The text of a step, from the sequence that the row carries. */
static const char *step_text(const struct result *r, unsigned step, char *out, size_t cap)
{
	const char *text = json_string_value(json_object_get(r->extra, "sequence"));
	struct seq seq;
	char why[160];

	out[0] = 0;
	if (text && !seq_parse(&seq, text, strlen(text), why, sizeof(why)) && step < seq.n_steps)
		step_print(&seq.step[step], out, cap);
	return out;
}

static void print_row(FILE *f, const struct seq_times *t, size_t i)
{
	static const char *const colours[] = { "32", "0", "33", "31" };
	const struct seq_row *s = &t->row[i];
	const struct result *r = &t->results.v[i];
	int is_step = s->path[strlen(s->path) - 1] != 'e';
	char text[48] = "", own[16] = "-", insns[16] = "-";

	if (is_step)
		step_text(r, s->step, text, sizeof(text));
	if (r->stats.n && is_step)
		snprintf(own, sizeof(own), "%.0f",
			 r->stats.median - (s->over < 0 ? 0 : t->results.v[s->over].stats.median));
	if (r->insns)
		snprintf(insns, sizeof(insns), "%u", r->insns);
	fprintf(f, "%-34s %-22.22s %-9s ", s->path, text, s->n_events ? s->event : "-");
	if (r->stats.n)
		fprintf(f, "%5zu %8.0f %8.0f %8.0f %8.0f %8s %6s  ", r->stats.n, r->stats.min, r->stats.median,
			r->stats.q3, r->stats.p99, own, insns);
	else
		fprintf(f, "%5d %8s %8s %8s %8s %8s %6s  ", 0, "-", "-", "-", "-", "-", "-");
	fprintf(f, "%s%s%s%s%s\n", paint(colours[r->verdict]), bench_verdict_name(r->verdict), paint("0"),
		*r->reason ? ": " : "", r->reason);
}

void seq_times_print(FILE *f, const struct seq_times *t, const struct results_context *c)
{
	fprintf(f, "%.48s, %s, %s; TSC ticks; tables %s\n", c->hello->profile.brand, c->engine_version,
		results_label(c->hello, c->engine), c->tables);
	fprintf(f, "%s%-34s %-22s %-9s %5s %8s %8s %8s %8s %8s %6s  %s%s\n", paint("1"), "id", "step", "event", "n",
		"min", "median", "q3", "p99", "step", "insns", "verdict", paint("0"));
	for (size_t i = 0; i < t->results.n; i++)
		print_row(f, t, i);
	fflush(f);
}
