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
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "int3; ret.iretd", "#BP on=MAIN+0xf98; #PF(0) rip=ret.iretd[k]:IRET cr2=0x8f98|#BP; #PF(0) cr2=0x8fa0|#BP; #PF(0) cr2=0x8fa8" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "int3; ret.iretw", "#BP; #PF(0) rip=ret.iretw[k]:IRET cr2=0x8f98|#BP; #PF(0) cr2=0x8f9c|#BP; #PF(0) cr2=0x8fa0" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "int3; ret.iret; int3", "#BP; #BP rip=int3[k]:INT3+ rsp=MAIN+0xfc0" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "start ring=c; ret.lret32; int3", "#BP rip=int3[c]:INT3+ rsp=CSTK+0xfcc" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "mov.ss null; int3; ret.iretd", "#BP; #GP(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "mov.ss null; int3; ret.iretd", "#BP; #PF(0) cr2=0x8f98|#BP; #PF(0) cr2=0x8fa0|#BP; #PF(0) cr2=0x8fa8" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "int3; ret.iretd", "#BP; #GP(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "go.u; int3; ret.iretd", "#BP lss=0; #PF(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "int3; ret.iret ss=null; int3; ret.iretd", "#BP; #BP ss=0; #GP(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "mov.ss null; mov.ss kds; int3; ret.iretd", "#BP; #PF(0) rip=ret.iretd[k]:IRET cr2=0x8f98|#BP; #PF(0) cr2=0x8fa0|#BP; #PF(0) cr2=0x8fa8" },
	{ RULE_RET_STACK_WIDTH_NULL, 0xffff, 0, "go.u; call.far gate; ret.iretd", "#PF(0) rip=ret.iretd[k]:IRET cr2=0x8fe0|#PF(0) rip=ret.iretd[k]:IRET cr2=0x8fe8|#PF(0) rip=ret.iretd[k]:IRET cr2=0x8ff0" },
	{ RULE_RET_STACK_WIDTH, 0xffff, 0, "int3; ret.iret ss=null; int3; ret.iretd", "#BP; #BP ss=0; #PF(0) rip=ret.iretd[k]:IRET cr2=0x8f98|#BP; #BP ss=0; #PF(0) cr2=0x8fa0|#BP; #BP ss=0; #PF(0) cr2=0x8fa8" },
	{ RULE_RET_STACK_L, 0xffff, 0, "desc kcs2-data; mov.ss kcs2; int3; ret.iretd", "#BP; #PF(0) rip=ret.iretd[k]:IRET cr2=0x8f98|#BP; #PF(0) cr2=0x8fa0|#BP; #PF(0) cr2=0x8fa8" },
	{ RULE_RET_STACK_L, 0xffff, 0, "mov.ss kds; int3; ret.iretd", "#BP; #GP(0) rip=ret.iretd[k]:IRET" },
	{ RULE_RET_STACK_L, 0xffff, 0, "desc kcs2-data; mov.ss kcs2; int3; ret.iret; nop", "#BP" },
	/* IRETD looks at VM of what it has popped */
	{ RULE_IRET_VM, 0, 0, "int3; ret.iret32 fl=vm; int3", "#BP; UNCHECKED" },
	{ RULE_IRET_VM, 0, 0, "int3; ret.iret32 fl=ac; int3", "#BP; #BP fl=0x40002" },
	{ RULE_IRET_VM, 0, 0, "int3; ret.iret fl=vm; int3", "#BP; #BP fl=2" },
	/* ring 3 pops with the rights of ring 0 */
	{ RULE_RET_POP_RIGHTS, 0, 0, "go.u; int3; frame.rsp np; ret.iret; ret.iret", "#BP; #PF(0) rip=ret.iret[u]:IRET cr2=DNP+0x800|#BP; #PF(0) cr2=DNP+0x810|#BP; #PF(0) cr2=DNP+0x820" },
	/* faults without end, each delivered by itself: the model gives up, and says so */
	{ RULE_DOUBLE_FAULT, 0, 0, "gate.p 11 0; gate.p 13 0; gp.nc", "HANG" },
	/* a read that is not aligned is taken for two halves, a write for all of its page before it */
	{ RULE_DATA_BP_EXACT, 0, 0, "start layout=linux\nbp.b tss-ist3; int 2; nop", "HANG|#NMI rip=int[k]:INTN+ on=IST2+0xfd8" },
	{ RULE_DATA_BP_EXACT, 0, 0, "bp.b tss-rsp0; go.u; ud2", "#DB rip=entry_6+0 cs=8 dr6=0xffff0ff8|#UD rip=ud2[u]:UD2" },
	{ RULE_DATA_BP_EXACT_WRITE, 0, 0, "bp.b sup; umip sgdt; nop", "#DB rip=umip[k]:SGDT+ dr6=0xffff0ff8" },
	{ RULE_DATA_BP_EXACT_WRITE, 0, 0, "bp.b sup; pf.write sup; nop", "#DB rip=pf.write[k]:ST32+ dr6=0xffff0ff8" },
	{ RULE_DATA_BP_ALL, 0, 0, "bp.w user; bp.rw user; pf.write user; nop", "#DB rip=pf.write[k]:ST32+ dr6=0xffff0ff4" },
	{ RULE_DATA_BP_ALL, 0, 0, "bp.w user; bp.rw sup; pf.write user; nop", "#DB rip=pf.write[k]:ST32+ dr6=0xffff0ff2" },
	{ RULE_DR6_NEWS, 0, 0, "bp.w user; pf.write user; bp.rw sup; pf.read sup; nop", "#DB dr6=0xffff0ff2; #DB rip=pf.read[k]:LD32+ dr6=0xffff0ff6" },
	{ RULE_MOVSS_DATA_BP_INT, 0, 0, "bp.rw ss; movss+int3; ret.iret; nop", "#BP rip=int3[k]:INT3+" },
	{ RULE_MOVSS_DATA_BP_INT, 0, 0, "bp.rw ss; go.u; movss+syscall; ret.iret; nop", "#DB rip=entry_syscall cs=8; SYSCALL" },
	{ RULE_MOVSS_DATA_BP_INT, 0, 0, "bp.rw ss; movss+ud2; nop", "#UD rip=ud2[k]:UD2|#DB rip=entry_6+0" },
	{ RULE_DATA_BP_FRAME, 0, 0, "bp.w main; int3; nop", "#BP rip=int3[k]:INT3+" },
	{ RULE_DATA_BP_FRAME, 0, 0, "bp.rw idt-ud; ud2; nop", "#DB rip=entry_6+0 cs=8|#UD rip=ud2[k]:UD2" },
	{ RULE_DATA_BP_FRAME, 0, 0, "bp.w user; pf.write user; nop", "#DB rip=pf.write[k]:ST32+ dr6=0xffff0ff2" },
	{ RULE_DR6_NEWS, 0, 0, "bp.x movss; bp.rw ss; movss+nop; dr6 clear; go.us; nop", "#DB rip=nop[k]:NOP dr6=0xffff0ff5; #DB rip=land_u dr6=0xffff4ff4|#DB rip=nop[k]:NOP+ dr6=0xffff0ff4; #DB rip=land_u dr6=0xffff4ff4|#DB rip=nop[k]:NOP dr6=0xffff0ff1; #DB rip=land_u dr6=0xffff4ff0|#DB rip=entry_1+0; #DB rip=land_u dr6=0xffff4ff4" },
	/* nobody can say what becomes of a delivery that touches a page with a breakpoint while another one waits */
	{ RULE_DATA_BP_WAITING, 0, 0, "bp.rw ss; bp.w main; movss+int3; nop", "UNCHECKED" },
	{ RULE_DATA_BP_WAITING, 0, 0, "bp.rw ss; bp.w idt-ud; movss+int3; nop", "UNCHECKED" },
	{ RULE_DATA_BP_WAITING, 0, 0, "bp.rw ss; bp.w idt-ud; movss+int 0x80; nop", "UNCHECKED" },
	{ RULE_DATA_BP_WAITING, 0, 0, "bp.rw ss; bp.w idt-ud; movss+int 0xff; nop", "UNCHECKED" },
	{ RULE_DATA_BP_WAITING, 0, 0, "bp.rw ss; bp.w gdt; gate.sel 3 9; movss+int3; nop", "UNCHECKED" },
	{ RULE_DATA_BP_WAITING, 0, 0, "bp.rw ss; bp.w user; movss+int3; nop", "#DB rip=entry_3+0 dr6=0xffff0ff4|#DB rip=entry_3+0 dr6=0xffff0ff0" },
	{ RULE_DATA_BP_WAITING, 0, 0, "bp.w rsp0; go.u; call.far gate; nop", "left nmi=0 irq=0" },
	{ RULE_DATA_BP_WAITING, 0, 0, "bp.rw ss; bp.w rsp0; gate.p 3 0; movss+int3; go.u; call.far gate; nop", "#NP(0x1a) rip=int3[k]:INT3|#DB rip=entry_11+0" },
	{ RULE_CODE_BP_LAST, 0, 0, "bp.x landk; nmi.self; nmi.self; ret.iret rip=ktext; ret.iret", "#NMI; #NMI rip=entry_1+0; #DB rip=land_k dr6=0xffff0ff1" },
	{ RULE_FETCH_OF_HANDLER, 0, 0, "gate.off 2 2; nmi.self", "UNCHECKED" },
	{ RULE_FETCH_OF_HANDLER, 0, 0, "nmi.self", "#NMI rip=window_k" },
	{ RULE_HLT_HELD_DEBUG, 0, 0, "bp.rw ss; dr7 on; movss+hlt", "HANG" },
	{ RULE_HLT_HELD_DEBUG, 0, 0, "bp.rw ss; dr7 on; movss+nop", "#DB" },
	{ RULE_HLT_HELD_DEBUG, 0, 0, "tf.hlt", "#DB" },
	{ RULE_BOUNDARY_OF_HANDLER, 0, 0, "bp.x nmi; nmi.self", "#NMI rip=window_k" },
	{ RULE_BOUNDARY_OF_HANDLER, 0, 0, "ist 64 2; bp.w ist2; sti; ipi.self 0x40", "UNCHECKED" },
	{ RULE_BOUNDARY_OF_HANDLER, 0, 0, "gate.type 2 1; ipi.self 0x61; sti+nmi.self", "UNCHECKED|#0x61 rip=window_k; left nmi=1 irq=0" },
	{ RULE_PENDING_AT_HANDLER, 0, 0, "gate.type 2 1; ipi.self 0x61; sti+nmi.self", "UNCHECKED|#NMI rip=entry_97+0; left nmi=0 irq=0 cs=4" },
	{ RULE_PENDING_AT_HANDLER, 0, 0, "start style=nmi3; gate.type 2 1; ipi.self 0x61; sti+nmi.self", "UNCHECKED|#NMI; left nmi=0 irq=0 cs=4|#0x61 rip=window_k; left nmi=1 irq=0" },
	{ RULE_BOUNDARY_OF_HANDLER, 0, 0, "start style=nmi3; bp.w ist2; nmi.self", "#DB rip=style_text+0x44 on=IST3+0xfd8" },
	{ RULE_BOUNDARY_OF_HANDLER, 0, 0, "gate.p 2 0; gate.p 11 0; gate.p 8 0; nmi.self", "SHUTDOWN" },
	/* the rights of a conforming handler's frame, and what has been loaded by a return that faults late */
	{ RULE_FRAME_RIGHTS_CONFORMING, 0, 0, "start layout=shared; gate.sel 3 9; go.u; int3", "#PF(0x15) rip=entry_3+0 cs=0xd3" },
	{ RULE_FRAME_RIGHTS_CONFORMING, 0, 0, "gate.sel 13 10; ret.sysret64; cli", "#PF(7) rip=cli[u]:CLI cs=0x2b" },
	{ RULE_RET_SS_FAULT, 0, 0, "lgdt ro; sti+int3; desc kds-na; ret.iret", "#BP; UNCHECKED" },
	{ RULE_MONITOR_LOADS, 0, 0, "cr4 smap; mwait hit; int3", "#PF(3) rip=mwait[k]:ST32; #BP" },
	/* a shadow that holds off single steps, too, holds off one */
	{ RULE_SINGLE_STEP_STI, 0, 0, "flags tf; sti; ret.iret; nop; ret.iret; ret.iret; ret.iret", "#DB; #DB rip=sti[k]:STI; #DB rip=ret.iret[k]:LEARSI; #DB rip=ret.iret[k]:LD" },
	/* what the saved image is left with */
	{ RULE_RF_BOUNDARY, 0, 0, "start layout=linux; int3; frame.rip ktext; frame.fl rf; bp.rw main; ret.iret; nop", "#BP; #DB rip=land_k fl=2" },
	{ RULE_RF_CODE_BP, 0, 1, "bp.x nop; nop; nop", "#DB rip=nop[k]:NOP fl=0x10002; #DB fl=0x10002" },
	/* what a shadow covers does not end it */
	{ RULE_SHADOW_ENDS, 0, 0, "gate.type 128 1; ipi.phys 0x40; sti+int 0x80; nop", "#0x40 rip=entry_128+4 on=MAIN+0xf68; left nmi=0 irq=0 cs=1|#0x40 rip=entry_128+0; left nmi=0 irq=0 cs=1" },
	{ RULE_SHADOW_ENDS, 0, 0, "gate.type 128 1; sti+int 0x80; nop", "#0x80 rip=int[k]:INTN+" },
	{ RULE_GD_CLEARED_ANY, 0, 0, "dr7 gd; go.us", "#DB dr6=0xffff6ff0 dr7=0x400" },
	{ RULE_GD_CLEARED_ANY, 0, 0, "dr7 gd; dr.read dr0", "#DB rip=dr.read[k]:MOVFROMDR dr6=0xffff2ff0 dr7=0x400" },
	{ RULE_PAUSE_SHADOW, 0, 0, "ipi.self 0x40; sti+pause; nop", "#0x40 rip=nop[k]:LEARSI fl=0x202; left nmi=0 irq=0 cs=1|#0x40 rip=pause[k]:PAUSE+ fl=0x202; left nmi=0 irq=0 cs=1" },
	{ RULE_PAUSE_SHADOW, 0, 0, "ipi.self 0x40; sti+mwait bare; nop", "#0x40 rip=nop[k]:LEARSI fl=0x202; left nmi=0 irq=0 cs=1|#0x40 rip=mwait[k]:MWAIT+ fl=0x202; left nmi=0 irq=0 cs=1" },
	{ RULE_PAUSE_SINGLE_STEP, 0, 0, "int3; frame.fl tf; ret.iret; mwait bare; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; nop", "#BP; #DB; #DB; #DB; #DB; #DB rip=mwait[k]:MWAIT; #DB rip=nop[k]:LEARSI" },
	{ RULE_PAUSE_SINGLE_STEP, 0, 0, "int3; frame.fl tf; ret.iret; ext.nmi nmi; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; ret.iret; nop", "#BP; #DB; #NMI; #DB rip=ext.nmi[k]:ST32I; #DB; #DB; #DB; #DB rip=ext.nmi[k]:NOP+; #DB rip=window_k; #DB rip=window_k; #DB rip=ext.nmi[k]:JMPTAPE" },
	{ RULE_APIC_CROSS, 0, 0, "nmi.cross; ipi.cross 0x40", "left nmi=0 irq=0 cs=0" },
	{ RULE_APIC_CLASS, 0, 0, "start flags=if\nipi.self 0x40; flags if; ipi.self 0x42; nop", "#0x40 rip=window_k; #0xff rip=window_k; left nmi=0 irq=2 cs=1" },
	{ RULE_APIC_CLASS, 0, 0, "start flags=if\nipi.self 0x40; flags if; ipi.self 0x61; nop", "#0x40 rip=window_k; #0x61 rip=window_k; left nmi=0 irq=0 cs=5" },
	{ RULE_MSR_NONE, 0, 0, "rdmsr.none; int3", "#BP" },
	{ RULE_MSR_NONE, 0, 0, "wrmsr.none; int3", "#BP" },
	/* until PKRU is written, and of what was forbidden before PKE was clear, too */
	{ RULE_PF_KEY_AT_ONCE, 0, 0, "cr4 pke; wrpkru ad; cr4.de 0; cr4 pke; cr4 pke; pf.read key; wrpkru ad; pf.read key", "#PF(0x21) step=8" },
	{ RULE_PF_KEY_AT_ONCE, 0, 0, "cr4 pke; wrpkru ad; cr4 pke; pf.read key", "#PF(0x21) step=4" },
	{ RULE_UD_LOCK, 0, 0, "int.prefix lock", "#0x80 rip=int.prefix[k]:LOCKINT+" },
	{ RULE_IO_BP, 0, 0, "cr4.de 1; bp.io port; out; int3", "#BP" },
	{ RULE_IO_BP_STEP, 0, 0, "bp.b user; tf.over write", "#DB rip=tf.over[k]:JMPTAPE dr6=0xffff4ff8" },
	{ RULE_IO_BP_STEP, 0, 0, "cr4.de 1; bp.io port; tf.over out", "#DB rip=tf.over[k]:JMPTAPE dr6=0xffff0ff8" },
	/* what is switched on nowhere */
	{ RULE_SPLIT_LOCK, 0, 1, "lock.split; nop", "#AC(0) rip=lock.split[k]:XCHGM fl=0x10002" },
	{ RULE_FLDENV_READS, 0, 0, "mf; nop", "#PF(3) rip=mf[k]:FLDENV cr2=KCONST+0x20" },
	/* what a descriptor becomes while it is loaded */
	{ RULE_DESC_CACHED, 0, 0, "lldt ldt; desc ldt-np; mov.es ldtu", "#GP(0x14) rip=mov.es[k]:MOVSEG" },
	{ RULE_DESC_CACHED, 0, 0, "lldt ldt; desc kcs2-np; mov.es ldtu", "left nmi=0 irq=0" },
	{ RULE_DESC_CACHED, 0, 0, "desc ldt-np; lldt null; mov.es ldtu", "#GP(0x14) rip=mov.es[k]:MOVSEG" },
	{ RULE_LTR_FAULT, 0, 0, "lgdt ro; ltr rsp0; go.u; ud2", "#PF(3) rip=ltr[k]:LTR cr2=GDTRO+0x94; SHUTDOWN|#PF(3) cr2=GDTRO+0x95; SHUTDOWN|#PF(3) cr2=GDTRO+0x90; SHUTDOWN" },
	{ RULE_LTR_FAULT_SEL, 0, 0, "lgdt ro; ltr rsp0; umip str; syscall; ret.iret; nop", "#PF(3) rip=ltr[k]:LTR; SYSCALL; #PF(3) rip=ltr[k]:LTR" },
	/* frames and segments of returns */
	{ RULE_IRET_POPS_RSP, 0, 0, "int3; ret.iret32; int3", "#BP rsp=MAIN+0xfc0; #BP rip=int3[k]:INT3+ rsp=MAIN+0xfa4" },
	{ RULE_IRET_POPS_RSP, 0, 0, "int3; ret.iret; int3", "#BP; #BP rip=int3[k]:INT3+ rsp=MAIN+0xfc0" },
	{ RULE_IRET_POPS_RSP, 0, 0, "go.u; int3; ret.iret32; int3", "#BP; #BP rip=int3[u]:INT3+ rsp=USTK+0xfc0" },
	{ RULE_RET_SEG_NULLED, 0, 0, "mov.es kds; go.c; seg.read es; nop", "#UD rip=end_c" },
	{ RULE_RET_SEG_NULLED, 0, 0, "mov.gs kds; go.c; seg.read gs; nop", "#PF(4) rip=seg.read[c]:SEGREAD cr2=8" },
	{ RULE_SINGLE_STEP_AFTER, 0, 0, "fmask none; go.u; flags tf; syscall; nop", "#DB rip=syscall[u]:LEARSI fl=0x102; SYSCALL r11=2" },
	/* a return leads to a stub whose frame begins among words pushed before: where in a window, and what that is, is open */
	{ RULE_GATE_OFFSET, 0, 0, "gate.off 64 1; sti+ipi.self 0x40; ret.lret32; nop", "#GP(0) on=MAIN+0xf60; UNCHECKED" },
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

/* Where the other maker's manual leaves it open what else the CPU does. */
static void it_is_what_it_says_of_one_maker(void **state)
{
	static const struct model_case c[] = {
		{ RULE_SHADOW_ENDS_STEP, INTEL, "gate.type 1 1; ipi.self 0x42; sti+tf.over write",
		  "#0x42 rip=entry_1+4 flags=2", "a known difference" },
		{ RULE_DR6_STALE_GD, AMD, "bp.w user; pf.write user; dr7 on+gd; dr.read dr0",
		  "#DB dr6=0xffff0ff2; #DB dr6=0xffff2ff2", "a known difference" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		struct overlay_line line = { .rule = c[i].rule, .vector = -1 };
		struct overlay o = { .n = 1, .line = &line };

		assert_true(case_holds(&c[i], c[i].profile, &o, 1));
	}
}

/* Which of the two is delivered by itself shows in its error code, whose EXT AMD leaves open. */
static void a_double_fault_need_not_be_made(void **state)
{
	struct overlay_line line = { .rule = RULE_DOUBLE_FAULT, .vector = -1 };
	struct overlay o = { .n = 1, .line = &line };
	static const struct model_case intel = { RULE_DOUBLE_FAULT, INTEL, "gate.p 13 0; gp.nc",
						 "#NP(0x6b) rip=gp.nc[k]:LD", "a known difference" };
	static const struct model_case amd = { RULE_DOUBLE_FAULT, AMD, "gate.p 13 0; gp.nc",
					       "#NP(0x6b) rip=gp.nc[k]:LD|#NP(0x6a) rip=gp.nc[k]:LD", "a known difference" };

	(void)state;
	assert_true(case_holds(&intel, INTEL, &o, 1));
	assert_true(case_holds(&amd, AMD, &o, 1));
}

/* Where single steps behind STI may wait: on Intel the first one comes before the string instruction. */
static void a_shadow_outlives_a_step_within_an_instruction(void **state)
{
	struct overlay_line line = { .rule = RULE_SHADOW_ENDS, .vector = -1 };
	struct overlay o = { .n = 1, .line = &line };
	static const struct model_case c[] = {
		{ RULE_SHADOW_ENDS, ANY, "ipi.self 0x42; gate.type 1 1; sti+tf.over rep; nop",
		  "#0x42 rip=entry_1+0 on=MAIN+0xf68|#0x42 rip=entry_1+4 on=MAIN+0xf68", "a known difference" },
		{ RULE_SHADOW_ENDS, ANY, "ipi.self 0x42; gate.type 1 1; sti+tf.over pause; nop",
		  "#0x42 rip=entry_1+0 on=MAIN+0xf68", "an instruction that is over" },
	};

	(void)state;
	assert_true(case_holds(&c[0], AMD, &o, 1));
	assert_true(case_holds(&c[1], AMD, &o, 1));
}

static struct trace predict(const char *text, const char *profile, struct overlay_line *line, unsigned n, unsigned branch)
{
	static struct trace t;
	struct overlay o = { .n = n, .line = line };
	struct path path = { .n = branch != 0, .branch = { (uint8_t)branch } };
	char why[128];
	struct seq seq;

	assert_int_equal(seq_parse(&seq, text, strlen(text), why, sizeof(why)), 0);
	model_predict(&seq, profile_named(profile), &o, &path, &t);
	return t;
}

/* The image of #UD has RF set, and a line about it has been followed if it is not. */
static int is_followed(const char *profile, struct overlay_line *line, unsigned n)
{
	uint64_t before[4] = { 0 };
	struct trace t = predict("ud2", profile, line, n, 0);

	for (unsigned i = 0; i < n; i++)
		before[i] = line[i].uses;
	t = predict("ud2", profile, line, n, 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(line[i].uses, before[i]);
	return !(t.rec[0].rflags & 0x10000);
}

static void a_line_is_for_a_vendor_a_machine_and_for_vectors(void **state)
{
	struct overlay_line rf = { .rule = RULE_RF_FAULT, .vector = -1, .and = UINT64_MAX, .xor = 1 };
	struct overlay_line np = { .rule = RULE_PF_NOT_PRESENT, .vector = 6 };

	(void)state;
	assert_true(is_followed("intel", &rf, 1));
	assert_int_equal(rf.uses, 1);
	rf.vendor = VENDOR_AMD;
	assert_false(is_followed("intel", &rf, 1));
	assert_int_equal(rf.uses, 0);
	assert_true(is_followed("amd", &rf, 1));
	rf.vendor = VENDOR_INTEL;
	assert_true(is_followed("intel", &rf, 1));
	assert_false(is_followed("amd", &rf, 1));
	rf.vendor = 0;
	rf.unless = FEAT(FRED) | FEAT(SECOND);
	assert_false(is_followed("intel", &rf, 1));
	rf.unless = FEAT(FRED);
	assert_true(is_followed("intel", &rf, 1));
	rf.unless = 0;
	/* an instruction is no event, whatever came before it */
	assert_int_equal(predict("ud2; pf.read np", "intel", &np, 1, 0).rec[1].vector, 14);
	assert_int_equal(np.uses, 0);
	for (int vector = 0; vector < 10; vector++)
		for (unsigned more = 0; more < 4; more++) {
			rf.vector = (int16_t)vector;
			rf.more = (uint8_t)more;
			assert_int_equal(is_followed("intel", &rf, 1), vector <= 6 && vector + (int)more >= 6);
			assert_int_equal(rf.uses, vector <= 6 && vector + (int)more >= 6);
		}
}

static void lines_are_followed_one_after_another(void **state)
{
	struct overlay_line rf = { .rule = RULE_RF_FAULT, .vector = -1, .and = UINT64_MAX, .xor = 1 };
	struct overlay_line same = { .rule = RULE_RF_FAULT, .vector = -1, .and = UINT64_MAX };
	struct overlay_line other = { .rule = RULE_RF_SOFT, .vector = -1, .and = UINT64_MAX, .xor = 1 };
	struct overlay_line twice[] = { rf, other, rf }, once[] = { same, other, rf, other }, none[] = { other, same };

	(void)state;
	assert_false(is_followed("intel", twice, 3));
	assert_int_equal(twice[0].uses, 1);
	assert_int_equal(twice[1].uses, 0);
	assert_int_equal(twice[2].uses, 0); /* what it makes is what the manual says */
	assert_true(is_followed("intel", once, 4));
	assert_int_equal(once[0].uses, 0);
	assert_int_equal(once[1].uses, 0);
	assert_int_equal(once[2].uses, 1);
	assert_int_equal(once[3].uses, 0);
	assert_false(is_followed("intel", none, 2));
}

/* Where an engine sleeps in MWAIT, that it would make PAUSE of another one says nothing. */
static void who_sleeps_casts_no_shadow(void **state)
{
	struct overlay_line lines[] = { { .rule = RULE_MWAIT_UNARMED, .vector = -1 }, { .rule = RULE_PAUSE_SHADOW, .vector = -1 } };

	(void)state;
	for (unsigned branch = 0; branch < 2; branch++) {
		struct trace t = predict("ipi.self 0x42; sti+mwait bare", "intel", lines, 2, branch);

		assert_int_equal(t.outcome, OUTCOME_DONE);
		assert_int_equal(t.rec[0].vector, 0x42);
	}
}

static void a_line_can_be_true_only_sometimes(void **state)
{
	struct overlay_line rf = { .rule = RULE_RF_FAULT, .vector = -1, .maybe = 1, .and = UINT64_MAX, .xor = 1 };
	struct overlay_line same = { .rule = RULE_RF_FAULT, .vector = -1, .maybe = 1, .and = UINT64_MAX };
	struct trace t;

	(void)state;
	t = predict("ud2", "intel", &rf, 1, 0);
	assert_int_equal(t.path.n, 1);
	assert_int_equal(t.path.of[0], 2);
	assert_int_equal(t.path.rule[0], RULE_RF_FAULT);
	assert_int_equal(t.path.taken[0], 0);
	assert_int_equal(t.rec[0].rflags & 0x10000, 0x10000);
	assert_int_equal(rf.uses, 0);
	t = predict("ud2", "intel", &rf, 1, 1);
	assert_int_equal(t.path.taken[0], 1);
	assert_int_equal(t.rec[0].rflags & 0x10000, 0);
	assert_int_equal(rf.uses, 1);
	t = predict("ud2", "intel", &same, 1, 0);
	assert_int_equal(t.path.n, 0);
}

static void an_engine_that_dies_is_asked_no_more(void **state)
{
	struct overlay_line dies = { .rule = RULE_RF_FAULT, .vector = -1, .kills = 1, .and = UINT64_MAX };
	struct overlay_line never = { .rule = RULE_RF_BOUNDARY, .vector = -1, .kills = 1, .and = UINT64_MAX };
	struct trace t = predict("ud2; nop", "intel", &dies, 1, 0);

	(void)state;
	assert_int_equal(t.dies, 1);
	assert_int_equal(t.unchecked, 1);
	assert_int_equal(t.outcome, OUTCOME_DONE);
	assert_int_equal(t.death, RULE_RF_FAULT);
	assert_int_equal(t.n, 0);
	assert_int_equal(dies.uses, 1);
	dies.maybe = 1;
	t = predict("ud2; nop", "intel", &dies, 1, 0);
	assert_int_equal(t.dies, 0);
	assert_int_equal(t.path.n, 1);
	assert_int_equal(dies.uses, 0);
	t = predict("ud2; nop", "intel", &dies, 1, 1);
	assert_int_equal(t.dies, 1);
	/* RF is clear there, and the rule says so */
	t = predict("nmi.self; nop", "intel", &never, 1, 0);
	assert_int_equal(t.dies, 0);
	assert_int_equal(t.unchecked, 0);
}

/* A report names the lines that were followed: one that had nothing to say is none of them. */
static void a_line_that_changes_nothing_is_not_followed(void **state)
{
	static const struct {
		enum rule_id rule;
		const char *seq;
	} idle[] = {
		{ RULE_GD_CLEARED_ANY, "int1; nop" },
		{ RULE_MOVSS_DATA_BP_INT, "int3; nop" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
		struct overlay_line line = { .rule = idle[i].rule, .vector = -1 };

		predict(idle[i].seq, "intel", &line, 1, 0);
		assert_int_equal(line.uses, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_what_it_says_and_no_more),
		cmocka_unit_test(it_is_what_it_says_of_one_maker),
		cmocka_unit_test(a_double_fault_need_not_be_made),
		cmocka_unit_test(a_shadow_outlives_a_step_within_an_instruction),
		cmocka_unit_test(a_line_is_for_a_vendor_a_machine_and_for_vectors),
		cmocka_unit_test(lines_are_followed_one_after_another),
		cmocka_unit_test(who_sleeps_casts_no_shadow),
		cmocka_unit_test(a_line_can_be_true_only_sometimes),
		cmocka_unit_test(an_engine_that_dies_is_asked_no_more),
		cmocka_unit_test(a_line_that_changes_nothing_is_not_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
