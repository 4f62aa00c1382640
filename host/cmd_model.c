/* SPDX-License-Identifier: BSD-2-Clause */
/* trainwreck model: the traces that the manual allows, without an engine. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "host/cli.h"
#include "host/seqfile.h"
#include "host/trace_print.h"

/* Of a sequence's ways through its choices so many are looked at. */
enum { WAYS_MAX = 4096 };

static void path_words(const struct path *path, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = 0;
	for (unsigned i = 0; i < path->n && n < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s%u/%u", i ? " " : "", path->branch[i] + 1u,
				      path->of[i]);
}

static void trace_text(const struct trace *t, const char *name, unsigned number)
{
	char words[640];

	path_words(&t->path, words, sizeof(words));
	printf("%s%s%s", name, number ? ", or" : "", t->path.n ? ", choices " : "");
	printf("%s\n", words);
	for (unsigned i = 0; i < t->n; i++)
		printf("    %2u  %s\n", i, record_words(&t->rec[i], words, sizeof(words)));
	if (t->broken.rule)
		printf("    broken before record %u ended: %s (%s)\n", t->broken.record,
		       rule_info[t->broken.rule].words, rule_info[t->broken.rule].name);
	if (t->outcome != OUTCOME_DONE)
		printf("    then %s: %s (%s)\n", outcome_name((enum outcome)t->outcome),
		       rule_info[t->death].words, rule_info[t->death].name);
}

static void trace_object(const struct trace *t, const struct seq_case *c, const char *profile)
{
	static char text[16384];
	char path[640];

	path_words(&t->path, path, sizeof(path));
	seq_print(&c->seq, text, sizeof(text));
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:o}", "schema",
			      "trainwreck.model.1", "name", c->name, "seq", text, "profile", profile,
			      "outcome", outcome_name((enum outcome)t->outcome), "choices", path,
			      "instructions", (int)t->insns, "expected", trace_json(t->rec, t->n));
	json_object_set_new(o, "broken", t->broken.rule ? json_string(rule_info[t->broken.rule].name) : json_null());
	json_line(stdout, o);
}

/* What tells one trace from another to whoever compares. */
static uint64_t mark_of(const struct trace *t)
{
	return record_hash(t->rec, t->n) ^ (uint64_t)t->outcome << 56 ^ (uint64_t)t->unchecked << 48 ^ t->broken.rule;
}

/* Every trace once, as far as there are no more than a fuzzer would try. Whether the profile can run it. */
static int model_case(const struct seq_case *c, const char *name, int json)
{
	static struct trace t;
	const struct profile *profile = profile_named(name);
	const char *why = model_lacks(&c->seq, profile);
	struct path path = { 0 };
	uint64_t shown[TRACES_MAX + 1];
	unsigned n_shown = 0;

	if (why) {
		if (json)
			json_line(stdout, json_pack("{s:s, s:s, s:s, s:s}", "schema", "trainwreck.model.1",
						    "name", c->name, "verdict", "SKIP", "reason", why));
		else
			printf("%s: SKIP %s\n", c->name, why);
		return 0;
	}
	for (unsigned i = 0; i < WAYS_MAX && n_shown < TRACES_MAX; i++) {
		unsigned k = 0;

		model_predict(&c->seq, profile, NULL, &path, &t);
		shown[n_shown] = mark_of(&t);
		while (shown[k] != shown[n_shown])
			k++;
		if (k == n_shown && json)
			trace_object(&t, c, name);
		else if (k == n_shown)
			trace_text(&t, c->name, n_shown);
		n_shown += k == n_shown;
		path = t.path;
		if (!path_next(&path))
			return 1;
	}
	if (!json)
		printf("and maybe more: %u traces from the first ways through its choices are shown\n", n_shown);
	return 1;
}

int cmd_model(int argc, char **argv)
{
	static const struct option options[] = { { "profile", required_argument, NULL, 'P' },
						 { "json", no_argument, NULL, 'J' },
						 { "tables", required_argument, NULL, 'T' },
						 CLI_LONG,
						 { 0 } };
	struct seq_cases cases = { 0 };
	const char *profile = "intel";
	char why[1024];
	int json = 0, opt, n_run = 0;

	optind = 1;
	while ((opt = getopt_long(argc, argv, "e:" CLI_SHORT, options, NULL)) != -1) {
		if (opt == 'P')
			profile = optarg;
		else if (opt == 'J')
			json = 1;
		else if (opt == 'T')
			cli_tables(optarg);
		else if (opt != 'e')
			cli_option(opt);
		else if (seq_cases_add_text(&cases, optarg, why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	if (!profile_named(profile))
		die(EXIT_USAGE, "no profile %s; write --profile intel or amd", profile);
	for (; optind < argc; optind++) {
		if (seq_cases_add(&cases, argv[optind], why, sizeof(why)))
			die(EXIT_USAGE, "%s", why);
	}
	if (!cases.n)
		return cli_usage();
	for (size_t i = 0; i < cases.n; i++)
		n_run += model_case(&cases.v[i], profile, json);
	seq_cases_free(&cases);
	return n_run ? EXIT_AS_MANUAL : EXIT_SKIPPED;
}
