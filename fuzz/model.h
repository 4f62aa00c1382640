/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The executable manual: a start state and a sequence go in, the trace that the manual demands comes
 * out. Portable C, no allocation beyond the caller's struct, no knowledge of any engine.
 *
 * Every decision the model takes passes through one of its named rules (rules.def: basis, document,
 * section), so that a report can cite the rule behind a field, an overlay of known differences can
 * replace a rule's result for one engine without the model knowing, and a test can plant a fault.
 * What the manual leaves open passes through choices (rules of that basis): a prediction is one path through
 * the choices, and a trace is right when any path gives it.
 */
#ifndef TW_FUZZ_MODEL_H
#define TW_FUZZ_MODEL_H

#include "efi/abi/profile.h"
#include "efi/abi/record.h"
#include "efi/abi/tables.h"
#include "fuzz/seq.h"

/* BY_MAKER: explicit for Intel, a choice for AMD. */
enum basis { BASIS_EXPLICIT, BASIS_INFERRED, BASIS_CHOICE, BASIS_SOFTWARE, BASIS_BY_MAKER };

enum rule_id {
#define RULE(name, basis, intel, amd, words) RULE_##name,
#include "fuzz/rules.def"
#undef RULE
	N_RULES,
};

struct rule_info {
	const char *name;
	enum basis basis;
	const char *intel, *amd; /* where the manual says it; "" where it is silent */
	const char *words;
};
extern const struct rule_info rule_info[N_RULES];

/* What is not compared (mask.c), for `list rules --masks`. */
struct mask_info {
	const char *name, *fields, *becomes, *when, *why, *section;
};
enum {
#define MASK(function, fields, becomes, when, why, section) MASK_##function,
#include "fuzz/masks.def"
#undef MASK
	N_MASKS,
};
extern const struct mask_info mask_info[N_MASKS];

/*
 * One line of a list of known differences, as the model applies it: the result v of `rule` becomes
 * (v & and) ^ xor. For a rule that says whether an event happens the result is 0 or 1; for one that
 * says a value it is the value.
 */
struct overlay_line {
	uint16_t rule;
	uint8_t vendor; /* enum vendor the line is for; VENDOR_OTHER: every one */
	uint64_t unless; /* FEAT() bits: not on a machine that has one of them */
	int16_t vector; /* only for events of this vector; -1: every one */
	uint8_t more; /* and of so many vectors after it */
	uint8_t kills; /* where the result is not 0 the engine dies, or is of no more use */
	uint8_t maybe; /* only sometimes, for reasons of its own: a choice */
	uint64_t and, xor;
	uint64_t uses; /* how often it changed a result in the last prediction */
};

enum { CHOICES_MAX = 64, TRACES_MAX = 16, HABITS_AT = 16384 };

struct overlay {
	unsigned n;
	struct overlay_line *line;
	/* The branch this machine took last, and so the first to try: by choice, and 1 + that by choice and instruction. */
	uint8_t habit[N_RULES], habit_at[HABITS_AT];
};

/*
 * A path through the choices: how far each one went from the machine's habit, of how many branches;
 * which rule's choice it was, before which instruction (an index of habit_at[]), and which branch that came to.
 */
struct path {
	unsigned n;
	uint8_t branch[CHOICES_MAX], of[CHOICES_MAX], taken[CHOICES_MAX];
	uint16_t rule[CHOICES_MAX], at[CHOICES_MAX];
};

/* A promise of the handler style that the software broke (fuzz/model_promise.c), the first one. */
struct broken {
	uint16_t rule; /* 0: none */
	uint8_t field; /* enum record_field that shows it */
	uint16_t record; /* the record it was broken before, or in */
	uint64_t expected, observed;
};

struct trace {
	uint8_t outcome; /* enum outcome */
	uint8_t dies; /* unchecked, and the engine dies or is of no more use: a line said `kills` */
	uint8_t harness; /* an event came in harness text */
	uint8_t hosted; /* a step waited for an event of the host */
	uint8_t unchecked; /* from here on text runs in a mode it was not assembled for: the records end, nothing is said of what follows */
	uint16_t n; /* records, the LATE one included */
	uint32_t insns; /* instructions of victim text */
	struct record rec[RECORDS_MAX + 1];
	uint64_t rip[RECORDS_MAX + 1]; /* as they were saved, where a mask hides it too */
	uint16_t why[RECORDS_MAX + 1][F_COUNT]; /* the rule behind each field */
	uint16_t death; /* the rule that ended it, when outcome is not DONE */
	struct broken broken;
	struct path path;
	/* events delivered, to whatever text: in all, and when each record was made */
	uint16_t delivered, by_record[RECORDS_MAX + 1];
	/*
	 * How each step found the machine: its body, events delivered, 1 + enum ctx (0 where it was never come
	 * to), the handlers that were open.
	 */
	struct step_began {
		uint32_t body;
		uint16_t delivered;
		uint8_t ctx, depth;
	} began[STEPS_MAX];
};

/*
 * Predict along `path` as far as it reaches and by each choice's first branch beyond; ret_trace->path
 * is the path taken. overlay may be NULL. The records are masked (record_mask).
 */
void model_predict(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		   const struct path *path, struct trace *ret_trace);

/* The machine before what led to a record, for reports. */
struct model_state {
	uint64_t reg[16]; /* in the order of instruction encodings: RAX, RCX, RDX, RBX, RSP, ... */
	uint64_t rip, rflags, cr0, cr2, dr6, efer, lstar, fmask, gs_base, kernel_gs_base;
	uint16_t cs, ss;
	uint8_t cpl, nmi_blocked, nmi_pending;
	uint8_t idt[IDT_LEN];
};

/*
 * The state in which the instruction that leads to record number `record` begins, or the boundary at
 * which an interrupt leads to it. When the prediction has no such record, the state at its end.
 */
void model_state_at(const struct seq *seq, const struct profile *profile, const struct path *path,
		    unsigned record, struct model_state *ret_state);

/*
 * Predict as model_predict does along the first path, and count by leg: count[i] grows by how many victim
 * instructions begin behind record i-1 (behind the start) and before record i, or before the end. An
 * entry's first one is not counted; an interrupt, and a trap of its own, counts as one.
 */
void model_count(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		 struct trace *ret_trace, uint32_t count[RECORDS_MAX + 1]);

/* The next path after one that was taken, in depth-first order; 0 when there is none. */
int path_next(struct path *path);

/* What came of comparing an observed trace with the model. */
struct judgement {
	int agrees;
	unsigned n_paths; /* predictions made */
	unsigned record; /* first record that differs, in the path that got furthest */
	enum record_field field; /* first field of it that differs; F_COUNT: a record is missing or extra */
	uint16_t rule; /* the rule behind it */
	uint64_t expected, observed;
	struct trace trace; /* that path's whole prediction */
};

/*
 * Lead the model along an observed trace (masked records, the LATE one included): search the paths
 * for one that agrees; if there is none, report the one that agrees longest. Where there are too many to
 * try, and none of thousands agrees, the model cannot say: agrees, and trace.unchecked.
 */
void model_judge(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		 const struct record *rec, unsigned n, struct judgement *ret_judgement);

/*
 * The same for a run that never answered (OUTCOME_SHUTDOWN, OUTCOME_HANG): agrees when some path
 * ends so.
 */
void model_judge_death(const struct seq *seq, const struct profile *profile, struct overlay *overlay,
		       enum outcome outcome, struct judgement *ret_judgement);

/* The window that addr lies in, its jump and a loop that waits included, as its first address; 0: none. */
uint64_t window_of(uint64_t addr);

/* What differs is the promise that j->trace breaks: fill rule, record, field, expected and observed. */
void judge_promise(struct judgement *j);

/*
 * The promise that handlers in a style break on a processor, in one of the ways that the manual leaves
 * open: the rule, or 0. If promise is not 0, nothing but that one is looked for.
 */
unsigned model_breaks(const struct seq *seq, const struct profile *profile, unsigned promise);

/* Whether this profile can run the sequence at all; if not, why (a static string). */
const char *model_lacks(const struct seq *seq, const struct profile *profile);

/* A profile for predictions without an engine: "intel", "amd". NULL: no such name. */
const struct profile *profile_named(const char *name);

/*
 * The finding's name: <rule>.<field>.<expected class>-<observed class>.<context>, a legal file name,
 * made of event meaning only, so the same on every machine and build. cap >= 160.
 */
void signature_of(const struct judgement *j, const struct record *rec, unsigned n, char *out, size_t cap);
/* For a promise that a style broke: <rule>.<style>-<guard that is off>.<field>.<event>. */
void signature_of_broken(const struct seq *seq, const struct trace *t, char *out, size_t cap);
void signature_of_death(const struct judgement *j, enum outcome outcome, char *out, size_t cap);

/* Words for people: "#GP(0x1b)", "IST2+0xfd8", "KTEXT pf.read[k]+3". Return out. */
const char *event_words(const struct record *rec, char *out, size_t cap);
const char *addr_words(uint64_t addr, char *out, size_t cap);
/* The value of one field as a person reads it (addresses as regions, RFLAGS as letters). */
const char *field_words(const struct record *rec, enum record_field f, char *out, size_t cap);
uint64_t field_value(const struct record *rec, enum record_field f);
const char *field_name(enum record_field f);

/* Coverage of a predicted trace: AFL map bytes. len a power of two; map[0] is always set. */
void cover_trace(const struct seq *seq, const struct trace *t, uint8_t *map, size_t len);

#endif
