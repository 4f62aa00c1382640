/* SPDX-License-Identifier: BSD-2-Clause */
/* Results as text and KTAP. */
#include "host/trace_print.h"

#include <inttypes.h>

#include <string.h>

enum { LINE = 320, WORD = 160, TEXT = 16384 };

const char *basis_name(enum basis basis)
{
	static const char *const name[] = {
		[BASIS_EXPLICIT] = "explicit",
		[BASIS_INFERRED] = "inferred",
		[BASIS_CHOICE] = "choice",
		[BASIS_SOFTWARE] = "software",
		[BASIS_BY_MAKER] = "by-maker",
	};
	return name[basis];
}

const char *rule_manual(uint16_t rule, const struct profile *profile)
{
	const struct rule_info *info = &rule_info[rule];
	const char *first = profile->vendor == VENDOR_AMD ? info->amd : info->intel;
	const char *other = profile->vendor == VENDOR_AMD ? info->intel : info->amd;

	if (*first)
		return first;
	return *other ? other : "no manual says it; inferred";
}

const struct record *result_observed(const struct result *r, unsigned *ret_n)
{
	if (r->has_observed) {
		*ret_n = r->n_observed;
		return r->observed;
	}
	*ret_n = r->outcome == OUTCOME_DONE && r->verdict != VERDICT_SKIP ? r->j.trace.n : 0;
	return r->j.trace.rec;
}

const char *record_words(const struct record *rec, char *out, size_t cap)
{
	char event[WORD], rip[WORD], landed[WORD];

	event_words(rec, event, sizeof(event));
	if (rec->entry == ENTRY_LATE) {
		snprintf(out, cap, "%s", event);
		return out;
	}
	snprintf(out, cap, "%-12s at %s  on %s  step %u depth %u ring %u", event,
		 addr_words(rec->rip, rip, sizeof(rip)),
		 addr_words(rec->landed, landed, sizeof(landed)), rec->step, rec->depth,
		 (unsigned)rec->cs & 3);
	return out;
}

void seq_write(FILE *f, const struct seq *seq, const char *indent)
{
	static char text[TEXT];

	if (seq_print(seq, text, sizeof(text)) < 0)
		return;
	for (char *line = text, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		fprintf(f, "%s%.*s\n", indent, (int)(next - line), line);
		next += *next == '\n';
	}
}

static void line_write(FILE *f, const char *mark, unsigned i, const struct record *rec)
{
	char words[LINE * 2];

	fprintf(f, "  %s %2u  %s\n", mark, i, record_words(rec, words, sizeof(words)));
}

void trace_write(FILE *f, const struct result *r)
{
	unsigned n_seen, n_said = r->j.trace.n;
	const struct record *seen = result_observed(r, &n_seen), *said = r->j.trace.rec;

	for (unsigned i = 0; i < n_seen || i < n_said; i++) {
		if (i < n_seen && i < n_said && !memcmp(&seen[i], &said[i], sizeof(*seen))) {
			line_write(f, " ", i, &seen[i]);
			continue;
		}
		if (i < n_said)
			line_write(f, "-", i, &said[i]);
		if (i < n_seen)
			line_write(f, "+", i, &seen[i]);
	}
	if (r->j.trace.outcome == r->outcome) {
		if (r->outcome != OUTCOME_DONE)
			fprintf(f, "      then %s, as predicted\n", outcome_name(r->outcome));
		return;
	}
	fprintf(f, "  -     ends with %s\n  +     ends with %s\n",
		outcome_name((enum outcome)r->j.trace.outcome), outcome_name(r->outcome));
}

static int differs(const struct result *r)
{
	return r->signature[0] && !r->j.agrees;
}

/* The values as a person reads them; where a record has no counterpart, or an outcome differs, that. */
static void values_write(FILE *f, const struct result *r)
{
	const struct judgement *j = &r->j;
	char a[WORD], b[WORD];

	if (!r->has_observed) {
		fprintf(f, "    outcome: expected %s, observed %s\n",
			outcome_name((enum outcome)j->trace.outcome), outcome_name(r->outcome));
		return;
	}
	if (j->field == F_COUNT || j->record >= r->n_observed || j->record >= j->trace.n) {
		fprintf(f, "    record %u: expected %s, observed %s\n", j->record,
			j->record < j->trace.n ? event_words(&j->trace.rec[j->record], a, sizeof(a)) :
						 "no further event",
			j->record < r->n_observed ?
				event_words(&r->observed[j->record], b, sizeof(b)) :
				"no further event");
		return;
	}
	fprintf(f, "    record %u, %s: expected %s, observed %s\n", j->record, field_name(j->field),
		field_words(&j->trace.rec[j->record], j->field, a, sizeof(a)),
		field_words(&r->observed[j->record], j->field, b, sizeof(b)));
}

int is_broken_promise(const struct result *r)
{
	return r->signature[0] && r->j.agrees && r->j.trace.broken.rule != 0;
}

static void broken_write(FILE *f, const struct result *r)
{
	const struct broken *b = &r->j.trace.broken;
	const struct rule_info *info = &rule_info[b->rule];

	fprintf(f, "    the trace is as predicted, and the handlers broke a promise before record %u ended:\n"
		"    %s: must be 0x%" PRIx64 ", is 0x%" PRIx64 "\n    rule %s (%s): %s\n", b->record,
		field_name((enum record_field)b->field), b->expected, b->observed, info->name,
		basis_name(info->basis), info->words);
}

void difference_write(FILE *f, const struct result *r, const struct profile *profile)
{
	if (is_broken_promise(r))
		broken_write(f, r);
	if (!differs(r) || !strncmp(r->signature, "engine.", 7))
		return;

	const struct rule_info *info = &rule_info[r->j.rule];
	values_write(f, r);
	fprintf(f, "    rule %s (%s): %s\n    manual: %s\n", info->name, basis_name(info->basis),
		info->words, rule_manual(r->j.rule, profile));
}

static void known_write(FILE *f, const struct result *r)
{
	for (unsigned i = 0; i < r->n_known; i++)
		fprintf(f, "%s%s", i ? "," : "", r->known[i]);
}

void result_write(FILE *f, const char *name, const struct result *r, const struct profile *profile)
{
	fprintf(f, "%-7s %s", verdict_name(r->verdict), name);
	if (r->n_known) {
		fputs("  known: ", f);
		known_write(f, r);
	}
	if (r->reason[0])
		fprintf(f, "  %s", r->reason);
	fputc('\n', f);
	if (r->verdict == VERDICT_SKIP)
		return;
	if (r->signature[0])
		fprintf(f, "    %s\n", r->signature);
	if (r->verdict == VERDICT_ERROR)
		return;
	trace_write(f, r);
	difference_write(f, r, profile);
}

void result_write_ktap(FILE *f, unsigned number, const char *name, const struct result *r,
		       const struct profile *profile)
{
	int ok = (r->verdict == VERDICT_PASS || r->verdict == VERDICT_SKIP) && !r->fixed;

	fprintf(f, "%s %u %s", ok ? "ok" : "not ok", number, name);
	if (r->verdict == VERDICT_SKIP)
		fprintf(f, " # SKIP %s", r->reason);
	if (r->n_known && !r->fixed) {
		fputs(" # XFAIL ", f);
		known_write(f, r);
	}
	fputc('\n', f);
	if (r->verdict == VERDICT_ERROR)
		fprintf(f, "# ERROR %s\n", r->reason);
	if (r->fixed)
		fprintf(f, "# %s\n", r->reason);
	if (is_unknown(r) && differs(r)) {
		fprintf(f, "# %s %s\n", verdict_name(r->verdict), r->signature);
		fprintf(f, "# rule %s: %s\n", rule_info[r->j.rule].name,
			rule_manual(r->j.rule, profile));
	}
}
