/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/style.h"

#include <string.h>

static const struct row {
	uint8_t style, guard; /* guard: counted from 1; 0 is the style's own row */
	const char *name, *mirrors, *words;
} rows[N_VARIANTS] = {
#define STYLE(id, name, mirrors, words) { STYLE_##id, 0, name, mirrors, words },
#define GUARD(style, id, name, words) { STYLE_##style, VARIANT_##style##_##id - VARIANT_##style, name, "", words },
#include "fuzz/styles.def"
#undef STYLE
#undef GUARD
};

static const struct row *row_of(unsigned style, unsigned guard)
{
	for (unsigned i = 0; i < N_VARIANTS; i++)
		if (rows[i].style == style && rows[i].guard == guard)
			return &rows[i];
	return NULL;
}

unsigned style_guards(unsigned style)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N_VARIANTS; i++)
		n += rows[i].style == style && rows[i].guard;
	return n;
}

unsigned style_guard_off(const struct seq *seq)
{
	unsigned style = style_of(seq);

	return style ? (seq->style >> 3) % (style_guards(style) + 1) : 0;
}

unsigned style_variant(const struct seq *seq)
{
	const struct row *r = row_of(style_of(seq), style_guard_off(seq));

	return r ? (unsigned)(r - rows) : 0;
}

const char *style_name(unsigned style)
{
	return style ? row_of(style, 0)->name : "plain";
}

const char *style_guard_name(unsigned style, unsigned guard)
{
	const struct row *r = guard ? row_of(style, guard) : NULL;

	return r ? r->name : NULL;
}

const char *style_words(unsigned style, unsigned guard)
{
	return row_of(style, guard)->words;
}

const char *style_mirrors(unsigned style)
{
	return row_of(style, 0)->mirrors;
}

const struct style_text *style_text(unsigned variant)
{
	return (const struct style_text *)(const void *)(victim_image + victim_labels()->styletab_off) +
	       variant;
}

void style_percpu(unsigned variant, uint8_t out[PERCPU_LEN])
{
	memset(out, 0, PERCPU_LEN);
	put64(out, W_RSP0 + L_RSP0);
	put64(out + PC_BASE - PC_KSTACK, STYLE_GS);
	memcpy(out + PC_ENTRY - PC_KSTACK, style_text(variant), sizeof(struct style_text));
}

void style_idt(unsigned variant, uint8_t *idt)
{
	static const uint8_t bare[32] = { [8] = 1 };
	const struct victim_labels *l = victim_labels();

	idt_build(idt, l->style_stubs, (uint32_t)l->style_stub_stride,
		  variant == VARIANT_GAP_IST ? bare : layout_ist(LAYOUT_LINUX));
}

int style_fsgsbase(unsigned variant)
{
	return rows[variant].style == STYLE_PARFSGS || variant == VARIANT_PARMSR_GS_FIXED;
}

int style_has(uint64_t addr)
{
	const struct victim_labels *l = victim_labels();

	return addr >= l->style_stubs && addr < l->style_end;
}
