/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/target_ahead.h"

enum { ALONE_TRIES = 3 };

/* AFL++ has had another answer by now. -1 when no engine can be had any more. */
static int settle_late(struct target *t, const struct ahead *a, const struct seq *seq)
{
	int crash = target_settle(t, seq, a->bytes, a->len, &t->late);

	if (crash > 0)
		again_post(t->again, a->bytes, a->len);
	return crash < 0 ? -1 : 0;
}

/*
 * The records of those ahead are gone when their answers come. One whose answer cannot be judged without is
 * made again alone, some times if it goes another way then. Where the manual leaves no choice, that means that
 * something which ran before it made it differ.
 */
static int run_alone(struct target *t, const struct doubt *d)
{
	const unsigned stride = t->oracle.death_stride;
	struct seq seq;

	if (t->oracle.broken && target_renew(t))
		return -1;
	seq_decode(&seq, d->a.bytes, d->a.len);
	/* whatever is expected of it by now: it did end by itself, and that is to be judged */
	t->oracle.death_stride = 1;
	for (unsigned i = 0; i < ALONE_TRIES; i++) {
		oracle_run(&t->oracle, &seq, &t->late);
		if (is_unknown(&t->late) || t->late.hash == d->hash || t->oracle.broken)
			break;
	}
	t->oracle.death_stride = stride;
	if (!is_unknown(&t->late) && t->late.hash != d->hash) {
		if (!d->may_vary) {
			t->campaign.flaky++;
			history_save(&t->history, t->campaign.dir, "not-when-alone");
		}
		/* the way that it went the first time is never judged, and may have left anything behind */
		oracle_recover(&t->oracle, &t->late);
	}
	return settle_late(t, &d->a, &seq);
}

/* What brought the machine back took with it what was still under way. */
static int send_again(struct target *t)
{
	for (unsigned i = 0; i < t->ahead.n; i++) {
		const struct ahead *a = &t->ahead.run[(t->ahead.first + i) % ENGINE_RUNS_MAX];

		if (oracle_send(&t->oracle, a))
			return target_renew(t);
	}
	return 0;
}

static int settle_oldest(struct target *t)
{
	const struct ahead *a = &t->ahead.run[t->ahead.first++ % ENGINE_RUNS_MAX];
	struct seq seq;
	int lost = 0;

	t->ahead.n--;
	seq_decode(&seq, a->bytes, a->len);
	if (oracle_collect(&t->oracle, a, &seq, &t->late)) {
		lost = settle_late(t, a, &seq);
	} else {
		history_add(&t->history, &t->oracle, &seq, &t->late);
		t->ahead.doubt[t->ahead.n_doubts++] = (struct doubt){ *a, t->late.hash, t->late.j.trace.path.n != 0 };
	}
	while (!lost && t->ahead.n && !engine_runs_open(t->oracle.engine))
		lost = send_again(t);
	return lost;
}

int ahead_all(struct target *t)
{
	while (t->ahead.n)
		if (settle_oldest(t))
			return -1;
	for (unsigned i = 0; i < t->ahead.n_doubts; i++)
		if (run_alone(t, &t->ahead.doubt[i]))
			return -1;
	t->ahead.n_doubts = 0;
	return 0;
}

int ahead_arrived(struct target *t)
{
	while (t->ahead.n && (engine_run_arrived(t->oracle.engine) ||
			      t->ahead.n == engine_runs_max(t->oracle.engine))) {
		if (settle_oldest(t))
			return -1;
		if (t->ahead.n_doubts == DOUBTS_MAX)
			break;
	}
	/* nothing is under way, or there are so many that the machine stands still for them */
	return t->ahead.n_doubts && (!t->ahead.n || t->ahead.n_doubts == DOUBTS_MAX) ? ahead_all(t) : 0;
}

int ahead_send(struct target *t)
{
	struct ahead *a = &t->ahead.run[(t->ahead.first + t->ahead.n) % ENGINE_RUNS_MAX];

	if (!t->again || again_is(t->again, t->now.bytes, t->now.len) ||
	    !oracle_ahead(&t->oracle, &t->now.seq, &t->now.r, a))
		return 0;
	t->ahead.n++;
	return 1;
}
