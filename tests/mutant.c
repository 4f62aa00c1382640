/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mutant.h"

#include <stdio.h>
#include <stdlib.h>

#include "fuzz/cpu_state.h"

unsigned mutant;
int mutant_is_cpu;
unsigned char mutant_reached[MUTANTS_MAX];

/* Only in programs that are linked with it: tests that the runner makes by itself. */
extern void cmocka_set_skip_filter(const char *pattern) __attribute__((weak));

static void __attribute__((constructor)) read_mutant(void)
{
	const char *number = getenv("MUTANT"), *skip = getenv("MUTANT_SKIP");

	mutant = number ? (unsigned)strtoul(number, NULL, 10) : 0;
	if (skip && *skip && cmocka_set_skip_filter)
		cmocka_set_skip_filter(skip);
}

/* To the file that MUTANT_REACHED names. */
static void __attribute__((destructor)) write_reached(void)
{
	const char *path = getenv("MUTANT_REACHED");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (!f)
		return;
	fwrite(mutant_reached, sizeof(mutant_reached), 1, f);
	fclose(f);
}

typedef unsigned chooser(struct cpu *c, enum rule_id id, unsigned n);

static unsigned choose_other(unsigned first, chooser *all, struct cpu *c, unsigned id, unsigned n)
{
	unsigned gone = mutant - first, taken;

	memset(mutant_reached + first, 1, n);
	if (gone >= n)
		return all(c, (enum rule_id)id, n);
	taken = n > 2 ? all(c, (enum rule_id)id, n - 1) : 0;
	return taken + (taken >= gone);
}

unsigned mutant_choose(unsigned first, struct cpu *c, unsigned id, unsigned n)
{
	return choose_other(first, choose, c, id, n);
}

unsigned mutant_choose_once(unsigned first, struct cpu *c, unsigned id, unsigned n)
{
	return choose_other(first, choose_once, c, id, n);
}

uint64_t mutant_rule(unsigned number, int logical, struct cpu *c, unsigned id, uint64_t value)
{
	uint64_t v = rule(c, (enum rule_id)id, value);

	mutant_reached[number] = 1;
	if (mutant != number || (!mutant_is_cpu && !choose(c, (enum rule_id)id, 2)))
		return v;
	return logical ? !v : v ^ 1;
}
