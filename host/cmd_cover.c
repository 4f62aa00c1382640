/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck cover: a table in which what no sequence reaches stands out. No engine: the model's traces. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/cli.h"
#include "host/fill.h"
#include "host/seqfile.h"
#include "host/trace_print.h"

struct sums {
	unsigned reached, gaps, impossible;
};

/* '#' reached, '.' not, '-' impossible; counted. */
static char mark(struct sums *s, uint32_t n, int never)
{
	if (n) {
		s->reached++;
		return '#';
	}
	s->gaps += !never;
	s->impossible += never;
	return never ? '-' : '.';
}

static void cell(struct sums *s, const uint32_t n[COVER_MAKERS], const int never[COVER_MAKERS], int width)
{
	char text[COVER_MAKERS + 1] = "";

	for (unsigned maker = 0; maker < COVER_MAKERS; maker++)
		text[maker] = mark(s, n[maker], never[maker]);
	const char *sgr = strchr(text, '.') ? "33" : strchr(text, '#') ? "32" : "0";
	printf(" %s%s%s%*s", paint(sgr), text, paint("0"), width - COVER_MAKERS, "");
}

static void row(const struct cover *c, struct sums *s, unsigned event, unsigned ctx, unsigned depth)
{
	uint32_t n[COVER_MAKERS];
	int never[COVER_MAKERS];

	printf("%-9s %c  %-2s ", ctx || depth ? "" : cover_event(event), depth ? ' ' : cover_ctx[ctx], cover_depth(depth));
	for (unsigned exit = 0; cover_exit(exit); exit++) {
		for (unsigned maker = 0; maker < COVER_MAKERS; maker++) {
			n[maker] = c->n[maker][event][ctx][depth][exit];
			never[maker] = cover_never(maker, event, ctx, exit) != NULL;
		}
		cell(s, n, never, (int)strlen(cover_exit(exit)));
	}
	putchar('\n');
}

static void reasons(void)
{
	unsigned n;
	const struct cover_never *never = cover_nevers(&n);

	puts("\nimpossible (-):");
	for (unsigned i = 0; i < n; i++, never++) {
		char ctx[N_CTX + 1] = "";

		for (unsigned k = 0, at = 0; k < N_CTX; k++) {
			if (never->ctx >> k & 1)
				ctx[at++] = cover_ctx[k];
		}
		printf("  %-9s %-3s %-5s  %s%s%s%s%s\n", never->event < COVER_EVENTS ? cover_event(never->event) : "any", ctx,
		       never->maker == VENDOR_INTEL ? "Intel" :
		       never->maker == VENDOR_AMD   ? "AMD" :
						      "both",
		       never->exits, *never->exits ? ": " : "", never->rule < N_RULES ? rule_info[never->rule].name : "", never->rule < N_RULES ? ": " : "",
		       never->words);
	}
}

static void table(const struct cover *c)
{
	struct sums s = { 0 };

	puts("Each cell: Intel, AMD. # reached, . reached by none, - impossible. Rows: the event, the context it came in\n"
	     "(k ring 0, u 64-bit ring 3, c compatibility mode), and how many handlers deep. Columns: how the handler was\n"
	     "left (damaged: by one of those exits and a damaged frame; fault: an exit faulted; go: by go.*; none: the run\n"
	     "ended in it).\n");
	printf("event     from  ");
	for (unsigned exit = 0; cover_exit(exit); exit++)
		printf(" %s", cover_exit(exit));
	putchar('\n');
	for (unsigned event = 0; cover_event(event); event++) {
		for (unsigned at = 0; at < N_CTX * COVER_DEPTHS; at++)
			row(c, &s, event, at / COVER_DEPTHS, at % COVER_DEPTHS);
	}
	reasons();
	printf("\n%u cells reached, %u not, %u impossible\n", s.reached, s.gaps, s.impossible);
}

/* The cells of a row that are impossible, by exit. */
static json_t *nevers_json(unsigned maker, unsigned event, unsigned ctx)
{
	json_t *all = json_object();

	for (unsigned exit = 0; cover_exit(exit); exit++) {
		const struct cover_never *never = cover_never(maker, event, ctx, exit);

		if (!never)
			continue;
		json_t *rule = never->rule < N_RULES ? json_string(rule_info[never->rule].name) : json_null();
		json_object_set_new(all, cover_exit(exit),
				    json_pack("{s:o, s:s}", "rule", rule, "words", never->words));
	}
	return all;
}

/* One object a row of one maker's table, with the counts by depth and exit. */
static void row_object(const struct cover *c, unsigned maker, unsigned event, unsigned ctx)
{
	json_t *depths = json_array();

	for (unsigned depth = 0; depth < COVER_DEPTHS; depth++) {
		json_t *exits = json_object();
		for (unsigned exit = 0; cover_exit(exit); exit++)
			json_object_set_new(exits, cover_exit(exit),
					    json_integer(c->n[maker][event][ctx][depth][exit]));
		json_array_append_new(depths, exits);
	}
	json_line(stdout, json_pack("{s:s, s:s, s:s, s:s#, s:o, s:o}", "schema", "trainwreck.cover.3", "profile",
				    cover_maker(maker), "event", cover_event(event), "context",
				    &cover_ctx[ctx], 1, "impossible",
				    nevers_json(maker, event, ctx), "exits_by_depth", depths));
}

static void objects(const struct cover *c)
{
	for (unsigned maker = 0; maker < COVER_MAKERS; maker++) {
		for (unsigned event = 0; cover_event(event); event++) {
			for (unsigned ctx = 0; ctx < N_CTX; ctx++)
				row_object(c, maker, event, ctx);
		}
	}
}

/* Write sequences for what is still empty. */
static int fill_in(const struct cover *c, const char *dir, int doubt)
{
	static struct fill f;

	f.dir = dir;
	f.doubt = doubt;
	for (unsigned cell = 0; cell < N_CELLS; cell++) {
		const struct place p = place_of(cell);

		if (c->n[p.maker][p.event][p.ctx][p.depth][p.exit])
			f.have.bit[cell / 64] |= 1ull << cell % 64;
	}
	if (fill(&f))
		die(EXIT_HARNESS, "%s", f.why);
	printf("%u sequences written to %s, which reach %u more cells; %lu tried\n", f.n_files, dir, f.n_cells, f.n_tried);
	return EXIT_AS_MANUAL;
}

int cmd_cover(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'J' }, { "fill", required_argument, NULL, 'F' },
						 { "doubt", no_argument, NULL, 'D' }, CLI_LONG, { 0 } };
	static struct cover cover;
	struct seq_cases cases = { 0 };
	char why[1024];
	const char *dir = NULL;
	int opt, json = 0, doubt = 0;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "e:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'J')
			json = 1;
		else if (opt == 'F')
			dir = optarg;
		else if (opt == 'D')
			doubt = 1;
		else if (opt != 'e')
			cli_option(opt);
		else if (seq_cases_add_text(&cases, optarg, why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	for (; optind < argc; optind++) {
		if (seq_cases_add(&cases, argv[optind], why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	if (doubt && !dir)
		die(EXIT_USAGE, "--doubt is for the search; add --fill DIR");
	if (!cases.n)
		return cli_usage();
	for (size_t i = 0; i < cases.n; i++) {
		for (unsigned maker = 0; maker < COVER_MAKERS; maker++)
			cover_add(&cover, maker, &cases.v[i].seq);
	}
	seq_cases_free(&cases);
	if (cover_refuted(&cover, why, sizeof(why)))
		die(EXIT_FINDING, "%s; mend that row", why);
	if (dir)
		return fill_in(&cover, dir, doubt);
	if (json)
		objects(&cover);
	else
		table(&cover);
	return EXIT_AS_MANUAL;
}
