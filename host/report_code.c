/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of a report that shows what ran: each step's machine instructions, with addresses. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "efi/abi/tables.h"
#include "efi/abi/victim.h"
#include "fuzz/insn.h"
#include "host/finding.h"

enum { BODY_INSNS_MAX = 24 };

static const char *const insn_words[N_INSN_KINDS] = {
#define INSN(name, act, needs, words) [INSN_##name] = words,
#include "fuzz/insn.def"
#undef INSN
};

/* The context that an event interrupted, by the code segment it saved. */
static int ctx_of_cs(uint64_t cs, enum ctx *ret_ctx)
{
	switch (cs & 0xffff) {
	case SEL_KCS:
		*ret_ctx = CTX_K;
		return 1;
	case SEL_UCS:
		*ret_ctx = CTX_U;
		return 1;
	case SEL_UCS32:
		*ret_ctx = CTX_C;
		return 1;
	}
	return 0;
}

/*
 * Where step i ran: the context of the last event before it decides (handlers run in ring 0), unless
 * a step in between moved on, in which case the next event's saved CS does.
 */
static enum ctx step_ctx(const struct seq *seq, const struct record *rec, unsigned n, uint32_t i)
{
	enum ctx ctx = seq_ctx(seq);
	uint32_t at = 0;

	for (unsigned r = 0; r < n && rec[r].entry != ENTRY_LATE && rec[r].step <= i; r++) {
		ctx = CTX_K;
		at = rec[r].step;
	}
	for (; at < i; at++) {
		uint8_t op = seq->step[at].op;
		if (op == OP_GOK)
			ctx = CTX_K;
		else if (op == OP_GOU || op == OP_GOUS)
			ctx = CTX_U;
		else if (op == OP_GOC)
			ctx = CTX_C;
		else if (ops[op].text && !strncmp(ops[op].text, "ret.", 4))
			for (unsigned r = 0; r < n; r++) {
				if (rec[r].entry != ENTRY_LATE && rec[r].step > at + 1 &&
				    ctx_of_cs(rec[r].cs, &ctx))
					break;
			}
	}
	return ctx;
}

static void insn_write(FILE *f, const struct insn *in)
{
	uint32_t left = 0;
	const uint8_t *bytes = victim_bytes(in->addr, &left);
	unsigned len = in->len & INSN_LEN;
	char hex[3 * INSN_LEN + 1] = "";

	for (unsigned i = 0; bytes && i < len && i < left; i++)
		snprintf(hex + 2 * i, sizeof(hex) - 2 * i, "%02x", bytes[i]);
	fprintf(f, "        0x%08" PRIx32 "  %-22s %s", in->addr, hex,
		in->kind < N_INSN_KINDS ? insn_words[in->kind] : "?");
	if (in->kind == INSN_INTN || in->kind == INSN_PUSHI || in->kind == INSN_MOVRI)
		fprintf(f, "  ; 0x%" PRIx64, in->imm);
	fputc('\n', f);
}

static void body_write(FILE *f, const struct step *step, enum ctx ctx)
{
	unsigned variants = ops[step->op].variants;
	unsigned variant = variants == 256 ? step->arg & 0xff :
			   variants > 1	   ? (step->arg & 0xff) % variants :
					     0;
	uint64_t addr = variants ? victim_body(step->op, ctx, step->prefix % N_PREFIX, variants, variant) :
				   0;

	if (!addr) {
		fputs("        (nothing: this step has no body in this mode)\n", f);
		return;
	}
	for (unsigned i = 0; i < BODY_INSNS_MAX; i++) {
		const struct insn *in = victim_insn(addr);
		if (!in)
			return;
		insn_write(f, in);
		if (in->kind == INSN_JMPTAPE)
			return;
		addr += in->len & INSN_LEN;
	}
}

void steps_write_code(FILE *f, const struct seq *seq, const struct record *rec, unsigned n)
{
	static const char *const mode[N_CTX] = { "ring 0", "ring 3, 64-bit", "ring 3, compatibility" };
	char text[128];

	for (uint32_t i = 0; i < seq->n_steps; i++) {
		enum ctx ctx = step_ctx(seq, rec, n, i);
		const struct op *op = &ops[seq->step[i].op];
		if (step_print(&seq->step[i], text, sizeof(text)) < 0)
			continue;
		fprintf(f, "    step %" PRIu32 ": %s  (%s) -- %s\n", i + 1, text, mode[ctx],
			op->text ? op->words : "does nothing");
		body_write(f, &seq->step[i], ctx);
	}
}
