/* SPDX-License-Identifier: BSD-2-Clause */
/* The parser of known differences, and which of them an engine's version has. */
#include "host/known.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct key {
	const char *name;
	int required;
	const char *words;
};

static const struct key keys[] = {
#define KEY(name, required, words) { #name, required, words },
	KNOWN_KEYS(KEY)
#undef KEY
};

enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

/* The members of an entry in the order of keys[]. */
static char **entry_slot(struct known_entry *e, unsigned key)
{
	char **slot[] = {
#define KEY(name, required, words) &e->name,
		KNOWN_KEYS(KEY)
#undef KEY
	};
	return slot[key];
}

struct parser {
	struct known *known;
	const char *file, *version;
	unsigned lineno;
	char *err;
	size_t err_cap;
};

__attribute__((format(printf, 3, 4))) static int fail(struct parser *p, unsigned lineno,
						       const char *fmt, ...)
{
	int n = snprintf(p->err, p->err_cap, "%s:%u: ", p->file, lineno);
	if (n < 0 || (size_t)n >= p->err_cap)
		return -1;

	va_list ap;
	va_start(ap, fmt);
	vsnprintf(p->err + n, p->err_cap - (size_t)n, fmt, ap);
	va_end(ap);
	return -1;
}

static int number(const char *text, uint64_t *ret_value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -1;
	unsigned long long v = strtoull(text, &end, 0);
	if (*end)
		return -1;
	*ret_value = v;
	return 0;
}

static int parse_effect(struct parser *p, const struct known_entry *e, struct overlay_line *line)
{
	static const struct {
		const char *word;
		int wants_number;
	} forms[] = { { "never", 0 }, { "always", 0 }, { "value ", 1 }, { "and ", 1 }, { "xor ", 1 },	 { "kills", 0 } };
	const char *effect = e->effect;
	unsigned f;
	uint64_t v = 0;

	line->maybe = !strncmp(effect, "maybe ", 6);
	if (line->maybe)
		effect += 6;
	for (f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
		size_t len = strlen(forms[f].word);
		if (forms[f].wants_number && !strncmp(effect, forms[f].word, len) &&
		    !number(effect + len, &v))
			break;
		if (!forms[f].wants_number && !strcmp(effect, forms[f].word))
			break;
	}
	switch (f) {
	case 0:
		line->and = 0;
		line->xor = 0;
		return 0;
	case 1:
		line->and = 0;
		line->xor = 1;
		return 0;
	case 2:
		line->and = 0;
		line->xor = v;
		return 0;
	case 3:
		line->and = v;
		line->xor = 0;
		return 0;
	case 4:
		line->and = UINT64_MAX;
		line->xor = v;
		return 0;
	case 5:
		line->and = UINT64_MAX;
		line->kills = 1;
		return 0;
	}
	return fail(p, e->lineno, "effect '%s' is none; write: value N, and 0xMASK, xor 0xMASK, "
		    "never, always or kills, with `maybe` before it where the engine does it at times", e->effect);
}

static int parse_rule(struct parser *p, const struct known_entry *e, struct overlay_line *line)
{
	for (unsigned i = 0; i < N_RULES; i++) {
		if (strcmp(rule_info[i].name, e->rule))
			continue;
		line->rule = (uint16_t)i;
		return 0;
	}
	return fail(p, e->lineno, "no rule '%s'; write one that `trainwreck list rules` prints",
		    e->rule);
}

static int parse_vendor(struct parser *p, const struct known_entry *e, struct overlay_line *line)
{
	if (!strcmp(e->vendor, "intel"))
		line->vendor = VENDOR_INTEL;
	else if (!strcmp(e->vendor, "amd"))
		line->vendor = VENDOR_AMD;
	else if (!strcmp(e->vendor, "any"))
		line->vendor = VENDOR_OTHER;
	else
		return fail(p, e->lineno, "vendor '%s'; write intel, amd or any", e->vendor);
	return 0;
}

static int parse_unless(struct parser *p, const struct known_entry *e, struct overlay_line *line)
{
	if (!e->unless)
		return 0;
	line->unless = profile_feature(e->unless, strlen(e->unless));
	return line->unless ? 0 : fail(p, e->lineno, "no feature '%s'; write one of efi/abi/profile.h", e->unless);
}

static int parse_vector(struct parser *p, const struct known_entry *e, struct overlay_line *line)
{
	static const struct {
		int16_t number;
		const char *name;
	} vectors[] = {
#define VEC(n, name, err, class, kind, words) { n, #name },
#include "efi/abi/vectors.def"
#undef VEC
	};
	int first, last, len;
	uint64_t v;

	line->vector = -1;
	if (!e->vector)
		return 0;
	if (!number(e->vector, &v) && v < 256) {
		line->vector = (int16_t)v;
		return 0;
	}
	if (sscanf(e->vector, "%i-%i%n", &first, &last, &len) == 2 && !e->vector[len] && first >= 0 &&
	    first <= last && last < 256) {
		line->vector = (int16_t)first;
		line->more = (uint8_t)(last - first);
		return 0;
	}
	for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		if (!strcasecmp(vectors[i].name, e->vector + (*e->vector == '#'))) {
			line->vector = vectors[i].number;
			return 0;
		}
	}
	return fail(p, e->lineno, "no vector '%s'; write a mnemonic like GP, a number below 256, or a range "
		    "like 0x20-0xff", e->vector);
}

/* A stanza is complete: check it and make its overlay line. */
static int end_entry(struct parser *p, struct known_entry *e)
{
	struct known *k = p->known;
	struct overlay_line line = { 0 };

	for (unsigned i = 0; i < N_KEYS; i++) {
		if (keys[i].required && !*entry_slot(e, i))
			return fail(p, e->lineno, "this entry has no '%s'; add a line '%s: ...' (%s)",
				    keys[i].name, keys[i].name, keys[i].words);
	}
	for (struct known_entry *o = k->entry; o < e; o++) {
		if (!strcmp(o->id, e->id))
			return fail(p, e->lineno, "id '%s' is taken by the entry at line %u; choose another",
				    e->id, o->lineno);
	}
	if (parse_rule(p, e, &line) || parse_vendor(p, e, &line) || parse_unless(p, e, &line) ||
	    parse_vector(p, e, &line) || parse_effect(p, e, &line))
		return -1;

	int in = version_in_range(p->version ? p->version : "0", e->versions);
	if (in < 0)
		return fail(p, e->lineno, "versions '%s'; write a range like 7.0-9.1, 7.0-, -7.2, 8.1 or any",
			    e->versions);
	e->line = -1;
	if (in || !p->version) {
		e->line = (int)k->overlay.n;
		k->line[k->overlay.n++] = line;
	}
	return 0;
}

static char *trim(char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	char *end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = 0;
	return s;
}

/* A `key: value` line of the entry `e`. */
static int parse_line(struct parser *p, struct known_entry *e, char *text)
{
	char *colon = strchr(text, ':');
	if (!colon)
		return fail(p, p->lineno, "'%.40s' is no 'key: value' line; separate entries by an empty "
			    "line and start remarks with '#'", text);
	*colon = 0;
	char *name = trim(text), *value = trim(colon + 1);

	for (unsigned i = 0; i < N_KEYS; i++) {
		if (strcmp(keys[i].name, name))
			continue;
		char **slot = entry_slot(e, i);
		if (*slot)
			return fail(p, p->lineno, "a second '%s' in one entry; keep one, or separate the "
				    "entries by an empty line", name);
		if (!*value)
			return fail(p, p->lineno, "'%s' has no value; write %s", name, keys[i].words);
		*slot = strdup(value);
		return *slot ? 0 : fail(p, p->lineno, "out of memory; close something and try again");
	}
	return fail(p, p->lineno, "no key '%.40s'; the keys are id, rule, vendor, versions, unless, vector, effect, "
		    "manual, corpus, link and why", name);
}

static int parse_text(struct parser *p, char *text)
{
	struct known *k = p->known;
	struct known_entry *e = NULL;

	for (char *next; text; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = 0;
		p->lineno++;
		char *line = trim(text);
		if (*line == '#')
			continue;
		if (!*line) {
			if (e && end_entry(p, e))
				return -1;
			e = NULL;
			continue;
		}
		if (!e) {
			if (k->n == KNOWN_MAX)
				return fail(p, p->lineno, "more than %d entries; merge some", KNOWN_MAX);
			e = &k->entry[k->n++];
			e->lineno = p->lineno;
		}
		if (parse_line(p, e, line))
			return -1;
	}
	return e ? end_entry(p, e) : 0;
}

int known_parse(struct known *known, const char *file, const char *text, const char *version,
		char *err, size_t err_cap)
{
	struct parser p = { .known = known, .file = file, .version = version, .err = err,
			    .err_cap = err_cap };

	memset(known, 0, sizeof(*known));
	known->overlay.line = known->line;
	char *copy = strdup(text);
	int r = copy ? parse_text(&p, copy) : fail(&p, 1, "out of memory; close something and try again");
	free(copy);
	if (r)
		known_free(known);
	return r;
}

unsigned known_used(const struct known *known, const char **ret_ids, unsigned max)
{
	unsigned n = 0;

	for (unsigned i = 0; i < known->n && n < max; i++) {
		const struct known_entry *e = &known->entry[i];
		if (e->line >= 0 && known->line[e->line].uses)
			ret_ids[n++] = e->id;
	}
	return n;
}

void known_count(struct known *known, const char *const *ids, unsigned n)
{
	for (unsigned i = 0; i < known->n; i++)
		for (unsigned k = 0; k < n; k++)
			known->entry[i].seen += known->entry[i].id == ids[k];
}

void known_free(struct known *known)
{
	for (unsigned i = 0; i < known->n; i++) {
		for (unsigned k = 0; k < N_KEYS; k++)
			free(*entry_slot(&known->entry[i], k));
	}
	memset(known, 0, sizeof(*known));
	known->overlay.line = known->line;
}
