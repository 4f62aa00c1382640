/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's side of the line against a guest that misbehaves in every way the line can. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "efi/abi/delta.h"
#include "host/engine.h"
#include "host/link.h"
#include "tests/made_case.h"

enum { N_RUNS = 40, DEADLINE_MS = 2000 };

static struct engine *begin(struct fakeguest *g)
{
	struct engine_opts opts = { 0 };
	char err[256] = "";
	struct engine *e;

	g->run = run_made;
	assert_int_equal(fakeguest_start(g), 0);
	opts.spec = g->spec;
	e = engine_start(&opts, err, sizeof(err));
	assert_string_equal(err, "");
	assert_non_null(e);
	return e;
}

static void end(struct fakeguest *g, struct engine *e)
{
	engine_stop(e);
	fakeguest_stop(g);
}

/* Many runs, each of which must be right whatever happens on the line. */
static void all_runs_are_right(unsigned (*mischief)(unsigned, const struct wire_head *, void *))
{
	struct fakeguest g = { .mischief = mischief };
	struct engine *e = begin(&g);
	uint8_t bytes[MADE_MAX];

	for (unsigned i = 0; i < N_RUNS; i++) {
		size_t len = make_case(i, bytes);
		struct msg_done done;

		assert_int_equal(engine_run(e, bytes, len, DEADLINE_MS, &done), ENGINE_OK);
		assert_int_equal(done.hash, made_hash(bytes, len));
	}
	assert_true(g.counts->runs == N_RUNS); /* a repeated request is never run twice */
	end(&g, e);
}

#define EVERY(name, nth_of, what)                                                                  \
	static unsigned name##_mischief(unsigned nth, const struct wire_head *request, void *arg)  \
	{                                                                                          \
		(void)request, (void)arg;                                                          \
		return nth % (nth_of) == (nth_of)-1 ? (what) : 0;                                  \
	}                                                                                          \
	static void name(void **state)                                                             \
	{                                                                                          \
		(void)state;                                                                       \
		all_runs_are_right(name##_mischief);                                               \
	}

EVERY(a_good_line, 1000, 0)
EVERY(a_lost_request_is_repeated, 9, FAKE_DEAF)
EVERY(a_lost_answer_is_repeated, 9, FAKE_DROP)
EVERY(a_damaged_answer_is_repeated, 9, FAKE_CORRUPT)
EVERY(noise_is_passed_over, 2, FAKE_GARBAGE)
EVERY(a_second_answer_is_ignored, 1, FAKE_TWICE)
EVERY(a_stale_epoch_is_ignored, 1, FAKE_STALE)

/* Slow once for a request, not for each repetition of it, of which there are many by then. */
static unsigned slow_mischief(unsigned nth, const struct wire_head *request, void *arg)
{
	static uint16_t last;
	const int again = request->seq == last;

	(void)nth, (void)arg;
	last = request->seq;
	return !again && request->seq % 15 == 14 ? FAKE_DELAY : 0;
}

static void a_slow_guest_is_waited_for(void **state)
{
	(void)state;
	all_runs_are_right(slow_mischief);
}

/* The guest lost the case before: the whole is sent, and the result is right. */
EVERY(a_forgotten_base_is_sent_whole, 3, FAKE_FORGET)

static void a_difference_is_short(void **state)
{
	struct fakeguest g = { 0 };
	struct engine *e = begin(&g);
	uint8_t bytes[200] = { 0 };
	struct msg_done done;

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		bytes[100] = (uint8_t)i;
		assert_int_equal(engine_run(e, bytes, sizeof(bytes), DEADLINE_MS, &done), ENGINE_OK);
	}
	/* a byte for each unit, since there was nothing before; then how many are as before, and what has changed in the next */
	assert_int_equal(g.counts->run_bytes, sizeof(bytes) / DELTA_UNIT + 9 * (1 + 2));
	end(&g, e);
}

static void records_come_whole(void **state)
{
	struct fakeguest g = { 0 };
	struct engine *e = begin(&g);
	struct record rec[RECORDS_MAX + 1];
	uint8_t bytes[MADE_MAX];

	(void)state;
	for (unsigned i = 0; i < N_RUNS; i++) {
		size_t len = make_case(i, bytes);
		struct fake_run want = { 0 };
		struct msg_done done;

		run_made(bytes, len, NULL, &want);
		assert_int_equal(engine_run(e, bytes, len, DEADLINE_MS, &done), ENGINE_OK);
		assert_int_equal(done.n_rec, want.n);
		assert_int_equal(engine_records(e, rec, RECORDS_MAX + 1), want.n);
		assert_memory_equal(rec, want.rec, want.n * sizeof(*rec));
		assert_int_equal(engine_records(e, rec, 1), 1);
	}
	end(&g, e);
}

/* From the third RUN on, as `arg` says. */
static unsigned at_third_run(unsigned nth, const struct wire_head *request, void *arg)
{
	static unsigned runs;

	(void)nth;
	if (request->type != MSG_RUN)
		return 0;
	return ++runs == 3 ? *(unsigned *)arg : 0;
}

/* Two good runs, one that ends as it says, and after recovery a good one if there can be any. */
static void third_run_ends(unsigned mischief, enum engine_status want, int after)
{
	struct fakeguest g = { .mischief = at_third_run, .arg = &mischief };
	struct engine *e = begin(&g);
	uint8_t bytes[MADE_MAX];
	struct msg_done done = { .hash = 1 };
	int64_t t;

	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(engine_run(e, bytes, make_case(i, bytes), DEADLINE_MS, &done),
				 ENGINE_OK);
	done.hash = 1;
	t = now_ms();
	assert_int_equal(engine_run(e, bytes, make_case(2, bytes), 300, &done), want);
	assert_int_equal(engine_last_status(e), want);
	assert_int_equal(done.hash, 1); /* outputs are untouched on failure */
	assert_in_range(now_ms() - t, want == ENGINE_HANG ? 299 : 0, want == ENGINE_HANG ? 1500 : 280);
	if (want == ENGINE_PANIC || want == ENGINE_REFUSED)
		assert_true(strlen(engine_words(e)) > 10);
	if (want != ENGINE_REFUSED && want != ENGINE_FAULT)
		assert_int_equal(engine_run(e, bytes, 8, DEADLINE_MS, &done), want);
	assert_int_equal(engine_recover(e), after);
	if (after == ENGINE_OK) {
		size_t len = make_case(3, bytes);

		assert_int_equal(engine_run(e, bytes, len, DEADLINE_MS, &done), ENGINE_OK);
		assert_int_equal(done.hash, made_hash(bytes, len));
	}
	end(&g, e);
}

static void silence_is_a_hang(void **state)
{
	(void)state;
	third_run_ends(FAKE_SILENT, ENGINE_HANG, ENGINE_OK);
}

static void death_is_noticed_at_once(void **state)
{
	(void)state;
	third_run_ends(FAKE_DIE, ENGINE_DEAD, ENGINE_DEAD);
}

static void a_panic_is_told(void **state)
{
	(void)state;
	third_run_ends(FAKE_PANIC, ENGINE_PANIC, ENGINE_OK);
}

static void a_refusal_is_told(void **state)
{
	(void)state;
	third_run_ends(FAKE_REFUSE, ENGINE_REFUSED, ENGINE_OK);
}

static void a_wrong_answer_is_a_fault(void **state)
{
	(void)state;
	third_run_ends(FAKE_WRONG, ENGINE_FAULT, ENGINE_OK);
}

static void another_build_is_refused(void **state)
{
	struct fakeguest g = { .build = 1 };
	struct engine_opts opts = { 0 };
	char err[256] = "";

	(void)state;
	assert_int_equal(fakeguest_start(&g), 0);
	opts.spec = g.spec;
	assert_null(engine_start(&opts, err, sizeof(err)));
	assert_non_null(strstr(err, "make"));
	fakeguest_stop(&g);
}

/* What the host says on stderr while it meets a guest whose HELLO has these flags. */
static void words_of_hello(uint16_t flags, char *ret_words, size_t cap)
{
	struct fakeguest g = { .flags = flags };
	FILE *said = tmpfile();
	int kept = dup(STDERR_FILENO);

	assert_non_null(said);
	dup2(fileno(said), STDERR_FILENO);
	end(&g, begin(&g));
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(said);
	ret_words[fread(ret_words, 1, cap - 1, said)] = 0;
	fclose(said);
}

static void a_refused_plan_is_said_and_the_guest_used(void **state)
{
	char words[512];

	(void)state;
	words_of_hello(HELLO_PLAN_BAD, words, sizeof(words));
	assert_non_null(strstr(words, "plan.dtb"));
	assert_non_null(strstr(words, "trainwreck plan"));
	words_of_hello(HELLO_PLAN_READ, words, sizeof(words));
	assert_string_equal(words, "");
}

static void a_guest_that_never_comes_is_not_waited_for(void **state)
{
	struct engine_opts opts = { .boot_ms = 50 };
	char err[256] = "", spec[16];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	snprintf(spec, sizeof(spec), "fd:%d", fds[0]);
	opts.spec = spec;
	assert_null(engine_start(&opts, err, sizeof(err)));
	assert_non_null(strstr(err, "run it again with -v"));
	close(fds[0]);
	close(fds[1]);
}

static void unknown_engines_are_refused(void **state)
{
	static const char *const specs[] = { "tty:/dev/null", "nonsense", "fd:no", "fd:999",
					     "qemu:speed=9" };
	(void)state;
	for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
		struct engine_opts opts = { .spec = specs[i] };
		char err[256] = "";

		assert_null(engine_start(&opts, err, sizeof(err)));
		assert_true(strlen(err) > 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_line),
		cmocka_unit_test(a_lost_request_is_repeated),
		cmocka_unit_test(a_lost_answer_is_repeated),
		cmocka_unit_test(a_damaged_answer_is_repeated),
		cmocka_unit_test(noise_is_passed_over),
		cmocka_unit_test(a_second_answer_is_ignored),
		cmocka_unit_test(a_stale_epoch_is_ignored),
		cmocka_unit_test(a_slow_guest_is_waited_for),
		cmocka_unit_test(a_forgotten_base_is_sent_whole),
		cmocka_unit_test(a_difference_is_short),
		cmocka_unit_test(records_come_whole),
		cmocka_unit_test(silence_is_a_hang),
		cmocka_unit_test(death_is_noticed_at_once),
		cmocka_unit_test(a_panic_is_told),
		cmocka_unit_test(a_refusal_is_told),
		cmocka_unit_test(a_wrong_answer_is_a_fault),
		cmocka_unit_test(another_build_is_refused),
		cmocka_unit_test(a_refused_plan_is_said_and_the_guest_used),
		cmocka_unit_test(a_guest_that_never_comes_is_not_waited_for),
		cmocka_unit_test(unknown_engines_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
