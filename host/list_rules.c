/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules, with the behaviours of the catalogue that they are about and the sequences that depend on them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/catalogue.h"
#include "fuzz/model.h"
#include "fuzz/style.h"
#include "host/cli.h"
#include "host/list.h"
#include "host/listed.h"
#include "host/paths.h"
#include "host/seqfile.h"
#include "host/trace_print.h"

enum { SHOWN = 3, PATHS_MAX = 64 };

static const struct behaviour {
	const char *id, *uses, *rules, *steps, *benches, *words;
} catalogue[] = {
#define CAT(id, uses, rules, steps, benches, words) { #id, uses, rules, steps, benches, words },
#include "fuzz/catalogue.def"
#undef CAT
};

enum { N_CATALOGUE = sizeof(catalogue) / sizeof(catalogue[0]) };

static const char *behaviours_of(const char *rule_name, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = 0;
	for (unsigned i = 0; i < N_CATALOGUE && n < cap; i++) {
		if (listed(catalogue[i].rules, ' ', rule_name))
			n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? " " : "", catalogue[i].id);
	}
	return out;
}

static int same(const struct trace *a, const struct trace *b)
{
	return a->n == b->n && a->outcome == b->outcome && a->unchecked == b->unchecked &&
	       !memcmp(a->rec, b->rec, a->n * sizeof(a->rec[0]));
}

/* The rules that are behind a field of the trace or ended it, and the choices that were asked on its way. */
static void mark(const struct trace *t, uint8_t *use)
{
	for (unsigned i = 0; i < t->path.n; i++)
		use[t->path.rule[i]] = 1;
	for (unsigned i = 0; i < t->n; i++) {
		for (unsigned f = 0; f < F_COUNT; f++)
			use[t->why[i][f]] = 1;
	}
	if (t->outcome != OUTCOME_DONE)
		use[t->death] = 1;
	if (t->unchecked)
		use[RULE_UNCHECKED] = 1;
}

/* Whether the trace would be another with another result of the rule: the other answer, nothing instead of a value. */
static int depends(const struct seq *seq, const struct profile *profile, const struct trace *t, unsigned id)
{
	static const uint64_t and[] = { UINT64_MAX, 0 };
	static struct trace other;
	int asked = 1;

	if (rule_info[id].basis == BASIS_SOFTWARE)
		return style_of(seq) && model_breaks(seq, profile, id) == id;
	for (unsigned i = 0; i < 2 && asked; i++) {
		struct overlay_line line = { .rule = (uint16_t)id, .vector = -1, .and = and[i], .xor = !i };
		struct overlay overlay = { .n = 1, .line = &line };

		model_predict(seq, profile, &overlay, NULL, &other);
		if (!same(t, &other))
			return 1;
		asked = line.uses != 0;
	}
	return 0;
}

static void use_by(const struct seq *seq, const struct profile *profile, uint8_t *use)
{
	static struct trace first, t;
	struct path path;

	model_predict(seq, profile, NULL, NULL, &first);
	mark(&first, use);
	path = first.path;
	for (unsigned n = 1; n < PATHS_MAX && path_next(&path); n++) {
		model_predict(seq, profile, NULL, &path, &t);
		mark(&t, use);
		path = t.path;
	}
	for (unsigned id = 0; id < N_RULES; id++)
		use[id] |= (uint8_t)(!use[id] && depends(seq, profile, &first, id));
}

/* By rule, the cases that depend on it on either maker's CPU. */
static uint8_t *use_of(const struct seq_cases *cases)
{
	static const char *const makers[] = { "intel", "amd" };
	uint8_t *use = calloc(cases->n + 1, N_RULES);

	for (size_t i = 0; use && i < cases->n; i++) {
		for (unsigned m = 0; m < 2; m++) {
			const struct profile *profile = profile_named(makers[m]);
			if (!model_lacks(&cases->v[i].seq, profile))
				use_by(&cases->v[i].seq, profile, use + i * N_RULES);
		}
	}
	return use;
}

/* Room for the names of all, and a number before them. */
static size_t room_for(const struct seq_cases *cases)
{
	size_t cap = 32;

	for (size_t i = 0; i < cases->n; i++)
		cap += strlen(cases->v[i].name) + 1;
	return cap;
}

/* "N: a b c ..." for people, all of them for programs. */
static const char *entries_of(const struct seq_cases *cases, const uint8_t *use, size_t skip, unsigned id,
			      int json, char *out, size_t cap)
{
	unsigned n = 0, shown = 0;
	size_t len;

	for (size_t i = 0; i < cases->n; i++)
		n += use[i * N_RULES + id];
	len = json ? 0 : (size_t)snprintf(out, cap, "%u%s", n, n ? ":" : "");
	out[len] = 0;
	for (size_t i = 0; i < cases->n; i++) {
		const char *name = cases->v[i].name + skip;
		if (!use[i * N_RULES + id] || (!json && shown++ == SHOWN))
			continue;
		if (!json && shown > SHOWN)
			break;
		len += (size_t)snprintf(out + len, cap - len, "%s%.*s", len ? " " : "",
					(int)(strlen(name) - strlen(".seq")), name);
	}
	return out;
}

void list_rules(int json)
{
	const struct list_out o = { "trainwreck.list-rules.2",
				    { "rule", "basis", "intel", "amd", "catalogue", "corpus", "words" },
				    { 26, 8, 28, 28, 12, 30 },
				    json };
	static char ids[1024];
	struct seq_cases cases = { 0 };
	char folder[1024], why[1024];

	if (!path_of_ours("corpus", "share/trainwreck/corpus", folder, sizeof(folder)))
		note("no folder corpus beside the program: its column stays empty; see `make install`");
	else if (seq_cases_add(&cases, folder, why, sizeof(why)))
		die(EXIT_HARNESS, "%s", why);
	uint8_t *use = use_of(&cases);
	const size_t cap = room_for(&cases);
	char *entries = malloc(cap);
	if (!use || !entries)
		die(EXIT_HARNESS, "out of memory; close something and try again");
	for (unsigned i = 0; i < N_RULES; i++) {
		const struct rule_info *r = &rule_info[i];

		entries_of(&cases, use, strlen(folder) + 1, i, json, entries, cap);
		list_row(&o, (const char *[]){ r->name, basis_name(r->basis), r->intel, r->amd,
					       behaviours_of(r->name, ids, sizeof(ids)), entries, r->words });
	}
	free(entries);
	free(use);
	seq_cases_free(&cases);
}

void list_masks(int json)
{
	const struct list_out o = { "trainwreck.list-masks.1",
				    { "name", "kind", "fields", "becomes", "when", "section", "words" },
				    { 22, 6, 20, 27, 40, 40 },
				    json };

	for (unsigned i = 0; i < N_MASKS; i++) {
		const struct mask_info *m = &mask_info[i];

		list_row(&o, (const char *[]){ m->name, "mask", m->fields, m->becomes, m->when, m->section, m->why });
	}
	for (unsigned i = 0; i < N_RULES; i++) {
		const struct rule_info *r = &rule_info[i];
		char section[512];

		if (r->basis != BASIS_CHOICE && r->basis != BASIS_BY_MAKER)
			continue;
		snprintf(section, sizeof(section), "%s%s%s", r->intel, *r->intel && *r->amd ? "; " : "", r->amd);
		list_row(&o, (const char *[]){ r->name, "choice", "", "", "", section, r->words });
	}
}

/* A small b where every build skips all of its rows yet. */
static const char *is_measured(const struct bench_item *item)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	for (unsigned i = 0; i < n; i++)
		if (bench_item_names(item, &rows[i]) && !(rows[i].prep & PREP_LATER))
			return "B";
	return "b";
}

static void list_items(const struct list_out *o)
{
	unsigned n;
	const struct bench_item *items = bench_items(&n);

	for (unsigned i = 0; i < n; i++) {
		char words[256];

		snprintf(words, sizeof(words), "%s: %s", items[i].class_name, items[i].words);
		list_row(o, (const char *[]){ items[i].id, is_measured(&items[i]), "", "", items[i].paths, words });
	}
}

void list_catalogue(int json)
{
	const struct list_out o = { "trainwreck.list-catalogue.1", { "id", "uses", "rules", "steps", "benches", "words" },
				    { 5, 4, 30, 24, 24 }, json };

	for (unsigned i = 0; i < N_CATALOGUE; i++) {
		const struct behaviour *b = &catalogue[i];

		list_row(&o, (const char *[]){ b->id, b->uses, b->rules, b->steps, b->benches, b->words });
	}
	list_items(&o);
}
