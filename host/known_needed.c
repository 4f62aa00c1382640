/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which known differences does a trace really show? A line may have changed a rule's result without
 * anything of it being seen: then the CPU did as the manual says, and the line must not be named.
 */
#include <string.h>

#include "host/known.h"
#include "host/listed.h"

/* Whether the model, with the lines as they are now, still gives this trace. */
static int same_trace(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		      const struct trace *trace)
{
	static struct trace t;

	model_predict(seq, profile, overlay, &trace->path, &t);
	return t.outcome == trace->outcome && t.dies == trace->dies && t.n == trace->n &&
	       !memcmp(t.rec, trace->rec, t.n * sizeof(t.rec[0]));
}

static void say_nothing(struct overlay_line *line)
{
	line->and = UINT64_MAX;
	line->xor = 0;
	line->kills = 0;
}

unsigned known_needed(struct known *known, const struct seq *seq, const struct profile *profile,
		      const struct trace *trace, const char **ret_ids, unsigned max)
{
	struct overlay_line was[KNOWN_MAX];
	uint8_t needed[KNOWN_MAX] = { 0 };
	unsigned n = 0, spoke = 0;

	memcpy(was, known->line, known->overlay.n * sizeof(was[0]));
	/* a line that said nothing must not step in for one that is tried without */
	for (unsigned i = 0; i < known->overlay.n; i++) {
		if (was[i].uses)
			spoke++;
		else
			say_nothing(&known->line[i]);
	}
	/* without those that might have spoken the path may be another: then all that spoke are named */
	const int tries = spoke && same_trace(seq, profile, &known->overlay, trace);

	for (unsigned i = 0; i < known->overlay.n; i++) {
		if (!was[i].uses)
			continue;
		say_nothing(&known->line[i]);
		if (tries && same_trace(seq, profile, &known->overlay, trace))
			continue; /* and stays without it, for two lines may say the same */
		needed[i] = 1;
		known->line[i] = was[i];
	}
	for (unsigned i = 0; i < known->overlay.n; i++) {
		known->line[i] = was[i];
		known->line[i].uses = needed[i] ? was[i].uses : 0;
	}
	for (unsigned i = 0; i < known->n && n < max; i++) {
		if (known->entry[i].line >= 0 && needed[known->entry[i].line])
			ret_ids[n++] = known->entry[i].id;
	}
	return n;
}

const char *known_of_death(const struct known *known, const char *signature)
{
	for (unsigned i = 0; i < known->n; i++) {
		const struct known_entry *e = &known->entry[i];

		if (e->line >= 0 && e->death && listed(e->death, ' ', signature))
			return e->id;
	}
	return NULL;
}

const struct known_entry *known_of_corpus(const struct known *known, const char *path,
					  const struct profile *profile)
{
	size_t len = strlen(path);

	for (unsigned i = 0; i < known->n; i++) {
		const struct known_entry *e = &known->entry[i];
		size_t n = strlen(e->corpus);
		if (e->line < 0 || n > len || strcmp(path + len - n, e->corpus))
			continue;
		const struct overlay_line *line = &known->line[e->line];
		if ((!line->vendor || line->vendor == profile->vendor) && !(line->unless & profile->features))
			return e;
	}
	return NULL;
}

void known_forget_rule(struct known *known, const char *signature)
{
	size_t len = strcspn(signature, ".");

	for (unsigned i = 0; i < known->n; i++) {
		struct known_entry *e = &known->entry[i];
		if (e->line < 0 || strlen(e->rule) != len || strncmp(e->rule, signature, len))
			continue;
		known->line[e->line].and = UINT64_MAX;
		known->line[e->line].xor = 0;
		known->line[e->line].kills = 0;
	}
}
