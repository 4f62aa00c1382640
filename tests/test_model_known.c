/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A known difference replaces one rule's result, and nothing else: sequences that show it, and beside each
 * the nearest ones that must stay as the manual has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/model_case.h"

/* The engine takes `and` and `xor` of the rule's result; what it shows then. */
static const struct {
	enum rule_id rule;
	uint64_t and, xor;
	const char *seq, *expect;
} known[] = {
	/* a stack pointer cut to 16 bits where operands are smaller than the mode's */
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "int3; ret.iretd", "#BP on=MAIN+0xf98; #PF(0) rip=ret.iretd[k]:IRET cr2=0x8f98|#BP; #PF(0) cr2=0x8fa0" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "int3; ret.iretw", "#BP; #PF(0) rip=ret.iretw[k]:IRET cr2=0x8f98|#BP; #PF(0) cr2=0x8f9c" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "int3; ret.iret; int3", "#BP; #BP rip=int3[k]:INT3+ rsp=MAIN+0xfc0" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "start ring=c; ret.lret32; int3", "#BP rip=int3[c]:INT3+ rsp=CSTK+0xfcc" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "mov.ss null; int3; ret.iretd", "#BP; #GP(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "mov.ss null; int3; ret.iretd", "#BP; #PF(0) cr2=0x8f98|#BP; #PF(0) cr2=0x8fa0" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "int3; ret.iretd", "#BP; #GP(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "go.u; int3; ret.iretd", "#BP lss=0; #PF(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "int3; ret.iret ss=null; int3; ret.iretd", "#BP; #BP ss=0; #GP(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "int3; ret.iret ss=null; int3; ret.iretd", "#BP; #BP ss=0; #PF(0) rip=ret.iretd[k]:IRET cr2=0x8f98|#BP; #BP ss=0; #PF(0) cr2=0x8fa0" },
	/* IRETD looks at VM of what it has popped */
	{ RULE_IRET_VM, 0, 0, "int3; ret.iret32 fl=vm; int3", "#BP; UNCHECKED" },
	{ RULE_IRET_VM, 0, 0, "int3; ret.iret32 fl=ac; int3", "#BP; #BP fl=0x40002" },
	{ RULE_IRET_VM, 0, 0, "int3; ret.iret fl=vm; int3", "#BP; #BP fl=2" },
	/* ring 3 pops with the rights of ring 0 */
	{ RULE_RET_POP_RIGHTS, 0, 0, "go.u; int3; frame.rsp np; ret.iret; ret.iret", "#BP; #PF(0) rip=ret.iret[u]:IRET cr2=DNP+0x800|#BP; #PF(0) cr2=DNP+0x810" },
	/* faults without end, each delivered by itself: the model gives up, and says so */
	{ RULE_DOUBLE_FAULT, 0, 0, "gate.p 11 0; gate.p 13 0; gp.nc", "HANG" },
	{ RULE_DOUBLE_FAULT, 0, 0, "gate.p 13 0; gp.nc", "#NP(0x6b) rip=gp.nc[k]:LD" },
	/* INT1 is no instruction */
	{ RULE_INT1, 0, 0, "int1", "#UD rip=int1[k]:INT1 fl=0x10002" },
};

static void it_is_what_it_says_and_no_more(void **state)
{
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct overlay_line line = { .rule = known[i].rule, .vector = -1, .and = known[i].and, .xor = known[i].xor };
		struct overlay o = { .n = 1, .line = &line };
		const struct model_case c = { known[i].rule, ANY, known[i].seq, known[i].expect, "a known difference" };

		bad += !case_holds(&c, INTEL, &o, 1) || !case_holds(&c, AMD, &o, 1);
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_what_it_says_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
