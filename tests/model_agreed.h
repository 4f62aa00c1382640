/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds of every sequence, whatever it is for: for the tests, and for the mutants by the piece. */
#ifndef TW_TESTS_MODEL_AGREED_H
#define TW_TESTS_MODEL_AGREED_H

#include "fuzz/style.h"
#include "tests/model_case.h"

/* A sequence with 4096 paths in every style would be most of the time, and so would a search for each of 64. */
enum { STYLE_PATHS_MAX = 64, AGREED_PATHS_MAX = 16 };

/* What the model predicts it agrees to, on each path. */
static inline int case_is_agreed_to(const struct model_case *c, enum case_profile which)
{
	static struct judgement j;
	static struct trace t;
	const struct profile *profile = case_profile(which);
	struct path path = { 0 };
	struct seq seq;
	unsigned n = 0;

	if (parse_case(c, &seq))
		return 0;
	do {
		model_predict(&seq, profile, NULL, &path, &t);
		path = t.path;
		if (t.outcome != OUTCOME_DONE)
			model_judge_death(&seq, profile, NULL, t.outcome, &j);
		else
			model_judge(&seq, profile, NULL, t.rec, t.n, &j);
		if (!j.agrees)
			return 0;
	} while (++n < AGREED_PATHS_MAX && path_next(&path));
	return 1;
}

/* With all guards on, the sequence breaks no promise of a style. */
static inline int style_is_kept(const struct seq *seq, unsigned style, enum case_profile which)
{
	static struct trace t;
	struct seq styled = *seq;
	struct path path = { 0 };
	unsigned n = 0;

	styled.style = style_byte(style, 0);
	do {
		model_predict(&styled, case_profile(which), NULL, &path, &t);
		if (t.broken.rule)
			return 0;
		path = t.path;
	} while (++n < STYLE_PATHS_MAX && path_next(&path));
	return 1;
}

#endif
