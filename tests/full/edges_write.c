/* SPDX-License-Identifier: BSD-2-Clause */
/* A sequence that was found becomes an entry of the corpus: its claim, its source, its text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/full/edges.h"
#include "tests/model_case.h"
#include "tests/mutant_list.h"
#include "tests/recorded.h"

enum { SOURCES_MAX = 6 };

/* The events of the first path, or of how many traces it is one. */
static void claim_of(const struct seq *seq, const struct profile *profile, char *out, size_t cap)
{
	static struct trace t;
	unsigned n;
	size_t at = 0;

	recorded_set(seq, profile, &n);
	model_predict(seq, profile, NULL, NULL, &t);
	if (n > 1)
		at = (size_t)snprintf(out, cap, "one of %u traces, like ", n);
	for (unsigned i = 0; i < t.n && at < cap; i++) {
		char event[64];

		case_event(&t.rec[i], event, sizeof(event));
		if (t.rec[i].entry != ENTRY_LATE)
			at += (size_t)snprintf(out + at, cap - at, "%s%s", i ? ", " : "", event);
		else if (!i)
			at += (size_t)snprintf(out + at, cap - at, "no event");
	}
}

/* Comment lines of at most 100 columns. */
static void put_words(FILE *f, const char *words)
{
	while (*words) {
		size_t len = strlen(words);

		if (len > 96)
			for (len = 96; len > 40 && words[len] != ' ';)
				len--;
		fprintf(f, "# %.*s\n", (int)len, words);
		words += len + (words[len] == ' ');
	}
}

static void put_sources(FILE *f, const struct seq *seq)
{
	static struct trace t;
	const char *seen[SOURCES_MAX];
	char line[2048] = "Source:";
	unsigned n = 0;

	model_predict(seq, profile_named("intel"), NULL, NULL, &t);
	for (unsigned i = 0; i < t.n && n < SOURCES_MAX; i++) {
		const struct rule_info *r = &rule_info[t.why[i][F_vector]];
		unsigned k = 0;

		while (k < n && strcmp(seen[k], r->name))
			k++;
		if (k < n || t.rec[i].entry == ENTRY_LATE)
			continue;
		seen[n++] = r->name;
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s %s", n > 1 ? ";" : "",
			 *r->intel ? r->intel : r->amd);
	}
	if (!n)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " %s", rule_info[RULE_END].words);
	put_words(f, line);
}

/* "act_iret" is "iret": words of a file's name. */
static void name_of(const struct found *f, const char *folder, char *out, size_t cap)
{
	const char *best = "";
	unsigned most = 0;
	char word[128];

	for (unsigned i = 0; i < f->n_tells; i++) {
		const char *function = mutant_places[f->tells[i] - 1].function;
		unsigned n = 0;

		for (unsigned k = 0; k < f->n_tells; k++)
			n += !strcmp(function, mutant_places[f->tells[k] - 1].function);
		if (n > most) {
			most = n;
			best = function;
		}
	}
	snprintf(word, sizeof(word), "%s", !strncmp(best, "act_", 4) ? best + 4 : best);
	for (char *p = word; *p; p++)
		*p = *p == '_' ? '-' : *p;
	for (unsigned i = 1; i < 1000; i++) {
		snprintf(out, cap, "%s/%s-%u.seq", folder, word, i);
		if (access(out, F_OK))
			return;
	}
}

void edge_write(const struct found *f, const char *folder)
{
	char path[600], text[8192], intel[2048] = "", amd[2048] = "", line[4200];
	FILE *out;

	name_of(f, folder, path, sizeof(path));
	out = fopen(path, "w");
	if (!out || seq_print(&f->seq, text, sizeof(text)) < 0) {
		fprintf(stderr, "edges: %s cannot be written; make the folder\n", path);
		exit(3);
	}
	claim_of(&f->seq, profile_named("intel"), intel, sizeof(intel));
	claim_of(&f->seq, profile_named("amd"), amd, sizeof(amd));
	if (strcmp(intel, amd))
		snprintf(line, sizeof(line), "Intel: %s. AMD: %s.", intel, amd);
	else
		snprintf(line, sizeof(line), "Intel and AMD: %s.", intel);
	put_words(out, line);
	put_sources(out, &f->seq);
	fputs(text, out);
	fclose(out);
}
