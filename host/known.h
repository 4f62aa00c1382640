/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Known differences: fuzz/known/<engine>.known, stanzas of `key: value` lines that say which rule of
 * the model an engine does not keep, since when, what it does instead and where the manual says
 * otherwise. They become the model's overlay, so that one known wrong bit does not hide all else.
 * docs/findings.md is the reference of the format.
 */
#ifndef TW_HOST_KNOWN_H
#define TW_HOST_KNOWN_H

#include <stddef.h>

#include "fuzz/model.h"

enum { KNOWN_MAX = 256 };

/* KNOWN_KEY(name, required, "what to write"): the keys of a stanza. */
#define KNOWN_KEYS(KEY)                                                                            \
	KEY(id, 1, "a short name, unique in the file, like qemu-iretw-tf")                         \
	KEY(rule, 1, "a rule's name, as `trainwreck list rules` prints it")                        \
	KEY(vendor, 1, "intel, amd or any: whose manual is broken")                                \
	KEY(versions, 1, "the engine's versions that show it: 7.0-9.1, 7.0-, -7.2, 8.1 or any")    \
	KEY(unless, 0, "a feature of the profile: a machine that has it does not show it")         \
	KEY(vector, 0, "only events of this vector: a mnemonic (GP), a number or a range (32-255)") \
	KEY(effect, 1, "value N, and 0xMASK, xor 0xMASK, never or always")                         \
	KEY(manual, 1, "document, edition and section that the engine breaks")                     \
	KEY(corpus, 1, "the sequence that shows it, a file of corpus/known")                       \
	KEY(death, 0, "signatures of the engine's own death by it, engine.SIGNAL.function, with blanks between")         \
	KEY(link, 0, "a report or discussion")                                                     \
	KEY(why, 1, "what the engine does instead, in a sentence")

struct known_entry {
#define KEY(name, required, words) char *name;
	KNOWN_KEYS(KEY)
#undef KEY
	unsigned lineno; /* where its stanza begins */
	int line; /* its line in the overlay; -1: this version of the engine is out of range */
	uint64_t seen; /* sequences that showed it, counted by known_count */
};

struct known {
	unsigned n;
	struct known_entry entry[KNOWN_MAX];
	struct overlay overlay;
	struct overlay_line line[KNOWN_MAX];
};

/*
 * Read one file's text. `version` is the engine's ("7.2.22"): entries whose range it is outside are
 * kept but have no effect; NULL means every entry has effect. Returns 0, or -1 with
 * "file:line: what is wrong and what to write" in err; *known is then empty.
 */
int known_parse(struct known *known, const char *file, const char *text, const char *version,
		char *err, size_t err_cap);

/*
 * Find and read <engine>.known: in $TRAINWRECK_KNOWN (a folder, or a file), else in fuzz/known beside
 * the build folder this program lies in, else in PREFIX/share/trainwreck/known. No file means no
 * known differences.
 */
int known_load(struct known *known, const char *engine, const char *version, char *err,
	       size_t err_cap);

/* After a prediction or judgement: ids of the entries whose effect it used; returns how many. */
unsigned known_used(const struct known *known, const char **ret_ids, unsigned max);

/*
 * Of the lines used in the prediction of `trace`, those without which it would be another trace. Their
 * ids; the others' `uses` become 0.
 */
unsigned known_needed(struct known *known, const struct seq *seq, const struct profile *profile,
		      const struct trace *trace, const char **ret_ids, unsigned max);

/* Raise `seen` of the entries that known_used() named so. */
void known_count(struct known *known, const char *const *ids, unsigned n);

/*
 * The id of the first entry in effect whose death has this signature, or NULL. Where the model does not follow a run
 * nobody can say which rule it was, and the same death is taken for the same cause.
 */
const char *known_of_death(const struct known *known, const char *signature);

/*
 * The entry with effect on this profile whose `corpus` is the file `path`, or NULL: what running that
 * file must show.
 */
const struct known_entry *known_of_corpus(const struct known *known, const char *path,
					  const struct profile *profile);

/*
 * The entries of the rule that a signature begins with lose their effect; others may stand before it
 * in the trace and stay known. Without this a finding that was filed as known would seem to be gone.
 */
void known_forget_rule(struct known *known, const char *signature);

/* Whether an engine of `version` is in `range`; -1: the range is malformed. */
int version_in_range(const char *version, const char *range);

void known_free(struct known *known);

#endif
