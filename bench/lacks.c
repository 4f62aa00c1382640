/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a row can be measured here at all, by what CPUID says and what this build sets up. */
#include "bench/measure.h"

/*
 * MSR_SMI_COUNT is Intel's, from Nehalem on; the first Atoms and the last Core 2 in between lack
 * it. A hypervisor may not offer it, so under one it is not asked for.
 */
int has_smi_count(const struct profile *p)
{
	unsigned family = p->signature >> 8 & 0xf;
	unsigned model = (p->signature >> 4 & 0xf) | (p->signature >> 12 & 0xf0);

	if (p->vendor != VENDOR_INTEL || family != 6 ||
	    p->features & (FEAT(HYPERVISOR) | FEAT(EMULATED)))
		return 0;
	return model >= 0x1a && model != 0x1c && model != 0x1d && model != 0x26 && model != 0x27 &&
	       model != 0x35 && model != 0x36;
}

/* Why nothing measures the row yet: the words of the flag that tells more than PREP_LATER. */
static const char *later(uint64_t prep)
{
	static const struct {
		uint64_t value;
		const char *words;
	} flags[] = {
#define BFLAG(name, value, words) { value, words },
#include "bench/flags.def"
#undef BFLAG
	};
	const char *words = "";

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (flags[i].value & PREP_LATER && (prep & flags[i].value) == flags[i].value)
			words = flags[i].words;
	return words;
}

const char *bench_lacks(const struct bench_row *row, const struct profile *p)
{
	static const struct {
		uint64_t bit;
		const char *words;
	} features[] = {
#define X(name, words) { FEAT(name), "not on this machine: " words },
		FEATURES(X)
#undef X
	};

	if (row->vendor == BENCH_INTEL && p->vendor != VENDOR_INTEL)
		return "in long mode only Intel has this path";
	if (row->vendor == BENCH_AMD && p->vendor != VENDOR_AMD)
		return "only AMD has this path";
	if (row->prep & PREP_XAPIC && p->features & FEAT(X2APIC_MODE))
		return "the local APIC is in x2APIC mode";
	for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (row->needs & features[i].bit & ~p->features)
			return features[i].words;
	if (row->prep & PREP_SMI_MSR && !has_smi_count(p))
		return "not known to be on this machine: MSR_SMI_COUNT";
	return row->prep & PREP_LATER ? later(row->prep) : NULL;
}
