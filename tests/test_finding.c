/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verdicts and findings on a CPU that is wrong on purpose: the fake guest answers with the model's own
 * trace, into which a fault has been planted, so all that the host does with it can be tested.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/finding_load.h"
#include "host/minimize.h"
#include "host/target.h"
#include "host/trace_print.h"
#include "tests/scratch.h"
#include "tests/wrong_cpu.h"

static const struct overlay_line nothing = { .rule = RULE_END, .vector = -1, .and = UINT64_MAX };

static void a_right_cpu_passes(void **state)
{
	struct plant plant = { .line = nothing };
	static struct result r;
	struct seq seq = parsed("ud2; nmi.self; ret.iret; ret.iret; go.u; int3; syscall");
	struct rig rig;

	(void)state;
	start(&rig, &plant);
	oracle_run(&rig.oracle, &seq, &r);
	assert_int_equal(r.verdict, VERDICT_PASS);
	assert_string_equal(r.signature, "");
	assert_false(is_unknown(&r));
	stop(&rig);
}

static void a_wrong_cpu_diverges_and_is_confirmed(void **state)
{
	struct plant plant = { .line = no_rf };
	static struct result r;
	struct seq seq = parsed("int3; nop; ud2; nop");
	struct rig rig;

	(void)state;
	start(&rig, &plant);
	oracle_run(&rig.oracle, &seq, &r);
	assert_int_equal(r.verdict, VERDICT_DIVERGE);
	assert_int_equal(strncmp(r.signature, "RF_FAULT.rflags.", 16), 0);
	assert_int_equal(r.j.record, 1);
	assert_int_equal(oracle_confirm(&rig.oracle, &seq, &r), 1);
	assert_int_equal(rig.oracle.n_recoveries, CONFIRM_TIMES);
	stop(&rig);
}

static void what_does_not_repeat_is_flaky(void **state)
{
	struct plant plant = { .line = no_rf, .every = 3 };
	static struct result r;
	struct seq seq = parsed("ud2");
	struct rig rig;

	(void)state;
	start(&rig, &plant);
	oracle_run(&rig.oracle, &seq, &r);
	assert_int_equal(r.verdict, VERDICT_DIVERGE);
	assert_int_equal(oracle_confirm(&rig.oracle, &seq, &r), 0);
	assert_int_equal(r.verdict, VERDICT_ERROR);
	assert_non_null(strstr(r.reason, "flaky"));
	stop(&rig);
}

static const char known_text[] = "id: no-rf\nrule: RF_FAULT\nvendor: any\nversions: any\n"
				 "effect: never\nmanual: m\ncorpus: c\nwhy: w\n";

static void a_known_difference_is_named_and_hides_nothing(void **state)
{
	struct plant plant = { .line = no_rf };
	static struct known known;
	static struct result r;
	struct seq seq = parsed("ud2; int3");
	struct rig rig;
	char why[256];

	(void)state;
	assert_int_equal(known_parse(&known, "k", known_text, NULL, why, sizeof(why)), 0);
	start(&rig, &plant);
	rig.oracle.known = &known;
	oracle_run(&rig.oracle, &seq, &r);
	assert_int_equal(r.verdict, VERDICT_DIVERGE);
	assert_int_equal(r.n_known, 1);
	assert_string_equal(r.known[0], "no-rf");
	assert_false(is_unknown(&r));
	stop(&rig);

	/* a CPU that is right shows that the entry has to go */
	plant.line = nothing;
	start(&rig, &plant);
	rig.oracle.known = &known;
	oracle_run(&rig.oracle, &seq, &r);
	assert_true(is_unknown(&r));
	stop(&rig);
	known_free(&known);
}

/* What a run of the sequence on that CPU comes to, beside a list of known differences: which of them it names, or NULL. */
static const char *named(struct plant *plant, const char *list, const char *sequence, enum verdict verdict)
{
	static struct known known;
	static struct result r;
	static char id[32];
	struct seq seq = parsed(sequence);
	struct rig rig;
	char why[256];

	assert_int_equal(known_parse(&known, "k", list, NULL, why, sizeof(why)), 0);
	start(&rig, plant);
	rig.oracle.known = &known;
	oracle_run(&rig.oracle, &seq, &r);
	assert_int_equal(r.verdict, verdict);
	assert_in_range(r.n_known, 0, 1);
	snprintf(id, sizeof(id), "%s", r.n_known ? r.known[0] : "");
	stop(&rig);
	known_free(&known);
	return r.n_known ? id : NULL;
}

/* IRET may keep VIF on this CPU, but nothing here sets VIF: it did what the manual says. */
static void a_known_difference_that_does_not_show_is_not_named(void **state)
{
	struct plant plant = { .line = nothing };

	(void)state;
	assert_null(named(&plant,
			  "id: vif\nrule: IRET_FLAGS\nvendor: any\nversions: any\n"
			  "effect: and 0xfffffffffff7ffff\nmanual: m\ncorpus: c\nwhy: w\n",
			  "int3; ret.iret; int3", VERDICT_PASS));
}

/*
 * The trap that MOV SS does not hold off comes where, after one iteration, a trap that lacks RF would come: without the
 * first entry the second, which says nothing with it, explains the trace.
 */
static void a_line_that_said_nothing_stands_in_for_none(void **state)
{
	struct plant plant = { .line = nothing };
	const char *id;

	(void)state;
	plant.line.rule = RULE_MOVSS_DATA_BP;
	plant.line.and = 0;
	id = named(&plant,
		   "id: not-held-off\nrule: MOVSS_DATA_BP\nvendor: any\nversions: any\n"
		   "effect: never\nmanual: m\ncorpus: c\nwhy: w\n\n"
		   "id: no-rf\nrule: RF_REP\nvendor: any\nversions: any\n"
		   "effect: never\nmanual: m\ncorpus: c\nwhy: w\n",
		   "bp.rw ss; movss+rep.stos 3", VERDICT_DIVERGE);
	assert_non_null(id);
	assert_string_equal(id, "not-held-off");
}

static void a_silent_guest_hangs(void **state)
{
	struct plant plant = { .line = nothing, .silent = 1 };
	static struct result r;
	struct seq seq = parsed("ud2");
	struct rig rig;

	(void)state;
	start(&rig, &plant);
	oracle_run(&rig.oracle, &seq, &r);
	assert_int_equal(r.verdict, VERDICT_HANG);
	assert_int_equal(r.outcome, OUTCOME_HANG);
	assert_true(r.signature[0]);
	assert_false(rig.oracle.broken);
	assert_int_equal(oracle_confirm(&rig.oracle, &seq, &r), 1);
	stop(&rig);
}

static void what_a_run_leaves_behind_is_said(void **state)
{
	struct plant plant = { .line = nothing, .leaves = "DR7 is 0x401, not 0x400" };
	static struct result r;
	struct seq seq = parsed("ud2");
	struct rig rig;

	(void)state;
	start(&rig, &plant);
	oracle_run(&rig.oracle, &seq, &r);
	assert_int_equal(r.verdict, VERDICT_ERROR);
	assert_non_null(strstr(r.reason, "did not verify"));
	assert_non_null(strstr(r.reason, ": DR7 is 0x401, not 0x400"));
	assert_int_equal(rig.oracle.n_recoveries, 1);
	stop(&rig);
}

static void minimizing_keeps_the_signature(void **state)
{
	struct plant plant = { .line = no_rf };
	static struct result r;
	struct seq seq = parsed("start ring=u flags=if\nint3\nnop\nret.iret\nint 0x80\nnop\nsti+ud2\nnop\nint3"),
		   small;
	struct rig rig;

	(void)state;
	start(&rig, &plant);
	oracle_run(&rig.oracle, &seq, &r);
	assert_true(is_unknown(&r));
	const struct minimize_goal goal = { .signature = r.signature };
	minimize_seq(&rig.oracle, &seq, &goal, 5000, &small);
	assert_int_equal(small.n_steps, 1);
	assert_int_equal(small.step[0].prefix, 0);
	assert_int_equal(small.flags, 0);
	char signature[SIGNATURE_CAP];
	snprintf(signature, sizeof(signature), "%s", r.signature);
	oracle_run(&rig.oracle, &small, &r);
	assert_string_equal(r.signature, signature);
	stop(&rig);
}

static int has_file(const char *signature, const char *file)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/findings/%s/%s", dir, signature, file);
	return !access(path, R_OK);
}

/* Through the target, as AFL++ would: crash, folder, statistics; then read back and filed as known. */
static void a_finding_is_saved_and_read_back(void **state)
{
	static const char *const files[] = { "input.bin",     "input.seq",    "minimized.seq",
					     "expected.json", "observed.json", "report.md",
					     "engine.json",   "replay.sh",     "finding.json" };
	struct plant plant = { .line = no_rf };
	static struct target t;
	static struct finding f;
	struct seq seq = parsed("nop; ud2; nop");
	uint8_t bytes[SEQ_BYTES_MAX], map[1024] = { 1 };
	char why[512], folder[512], text[256];
	struct rig rig;

	(void)state;
	start(&rig, &plant);
	t.oracle = rig.oracle;
	t.source = (struct finding_source){ .spec = rig.guest.spec, .minimize_ms = 2000 };
	campaign_open(&t.campaign, dir);
	size_t len = seq_encode(&seq, bytes);
	assert_int_equal(target_run(&t, bytes, len, map, sizeof(map)), SIGABRT);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!has_file(t.now.r.signature, files[i]))
			fail_msg("no %s", files[i]);
	}
	unsigned set = 0;
	for (size_t i = 0; i < sizeof(map); i++)
		set += map[i] != 0;
	assert_true(map[0] == 1 && set >= 2 && set <= 3);
	uint64_t recoveries = t.oracle.n_recoveries;
	assert_int_equal(target_run(&t, bytes, len, map, sizeof(map)), SIGABRT);
	assert_int_equal(t.oracle.n_recoveries, recoveries); /* confirmed once is enough */
	campaign_write(&t.campaign, &t.oracle, 1);

	snprintf(folder, sizeof(folder), "%s/findings/%s", dir, t.now.r.signature);
	if (finding_load(folder, &f, why, sizeof(why)))
		fail_msg("%s", why);
	assert_string_equal(f.signature, t.now.r.signature);
	assert_int_equal(f.count, 2);
	assert_true(f.seq.n_steps <= 1);
	snprintf(folder, sizeof(folder), "%s/k.known", dir);
	FILE *k = fopen(folder, "w");
	fputs(known_text, k);
	fclose(k);
	assert_int_equal(setenv("TRAINWRECK_KNOWN", folder, 1), 0);
	assert_int_equal(finding_known(&f, text, sizeof(text), why, sizeof(why)), 0);
	assert_string_equal(text, "no-rf");
	unsetenv("TRAINWRECK_KNOWN");
	rig.oracle = t.oracle;
	stop(&rig);

	json_t *stats = campaign_stats(dir);
	assert_int_equal(json_integer_value(json_object_get(stats, "execs")), 2);
	assert_int_equal(json_array_size(json_object_get(stats, "signatures")), 1);
	json_decref(stats);
}

/*
 * Where answers may be late the wrong one is given first; what belongs to the finding is done when the next
 * test case comes, and the one that differed is handed back, to be answered truly.
 */
static void a_late_difference_is_saved_and_handed_back(void **state)
{
	struct plant plant = { .line = no_rf };
	static struct target t;
	struct seq wrong = parsed("nop; ud2; nop"), right = parsed("nop; nop");
	uint8_t bytes[SEQ_BYTES_MAX], other[SEQ_BYTES_MAX], back[SEQ_BYTES_MAX], map[1024] = { 1 };
	char path[512], sub[512];
	uint32_t seen = 0;
	struct rig rig;

	(void)state;
	snprintf(sub, sizeof(sub), "%s/late", dir);
	snprintf(path, sizeof(path), "%s/again", dir);
	setenv(AGAIN_ENV, path, 1);
	start(&rig, &plant);
	t.oracle = rig.oracle;
	t.source = (struct finding_source){ .spec = rig.guest.spec, .minimize_ms = 2000 };
	campaign_open(&t.campaign, sub);
	t.again = again_open();
	assert_non_null(t.again);
	size_t len = seq_encode(&wrong, bytes), other_len = seq_encode(&right, other);

	assert_int_equal(target_run(&t, bytes, len, map, sizeof(map)), 0);
	assert_int_equal(again_take(t.again, &seen, back), 0);
	assert_int_equal(t.campaign.n, 0);
	assert_int_equal(target_run(&t, other, other_len, map, sizeof(map)), 0);
	assert_int_equal(t.campaign.n, 1);
	assert_true(t.campaign.seen[0].confirmed);
	assert_int_equal(again_take(t.again, &seen, back), len);
	assert_memory_equal(back, bytes, len);
	assert_int_equal(again_take(t.again, &seen, back), 0);
	assert_int_equal(target_run(&t, back, len, map, sizeof(map)), SIGABRT);
	/* the one that nobody comes after is settled when the target ends */
	uint64_t count = t.campaign.seen[0].count;
	wrong = parsed("nop; nop; ud2; nop");
	len = seq_encode(&wrong, bytes);
	assert_int_equal(target_run(&t, bytes, len, map, sizeof(map)), 0);
	assert_int_equal(t.campaign.seen[0].count, count);
	target_close(&t);
	fakeguest_stop(&rig.guest);
	unsetenv(AGAIN_ENV);
	assert_int_equal(t.campaign.execs, 4);
	assert_int_equal(t.campaign.seen[0].count, count + 1);
}

static void an_engines_death_is_named_after_its_last_words(void **state)
{
	char out[SIGNATURE_CAP], path[512];

	(void)state;
	snprintf(path, sizeof(path), "%s/stderr", dir);
	FILE *f = fopen(path, "w");
	fputs("==12345==ERROR\nSUMMARY: AddressSanitizer: heap-use-after-free /home/me/q/hw/foo.c:12 in bar\n", f);
	fclose(f);
	signature_of_engine(SIGABRT, path, 0, out, sizeof(out));
	assert_string_equal(out, "engine.SIGABRT.heap-use-after-free_foo-c_12_in_bar");
	/* what one that died before has written stands there, too */
	f = fopen(path, "a");
	long from = ftell(f);
	fclose(f);
	signature_of_engine(SIGSEGV, path, from, out, sizeof(out));
	assert_string_equal(out, "engine.SIGSEGV");
	f = fopen(path, "a");
	fputs("qemu: fatal: invalid tss\n", f);
	fclose(f);
	signature_of_engine(SIGABRT, path, from, out, sizeof(out));
	assert_string_equal(out, "engine.SIGABRT.invalid_tss");
	signature_of_engine(SIGSEGV, "", 0, out, sizeof(out));
	assert_string_equal(out, "engine.SIGSEGV");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_right_cpu_passes),
		cmocka_unit_test(a_wrong_cpu_diverges_and_is_confirmed),
		cmocka_unit_test(what_does_not_repeat_is_flaky),
		cmocka_unit_test(a_known_difference_is_named_and_hides_nothing),
		cmocka_unit_test(a_known_difference_that_does_not_show_is_not_named),
		cmocka_unit_test(a_line_that_said_nothing_stands_in_for_none),
		cmocka_unit_test(a_silent_guest_hangs),
		cmocka_unit_test(what_a_run_leaves_behind_is_said),
		cmocka_unit_test(minimizing_keeps_the_signature),
		cmocka_unit_test(a_finding_is_saved_and_read_back),
		cmocka_unit_test(a_late_difference_is_saved_and_handed_back),
		cmocka_unit_test(an_engines_death_is_named_after_its_last_words),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
