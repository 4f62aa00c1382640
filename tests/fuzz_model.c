/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes have a trace on either vendor's CPU; the model agrees with itself and can name it all. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void words(const struct trace *t)
{
	char text[256];

	for (unsigned i = 0; i < t->n; i++) {
		event_words(&t->rec[i], text, sizeof(text));
		for (unsigned f = 0; f < F_COUNT; f++)
			field_words(&t->rec[i], (enum record_field)f, text, sizeof(text));
	}
}

static void check(const struct seq *seq, const struct profile *profile)
{
	static struct judgement j;
	static struct trace t;
	static uint8_t map[4096];
	struct path path = { 0 };
	unsigned n = 0;

	do {
		model_predict(seq, profile, NULL, &path, &t);
		if (t.n > RECORDS_MAX + 1)
			abort();
		path = t.path;
	} while (++n < 4 && path_next(&path));
	words(&t);
	cover_trace(seq, &t, map, sizeof(map));
	if (t.outcome != OUTCOME_DONE)
		return;
	model_judge(seq, profile, NULL, t.rec, t.n, &j);
	/* a search for the branches may be given up, but not where there are few */
	if (!j.agrees && t.path.n < 4)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct seq seq;

	seq_decode(&seq, data, len);
	check(&seq, profile_named("intel"));
	check(&seq, profile_named("amd"));
	return 0;
}
