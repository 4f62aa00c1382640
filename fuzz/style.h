/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers as systems write them: for a sequence with a style the entries, and the ways out of its
 * handlers, are victim text (fuzz/style.inc). This is what a run needs to know of one: the words of
 * memory its text reads, its entries, its IST stacks. docs/styles.md explains each.
 *
 * Header byte 3 of a sequence: bits 2:0 the style, bits 7:3 which of its guards is off (0: none), each
 * modulo how many there are.
 */
#ifndef TW_FUZZ_STYLE_H
#define TW_FUZZ_STYLE_H

#include "fuzz/tape.h"

enum style_id {
	STYLE_PLAIN,
#define STYLE(id, name, mirrors, words) STYLE_##id,
#define GUARD(style, id, name, words)
#include "fuzz/styles.def"
#undef STYLE
#undef GUARD
	N_STYLES,
};

/* One text for each style with all its guards, and one for each guard that is off. */
enum style_variant {
#define STYLE(id, name, mirrors, words) VARIANT_##id,
#define GUARD(style, id, name, words) VARIANT_##style##_##id,
#include "fuzz/styles.def"
#undef STYLE
#undef GUARD
	N_VARIANTS,
};

enum place_event { PLACE_NOTHING, PLACE_NMI, PLACE_MC };

/* The entries of one variant, as the image lists them. */
struct style_text {
	uint64_t ordinary, paranoid, db, nmi, exit, syscall, syscall32, sysenter, repeat;
};

#define STYLE_GS ALIAS(W_DSUP) /* ring 0's GS base: its sign says so */

static inline unsigned style_of(const struct seq *seq)
{
	return (seq->style & 7) % N_STYLES;
}

/* The guard that is off, counted from 1; 0: none. */
unsigned style_guard_off(const struct seq *seq);
unsigned style_variant(const struct seq *seq);
unsigned style_guards(unsigned style);
const char *style_name(unsigned style);
const char *style_guard_name(unsigned style, unsigned guard);
const char *style_words(unsigned style, unsigned guard);
const char *style_mirrors(unsigned style);
/* The header byte. */
static inline uint8_t style_byte(unsigned style, unsigned guard)
{
	return (uint8_t)(style | guard << 3);
}

const struct style_text *style_text(unsigned variant);

/* The bytes of DSUP from PC_KSTACK on and of DUSER at PLACES_AT, for a run in this style. */
enum { PERCPU_LEN = PC_ENTRY - PC_KSTACK + sizeof(struct style_text) };
void style_percpu(unsigned variant, uint8_t out[PERCPU_LEN]);
/* The IDT of a variant. */
void style_idt(unsigned variant, uint8_t *idt);
/* Whether ring 3 may write its GS base. */
int style_fsgsbase(unsigned variant);
/* Whether addr is an instruction of style text. */
int style_has(uint64_t addr);

#endif
