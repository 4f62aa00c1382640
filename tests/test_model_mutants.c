/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A wrong rule must make a case fail. For each rule the model is run with that one rule broken (it
 * never holds, it always holds, or its value has another bit), and the rule's own cases must notice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/model_case.h"

/* Rules whose result is a value, and what another value would be. All others are yes or no. */
static const struct {
	enum rule_id rule;
	uint64_t and, xor;
} values[] = {
	{ RULE_POPF_FLAGS, UINT64_MAX, 0x200 },	     { RULE_POPF_FLAGS, UINT64_MAX, 0x20000 },
	{ RULE_POPF_FLAGS, UINT64_MAX, 0x3000 },     { RULE_PF_ERROR_CODE, UINT64_MAX, 1 },
	{ RULE_PF_ERROR_CODE, UINT64_MAX, 4 },	     { RULE_IDT_ERROR_CODE, 0, 16 },
	{ RULE_STACK_IST, UINT64_MAX, 0x10 },	     { RULE_STACK_RSP0, UINT64_MAX, 0x10 },
	{ RULE_STACK_ALIGN, UINT64_MAX, 0x10 },	     { RULE_DELIVERY_FLAGS, UINT64_MAX, 0x4000 },
	{ RULE_DELIVERY_FLAGS, UINT64_MAX, 0x400 },  { RULE_DELIVERY_FLAGS, UINT64_MAX, 0x40000 },
	{ RULE_RF_CLEARED, 0, 0 },		     { RULE_RIP_FAULT, UINT64_MAX, 1 },
	{ RULE_DR6_SINGLE_STEP, UINT64_MAX, 0x4000 }, { RULE_IRET_FLAGS, UINT64_MAX, 0x200 },
	{ RULE_IRET_FLAGS, UINT64_MAX, 0x20000 },    { RULE_IRET_FLAGS, UINT64_MAX, 0x3000 },
	{ RULE_IRET_FLAGS, UINT64_MAX, 0x180000 },   { RULE_RET_SS_NOT_PRESENT_VECTOR, 0, 11 },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0 },	     { RULE_RET_RIP_COMPAT, UINT64_MAX, 0xffffffff00000000 },
	{ RULE_SYSCALL_RCX, UINT64_MAX, 1 },	     { RULE_SYSCALL_R11, UINT64_MAX, 1 },
	{ RULE_SYSCALL_FMASK, UINT64_MAX, 0x400 },   { RULE_SYSCALL_SELECTORS, UINT64_MAX, 8 },
	{ RULE_SYSRET_FLAGS, UINT64_MAX, 0x200 },    { RULE_SYSRET_FLAGS, UINT64_MAX, 0x40000 },
	{ RULE_CALL_FLAGS, UINT64_MAX, 0x400 },	     { RULE_SYSCALL_TARGET, UINT64_MAX, 0x10 },  { RULE_SEG_BASE_COMPAT, 0, UINT64_MAX },
	{ RULE_SYSENTER_RSP, UINT64_MAX, 0x10 },     { RULE_SYSENTER_FLAGS, UINT64_MAX, 0x200 },
	{ RULE_SYSENTER_FLAGS, UINT64_MAX, 0x400 },  { RULE_SYSENTER_FLAGS, UINT64_MAX, 0x4000 },
	{ RULE_GD_CLEARED, 0, 0 },		     { RULE_DR6_DATA_BP, UINT64_MAX, 0x4000 },
	{ RULE_DR6_CODE_BP, UINT64_MAX, 0x2000 },    { RULE_DR6_GENERAL_DETECT, UINT64_MAX, 0x2000 },
	{ RULE_DATA_BP, UINT64_MAX, 1 },	     { RULE_DATA_BP_FRAME, UINT64_MAX, 1 },
	{ RULE_PF_RESERVED_P, UINT64_MAX, 1 },
	{ RULE_SYSEXIT_TRUNCATES, UINT64_MAX, 0xffffffff00000000 }, { RULE_SWAPGS, UINT64_MAX, 1 },
};

/* Rules that the model never asks for a result, and why it cannot be wrong there. */
static const struct {
	enum rule_id rule;
	const char *why;
} unasked[] = {
	{ RULE_END, "of the harness" },
	{ RULE_HANG, "of the harness" },
	{ RULE_UNCHECKED, "of the harness" },
	{ RULE_INT3, "names an instruction; nothing is decided" },
	{ RULE_INTN, "names an instruction; nothing is decided" },
	{ RULE_INTO, "names an instruction; OF was set by its own body" },
	{ RULE_UD2, "names an instruction; nothing is decided" },
	{ RULE_INSN_LENGTH, "names an instruction; nothing is decided" },
	{ RULE_DE, "names an instruction; the divisor is always 0" },
	{ RULE_SS_UNUSABLE, "follows from the state of SS" },
	{ RULE_GP_NONCANONICAL, "the other half of SS_NONCANONICAL" },
	{ RULE_STACK_SAME, "the other half of STACK_IST and STACK_RSP0" },
	{ RULE_RIP_TRAP, "names a field" },
	{ RULE_TRIPLE_FAULT, "the end of DOUBLE_FAULT" },
	{ RULE_NMI, "the other half of NMI_BLOCKS_NMI" },
	{ RULE_NMI_LATCH, "one bit holds one NMI" },
	{ RULE_NMI_STI_SHADOW, "a choice: both are right" },
	{ RULE_SHADOW_CHAINED, "a choice: both are right" },
	{ RULE_SS_WITH_IST, "a choice: both are right" },
	{ RULE_RIP_INT1, "a choice: both are right" },
	{ RULE_ASYNC_ARRIVAL, "a choice: both are right" },
	{ RULE_FAULT_ORDER, "a choice: both are right" },
	{ RULE_PUSH_ORDER, "a choice: both are right" },
	{ RULE_IRET_POP_ORDER, "a choice: both are right" },
	{ RULE_FRAME_FAULT, "a choice: both are right" },
	{ RULE_SGDT_ALIGNMENT, "a choice: both are right" },
	{ RULE_DR_CPL_ORDER, "a choice: both are right" },
	{ RULE_IO_BP_UNALIGNED, "a choice: both are right" },
	{ RULE_IO_BP_DE, "a choice: both are right" },
	{ RULE_SHADOW_CHAINED_TRAP, "a choice: both are right" },
	{ RULE_PROMISE_GS, "of the software: judged, not predicted" },
	{ RULE_PROMISE_GS_KEPT, "of the software: judged, not predicted" },
	{ RULE_PROMISE_STACK, "of the software: judged, not predicted" },
	{ RULE_PROMISE_FLAGS, "of the software: judged, not predicted" },
	{ RULE_PROMISE_FRAME, "of the software: judged, not predicted" },
	{ RULE_PROMISE_NMI_LOST, "of the software: judged, not predicted" },
	{ RULE_PROMISE_NMI_NESTED, "of the software: judged, not predicted" },
	{ RULE_RSP_UPPER_COMPAT, "a choice: both are right" },
	{ RULE_SYSENTER_MSR_WIDE, "a choice: both are right" },
	{ RULE_CSTAR_WIDE, "a choice: both are right" },
	{ RULE_RET_SS_WORD_64, "a choice: both are right" },
	{ RULE_GPR_UPPER_COMPAT, "a choice: both are right" },
	{ RULE_SMAP_FRAME, "a choice: both are right" },
	{ RULE_PF_EXCHANGE, "a choice: both are right" },
	{ RULE_NONCANONICAL_PART, "a choice: both are right" },
	{ RULE_ACCESSED_FAULT, "a choice: both are right" },
	{ RULE_DESC_WRITE_CR2, "a choice: all are right" },
	{ RULE_MF_FLDENV, "a choice: both are right" },
	{ RULE_SEG_BASE_NULLED, "a choice: both are right" },
	{ RULE_SYSRET_SS_RPL, "a choice: both are right" },
	{ RULE_BOUND_64, "names an opcode; nothing is decided" },
	{ RULE_IRQ, "follows from IF, IRR and ISR" },
	{ RULE_LATE_IRQ, "names a field" },
	{ RULE_NMI_MERGE, "a choice: both are right" },
	{ RULE_APIC_SPURIOUS, "follows from what the local APIC held" },
	{ RULE_HLT, "follows from what wakes the processor" },
	{ RULE_HOST_EVENT, "names an event" },
	{ RULE_MC, "names an event" },
	{ RULE_CODE_BP, "names an event" },
	{ RULE_DATA_BP_FAULT, "a choice: both are right" },
	{ RULE_DATA_BP_DISARMED, "a choice: both are right" },
	{ RULE_MOVSS_DATA_BP_FAULT, "a choice: both are right" },
	{ RULE_CODE_BP_MOVSS, "a choice: both are right" },
	{ RULE_RF_GENERAL_DETECT, "a choice: both are right" },
	{ RULE_RF_DF, "a choice: both are right" },
	{ RULE_RF_MC, "a choice: both are right" },
	{ RULE_DR6_GD_MERGES, "a choice: both are right" },
	{ RULE_GD_UNDELIVERED, "a choice: both are right" },
	{ RULE_DR6_CODE_MERGES, "a choice: both are right" },
	{ RULE_REP_SHADOW, "a choice: both are right" },
	{ RULE_REP_SHADOW_STI, "a choice: both are right" },
	{ RULE_DR6_CODE_AHEAD, "a choice: both are right" },
	{ RULE_DR6_STALE, "a choice: both are right" },
	{ RULE_DR6_STALE_STEP, "a choice: both are right" },
	{ RULE_DR6_STALE_INT1, "a choice: both are right" },
	{ RULE_DR6_INT1_MERGES, "a choice: both are right" },
	{ RULE_DR6_MOVSS_INT, "a choice: both are right" },
	{ RULE_SYSEXIT_CS_RPL, "a choice: both are right" },
	{ RULE_SYSEXIT_NONCANONICAL_32, "a choice: both are right" },
	{ RULE_GD_INT1, "a choice: both are right" },
	{ RULE_REP_DATA_BP, "a choice: all are right" },
};

static int is_unasked(unsigned rule)
{
	for (size_t i = 0; i < sizeof(unasked) / sizeof(unasked[0]); i++)
		if (unasked[i].rule == rule)
			return 1;
	return 0;
}

/* Mutants that are no other machine, and why. */
static const struct {
	enum rule_id rule;
	uint64_t xor; /* the result is always this */
	const char *why;
} equal[] = {
	{ RULE_MOVSS_LIMIT, 0, "what is beyond the table is no data segment: the same #GP(selector)" },
	{ RULE_MOVSEG_LIMIT, 0, "what is beyond the table is no segment: the same #GP(selector)" },
	{ RULE_RET_CS_LIMIT, 0, "what is beyond the table is no code segment: the same #GP(selector)" },
	{ RULE_RET_SS_LIMIT, 0, "what is beyond the table is no data segment: the same #GP(selector)" },
	{ RULE_RET_CS_NULL, 0, "the null descriptor is no code segment: the same #GP(0)" },
	{ RULE_GATE_CS_NULL, 0, "the null descriptor is no code segment: the same #GP(EXT)" },
	{ RULE_GATE_CS_LIMIT, 0, "what is beyond the table is no code segment: the same #GP(selector+EXT)" },
	{ RULE_JMP_CS_NULL, 0, "the null descriptor is no code segment: the same #GP(0)" },
	{ RULE_CALL_LIMIT, 0, "what is beyond the table is no gate: the same #GP(selector)" },
	{ RULE_CALL_CS_NULL, 0, "the null descriptor is no code segment: the same #GP(0)" },
	{ RULE_JMP_CS_LIMIT, 0, "what is beyond the table is no code segment: the same #GP(selector)" },
	{ RULE_SYSSEG_IN_LDT, 0, "there is no system segment in the LDT: the same #GP(selector)" },
	{ RULE_SYSSEG_LIMIT, 0, "what is beyond the table is no system segment: the same #GP(selector)" },
	{ RULE_LTR_NULL, 0, "the null descriptor is no TSS: the same #GP(0)" },
	{ RULE_RET_POP_RIGHTS, 1, "ring 0 has ring 0's rights either way" },
};

static int is_equal(unsigned rule, uint64_t and, uint64_t xor)
{
	for (size_t i = 0; i < sizeof(equal) / sizeof(equal[0]); i++)
		if (!and && equal[i].rule == rule && equal[i].xor == xor)
			return 1;
	return 0;
}

/* How often the mutant changed a result in the case, and whether the case noticed. */
struct toll {
	unsigned changed, noticed;
};

static void try_case(const struct model_case *c, enum case_profile which, struct overlay *overlay,
		     struct toll *toll)
{
	static struct trace t;
	struct path path = { 0 };
	struct seq seq;
	unsigned n_paths = 0;

	assert_int_equal(parse_case(c, &seq), 0);
	do {
		model_predict(&seq, case_profile(which), overlay, &path, &t);
		toll->changed += overlay->line[0].uses != 0;
		path = t.path;
	} while (!toll->changed && ++n_paths < CASE_PATHS_MAX && path_next(&path));
	if (toll->changed)
		toll->noticed += !case_holds(c, which, overlay, 0);
}

static struct toll try_mutant(unsigned rule, uint64_t and, uint64_t xor, int all)
{
	struct overlay_line line = { .rule = (uint16_t)rule, .vector = -1, .and = and, .xor = xor };
	struct overlay overlay = { .n = 1, .line = &line };
	struct toll toll = { 0 };

	for (unsigned i = 0; i < N_MODEL_CASES; i++) {
		const struct model_case *c = &model_cases[i];

		if (!all && c->rule != rule)
			continue;
		if (c->profile & INTEL)
			try_case(c, INTEL, &overlay, &toll);
		if (c->profile & AMD)
			try_case(c, AMD, &overlay, &toll);
	}
	return toll;
}

/* Whether the rule's own cases notice the mutant; if it changes nothing there, that is no answer. */
static int survives(unsigned rule, uint64_t and, uint64_t xor, unsigned *tried)
{
	struct toll toll = try_mutant(rule, and, xor, 0);

	*tried += toll.changed != 0;
	if (!toll.changed || toll.noticed || is_equal(rule, and, xor))
		return 0;
	fprintf(stderr, "rule %s: a result of (v & %#llx) ^ %#llx goes unnoticed\n", rule_info[rule].name,
		(unsigned long long)and, (unsigned long long)xor);
	return 1;
}

static void a_wrong_rule_is_noticed(void **state)
{
	int bad = 0;

	(void)state;
	for (unsigned rule = 0; rule < N_RULES; rule++) {
		unsigned tried = 0, is_value = 0;

		if (is_unasked(rule))
			continue;
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			if (values[i].rule != rule)
				continue;
			is_value = 1;
			bad += survives(rule, values[i].and, values[i].xor, &tried);
		}
		if (!is_value) {
			bad += survives(rule, 0, 0, &tried);
			bad += survives(rule, 0, 1, &tried);
		}
		if (!tried) {
			fprintf(stderr, "rule %s: breaking it changes nothing in its own cases\n",
				rule_info[rule].name);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* The list of excuses stays true: such a rule's result is asked for in no case at all. */
static void what_is_excused_is_never_asked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(unasked) / sizeof(unasked[0]); i++) {
		struct toll never = try_mutant(unasked[i].rule, 0, 0, 1);
		struct toll always = try_mutant(unasked[i].rule, 0, 1, 1);

		if (never.changed || always.changed)
			fail_msg("rule %s is asked for now: take it from the list (%s)",
				 rule_info[unasked[i].rule].name, unasked[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wrong_rule_is_noticed),
		cmocka_unit_test(what_is_excused_is_never_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
