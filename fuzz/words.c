/* SPDX-License-Identifier: BSD-2-Clause */
/* Records in words, and the names of findings: for traces, reports and signatures. */
#include <string.h>

#include "efi/abi/fmt.h"
#include "fuzz/cpu_state.h"
#include "fuzz/style.h"

static const char *vector_name(unsigned vec)
{
	static const char *const name[32] = {
#define VEC(num, vname, has_ec, class, kind, words) [num] = #vname,
#include "efi/abi/vectors.def"
#undef VEC
	};

	return vec < 32 && name[vec] ? name[vec] : NULL;
}

const char *event_words(const struct record *rec, char *out, size_t cap)
{
	const char *name = vector_name(rec->vector);
	char vec[16];

	switch (rec->entry) {
	case ENTRY_SYSCALL:
		fmt_print(out, cap, "SYSCALL");
		return out;
	case ENTRY_SYSCALL32:
		fmt_print(out, cap, "SYSCALL32");
		return out;
	case ENTRY_SYSENTER:
		fmt_print(out, cap, "SYSENTER");
		return out;
	case ENTRY_LATE:
		fmt_print(out, cap, "left: %u NMI, interrupts 0x%lx", (unsigned)rec->err,
			  (unsigned long)rec->rip);
		return out;
	default:
		break;
	}
	if (name)
		fmt_print(vec, sizeof(vec), "#%s", name);
	else
		fmt_print(vec, sizeof(vec), "vector 0x%x", rec->vector);
	if (rec->flags & REC_ERR)
		fmt_print(out, cap, "%s(0x%lx)", vec, (unsigned long)rec->err);
	else
		fmt_print(out, cap, "%s", vec);
	return out;
}

/* Labels that people meet in traces. */
static const char *label(uint64_t addr)
{
	const struct victim_labels *l = victim_labels();

	return addr == l->land_k ? "land_k" : addr == l->land_u ? "land_u" :
	       addr == l->land_c ? "land_c" : addr == l->end_u ? "end_u" :
	       addr == l->end_c ? "end_c" : addr == l->sled_k ? "window_k" :
	       addr == l->sled_u ? "window_u" : addr == l->sled_c ? "window_c" :
	       addr == l->entry_syscall ? "entry_syscall" :
	       addr == l->entry_syscall32 ? "entry_syscall32" :
	       addr == l->entry_sysenter ? "entry_sysenter" : NULL;
}

const char *addr_words(uint64_t addr, char *out, size_t cap)
{
	static const char ctx_letter[N_CTX] = { 'k', 'u', 'c' };
	const struct victim_labels *l = victim_labels();
	const struct region *r = region_of(addr);
	struct body_place p;

	if (label(addr))
		fmt_print(out, cap, "%s", label(addr));
	else if (addr >> 12 == EDGE_PAGE >> 12)
		fmt_print(out, cap, "canonical_end-%lu", (unsigned long)(EDGE_PAGE + 0x1000 - addr));
	else if (style_has(addr))
		fmt_print(out, cap, "style_text+0x%lx", (unsigned long)(addr - l->style_stubs));
	else if (addr >= l->stubs && addr < l->entry_syscall)
		fmt_print(out, cap, "entry_%u+%u", (unsigned)((addr - l->stubs) / l->stub_stride),
			  (unsigned)((addr - l->stubs) % l->stub_stride));
	else if (addr >= l->copy_k && addr < l->copy_k_end)
		fmt_print(out, cap, "copy_k+%u", (unsigned)(addr - l->copy_k));
	else if (addr >= l->copy_u && addr < l->copy_u_end)
		fmt_print(out, cap, "copy_u+%u", (unsigned)(addr - l->copy_u));
	else if (r && victim_place(addr, &p))
		fmt_print(out, cap, "%s[%c]+%u", ops[p.op].text, ctx_letter[p.ctx], p.offset);
	else if (r)
		fmt_print(out, cap, "%s+0x%lx", r->name, (unsigned long)(addr - r->base));
	else if (r == NULL && addr > 0 && region_of(addr - 1)) {
		r = region_of(addr - 1);
		fmt_print(out, cap, "%s+0x%lx", r->name, (unsigned long)(addr - r->base));
	} else
		fmt_print(out, cap, "0x%lx", (unsigned long)addr);
	return out;
}

static void rflags_words(uint64_t fl, char *out, size_t cap)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bit[] = {
		{ 1, "CF" }, { 4, "PF" }, { 0x10, "AF" }, { 0x40, "ZF" }, { 0x80, "SF" }, { FL_TF, "TF" },
		{ FL_IF, "IF" }, { FL_DF, "DF" }, { FL_OF, "OF" }, { FL_NT, "NT" }, { FL_RF, "RF" },
		{ FL_VM, "VM" }, { FL_AC, "AC" }, { FL_VIF, "VIF" }, { FL_VIP, "VIP" }, { FL_ID, "ID" },
	};
	size_t at = (size_t)fmt_print(out, cap, "0x%lx", (unsigned long)fl);

	for (unsigned i = 0; i < sizeof(bit) / sizeof(bit[0]) && at < cap; i++)
		if (fl & bit[i].bit)
			at += (size_t)fmt_print(out + at, cap - at, " %s", bit[i].name);
	if (fl & FL_IOPL && at < cap)
		fmt_print(out + at, cap - at, " IOPL%u", (unsigned)(fl >> 12 & 3));
}

const char *field_words(const struct record *rec, enum record_field f, char *out, size_t cap)
{
	uint64_t v = field_value(rec, f);

	switch (f) {
	case F_rip:
	case F_rsp:
	case F_landed:
	case F_cr2:
	case F_rcx:
	case F_gs_base:
		if (rec->entry != ENTRY_LATE)
			return addr_words(v, out, cap);
		break;
	case F_rflags:
	case F_live_rflags:
	case F_r11:
		rflags_words(v, out, cap);
		return out;
	case F_vector:
	case F_entry:
	case F_COUNT:
		return event_words(rec, out, cap);
	default:
		break;
	}
	fmt_print(out, cap, "0x%lx", (unsigned long)v);
	return out;
}

/* The ring and mode that an event came from. */
static const char *from(const struct record *r)
{
	if (r->entry != ENTRY_IDT)
		return "sys";
	if (!(r->cs & 3))
		return "k";
	return (r->cs & 0xffff) == SEL_UCS32 ? "c" : "u";
}

/* A short class of an event or of a field's value: no address, no number that depends on a build. */
static void event_class(const struct record *r, char *out, size_t cap)
{
	const char *name = vector_name(r->vector);

	if (r->entry == ENTRY_SYSCALL)
		fmt_print(out, cap, "SYSCALL");
	else if (r->entry == ENTRY_SYSCALL32)
		fmt_print(out, cap, "SYSCALL32");
	else if (r->entry == ENTRY_SYSENTER)
		fmt_print(out, cap, "SYSENTER");
	else if (r->entry == ENTRY_LATE)
		fmt_print(out, cap, "end");
	else if (name)
		fmt_print(out, cap, "%s", name);
	else
		fmt_print(out, cap, "INT%x", r->vector);
}

static void value_class(const struct record *r, enum record_field f, uint64_t other, char *out, size_t cap)
{
	uint64_t v = field_value(r, f);
	const struct region *reg = region_of(v ? v - 1 : v);

	switch (f) {
	case F_rip:
	case F_rsp:
	case F_landed:
	case F_cr2:
	case F_rcx:
	case F_gs_base:
		if (r->entry == ENTRY_LATE)
			break;
		if (!reg)
			fmt_print(out, cap, v ? "elsewhere" : "0");
		else if (reg == region_of(other ? other - 1 : other) && v != other)
			fmt_print(out, cap, v < other ? "%s.lower" : "%s.higher", reg->name);
		else
			fmt_print(out, cap, "%s", reg->name);
		return;
	case F_rflags:
	case F_live_rflags:
	case F_r11:
	case F_dr6:
		/* only the bits that differ name the finding */
		fmt_print(out, cap, "%lx", (unsigned long)(v & (v ^ other)));
		return;
	default:
		break;
	}
	fmt_print(out, cap, "%lx", (unsigned long)v);
}

void signature_of(const struct judgement *j, const struct record *rec, unsigned n, char *out, size_t cap)
{
	const struct record *want = j->record < j->trace.n ? &j->trace.rec[j->record] : NULL;
	const struct record *got = j->record < n ? &rec[j->record] : NULL;
	const struct record *before = j->record ? &j->trace.rec[j->record - 1] : NULL;
	char a[40] = "none", b[40] = "none", c[40] = "start";

	if (j->field > F_entry || !want || !got) {
		if (want && got) {
			value_class(want, j->field, j->observed, a, sizeof(a));
			value_class(got, j->field, j->expected, b, sizeof(b));
			event_class(want, c, sizeof(c));
		} else if (want) {
			event_class(want, a, sizeof(a));
		} else if (got) {
			event_class(got, b, sizeof(b));
		}
	} else {
		event_class(want, a, sizeof(a));
		event_class(got, b, sizeof(b));
		if (before)
			event_class(before, c, sizeof(c));
	}
	if (!want && j->trace.outcome != OUTCOME_DONE)
		fmt_print(a, sizeof(a), j->trace.outcome == OUTCOME_HANG ? "HANG" : "SHUTDOWN");
	fmt_print(out, cap, "%s.%s.%s-%s.%s.%s", rule_info[j->rule].name,
		  j->field > F_entry ? field_name(j->field) : "event", a, b, c,
		  want && want->entry != ENTRY_LATE ? from(want) : got ? from(got) : "end");
}

void signature_of_death(const struct judgement *j, enum outcome outcome, char *out, size_t cap)
{
	char a[40] = "none";

	if (j->trace.n)
		event_class(&j->trace.rec[j->trace.n - 1], a, sizeof(a));
	fmt_print(out, cap, "%s.outcome.%s-%s.%s", rule_info[j->rule].name,
		  j->trace.outcome == OUTCOME_DONE ? "DONE" :
		  j->trace.outcome == OUTCOME_HANG ? "HANG" : "SHUTDOWN",
		  outcome == OUTCOME_HANG ? "HANG" : "SHUTDOWN", a);
}

void signature_of_broken(const struct seq *seq, const struct trace *t, char *out, size_t cap)
{
	const char *guard = style_guard_name(style_of(seq), style_guard_off(seq));
	const struct broken *b = &t->broken;
	char event[40] = "end";

	if (b->record < t->n)
		event_class(&t->rec[b->record], event, sizeof(event));
	fmt_print(out, cap, "%s.%s-%s.%s.%s", rule_info[b->rule].name, style_name(style_of(seq)),
		  guard ? guard : "whole", field_name((enum record_field)b->field), event);
}
