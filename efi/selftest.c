/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/selftest.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/abi/verdicts.h"
#include "efi/boot.h"
#include "efi/machine.h"
#include "fuzz/model.h"

#define SEQ_FOLDER "\\trainwreck\\seq"
#define JOURNAL	   "\\trainwreck\\running.txt"

enum {
	CASES_MAX = 1024,
	NAME_MAX = 56,
	PATH_CAP = 160,
	LINE_CAP = 512,
	RUNS_MAX = 9999,
	COLUMNS = 78,
};

struct test {
	char name[NAME_MAX];
	uint16_t len;
	uint8_t bytes[SEQ_BYTES_MAX];
};

struct answer {
	enum verdict verdict;
	const char *reason; /* for a SKIP; NULL: none */
	char signature[160];
	unsigned n;
	struct record rec[RECORDS_MAX + 1];
	struct judgement j;
};

static struct test *tests;
static unsigned n_tests, count[8];
static char folder[PATH_CAP], died[NAME_MAX];
static int lost; /* something could not be written */

static const char *const verdict_words[] = {
#define VERDICT(id, name, status, words) [VERDICT_##name] = #name,
#include "efi/abi/verdicts.def"
#undef VERDICT
};

/* Names sort as they do on the host, whatever order the file system has. */
static void sort(void)
{
	for (unsigned i = 1; i < n_tests; i++) {
		struct test t = tests[i];
		unsigned k = i;

		for (; k && strcmp(tests[k - 1].name, t.name) > 0; k--)
			tests[k] = tests[k - 1];
		tests[k] = t;
	}
}

const char *selftest_prepare(void)
{
	size_t len = (CASES_MAX * sizeof(struct test) + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
	char path[PATH_CAP];

	tests = boot_pages(len / PAGE_SIZE, WINDOW_BASE, WINDOW_END);
	if (!tests)
		return "not enough memory for the sequences: give the machine 16 MiB more";
	for (unsigned i = 0; n_tests < CASES_MAX; i++) {
		struct test *t = &tests[n_tests];
		size_t n;

		if (boot_list(SEQ_FOLDER, i, t->name, NAME_MAX))
			break;
		fmt_print(path, sizeof(path), SEQ_FOLDER "\\%s", t->name);
		if (boot_read(path, t->bytes, sizeof(t->bytes), &n))
			continue; /* a folder, or no sequence of ours */
		t->len = (uint16_t)n;
		n_tests++;
	}
	if (!n_tests)
		return "no sequence in " SEQ_FOLDER ": put some there with `trainwreck asm`";
	sort();
	return space_keep(&machine.space, tests, len);
}

/* --- what came of it ------------------------------------------------------------------------- */

static void append(const char *file, const char *text)
{
	char path[PATH_CAP];

	fmt_print(path, sizeof(path), "%s\\%s", folder, file);
	lost |= boot_append(path, text, strlen(text));
}

static size_t word_len(const char *p)
{
	size_t n = 0;

	while (p[n] && p[n] != ' ' && p[n] != '\n')
		n++;
	return n;
}

/* One line for people, on the console and in the summary, which is to be mailed: folded at 78 columns. */
static void tell(const char *text)
{
	static char out[2 * LINE_CAP];
	size_t n = 0, column = 0;

	for (const char *p = text; *p && n + 16 < sizeof(out); p++) {
		if (*p == ' ' && column + 1 + word_len(p + 1) > COLUMNS) {
			n += (size_t)fmt_print(out + n, sizeof(out) - n, "\n       ");
			column = 7;
		}
		column = *p == '\n' ? 0 : column + 1;
		out[n++] = *p;
	}
	out[n] = 0;
	boot_print("%s", out);
	append("summary.txt", out);
}

static void write_lines(unsigned i, const struct test *t, const struct answer *a)
{
	static char line[LINE_CAP];
	const char *words = a->reason ? a->reason : a->signature;
	int differs = a->verdict == VERDICT_DIVERGE || a->verdict == VERDICT_CRASH;

	fmt_print(line, sizeof(line), "%sok %u - %s%s%s\n", differs ? "not " : "", i + 1, t->name,
		  a->verdict == VERDICT_SKIP ? " # SKIP " : differs ? " # " : "", words);
	append("results.ktap", line);
	fmt_print(line, sizeof(line),
		  "{\"schema\": \"trainwreck.selftest.1\", \"name\": \"%s\", \"verdict\": \"%s\", "
		  "\"signature\": \"%s\", \"reason\": \"%s\", \"events\": %u}\n",
		  t->name, verdict_words[a->verdict], a->signature, a->reason ? a->reason : "",
		  a->n ? a->n - 1 : 0);
	append("results.jsonl", line);
	boot_print("%u/%u ", i + 1, n_tests);
	fmt_print(line, sizeof(line), "%-7s %s%s%s\n", verdict_words[a->verdict], t->name, *words ? ": " : "", words);
	tell(line);
}

static void show_record(char mark, const struct record *rec)
{
	char event[80], rip[80], landed[80], line[LINE_CAP];

	event_words(rec, event, sizeof(event));
	if (rec->entry == ENTRY_LATE)
		fmt_print(line, sizeof(line), "  %c %s\n", mark, event);
	else
		fmt_print(line, sizeof(line), "  %c %-12s at %s on %s step %u depth %u\n", mark, event,
			  addr_words(rec->rip, rip, sizeof(rip)),
			  addr_words(rec->landed, landed, sizeof(landed)), rec->step, rec->depth);
	tell(line);
}

/* Up to the first difference both are the same; from there on each side has its mark. */
static void show_difference(const struct answer *a)
{
	const struct judgement *j = &a->j;
	const struct rule_info *rule = &rule_info[j->rule];
	unsigned most = j->trace.n > a->n ? j->trace.n : a->n;
	char line[LINE_CAP];

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
	tell(line);
	fmt_print(line, sizeof(line), "    manual: Intel %.180s; AMD %.180s\n", rule->intel, rule->amd);
	tell(line);
}

/* --- one of them ----------------------------------------------------------------------------- */

/* With the machine ours. */
static void run_one(void *arg)
{
	const struct test *t = arg;
	struct msg_done done;

	exec_run(t->bytes, t->len, &done);
}

/* Whether it may run here at all: what ends the machine by itself does not, without a host to see it. */
static const char *why_not(const struct seq *seq, struct answer *a)
{
	const char *lacks = model_lacks(seq, &machine.profile);

	if (lacks)
		return lacks;
	if (seq_needs(seq) & HOSTED)
		return "it waits for an event that only a host can inject";
	model_predict(seq, &machine.profile, NULL, NULL, &a->j.trace);
	if (a->j.trace.outcome == OUTCOME_SHUTDOWN)
		return "the manual has it end in a shutdown: not run without a host";
	if (a->j.trace.outcome == OUTCOME_HANG)
		return "the manual has it never end: not run without a host";
	if (a->j.trace.unchecked)
		return "it runs text in another mode, which is not predicted";
	return NULL;
}

static void answer_one(const struct test *t, int (*taken)(void (*)(void *), void *), struct answer *a)
{
	const struct record *rec;
	struct seq seq;

	seq_decode(&seq, t->bytes, t->len);
	a->verdict = VERDICT_SKIP;
	a->n = 0;
	a->signature[0] = 0;
	a->reason = why_not(&seq, a);
	if (a->reason)
		return;
	lost |= boot_write(JOURNAL, t->name, strlen(t->name));
	if (taken(run_one, (void *)(uintptr_t)t)) {
		a->reason = "this CPU cannot run test cases: see docs/machines.md";
		return;
	}
	a->n = exec_records(&rec);
	memcpy(a->rec, rec, a->n * sizeof(*rec));
	model_judge(&seq, &machine.profile, NULL, a->rec, a->n, &a->j);
	a->verdict = a->j.agrees ? VERDICT_PASS : VERDICT_DIVERGE;
	if (!a->j.agrees)
		signature_of(&a->j, a->rec, a->n, a->signature, sizeof(a->signature));
}

/* The one that ran when the machine went away, as the journal on the stick has it. */
static int is_dead(const struct test *t)
{
	return died[0] && !strcmp(died, t->name);
}

/* --- all of them ----------------------------------------------------------------------------- */

/* Never over an earlier run: the first number that is free. After a death, the last that is taken. */
static void choose_folder(void)
{
	static const char *const vendor[] = {
		[VENDOR_INTEL] = "intel",
		[VENDOR_AMD] = "amd",
	};
	unsigned v = machine.profile.vendor, n = 1;
	char path[PATH_CAP], name[40];

	fmt_print(name, sizeof(name), "%s-%08x",
		  v < sizeof(vendor) / sizeof(vendor[0]) && vendor[v] ? vendor[v] : "cpu",
		  machine.profile.signature);
	for (; n < RUNS_MAX; n++) {
		fmt_print(folder, sizeof(folder), "\\trainwreck\\runs\\%s-%04u", name, n);
		fmt_print(path, sizeof(path), "%s\\summary.txt", folder);
		if (!boot_exists(path))
			break;
	}
	if (died[0] && n > 1)
		fmt_print(folder, sizeof(folder), "\\trainwreck\\runs\\%s-%04u", name, n - 1);
}

static void begin(void)
{
	char line[LINE_CAP];
	size_t len = 0;

	if (!boot_read(JOURNAL, died, sizeof(died) - 1, &len))
		died[len] = 0;
	choose_folder();
	if (died[0]) {
		boot_print("trainwreck: the machine went away while it ran %s; going on behind it\n", died);
		return;
	}
	fmt_print(line, sizeof(line), "KTAP version 1\n1..%u\n", n_tests);
	append("results.ktap", line);
	fmt_print(line, sizeof(line), "trainwreck, build %lx\n%.70s\nfirmware %.60s\n\n", machine.build,
		  machine.profile.brand, machine.firmware);
	append("summary.txt", line);
}

static void end(void)
{
	char line[LINE_CAP];

	fmt_print(line, sizeof(line), "\n%s%u pass, %u differ, %u skipped, %u ended the machine\n", died[0] ? "since then: " : "",
		  count[VERDICT_PASS], count[VERDICT_DIVERGE], count[VERDICT_SKIP], count[VERDICT_CRASH]);
	tell(line);
	boot_remove(JOURNAL);
	boot_print("trainwreck: results are in %s\n", folder);
}

int selftest_all(int (*taken)(void (*body)(void *arg), void *arg))
{
	static struct answer a;
	unsigned first = 0;

	begin();
	for (unsigned i = 0; died[0] && i < n_tests; i++)
		if (is_dead(&tests[i]))
			first = i;
	for (unsigned i = first; i < n_tests; i++) {
		if (is_dead(&tests[i])) {
			a.verdict = VERDICT_CRASH;
			a.reason = "the machine was reset, or never answered, while this ran";
			a.signature[0] = 0;
			a.n = 0;
		} else {
			answer_one(&tests[i], taken, &a);
		}
		count[a.verdict]++;
		write_lines(i, &tests[i], &a);
		if (a.verdict == VERDICT_DIVERGE)
			show_difference(&a);
	}
	end();
	if (lost)
		boot_print("trainwreck: %s cannot be written: is the stick full, or write-protected?\n", folder);
	return lost ? -1 : 0;
}
