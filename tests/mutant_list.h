/* SPDX-License-Identifier: BSD-2-Clause */
/* The mutants that tests/mutate has made, and the lists of those that cannot be told from the model. */
#ifndef TW_TESTS_MUTANT_LIST_H
#define TW_TESTS_MUTANT_LIST_H

#include <fnmatch.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mutant_place {
	const char *file;
	unsigned line;
	const char *function, *kind, *what, *text;
} mutant_places[] = {
#define MUTANT(number, file, line, function, kind, what, text) { file, line, function, kind, what, text },
#include "list.inc"
#undef MUTANT
};
enum { N_MUTANTS = sizeof(mutant_places) / sizeof(mutant_places[0]), EXCUSES_MAX = 4096 };

/* A line of such a list; the first four are patterns as of a shell. */
struct excuse {
	char *file, *function, *kind, *text, *why;
	unsigned uses;
};

struct excuses {
	unsigned n;
	struct excuse v[EXCUSES_MAX];
};

static inline void excuses_read(struct excuses *e, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	if (!f) {
		fprintf(stderr, "%s: cannot be read; run this in the source tree\n", path);
		exit(3);
	}
	for (unsigned n = 1; getline(&line, &cap, f) > 0; n++) {
		char *field[5], *p = line;

		line[strcspn(line, "\n")] = 0;
		if (!*line || *line == '#')
			continue;
		for (unsigned i = 0; i < 5; i++) {
			char *end = i < 4 ? strstr(p ? p : "", " :: ") : NULL;

			field[i] = p;
			p = end ? end + 4 : NULL;
			if (end)
				*end = 0;
		}
		if (!field[4] || !*field[4] || e->n == EXCUSES_MAX) {
			fprintf(stderr, "%s:%u: write `file :: function :: kind what :: text :: reason`\n", path, n);
			exit(2);
		}
		e->v[e->n++] = (struct excuse){ field[0], field[1], field[2], field[3], field[4], 0 };
		line = NULL;
		cap = 0;
	}
	free(line);
	fclose(f);
}

static inline int speaks_of(const struct excuse *e, const struct mutant_place *p)
{
	char kind[128];

	snprintf(kind, sizeof(kind), "%s %s", p->kind, p->what);
	return !fnmatch(e->file, p->file, 0) && !fnmatch(e->function, p->function, 0) && !fnmatch(e->kind, kind, 0) &&
	       !fnmatch(e->text, p->text, 0);
}

/* The reason why nobody can tell this mutant from the model; NULL: there is none. */
static inline const char *excuse_of(struct excuses *list, const struct mutant_place *p)
{
	for (unsigned i = 0; i < list->n; i++) {
		struct excuse *e = &list->v[i];

		if (!speaks_of(e, p))
			continue;
		e->uses++;
		return e->why;
	}
	return NULL;
}

static inline void print_place(unsigned number, const char *word)
{
	const struct mutant_place *p = &mutant_places[number - 1];

	printf("%s %u: %s:%u: %s: %s %s: %s\n", word, number, p->file, p->line, p->function, p->kind, p->what,
	       p->text);
}

/* Bring a random n of the m numbers to the front; the same seed, the same ones. */
static inline void sample(unsigned *numbers, unsigned m, unsigned n, uint32_t seed)
{
	for (unsigned i = 0; i < n && i < m; i++) {
		unsigned j, number = numbers[i];

		seed = seed * 1664525 + 1013904223;
		j = i + (unsigned)((uint64_t)seed * (m - i) >> 32);
		numbers[i] = numbers[j];
		numbers[j] = number;
	}
}

#endif
