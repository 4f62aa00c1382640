/* SPDX-License-Identifier: BSD-2-Clause */
/* Results as pages, as a table for mail, or as CSV. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/cli.h"
#include "host/site.h"

enum form { FORM_SITE, FORM_TEXT, FORM_CSV };

static int publish(const struct site *s, enum form form, const char *out)
{
	char why[1024];

	switch (form) {
	case FORM_TEXT:
		report_text(stdout, s);
		break;
	case FORM_CSV:
		report_csv(stdout, s);
		break;
	case FORM_SITE:
		if (report_site(s, out, why, sizeof(why))) {
			err("%s", why);
			return EXIT_HARNESS;
		}
		note("%u machines, %zu rows: open %s/index.html", s->n_columns, s->n_ids, out);
		break;
	}
	return EXIT_AS_MANUAL;
}

int cmd_report(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "out", required_argument, NULL, 'o' },
		{ "text", no_argument, NULL, 't' },
		{ "csv", no_argument, NULL, 'c' },
		CLI_LONG,
		{ 0 },
	};
	enum form form = FORM_SITE;
	struct run_set set = { 0 };
	const char *out = NULL;
	unsigned n_bad;
	struct site s;
	int opt, status;

	while ((opt = getopt_long(argc, argv, "o:" CLI_SHORT, longs, NULL)) != -1) {
		if (opt == 'o')
			out = optarg;
		else if ((opt == 't' && form != FORM_CSV) || (opt == 'c' && form != FORM_TEXT))
			form = opt == 't' ? FORM_TEXT : FORM_CSV;
		else if (opt == 't' || opt == 'c')
			return cli_usage(); /* one of them would be passed over */
		else
			cli_option(opt);
	}
	if (optind == argc || (form == FORM_SITE) != (out != NULL))
		return cli_usage();
	for (; optind < argc; optind++)
		run_set_add(&set, argv[optind]);
	n_bad = set.n_bad;
	if (!set.n)
		die(n_bad ? EXIT_HARNESS : EXIT_SKIPPED, "there are no runs: make some with `trainwreck bench --out results/NAME`");
	if (site_make(&set, &s))
		die(EXIT_HARNESS, "memory is short: report fewer runs at a time");
	status = publish(&s, form, out);
	if (n_bad)
		err("%u of the files %s left out, as said above: copy %s again", n_bad, n_bad == 1 ? "was" : "were",
		    n_bad == 1 ? "it" : "them");
	if (!status && n_bad)
		status = EXIT_HARNESS;
	site_free(&s);
	return status;
}
