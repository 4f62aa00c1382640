/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/answer.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/boot.h"
#include "efi/machine.h"
#include "efi/runs.h"

int answer_is_bad(enum verdict v)
{
	return v == VERDICT_DIVERGE || v == VERDICT_CRASH || v == VERDICT_ERROR;
}

/* The same lines as `trainwreck run --ktap` writes. */
static void write_ktap(unsigned number, const char *name, const struct answer *a)
{
	static char line[3 * RUNS_LINE_MAX];
	int n = fmt_print(line, sizeof(line), "%sok %u %s%s%s\n", answer_is_bad(a->verdict) ? "not " : "", number, name,
			  a->verdict == VERDICT_SKIP ? " # SKIP " : "",
			  a->verdict == VERDICT_SKIP ? a->reason : "");

	if (a->signature[0] && answer_is_bad(a->verdict))
		n += fmt_print(line + n, sizeof(line) - (size_t)n, "# %s %s\n# rule %s: %s\n",
			       verdict_name(a->verdict), a->signature, rule_info[a->j.rule].name,
			       machine.profile.vendor == VENDOR_AMD ? rule_info[a->j.rule].amd :
								      rule_info[a->j.rule].intel);
	if (a->verdict == VERDICT_CRASH || a->verdict == VERDICT_ERROR)
		fmt_print(line + n, sizeof(line) - (size_t)n, "# %s %s\n", verdict_name(a->verdict), a->reason);
	runs_append("results.ktap", line, strlen(line));
}

static void write_lines(unsigned number, unsigned of, const char *name, const struct answer *a)
{
	static char line[RUNS_LINE_MAX];
	const char *words = a->reason[0] ? a->reason : a->signature;

	write_ktap(number, name, a);
	fmt_print(line, sizeof(line),
		  "{\"schema\": \"trainwreck.selftest.1\", \"name\": \"%s\", \"verdict\": \"%s\", "
		  "\"signature\": \"%s\", \"reason\": \"%s\", \"events\": %u}\n",
		  name, verdict_name(a->verdict), a->signature, a->reason, a->n ? a->n - 1 : 0);
	runs_append("results.jsonl", line, strlen(line));
	boot_print("%3u/%u ", number, of);
	fmt_print(line, sizeof(line), "%-7s %s%s%s\n", verdict_name(a->verdict), name, *words ? ": " : "", words);
	runs_tell(line);
}

static void show_record(char mark, const struct record *rec)
{
	char event[80], rip[80], landed[80], line[RUNS_LINE_MAX];

	event_words(rec, event, sizeof(event));
	if (rec->entry == ENTRY_LATE)
		fmt_print(line, sizeof(line), "  %c %s\n", mark, event);
	else
		fmt_print(line, sizeof(line), "  %c %-12s at %s on %s step %u depth %u\n", mark, event,
			  addr_words(rec->rip, rip, sizeof(rip)),
			  addr_words(rec->landed, landed, sizeof(landed)), rec->step, rec->depth);
	runs_tell(line);
}

/* Up to the first difference both are the same; from there on each side has its mark. */
static void show_difference(const struct answer *a)
{
	const struct judgement *j = &a->j;
	const struct rule_info *rule = &rule_info[j->rule];
	unsigned most = j->trace.n > a->n ? j->trace.n : a->n;
	char line[RUNS_LINE_MAX];

	for (unsigned i = 0; i < most; i++) {
		if (i < j->record && i < a->n) {
			show_record(' ', &a->rec[i]);
			continue;
		}
		if (i < j->trace.n)
			show_record('-', &j->trace.rec[i]);
		if (i < a->n)
			show_record('+', &a->rec[i]);
	}
	fmt_print(line, sizeof(line), "    %s: expected 0x%lx, observed 0x%lx\n    rule %s: %.300s\n",
		  field_name(j->field), j->expected, j->observed, rule->name, rule->words);
	runs_tell(line);
	fmt_print(line, sizeof(line), "    manual: Intel %.180s; AMD %.180s\n", rule->intel, rule->amd);
	runs_tell(line);
}

void answer_say(unsigned number, unsigned of, const char *name, const struct answer *a)
{
	write_lines(number, of, name, a);
	if (a->verdict == VERDICT_DIVERGE)
		show_difference(a);
}
