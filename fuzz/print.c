/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequences as text, writing. The pretty form of a value is written only when reading it back gives
 * the very same bytes; else the number is.
 */
#include "fuzz/seq.h"

#include <string.h>

#include "fuzz/style.h"
#include "fuzz/text.h"

const struct field_text field_text[N_FIELDS] = {
	{ "ring", offsetof(struct seq, ring), N_CTX, 0, { "k", "u", "c" } },
	{ "flags", offsetof(struct seq, flags), 5, 1, { "if", "ac", "df", "nt", "ts" } },
	{ "layout", offsetof(struct seq, layout), N_LAYOUT, 0, { "plain", "linux", "shared" } },
	{ "style", offsetof(struct seq, style), N_STYLES, 0, { "plain",
#define STYLE(id, name, mirrors, words) name,
#define GUARD(style, id, name, words)
#include "fuzz/styles.def"
#undef STYLE
#undef GUARD
	} },
};

const char *const prefix_text[N_PREFIX] = {
	[P_NONE] = "",
	[P_STI] = "sti+",
	[P_MOVSS] = "movss+",
	[P_STI_MOVSS] = "sti+movss+",
	[P_MOVSS_STI] = "movss+sti+",
	[P_POPSS] = "popss+",
};

const char *const defect_text[N_DEFECTS] = {
	[DEFECT_RIP] = "rip",
	[DEFECT_CS] = "cs",
	[DEFECT_FL] = "fl",
	[DEFECT_RSP] = "rsp",
	[DEFECT_SS] = "ss",
};

enum arg_kind defect_kind(unsigned field)
{
	static const uint8_t kind[N_DEFECTS] = {
		[DEFECT_RIP] = ARG_RIP,
		[DEFECT_CS] = ARG_CS,
		[DEFECT_FL] = ARG_FLAGS,
		[DEFECT_RSP] = ARG_RSP,
		[DEFECT_SS] = ARG_CS,
	};

	return field < N_DEFECTS ? (enum arg_kind)kind[field] : ARG_NONE;
}

struct out {
	char *p;
	size_t cap, n;
};

/* Counts on when full, so that the end knows. */
static void put(struct out *o, const char *s)
{
	for (; *s; s++, o->n++)
		if (o->n < o->cap)
			o->p[o->n] = *s;
}

static void put_hex(struct out *o, unsigned value, unsigned digits)
{
	char s[2] = { 0 };

	put(o, "0x");
	while (digits--) {
		s[0] = "0123456789abcdef"[value >> digits * 4 & 15];
		put(o, s);
	}
}

static void put_dec(struct out *o, unsigned value)
{
	char s[12];
	unsigned i = sizeof(s) - 1;

	s[i] = 0;
	do {
		s[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	put(o, s + i);
}

static int finish(struct out *o)
{
	if (o->n >= o->cap)
		return -1;
	o->p[o->n] = 0;
	return (int)o->n;
}

static void put_field(struct out *o, const struct field_text *f, unsigned value)
{
	const char *sep = "";
	unsigned i;

	put(o, " ");
	put(o, f->name);
	put(o, "=");
	if (!f->is_set && value < f->n) {
		put(o, f->word[value]);
		return;
	}
	if (!f->is_set || value >> f->n) {
		put_hex(o, value, 2);
		return;
	}
	for (i = 0; i < f->n; i++) {
		if (!(value >> i & 1))
			continue;
		put(o, sep);
		put(o, f->word[i]);
		sep = "+";
	}
}

/* A style with a guard off has two words: style=nmi3 off=df-test. */
static void put_style(struct out *o, const struct field_text *f, unsigned value)
{
	unsigned style = value & 7, guard = value >> 3;

	if (!style || style >= N_STYLES || guard > style_guards(style)) {
		put_field(o, f, value);
		return;
	}
	put_field(o, f, style);
	if (guard) {
		put(o, " off=");
		put(o, style_guard_name(style, guard));
	}
}

static void put_start(struct out *o, const struct seq *seq)
{
	unsigned i;

	if (!(seq->ring | seq->flags | seq->layout | seq->style))
		return;
	put(o, "start");
	for (i = 0; i < N_FIELDS; i++) {
		unsigned value = ((const uint8_t *)seq)[field_text[i].offset];

		if (value && field_text[i].offset == offsetof(struct seq, style))
			put_style(o, &field_text[i], value);
		else if (value)
			put_field(o, &field_text[i], value);
	}
	put(o, "\n");
}

/* The argument as its op's kind reads it. Returns 0 when no pretty form gives these 16 bits. */
static int put_arg(struct out *o, enum arg_kind kind, unsigned variants, unsigned arg)
{
	unsigned lo = arg & 0xff, hi = arg >> 8;
	const char *item;

	switch (kind) {
	case ARG_NONE:
		return !arg;
	case ARG_VECTOR:
		if (hi)
			return 0;
		put(o, " ");
		put_hex(o, lo, 2);
		return 1;
	case ARG_GATE:
		if (hi >= variants)
			return 0;
		put(o, " ");
		put_dec(o, lo);
		put(o, " ");
		put_dec(o, hi);
		return 1;
	case ARG_DEFECT:
		if (!arg)
			return 1;
		item = list_item(defect_kind(lo), hi);
		if (!item)
			return 0;
		put(o, " ");
		put(o, defect_text[lo]);
		put(o, "=");
		put(o, item);
		return 1;
	default:
		item = list_item(kind, arg);
		if (!item)
			return 0;
		put(o, " ");
		put(o, item);
		return 1;
	}
}

static void put_step(struct out *o, const struct step *step)
{
	const struct op *op = &ops[step->op];

	if (step->prefix < N_PREFIX)
		put(o, prefix_text[step->prefix]);
	if (op->text) {
		put(o, op->text);
	} else {
		put(o, "op.");
		put_hex(o, step->op, 2);
	}
	if (step->prefix >= N_PREFIX) {
		put(o, " prefix=");
		put_hex(o, step->prefix, 2);
	}
	if (!put_arg(o, op->text ? (enum arg_kind)op->arg : ARG_NONE, op->variants, step->arg)) {
		put(o, " arg=");
		put_hex(o, step->arg, 4);
	}
}

int step_print(const struct step *step, char *out, size_t cap)
{
	struct out o = { out, cap, 0 };

	put_step(&o, step);
	return finish(&o);
}

int seq_print(const struct seq *seq, char *out, size_t cap)
{
	struct out o = { out, cap, 0 };
	uint32_t i;

	put_start(&o, seq);
	for (i = 0; i < seq->n_steps && i < STEPS_MAX; i++) {
		put_step(&o, &seq->step[i]);
		put(&o, "\n");
	}
	return finish(&o);
}
