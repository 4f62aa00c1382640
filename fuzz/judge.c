/* SPDX-License-Identifier: BSD-2-Clause */
/* An observed trace against the model: search the paths, keep the one that agrees longest. */
#include <string.h>

#include "fuzz/cpu_state.h"
#include "fuzz/style.h"

enum { PATHS_MAX = 4096 };

uint64_t field_value(const struct record *rec, enum record_field f)
{
	switch (f) {
#define FIELD(type, name, words)                                                                   \
	case F_##name:                                                                             \
		return rec->name;
		RECORD_FIELDS(FIELD)
#undef FIELD
	default:
		return 0;
	}
}

const char *field_name(enum record_field f)
{
	static const char *const name[F_COUNT] = {
#define FIELD(type, fname, words) [F_##fname] = #fname,
		RECORD_FIELDS(FIELD)
#undef FIELD
	};

	return f < F_COUNT ? name[f] : "event";
}

static enum record_field first_field(const struct record *a, const struct record *b)
{
	/* what the event is, and where, before what it found */
	static const enum record_field order[] = {
		F_vector, F_entry, F_flags, F_err, F_rip, F_cs, F_rflags, F_rsp, F_ss, F_landed,
		F_live_rflags, F_live_ss, F_live_cpl, F_cr2, F_dr6, F_dr7, F_gs_base, F_rcx, F_r11, F_step, F_depth,
	};
	unsigned i = 0;

	_Static_assert(sizeof(order) / sizeof(order[0]) == F_COUNT, "every field has a place");
	while (i < F_COUNT && field_value(a, order[i]) == field_value(b, order[i]))
		i++;
	return i < F_COUNT ? order[i] : F_COUNT;
}

/* The instruction that was to run next decides an event that is missing or extra: its rule. */
static uint16_t rule_at(const struct trace *t, unsigned i, enum record_field f)
{
	if (i >= t->n)
		return t->outcome == OUTCOME_DONE ? RULE_END : t->death;
	return f < F_COUNT ? t->why[i][f] : t->why[i][F_vector];
}

/* Compare; returns how many records agree, and where the first difference is. */
static unsigned compare(const struct trace *t, const struct record *rec, unsigned n,
			enum record_field *ret_field)
{
	unsigned i = 0;

	while (i < t->n && i < n && !memcmp(&t->rec[i], &rec[i], sizeof(*rec)))
		i++;
	*ret_field = i < t->n && i < n ? first_field(&t->rec[i], &rec[i]) : F_COUNT;
	return i;
}

/* A prediction that ends unchecked says nothing of what follows. */
static int agrees(const struct trace *t, unsigned same, unsigned n)
{
	if (t->unchecked)
		return same == t->n;
	return t->outcome == OUTCOME_DONE && same == t->n && same == n;
}

void judge_promise(struct judgement *j)
{
	const struct broken *b = &j->trace.broken;

	j->rule = b->rule;
	j->record = b->record;
	j->field = (enum record_field)b->field;
	j->expected = b->expected;
	j->observed = b->observed;
}

unsigned model_breaks(const struct seq *seq, const struct profile *profile, unsigned promise)
{
	static struct trace t;
	struct path path = { 0 };

	for (unsigned n = 0; n < PATHS_MAX; n++) {
		model_predict(seq, profile, NULL, &path, &t);
		if (t.broken.rule && (!promise || t.broken.rule == promise))
			return t.broken.rule;
		path = t.path;
		if (!path_next(&path))
			break;
	}
	return 0;
}

/*
 * What was seen is on none of the paths that were tried, and there are more of them than anybody can try:
 * then the model cannot say that it is wrong.
 */
static void undecided(struct judgement *j)
{
	j->agrees = 1;
	j->trace.unchecked = 1;
}

void model_judge(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		 const struct record *rec, unsigned n, struct judgement *ret_judgement)
{
	static struct trace t;
	static struct judgement best;
	struct path path = { 0 };
	unsigned best_same = 0;
	int more;

	memset(&best, 0, sizeof(best));
	do {
		enum record_field field;
		unsigned same;

		for (unsigned i = 0; overlay && i < overlay->n; i++)
			overlay->line[i].uses = 0;
		model_run(seq, profile, overlay, &path, rec, n, &t);
		same = compare(&t, rec, n, &field);
		best.n_paths++;
		if (best.n_paths == 1 || same > best_same || agrees(&t, same, n)) {
			best_same = same;
			best.agrees = agrees(&t, same, n);
			best.record = same;
			best.field = field;
			best.trace = t;
		}
		path = t.path;
		more = path_next(&path);
	} while (!best.agrees && best.n_paths < PATHS_MAX && more);

	if (!best.agrees && more) {
		undecided(&best);
	} else if (!best.agrees) {
		unsigned i = best.record;

		/* the whole prediction of that path, for the report */
		path = best.trace.path;
		model_run(seq, profile, overlay, &path, NULL, 0, &best.trace);
		best.rule = rule_at(&best.trace, i, best.field);
		best.expected = i < best.trace.n ? field_value(&best.trace.rec[i], best.field) : 0;
		best.observed = i < n ? field_value(&rec[i], best.field) : 0;
	}
	*ret_judgement = best;
}

/* The next path on which no more than `flips` choices are other than the first predicted. */
static int next_near(struct path *path, unsigned flips, int *ret_left_out)
{
	unsigned other = 0;

	for (unsigned i = 0; i < path->n; i++)
		other += path->branch[i] != 0;
	while (path->n) {
		uint8_t *last = &path->branch[path->n - 1];
		int is_last = *last + 1u >= path->of[path->n - 1];

		other -= *last != 0;
		if (!is_last && other < flips) {
			++*last;
			return 1;
		}
		*ret_left_out |= !is_last;
		path->n--;
	}
	return 0;
}

/*
 * No records lead the search here, so all paths that differ in one choice are tried first, then those that
 * differ in two, and so on.
 */
void model_judge_death(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		       enum outcome outcome, struct judgement *ret_judgement)
{
	static struct judgement best;
	int left_out = 1;

	memset(&best, 0, sizeof(best));
	for (unsigned flips = 0; left_out && !best.agrees && best.n_paths < PATHS_MAX; flips++) {
		struct path path = { 0 };

		left_out = 0;
		do {
			static struct trace t;

			model_predict(seq, profile, overlay, &path, &t);
			if (!best.n_paths++ || t.outcome == outcome || t.unchecked) {
				best.trace = t;
				best.agrees = t.outcome == outcome || t.unchecked;
			}
			path = t.path;
			if (best.n_paths == PATHS_MAX)
				left_out = 1;
		} while (!best.agrees && best.n_paths < PATHS_MAX && next_near(&path, flips, &left_out));
	}
	if (!best.agrees && left_out) {
		undecided(&best);
	} else if (!best.agrees) {
		best.record = best.trace.n;
		best.field = F_COUNT;
		best.rule = best.trace.n ? best.trace.why[best.trace.n - 1][F_vector] : RULE_END;
		best.expected = best.trace.outcome;
		best.observed = outcome;
	}
	*ret_judgement = best;
}

static int is_sysenter(const struct step *s)
{
	unsigned op = s->op, follow = (s->arg & 0xff) % list_len(ARG_FOLLOW);

	if (op == OP_NMIBEFORE || op == OP_IPIBEFORE)
		return follow == FOLLOW_SYSENTER || follow == FOLLOW_SYSEXIT;
	return op == OP_SYSENTER || op == OP_SYSEXIT || op == OP_SYSEXITL || op == OP_FLSYSENTER ||
	       op == OP_SYSEXIT64 || op == OP_SYSEXIT32 || op == OP_VDSO;
}

static int is_reserved_bit(const struct step *s)
{
	return ops[s->op].arg == ARG_PAGE && (s->arg & 0xff) % list_len(ARG_PAGE) == PAGE_OF_RESERVED_BIT;
}

const char *model_lacks(const struct seq *seq, const struct profile *profile)
{
	for (unsigned i = 0; i < seq->n_steps; i++) {
		unsigned op = seq->step[i].op;

		if ((ops[op].needs & ASYNC) && profile->features & FEAT(X2APIC_MODE))
			return "needs the local APIC in xAPIC mode; this machine's is in x2APIC mode";
		if ((op == OP_NMIRAW || op == OP_NMIBEFORE || op == OP_IPIBEFORE) &&
		    !(profile->features & FEAT(EMULATED)))
			return "sends an interrupt with no window behind it: a processor that takes it late "
			       "would take it in harness text";
		if ((ops[op].needs & MCHECK) && (~profile->features & (FEAT(MCE) | FEAT(MCA))))
			return "needs the machine-check architecture (CPUID.1:EDX.MCE, MCA)";
		if ((ops[op].needs & SECOND) && !(profile->features & FEAT(SECOND)))
			return "needs a second processor from the firmware's MP services (qemu:smp=2)";
		if (op == OP_MWAIT && !(profile->features & FEAT(MONITOR)))
			return "needs MONITOR and MWAIT (CPUID.1:ECX.MONITOR)";
		if (!(profile->features & FEAT(SEP)) && is_sysenter(&seq->step[i]))
			return "needs SYSENTER (CPUID.1:EDX.SEP)";
		if (is_reserved_bit(&seq->step[i]) && profile->phys_bits >= 52)
			return "needs a reserved address bit in a page-table entry (CPUID 80000008h:EAX[7:0] below 52)";
		if (op == OP_LKGS && !(profile->features & FEAT(LKGS)))
			return "needs LKGS (CPUID.(7,1):EAX.LKGS)";
	}
	if (style_of(seq) && style_fsgsbase(style_variant(seq)) && !(profile->features & FEAT(FSGSBASE)))
		return "needs RDGSBASE and WRGSBASE (CPUID.7:EBX[0])";
	if (!(profile->features & FEAT(NX)))
		return "needs execute-disable (CPUID 80000001h:EDX[20])";
	return NULL;
}

const struct profile *profile_named(const char *name)
{
	static const struct profile intel = {
		.vendor = VENDOR_INTEL, .phys_bits = 39, .lin_bits = 48, .signature = 0x506e3,
		.features = FEAT(NX) | FEAT(SYSCALL) | FEAT(SEP) | FEAT(SMEP) | FEAT(SMAP) | FEAT(MCE) |
			    FEAT(MCA) | FEAT(MONITOR) | FEAT(FSGSBASE) |
			    FEAT(UMIP) | FEAT(PKU) | FEAT(LKGS) | FEAT(SECOND) | FEAT(EMULATED),
		.cr4 = 0x60, /* PAE, MCE */
		.brand = "Intel, as the manual has it",
	};
	static const struct profile amd = {
		.vendor = VENDOR_AMD, .phys_bits = 40, .lin_bits = 48, .signature = 0x800f12,
		.features = FEAT(NX) | FEAT(SYSCALL) | FEAT(SEP) | FEAT(SMEP) | FEAT(SMAP) | FEAT(MCE) |
			    FEAT(MCA) | FEAT(MONITOR) | FEAT(FSGSBASE) |
			    FEAT(UMIP) | FEAT(PKU) | FEAT(LKGS) | FEAT(SECOND) | FEAT(EMULATED),
		.cr4 = 0x60,
		.brand = "AMD, as the manual has it",
	};

	if (!strcmp(name, "intel"))
		return &intel;
	return strcmp(name, "amd") ? NULL : &amd;
}
