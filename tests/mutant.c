/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mutant.h"

#include <stdlib.h>

#include "fuzz/cpu_state.h"

unsigned mutant;
int mutant_is_cpu;

static void __attribute__((constructor)) read_mutant(void)
{
	const char *number = getenv("MUTANT");

	mutant = number ? (unsigned)strtoul(number, NULL, 10) : 0;
}

unsigned mutant_choose(unsigned first, struct cpu *c, unsigned id, unsigned n)
{
	unsigned gone = mutant - first, taken;

	if (gone >= n)
		return choose(c, (enum rule_id)id, n);
	taken = n > 2 ? choose(c, (enum rule_id)id, n - 1) : 0;
	return taken + (taken >= gone);
}

uint64_t mutant_rule(unsigned number, int logical, struct cpu *c, unsigned id, uint64_t value)
{
	uint64_t v = rule(c, (enum rule_id)id, value);

	if (mutant != number || (!mutant_is_cpu && !choose(c, (enum rule_id)id, 2)))
		return v;
	return logical ? !v : v ^ 1;
}
