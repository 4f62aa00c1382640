; SPDX-License-Identifier: BSD-2-Clause
; The victim image: entries and recorder (efi/entry.inc), every step's body in every context under
; every shadow prefix (fuzz/bodies.inc), and the tables that tell C and the model what the victim's
; instructions are. Assembled flat (-f bin) for the fixed addresses of the window.
;
; A victim instruction is written `I KIND, a, b, imm, {text}`: NASM assembles the text and notes its
; address, length and meaning in one act, so the model and the machine cannot run different code.

%include "efi/abi/asm.inc"

%assign n_insn_kinds 0
%macro INSN_ROW 2
I_%1	equ n_insn_kinds
%assign n_insn_kinds n_insn_kinds+1
%endmacro
%define INSN(name, act, needs, words) INSN_ROW name, words
%include "fuzz/insn.def"

; registers as the instruction table names them
R_RAX	equ 0
R_RCX	equ 1
R_RDX	equ 2
R_RBX	equ 3
R_RSP	equ 4
R_RBP	equ 5
R_RDI	equ 7
R_R11	equ 11
R_NONE	equ 255

MAIN_START	equ W_MAIN + L_MAIN - STACK_START_GAP
USTK_START	equ W_USTK + L_USTK - STACK_START_GAP
CSTK_START	equ W_CSTK + L_CSTK - STACK_START_GAP
CR4_TSD		equ 0x4
CR4_DE		equ 0x8
CR4_MCE		equ 0x40
CR4_OSFXSR	equ 0x200
CR4_OSXMMEXCPT	equ 0x400
CR4_UMIP	equ 0x800
CR4_FSGSBASE	equ 0x10000
CR4_SMEP	equ 0x100000
CR4_SMAP	equ 0x200000
CR4_PKE		equ 0x400000
CR4_OWN		equ CR4_OSFXSR | CR4_OSXMMEXCPT
LAPIC_EOI	equ W_LAPIC + 0xb0
LAPIC_ICR	equ W_LAPIC + 0x300
LAPIC_ICR_HIGH	equ W_LAPIC + 0x310
LAPIC_TPR	equ W_LAPIC + 0x80
LAPIC_LVT_TIMER	equ W_LAPIC + 0x320
LAPIC_LVT_LINT1	equ W_LAPIC + 0x360
LAPIC_COUNT	equ W_LAPIC + 0x380
LAPIC_COUNT_NOW	equ W_LAPIC + 0x390
LAPIC_DIVIDE	equ W_LAPIC + 0x3e0
LAPIC_IRR_TIMER	equ W_LAPIC + 0x200 + (TIMER_VECTOR / 32) * 16

default rel

; the last eight bytes below the canonical boundary, as the window shows them
W_EDGE_TEXT	equ W_EDGE + 0xff8

section .head start=0 vstart=0
section .ktext vstart=W_KTEXT follows=.head align=64
section .utext vstart=W_UTEXT follows=.ktext align=64
section .uconst vstart=W_UCONST follows=.utext align=64
section .kconst vstart=W_KCONST follows=.uconst align=64
section .edge vstart=W_EDGE_TEXT follows=.kconst align=64
section .kinsn vstart=0 follows=.edge align=64
section .uinsn vstart=0 follows=.kinsn align=64
section .optab vstart=0 follows=.uinsn align=64
section .bodytab vstart=0 follows=.optab align=64
section .styletab vstart=0 follows=.bodytab align=64

; Text of one mode must not be run in another, and the model says so if it happens: a landing pad is
; made to be run in both, all else has the mode it was assembled for.
MODE64	equ 0x10
MODE32	equ 0x20
%define insn_mode MODE64
%define insn_section .kinsn
%macro I 5+
%%b:	%5
%%e:
[section insn_section]
	dd %%b
	db (%%e - %%b) | insn_mode, I_%1, %2, %3
	dq %4
__SECT__
%endmacro

%define CTX_K 0
%define CTX_U 1
%define CTX_C 2
%define ctx CTX_K
%define prefix 0

%macro NEXT 0
%if ctx == CTX_K
	I JMPTAPE, 0, 0, W_KTAPE, jmp [abs rsi+W_KTAPE]
%elif ctx == CTX_U
	I JMPTAPE, 8, 0, W_TAPE, jmp [abs rsi+W_TAPE+8]
%else
	I JMPTAPE, 16, 0, W_TAPE, jmp [cs:esi+W_TAPE+16]
%endif
%endmacro

section .ktext
bits 64
%include "efi/entry.inc"

; --- where contexts begin and end ----------------------------------------------------------------
align 64
land_k:	NEXT
end_k:	I ENDRUN, 0, 0, 0, jmp finish
align 64
sled_k:
%rep 16
	I NOP, 0, 0, 0, nop
%endrep
	NEXT
sled_k_long:
%rep 512
	I NOP, 0, 0, 0, nop
%endrep
	NEXT
; the ways into SYSCALL's entry that are a window, see BODY_GAP
gap_long:
%rep 496
	I NOP, 0, 0, 0, nop
%endrep
gap_short:
%rep 16
	I NOP, 0, 0, 0, nop
%endrep
	I JMPSHORT, 0, 0, entry_syscall, jmp entry_syscall
sled_k_end:

%define insn_section .uinsn
section .utext
%define ctx CTX_U
; Where ring 3 lands. LEA with an address-size prefix is 7 bytes long in 64-bit mode and 5 in
; compatibility mode, where its last two are a jump: so a pad goes on in the mode it is run in. It loads
; EBP, which nothing reads: what RDI points to is written by string instructions.
%macro PAD 0
%define insn_mode (MODE64 | MODE32)
	I MODEPAD, 0, 0, 0, {db 0x67, 0x8d, 0xae, 0, 0}
	I JMPSHORT, 0, 0, %%compat, {db 0xeb, %%compat - ($ + 2)}
%define insn_mode MODE64
	I JMPTAPE, 8, 0, W_TAPE, jmp [abs rsi+W_TAPE+8]
bits 32
%define insn_mode MODE32
%%compat:
	I JMPTAPE, 16, 0, W_TAPE, jmp [cs:esi+W_TAPE+16]
bits 64
%define insn_mode MODE64
%endmacro
land_u:	PAD
land_c:	PAD
land_u2:
	I MOVRI, R_RSP, 0, USTK_START, mov esp, USTK_START
	NEXT
end_u:	I UD2, 0, 0, 0, ud2
align 64
sled_u:
%rep 16
	I NOP, 0, 0, 0, nop
%endrep
	NEXT
sled_u_long:
%rep 512
	I NOP, 0, 0, 0, nop
%endrep
	NEXT
sled_u_end:

bits 32
%define ctx CTX_C
%define insn_mode MODE32
land_c2:
	I MOVRI, R_RSP, 0, CSTK_START, mov esp, CSTK_START
	NEXT
end_c:	I UD2, 0, 0, 0, ud2
; where every 32-bit system call comes back
land_vdso:
	I POPR, R_RBP, 0, 0, pop ebp
	I POPR, R_RDX, 0, 0, pop edx
	I POPR, R_RCX, 0, 0, pop ecx
	NEXT
align 64
sled_c:
%rep 16
	I NOP, 0, 0, 0, nop
%endrep
	NEXT
sled_c_long:
%rep 512
	I NOP, 0, 0, 0, nop
%endrep
	NEXT
sled_c_end:
bits 64
%define insn_mode MODE64

%include "fuzz/constants.inc"

section .ktext
%define ctx CTX_K
%define insn_section .kinsn
%include "fuzz/style.inc"
%include "fuzz/bodies.inc"

; the boundary: RCX of this SYSCALL is the first address that is not canonical. Last of all, since instructions
; stand in the table by their addresses
%define insn_section .uinsn
section .edge
	times 6 int3
edge_syscall:
	I SYSCALL, 0, 0, 0, {db 0x0f, 0x05}
edge_end:
; its second byte, entered by itself, is ADD EAX with an operand that lies beyond
[section .uinsn]
	dd edge_end - 1
	db 1 | MODE64, I_CUT, 0, 0
	dq 0
__SECT__
EDGE_SYSCALL	equ EDGE_PAGE + (edge_syscall - W_EDGE)

; --- the header --------------------------------------------------------------------------------
section .ktext
ktext_end:
section .utext
utext_end:
; operands of far CALL, the list CALLG
section .uconst
gates_u:
	dd 0, SEL_GATE, 0, SEL_GATE_DPL0, 0, SEL_GATE_NP, 0, SEL_GATE_NULL
	dd 0, SEL_GATE_NC, 0, SEL_GATE_UCS, 0, SEL_GATE_UCS32, 0, SEL_OUT
edge_ptr:
	dq EDGE_SYSCALL
; zero division, no error summary; error summary and busy without an exception
x87_env_es:
	X87_ENV 0x0004
	X87_ENV 0x8080
uconst_end:
section .kconst
gates_k:
	dd 0, SEL_GATE, 0, SEL_GATE_DPL0, 0, SEL_GATE_NP, 0, SEL_GATE_NULL
	dd 0, SEL_GATE_NC, 0, SEL_GATE_UCS, 0, SEL_GATE_UCS32, 0, SEL_OUT
edge_ptr_k:
	dq EDGE_SYSCALL
x87_env_es_k:
	X87_ENV 0x0004
	X87_ENV 0x8080
kconst_end:
section .kinsn
kinsn_end:
section .uinsn
uinsn_end:
section .optab
optab_end:
section .bodytab
bodytab_end:

section .head
	dd 0x314d4954, 5
	dd W_KTEXT, section..ktext.start, ktext_end - W_KTEXT
	dd W_UTEXT, section..utext.start, utext_end - W_UTEXT
	dd W_UCONST, section..uconst.start, uconst_end - W_UCONST
	dd W_KCONST, section..kconst.start, kconst_end - W_KCONST
	dd W_EDGE_TEXT, section..edge.start, edge_end - W_EDGE_TEXT
	times 3*3 dd 0
	dq stubs, STUB_STRIDE, entries_end, harness_end
	dq entry_syscall, entry_syscall32, entry_sysenter
	dq enter, drain
	dq land_k, land_u, land_c, end_k, end_u, end_c
	dq sled_k, sled_k_long, sled_k_end
	dq sled_u, sled_u_long, sled_u_end
	dq sled_c, sled_c_long, sled_c_end
	dq sled_ptr, sled_ptr_k, cr4s, gate_tables
	dq copy_k, copy_k_end, copy_u, copy_u_end
	dq style_stubs, STUB_STRIDE, style_end, section..styletab.start
	dq section..kinsn.start, kinsn_end
	dq section..uinsn.start, uinsn_end
	dq section..optab.start, section..bodytab.start
