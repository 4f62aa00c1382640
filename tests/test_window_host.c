/* SPDX-License-Identifier: BSD-2-Clause */
/* Many runs under way in the shared window: which answer is whose, and what a death leaves of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "efi/abi/delta.h"
#include "tests/made_case.h"
#include "tests/parsed.h"
#include "tests/window_rig.h"

enum { DEADLINE_MS = 5000, SHORT_MS = 100 };

/* What the guest does in its run number `at`, counted over all its lives; after_at: and in all that follow. */
struct plan {
	struct window_rig rig;
	unsigned at, mischief;
	int after_at;
};

static unsigned by_plan(unsigned nth, const struct wire_head *request, void *arg)
{
	const struct plan *p = arg;
	const unsigned run = p->rig.guest.counts->runs + 1;

	(void)nth;
	if (request->type != MSG_RUN || !p->at)
		return 0;
	return run == p->at || (p->after_at && run > p->at) ? p->mischief : 0;
}

static struct engine *begin(struct plan *p)
{
	p->rig.guest.run = run_made;
	p->rig.guest.mischief = by_plan;
	p->rig.guest.arg = p;
	rig_start(&p->rig);
	return p->rig.engine;
}

static void end(struct plan *p)
{
	engine_stop(p->rig.engine);
	fakeguest_stop(&p->rig.guest);
}

static void send_case(struct engine *e, unsigned i, int deadline_ms)
{
	uint8_t bytes[MADE_MAX];
	size_t len = make_case(i, bytes);

	assert_int_equal(engine_run_send(e, bytes, len, deadline_ms), ENGINE_OK);
}

static void send_cases(struct engine *e, unsigned n, int deadline_ms)
{
	for (unsigned i = 0; i < n; i++)
		send_case(e, i, deadline_ms);
	assert_int_equal(engine_runs_open(e), n);
}

/* The oldest that is open is that one, and its answer is right. */
static void is_answered(struct engine *e, unsigned i)
{
	uint8_t bytes[MADE_MAX];
	size_t len = make_case(i, bytes);
	unsigned open = engine_runs_open(e);
	struct msg_done done;

	assert_int_equal(engine_run_wait(e, &done), ENGINE_OK);
	assert_int_equal(done.hash, made_hash(bytes, len));
	assert_int_equal(engine_runs_open(e), open - 1);
}

/* What came before does not matter any more. */
static void all_is_well(struct engine *e)
{
	assert_int_equal(engine_runs_open(e), 0);
	assert_false(engine_run_arrived(e));
	send_cases(e, 20, DEADLINE_MS);
	for (unsigned i = 0; i < 20; i++)
		is_answered(e, i);
	assert_false(engine_run_arrived(e));
}

static void many_are_under_way(void **state)
{
	struct plan p = { 0 };
	struct engine *e = begin(&p);
	const unsigned max = engine_runs_max(e);

	(void)state;
	assert_int_equal(max, ENGINE_RUNS_MAX);
	for (unsigned round = 0; round < 5; round++) {
		send_cases(e, max, DEADLINE_MS);
		for (unsigned i = 0; i < max; i++)
			is_answered(e, i);
	}
	/* and one more for each that is answered */
	send_cases(e, max, DEADLINE_MS);
	for (unsigned i = 0; i < 200; i++) {
		is_answered(e, i);
		send_case(e, i + max, DEADLINE_MS);
	}
	for (unsigned i = 200; i < 200 + max; i++)
		is_answered(e, i);
	assert_int_equal(p.rig.guest.counts->runs, 6 * max + 200);
	end(&p);
}

/* Each is sent as the difference from the one before, whether or not that one has been answered. */
static void a_difference_needs_no_answer(void **state)
{
	struct plan p = { 0 };
	struct engine *e = begin(&p);
	uint8_t bytes[200] = { 0 };
	struct msg_done done;

	(void)state;
	for (unsigned life = 1; life <= 2; life++) {
		for (unsigned i = 0; i < 10; i++) {
			bytes[100] = (uint8_t)i;
			assert_int_equal(engine_run_send(e, bytes, sizeof(bytes), DEADLINE_MS), ENGINE_OK);
		}
		for (unsigned i = 0; i < 10; i++)
			assert_int_equal(engine_run_wait(e, &done), ENGINE_OK);
		/* the snapshot has nothing that the first could differ from: a byte for each unit, though all are zeros */
		assert_int_equal(p.rig.guest.counts->run_bytes, life * (sizeof(bytes) / DELTA_UNIT + 9 * (1 + 2)));
		assert_int_equal(p.rig.guest.counts->run_requests, life * 10);
		assert_int_equal(engine_recover(e), ENGINE_OK);
	}
	end(&p);
}

static void wait_for_byte(const struct window_rig *rig)
{
	struct pollfd fd = { .fd = rig->guest.told_fd, .events = POLLIN };

	assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
}

/* The machine's end is known before the answers are looked at: those that came first count all the same. */
static void answers_from_before_a_death_count(void **state)
{
	struct plan p = { .at = 4, .mischief = FAKE_SHUTDOWN };
	struct engine *e = begin(&p);
	struct msg_done done = { .hash = 1 };
	uint8_t bytes[MADE_MAX];

	(void)state;
	send_cases(e, 10, DEADLINE_MS);
	wait_for_byte(&p.rig);
	for (unsigned i = 0; i < 3; i++)
		is_answered(e, i);
	assert_false(engine_run_arrived(e));
	assert_int_equal(engine_run_wait(e, &done), ENGINE_SHUTDOWN);
	assert_int_equal(done.hash, 1); /* outputs are untouched on failure */
	assert_int_equal(engine_runs_open(e), 6);
	/* nothing more is sent to it, nor waited for */
	assert_int_equal(engine_run_send(e, bytes, make_case(1, bytes), DEADLINE_MS), ENGINE_SHUTDOWN);
	assert_int_equal(engine_run_wait(e, &done), ENGINE_SHUTDOWN);
	assert_int_equal(engine_runs_open(e), 6);
	assert_int_equal(engine_recover(e), ENGINE_OK);
	assert_int_equal(p.rig.restores, 1);
	all_is_well(e);
	assert_int_equal(p.rig.guest.counts->runs, 4 + 20);
	end(&p);
}

/* Ten under way, and the fourth ends so: three are right, it is told, and none of the others is taken for another. */
static void the_fourth_ends(unsigned mischief, enum engine_status want)
{
	struct plan p = { .at = 4, .mischief = mischief };
	struct engine *e = begin(&p);
	struct msg_done done = { .hash = 1 };
	int64_t t;

	send_cases(e, 10, DEADLINE_MS);
	for (unsigned i = 0; i < 3; i++)
		is_answered(e, i);
	if (want == ENGINE_HANG)
		e->run_ms = SHORT_MS;
	t = now_ms();
	assert_int_equal(engine_run_wait(e, &done), want);
	assert_in_range(now_ms() - t, want == ENGINE_HANG ? SHORT_MS - 1 : 0, DEADLINE_MS);
	assert_int_equal(engine_last_status(e), want);
	assert_int_equal(done.hash, 1);
	if (want == ENGINE_PANIC || want == ENGINE_REFUSED)
		assert_true(strlen(engine_words(e)) > 10);
	assert_int_equal(engine_recover(e), ENGINE_OK);
	all_is_well(e);
	end(&p);
}

static void other_ends_of_a_flight(void **state)
{
	(void)state;
	the_fourth_ends(FAKE_DIE, ENGINE_DEAD);
	the_fourth_ends(FAKE_SILENT, ENGINE_HANG);
	the_fourth_ends(FAKE_PANIC, ENGINE_PANIC);
	the_fourth_ends(FAKE_REFUSE, ENGINE_REFUSED);
	the_fourth_ends(FAKE_WRONG, ENGINE_FAULT);
	the_fourth_ends(FAKE_CORRUPT, ENGINE_HANG); /* in a window nobody says it again */
	the_fourth_ends(FAKE_DROP, ENGINE_HANG);
}

/* An answer too many, and one of another life: neither is taken for the next one's. */
static void a_lie_is_nobodys_answer(void **state)
{
	(void)state;
	for (unsigned mischief = FAKE_TWICE;; mischief = FAKE_STALE) {
		struct plan p = { .at = 4, .mischief = mischief, .after_at = 1 };
		struct engine *e = begin(&p);

		send_cases(e, 10, DEADLINE_MS);
		for (unsigned i = 0; i < 10; i++)
			is_answered(e, i);
		end(&p);
		if (mischief == FAKE_STALE)
			break;
	}
}

/* Answers too many for the ring run over those that nobody has read yet: a hang, never a wrong result. */
static void a_flood_of_lies_is_a_hang(void **state)
{
	struct plan p = { .at = 1, .mischief = FAKE_STALE, .after_at = 1 };
	struct engine *e = begin(&p);
	struct msg_done done;

	(void)state;
	send_cases(e, ENGINE_RUNS_MAX, SHORT_MS);
	while (p.rig.guest.counts->runs < ENGINE_RUNS_MAX)
		usleep(1000);
	usleep(5000); /* the last of them is counted before it is answered */
	assert_int_equal(engine_run_wait(e, &done), ENGINE_HANG);
	p.mischief = 0; /* for the guest of the next life */
	assert_int_equal(engine_recover(e), ENGINE_OK);
	all_is_well(e);
	end(&p);
}

static void a_forgotten_base(void **state)
{
	struct plan p = { .at = 2, .mischief = FAKE_FORGET };
	struct engine *e = begin(&p);
	struct msg_done done;

	(void)state;
	/* alone: the whole is sent instead */
	send_case(e, 1, DEADLINE_MS);
	is_answered(e, 1);
	send_case(e, 2, DEADLINE_MS);
	is_answered(e, 2);
	assert_int_equal(p.rig.guest.counts->runs, 2);
	assert_int_equal(p.rig.guest.counts->run_requests, 3);
	end(&p);
	/* with others behind it that differ from it: no one can be answered any more */
	p = (struct plan){ .at = 3, .mischief = FAKE_FORGET };
	e = begin(&p);
	send_cases(e, 5, DEADLINE_MS);
	is_answered(e, 0);
	is_answered(e, 1);
	assert_int_equal(engine_run_wait(e, &done), ENGINE_REFUSED);
	p.at = 0;
	assert_int_equal(engine_recover(e), ENGINE_OK);
	all_is_well(e);
	end(&p);
}

static void an_answer_arrives(void **state)
{
	struct plan p = { .at = 1, .mischief = FAKE_DELAY };
	struct engine *e = begin(&p);

	(void)state;
	assert_false(engine_run_arrived(e));
	send_case(e, 7, DEADLINE_MS);
	assert_false(engine_run_arrived(e));
	for (int64_t end = now_ms() + DEADLINE_MS; !engine_run_arrived(e) && now_ms() < end;)
		usleep(1000);
	assert_true(engine_run_arrived(e));
	is_answered(e, 7);
	assert_false(engine_run_arrived(e));
	end(&p);
}

/* Of four, the second arms a breakpoint; the one that dies is the last waited for, and the one behind it may have begun. */
static void a_data_breakpoint_is_told_to_the_engine(void **state)
{
	static const int want[] = { 1, 1, 0, 0 };
	struct seq plain = parsed("nop"), debug = parsed("nop; bp.w user");
	uint8_t bytes[SEQ_BYTES_MAX];
	struct msg_done done;

	(void)state;
	for (unsigned dies = 0; dies < 4; dies++) {
		struct plan p = { .at = dies + 1, .mischief = FAKE_SHUTDOWN };
		struct engine *e = begin(&p);

		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(engine_run_send(e, bytes, seq_encode(i == 1 ? &debug : &plain, bytes),
							 DEADLINE_MS), ENGINE_OK);
		for (unsigned i = 0; i < dies; i++)
			assert_int_equal(engine_run_wait(e, &done), ENGINE_OK);
		assert_int_equal(engine_run_wait(e, &done), ENGINE_SHUTDOWN);
		assert_int_equal(engine_recover(e), ENGINE_OK);
		assert_int_equal(p.rig.watched, want[dies]);
		end(&p);
	}
}

static void nobody_comes_back(void **state)
{
	struct plan p = { .at = 2, .mischief = FAKE_DIE };
	struct engine *e = begin(&p);
	uint8_t bytes[MADE_MAX];
	struct msg_done done;

	(void)state;
	p.rig.is_gone = 1;
	send_cases(e, 5, DEADLINE_MS);
	is_answered(e, 0);
	assert_int_equal(engine_run_wait(e, &done), ENGINE_DEAD);
	assert_int_equal(engine_recover(e), ENGINE_DEAD);
	/* in place, and then with a new process */
	assert_int_equal(p.rig.restores, 2);
	assert_int_equal(p.rig.afresh, 1);
	assert_int_equal(engine_run_send(e, bytes, make_case(1, bytes), DEADLINE_MS), ENGINE_DEAD);
	assert_int_equal(engine_runs_open(e), 0);
	end(&p);
}

/* What the machine is asked for, its CPU's state, takes the news off the line: it shut down, and looks asleep. */
static int news_is_read;

static int asleep_for_ever(struct engine *e)
{
	(void)e;
	news_is_read = 1;
	return 1;
}

static int64_t used_nothing(struct engine *e)
{
	(void)e;
	return 0;
}

static enum engine_status by_news(struct engine *e)
{
	(void)e;
	return news_is_read ? ENGINE_SHUTDOWN : ENGINE_OK;
}

static void a_death_told_while_it_is_asked(void **state)
{
	struct plan p = { .at = 1, .mischief = FAKE_SILENT };
	struct engine *e = begin(&p);
	struct msg_done done;

	(void)state;
	p.rig.ops.sleeps = asleep_for_ever;
	p.rig.ops.cpu_ms = used_nothing;
	p.rig.ops.watch = by_news;
	send_case(e, 0, DEADLINE_MS);
	assert_int_equal(engine_run_wait(e, &done), ENGINE_SHUTDOWN);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_are_under_way),
		cmocka_unit_test(a_difference_needs_no_answer),
		cmocka_unit_test(answers_from_before_a_death_count),
		cmocka_unit_test(other_ends_of_a_flight),
		cmocka_unit_test(a_lie_is_nobodys_answer),
		cmocka_unit_test(a_flood_of_lies_is_a_hang),
		cmocka_unit_test(a_forgotten_base),
		cmocka_unit_test(an_answer_arrives),
		cmocka_unit_test(a_data_breakpoint_is_told_to_the_engine),
		cmocka_unit_test(nobody_comes_back),
		cmocka_unit_test(a_death_told_while_it_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
