/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cases of the model, model_*.def: a sequence, and every trace that the manual allows for it,
 * written from the manual by hand. docs/hacking.md says how to add one.
 *
 * Traces are separated by '|', records by ';'. A record is its event (#UD, #GP(0x1b), SYSCALL) and
 * those fields that the case is about. RIP, RSP and other addresses are an instruction of a body
 * ("ud2[k]:UD2", with a '+' the one after it), a label, a region and offset, or a number. The last
 * record may be SHUTDOWN, HANG, UNCHECKED, or what is left pending ("left nmi=1 irq=0"; without it,
 * nothing is).
 */
#ifndef TW_TESTS_MODEL_CASE_H
#define TW_TESTS_MODEL_CASE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "efi/abi/victim.h"
#include "fuzz/insn.h"
#include "fuzz/model.h"

enum case_profile { INTEL = 1, AMD = 2, ANY = INTEL | AMD };

struct model_case {
	enum rule_id rule;
	enum case_profile profile;
	const char *seq, *expect, *manual;
};

static const struct model_case model_cases[] = {
#define CASE(rule, profile, seq, expect, manual) { RULE_##rule, profile, seq, expect, manual },
#include "tests/model_insn.def"
#include "tests/model_deliver.def"
#include "tests/model_return.def"
#include "tests/model_edges.def"
#include "tests/model_tables.def"
#include "tests/model_control.def"
#include "tests/model_segs.def"
#include "tests/model_async.def"
#include "tests/model_leave.def"
#include "tests/model_debug.def"
#include "tests/model_style.def"
#include "tests/model_second.def"
#include "tests/model_told.def"
#undef CASE
};
enum { N_MODEL_CASES = sizeof(model_cases) / sizeof(model_cases[0]), CASE_PATHS_MAX = 64 };

static inline int parse_case(const struct model_case *c, struct seq *ret_seq)
{
	char err[128];

	if (!seq_parse(ret_seq, c->seq, strlen(c->seq), err, sizeof(err)))
		return 0;
	fprintf(stderr, "%s: %s\n", c->seq, err);
	return -1;
}

static inline const char *kind_name(unsigned kind)
{
	static const char *const name[] = {
#define INSN(iname, act, needs, words) #iname,
#include "fuzz/insn.def"
#undef INSN
	};

	return kind < N_INSN_KINDS ? name[kind] : "?";
}

/* "ud2[k]:UD2", or with `after` "int3[k]:INT3+": the instruction at addr, or the one before it. */
static inline void insn_words(uint64_t addr, int after, char *out, size_t cap)
{
	const struct insn *in = after ? NULL : victim_insn(addr);
	struct body_place place;

	for (unsigned back = 1; after && !in && back < 16; back++) {
		in = victim_insn(addr - back);
		if (in && (in->len & INSN_LEN) != back)
			in = NULL;
	}
	if (in && victim_place(in->addr, &place))
		snprintf(out, cap, "%s[%c]:%s%s", ops[place.op].text, "kuc"[place.ctx], kind_name(in->kind),
			 after ? "+" : "");
	else
		snprintf(out, cap, "none");
}

static inline int addr_matches(uint64_t addr, const char *spec)
{
	char words[128];

	if (*spec >= '0' && *spec <= '9')
		return addr == strtoull(spec, NULL, 0);
	if (strchr(spec, ':'))
		insn_words(addr, spec[strlen(spec) - 1] == '+', words, sizeof(words));
	else
		addr_words(addr, words, sizeof(words));
	return !strcmp(words, spec);
}

static inline void case_event(const struct record *r, char *out, size_t cap)
{
	static const char *const system[] = { [ENTRY_SYSCALL] = "SYSCALL", [ENTRY_SYSCALL32] = "SYSCALL32",
					      [ENTRY_SYSENTER] = "SYSENTER", [ENTRY_LATE] = "left" };
	static const char *const name[32] = {
#define VEC(num, vname, has_ec, class, kind, words) [num] = #vname,
#include "efi/abi/vectors.def"
#undef VEC
	};
	int n;

	if (r->entry != ENTRY_IDT) {
		snprintf(out, cap, "%s", system[r->entry]);
		return;
	}
	if (r->vector < 32 && name[r->vector])
		n = snprintf(out, cap, "#%s", name[r->vector]);
	else
		n = snprintf(out, cap, "#%#x", r->vector);
	if (r->flags & REC_ERR)
		snprintf(out + n, cap - (size_t)n, r->err > 9 ? "(%#llx)" : "(%llu)",
			 (unsigned long long)r->err);
}

/* One "key=value" of a record. */
static inline int key_matches(const struct record *r, const char *key, const char *value)
{
	static const struct {
		const char *key;
		enum record_field field;
		int is_addr;
	} keys[] = { { "rip", F_rip, 1 },	{ "rsp", F_rsp, 1 },	  { "on", F_landed, 1 },
		     { "cr2", F_cr2, 1 },	{ "gs", F_gs_base, 1 },	  { "rcx", F_rcx, 1 },
		     { "r11", F_r11, 0 },	{ "fl", F_rflags, 0 },	  { "lfl", F_live_rflags, 0 },
		     { "cs", F_cs, 0 },		{ "ss", F_ss, 0 },	  { "lss", F_live_ss, 0 },
		     { "dr6", F_dr6, 0 },	{ "dr7", F_dr7, 0 },	{ "step", F_step, 0 },	  { "depth", F_depth, 0 },
		     { "flags", F_flags, 0 },	{ "nmi", F_err, 0 },	  { "irq", F_rip, 0 } };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint64_t v = field_value(r, keys[i].field);

		if (strcmp(key, keys[i].key))
			continue;
		return keys[i].is_addr ? addr_matches(v, value) : v == strtoull(value, NULL, 0);
	}
	return 0;
}

static inline int record_matches(const struct record *r, char *spec)
{
	char event[32], *save, *word = strtok_r(spec, " ", &save);

	case_event(r, event, sizeof(event));
	if (!word || strcmp(word, event))
		return 0;
	while ((word = strtok_r(NULL, " ", &save))) {
		char *value = strchr(word, '=');

		if (!value)
			return 0;
		*value++ = 0;
		if (!key_matches(r, word, value))
			return 0;
	}
	return 1;
}

/* The end of a trace, when the case names one: 1 matches, 0 does not, -1 it is a record. */
static inline int end_matches(const struct trace *t, const char *spec)
{
	static const char *const outcome[] = { "DONE", "SHUTDOWN", "HANG" };

	for (unsigned i = OUTCOME_SHUTDOWN; i <= OUTCOME_HANG; i++)
		if (!strcmp(spec, outcome[i]))
			return t->outcome == i;
	return strcmp(spec, "UNCHECKED") ? -1 : t->unchecked;
}

/* One trace against one alternative. */
static inline int trace_matches(const struct trace *t, const char *expect, size_t len)
{
	char spec[1024], *save, *rec;
	unsigned i = 0;
	int ended = 0;

	snprintf(spec, sizeof(spec), "%.*s", (int)len, expect);
	for (rec = strtok_r(spec, ";", &save); rec; rec = strtok_r(NULL, ";", &save)) {
		rec += strspn(rec, " ");
		ended = end_matches(t, rec);
		if (ended >= 0)
			return ended && i == t->n;
		if (i >= t->n || !record_matches(&t->rec[i++], rec))
			return 0;
	}
	if (t->outcome != OUTCOME_DONE || t->unchecked)
		return 0;
	if (i + 1 == t->n && t->rec[i].entry == ENTRY_LATE)
		return !t->rec[i].err && !t->rec[i].rip;
	return i == t->n && i && t->rec[i - 1].entry == ENTRY_LATE;
}

/* Which of the alternatives (a set) the trace matches; bit 31: none. */
static inline unsigned alternatives_matched(const struct trace *t, const char *expect, unsigned *ret_n)
{
	unsigned set = 0, n = 0;

	for (const char *p = expect;; p++, n++) {
		size_t len = strcspn(p, "|");

		if (trace_matches(t, p, len))
			set |= 1u << n;
		p += len;
		if (!*p)
			break;
	}
	*ret_n = n + 1;
	return set ? set : 1u << 31;
}

static inline const struct profile *case_profile(enum case_profile which)
{
	return profile_named(which == AMD ? "amd" : "intel");
}

static inline void print_trace(const struct trace *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		const struct record *r = &t->rec[i];
		char event[32], rip[64], at[64], after[64], on[64], rsp[64], cr2[64];

		case_event(r, event, sizeof(event));
		insn_words(r->rip, 0, at, sizeof(at));
		insn_words(r->rip, 1, after, sizeof(after));
		fprintf(stderr, "      %s rip=%s (%s, %s) rsp=%s on=%s cr2=%s cs=%#llx ss=%#llx fl=%#llx "
			"lfl=%#llx lss=%#x r11=%#llx dr6=%#llx dr7=%#llx step=%u depth=%u flags=%u nmi=%llu irq=%#llx\n",
			event, addr_words(r->rip, rip, sizeof(rip)), at, after,
			addr_words(r->rsp, rsp, sizeof(rsp)), addr_words(r->landed, on, sizeof(on)),
			addr_words(r->cr2, cr2, sizeof(cr2)), (unsigned long long)r->cs,
			(unsigned long long)r->ss, (unsigned long long)r->rflags,
			(unsigned long long)r->live_rflags, r->live_ss, (unsigned long long)r->r11,
			(unsigned long long)r->dr6, (unsigned long long)r->dr7, r->step, r->depth, r->flags,
			(unsigned long long)r->err, (unsigned long long)r->rip);
	}
	fprintf(stderr, "      outcome %u%s\n", t->outcome, t->unchecked ? ", unchecked" : "");
}

/* Every path must be one of the alternatives, and every alternative some path. 1: so it is. */
static inline int case_holds(const struct model_case *c, enum case_profile which,
			     struct overlay *overlay, int say)
{
	static struct trace t;
	struct path path = { 0 };
	struct seq seq;
	unsigned seen = 0, n, n_paths = 0;

	if (parse_case(c, &seq))
		return 0;
	do {
		unsigned set;

		model_predict(&seq, case_profile(which), overlay, &path, &t);
		set = alternatives_matched(&t, c->expect, &n);
		seen |= set;
		if (set >> 31) {
			if (say) {
				fprintf(stderr, "%s, %s: %s\n    %s\n    must be %s\n    is\n",
					rule_info[c->rule].name, which == AMD ? "amd" : "intel", c->manual,
					c->seq, c->expect);
				print_trace(&t);
			}
			return 0;
		}
		path = t.path;
	} while (++n_paths < CASE_PATHS_MAX && path_next(&path));
	if (seen == (1u << n) - 1)
		return 1;
	if (say)
		fprintf(stderr, "%s: no path gives some of %s\n    %s\n", rule_info[c->rule].name, c->expect,
			c->seq);
	return 0;
}

#endif
