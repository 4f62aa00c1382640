/* SPDX-License-Identifier: BSD-2-Clause */
#include "efi/selftest.h"

#include <string.h>

#include "efi/abi/fmt.h"
#include "efi/answer.h"
#include "efi/boot.h"
#include "efi/machine.h"
#include "efi/plans.h"
#include "efi/runs.h"

#define SEQ_FOLDER "\\trainwreck\\seq"
#define SEQ_NEEDS  "\\trainwreck\\needs.txt"

enum {
	CASES_MAX = 2048,
	PATH_CAP = 160,
	NEEDS_MAX = 16384,
	PIECE = 4096, /* of results.ktap; no line of it is that long */
	DIFFER_MAX = 4096, /* of the summary's last words */
};

struct test {
	char name[RUNS_NAME_MAX];
	uint16_t len;
	uint8_t bytes[SEQ_BYTES_MAX];
};

static struct test *tests;
static unsigned n_tests, count[RUNS_COUNTS];
static char needs[NEEDS_MAX]; /* a line each: the sequence's name, and what the CPU must have for it */
static const char *died; /* the one that ran when the machine went away */
static char differ[DIFFER_MAX];
static unsigned n_more; /* that had no room in it */

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

static int is_binary(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && !strcmp(name + n - 4, ".bin");
}

/* A stick without that file holds sequences that need nothing special; one whose file cannot be read may hold any. */
static int read_needs(void)
{
	size_t n = 0;
	int bad = boot_read(SEQ_NEEDS, needs, sizeof(needs) - 1, &n);

	needs[bad ? 0 : n] = 0;
	return bad == BOOT_NO_FILE ? 0 : bad;
}

const char *selftest_prepare(void)
{
	size_t len = (CASES_MAX * sizeof(struct test) + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
	static char why[PATH_CAP + 80];
	char path[PATH_CAP];

	tests = boot_pages(len / PAGE_SIZE, WINDOW_BASE, WINDOW_END);
	if (!tests)
		return "not enough memory for the sequences: give the machine 16 MiB more";
	for (unsigned i = 0; n_tests < CASES_MAX; i++) {
		struct test *t = &tests[n_tests];
		size_t n;

		if (boot_list(SEQ_FOLDER, i, t->name, sizeof(t->name)))
			break;
		fmt_print(path, sizeof(path), SEQ_FOLDER "\\%s", t->name);
		if (!is_binary(t->name))
			continue;
		if (boot_read(path, t->bytes, sizeof(t->bytes), &n)) {
			fmt_print(why, sizeof(why),
				  "%s is no sequence, or longer than one can be: take it off the stick", path);
			return why;
		}
		t->len = (uint16_t)n;
		n_tests++;
	}
	if (!n_tests)
		return "no sequence in " SEQ_FOLDER ": put some there with `trainwreck asm`";
	/* none is left out in silence */
	if (n_tests == CASES_MAX) {
		fmt_print(why, sizeof(why), "%u sequences or more in " SEQ_FOLDER ": take some off the stick", CASES_MAX);
		return why;
	}
	sort();
	if (read_needs()) {
		fmt_print(why, sizeof(why), SEQ_NEEDS " is longer than %u bytes, or the stick does not give it: shorten it, or copy it again",
			  NEEDS_MAX - 1);
		return why;
	}
	return space_keep(&machine.space, tests, len);
}

/* --- one of them ----------------------------------------------------------------------------- */

/* With the machine ours. */
static void run_one(void *arg)
{
	const struct test *t = arg;
	struct msg_done done;

	exec_run(t->bytes, t->len, &done);
}

/* What the CPU must have for it beyond what its steps tell; NULL: it has it. */
static const char *lacks_needs(const char *name, size_t *ret_len)
{
	static char words[NEEDS_MAX];
	size_t n = strlen(name);
	const char *p = needs;

	while (p && *p) {
		const char *end = strchr(p, '\n');
		size_t len = end ? (size_t)(end - p) : strlen(p);

		if (len > n && !memcmp(p, name, n) && p[n] == ' ') {
			fmt_print(words, sizeof(words), "%.*s", (int)(len - n - 1), p + n + 1);
			return profile_lacks(&machine.profile, words, ret_len);
		}
		p = end ? end + 1 : NULL;
	}
	return NULL;
}

/* Whether it may run here at all: what ends the machine by itself does not, unless the plan says so. */
static const char *why_not(const struct seq *seq, struct answer *a)
{
	const char *lacks = model_lacks(seq, &machine.profile);

	if (lacks)
		return lacks;
	if (seq_needs(seq) & HOSTED)
		return "it waits for an event that only a host can inject";
	model_predict(seq, &machine.profile, NULL, NULL, &a->j.trace);
	if (a->j.trace.outcome == OUTCOME_SHUTDOWN && machine.config.deaths != CONFIG_RUN)
		return "the manual has it end in a shutdown: not run without a host";
	if (a->j.trace.outcome == OUTCOME_HANG)
		return "the manual has it never end: not run without a host";
	if (a->j.trace.unchecked)
		return "it runs text in another mode, which is not predicted";
	return NULL;
}

/* The CPU did as it must, and the handlers of a style broke a promise of theirs all the same. */
static void settle_broken(const struct seq *seq, struct answer *a)
{
	if (!a->j.trace.broken.rule)
		return;
	a->verdict = VERDICT_DIVERGE;
	judge_promise(&a->j);
	signature_of_broken(seq, &a->j.trace, a->signature, sizeof(a->signature));
}

static void judge(const struct seq *seq, struct answer *a)
{
	model_judge(seq, &machine.profile, NULL, a->rec, a->n, &a->j);
	a->verdict = a->j.agrees ? VERDICT_PASS : VERDICT_DIVERGE;
	if (!a->j.agrees)
		signature_of(&a->j, a->rec, a->n, a->signature, sizeof(a->signature));
	else
		settle_broken(seq, a);
}

/* The one that ran when the machine went away, as the journal on the stick has it. */
static void judge_death(const struct seq *seq, struct answer *a)
{
	model_judge_death(seq, &machine.profile, NULL, OUTCOME_SHUTDOWN, &a->j);
	a->verdict = a->j.agrees ? VERDICT_PASS : VERDICT_CRASH;
	if (!a->j.agrees)
		signature_of_death(&a->j, OUTCOME_SHUTDOWN, a->signature, sizeof(a->signature));
	fmt_print(a->reason, sizeof(a->reason), "%s",
		  a->j.agrees ? "the machine was reset, as the manual has it" :
				"the machine was reset, or never answered, while this ran");
}

static void answer_one(const struct test *t, int (*taken)(void (*)(void *), void *), struct answer *a)
{
	const struct record *rec;
	const char *why;
	struct seq seq;
	size_t len;

	seq_decode(&seq, t->bytes, t->len);
	a->verdict = VERDICT_SKIP;
	a->n = 0;
	a->signature[0] = a->reason[0] = 0;
	if (died && !strcmp(died, t->name)) {
		judge_death(&seq, a);
		return;
	}
	why = lacks_needs(t->name, &len);
	if (why)
		fmt_print(a->reason, sizeof(a->reason), "needs %.*s, which this CPU lacks", (int)len, why);
	else if ((why = why_not(&seq, a)))
		fmt_print(a->reason, sizeof(a->reason), "%s", why);
	if (why)
		return;
	runs_mark(t->name);
	if (taken(run_one, (void *)(uintptr_t)t)) {
		a->verdict = VERDICT_ERROR;
		fmt_print(a->reason, sizeof(a->reason), "this CPU cannot run test cases: see docs/machines.md");
		return;
	}
	a->n = exec_records(&rec);
	memcpy(a->rec, rec, a->n * sizeof(*rec));
	judge(&seq, a);
}

/* --- all of them ----------------------------------------------------------------------------- */

/* For the summary's last words. */
static void remember(const char *name)
{
	size_t n = strlen(differ);

	if (n + 1 + strlen(name) < sizeof(differ))
		fmt_print(differ + n, sizeof(differ) - n, " %s", name);
	else
		n_more++;
}

static void recall_line(const char *line)
{
	const char *name = strncmp(line, "not ok ", 7) ? NULL : strchr(line + 7, ' ');

	if (name)
		remember(name + 1);
}

/* Of a run broken off: what differed before the machine went away. */
static void recall(void)
{
	static char text[PIECE];
	size_t from = 0, len, used;
	int bad;

	while (!(bad = runs_read("results.ktap", from, text, sizeof(text), &len)) && len) {
		used = 0;
		for (char *p = text, *end; (end = memchr(p, '\n', len - used)); p = end + 1) {
			*end = 0;
			recall_line(p);
			used = (size_t)(end + 1 - text);
		}
		from += used ? used : len;
	}
	if (bad == BOOT_NO_READ)
		runs_tell("The stick does not give results.ktap: what differed before is not named below.\n");
}

static void finish(void)
{
	char line[RUNS_LINE_MAX];

	if (differ[0]) {
		runs_tell("\nNot as the manual says:\n");
		runs_tell(differ);
		fmt_print(line, sizeof(line), n_more ? "\n%u more: results.ktap has all\n" : "\n", n_more);
		runs_tell(line);
	}
	fmt_print(line, sizeof(line), "\n%u pass, %u differ, %u skipped, %u ended the machine\n", count[VERDICT_PASS],
		  count[VERDICT_DIVERGE] + count[VERDICT_ERROR], count[VERDICT_SKIP], count[VERDICT_CRASH]);
	runs_tell(line);
}

int selftest_all(int (*taken)(void (*body)(void *arg), void *arg))
{
	static struct answer a;
	char line[64];
	unsigned first = 0;

	died = runs_begin(plans_path(), count);
	for (unsigned i = 0; died && i < n_tests; i++)
		if (!strcmp(died, tests[i].name))
			first = i;
	fmt_print(line, sizeof(line), "KTAP version 1\n1..%u\n", n_tests);
	if (died)
		recall();
	else
		runs_append("results.ktap", line, strlen(line));
	for (unsigned i = first; i < n_tests; i++) {
		answer_one(&tests[i], taken, &a);
		count[a.verdict]++;
		answer_say(i + 1, n_tests, tests[i].name, &a);
		if (answer_is_bad(a.verdict))
			remember(tests[i].name);
	}
	finish();
	return runs_end();
}
