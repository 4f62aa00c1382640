; SPDX-License-Identifier: BSD-2-Clause
; The benchmarks' image: for each row of bench.def four copies of its timed body (one for each
; placement), a plain handler, the same handler with a time stamp as its first act, and the number
; of instructions in each window, counted by the assembler as it emits them. And, where a row is a
; cold one or needs something switched on at the last moment, what does so, in ring 0 as the last act before the body; where it is a nested one, the
; handler of the outer event.
;
; Registers, in every mode: ESI opening stamp, EDI closing stamp, EBP stamp of the handler, RBX the
; landing address, EAX and EDX lost at each stamp, RCX and R11 free for the path under test.

%include "efi/abi/asm.inc"

%macro BDATA_ROW 2
BD_%1	equ W_BDATA + %2
%endmacro
%define BDATA(name, off, words) BDATA_ROW name, off
%include "bench/bdata.def"

; The user's stack: the last 64 bytes stay free so that no reference leaves the region.
USTK_TOP	equ W_BUDATA + L_BUDATA - 64
LAPIC_EOI	equ W_LAPIC + 0xb0
LAPIC_ICR	equ W_LAPIC + 0x300
LAPIC_COUNT	equ W_LAPIC + 0x380
MSR_X2EOI	equ 0x80b
MSR_X2ICR	equ 0x830
LAPIC_IRR	equ W_LAPIC + 0x200
MSR_GS		equ 0xc0000101
MSR_KGS		equ 0xc0000102
MSR_U_CET	equ 0x6a0
MSR_S_CET	equ 0x6a2
ICR_NMI		equ 0x4400
ICR_FIXED	equ 0x4000
NONCANONICAL	equ 0x8000000000000000
FL_ALWAYS	equ 0x2
FL_TF		equ 0x100
FL_IF		equ 0x200
FL_NT		equ 0x4000
FL_AC		equ 0x40000
SPINS		equ 1 << 20
TIMER_SPINS	equ 1 << 27 ; an emulator whose timer is a thread of its own
LOOPS		equ 100 ; of a row that repeats its event
VEC_LEAVE	equ 0x81 ; a ring-3 body is done
VEC_MISSED	equ 0x82 ; the event did not come

%macro BFLAG_ROW 2
%assign %1 %2
%endmacro
%define BFLAG(name, value, words) BFLAG_ROW name, value
%include "bench/flags.def"

%macro VEC_ROW 2
%assign vec_err_%1 %2
%endmacro
%define VEC(n, name, err, class, kind, words) VEC_ROW n, err
%include "efi/abi/vectors.def"

section .head start=0 vstart=0
section .ktext vstart=W_BKTEXT follows=.head align=64
section .utext vstart=W_BUTEXT follows=.ktext align=64
section .table vstart=0 follows=.utext align=64

%macro IN_K 0
section .ktext
bits 64
%endmacro
%macro IN_U 0
section .utext
bits 64
%endmacro
%macro IN_C 0
section .utext
bits 32
%endmacro

; One instruction of a window: emitted and counted in one act.
%macro W 1+
	%1
%assign wc wc+1
%endmacro
; The same for the one that raises the event: what was counted so far belongs to the way in.
%macro EV 1+
ev_%[row]_%[copy]:
	W %1
%assign wc_enter wc
%endmacro

; A time stamp. The taken JMP stands directly before RDTSC because Bochs takes the time at which a
; trace began; LFENCE before and after keeps silicon from moving work across it. A window begins
; with the first RDTSC (counted) and ends before the second.
%macro STAMP 1
	lfence
	jmp short %%next
%%next:	rdtsc
	lfence
	mov %1, eax
%endmacro
%assign STAMP_TAIL 3 ; RDTSC, LFENCE, MOV
%assign STAMP_HEAD 2 ; LFENCE, JMP

%include "bench/driver.inc"
%include "bench/paths.inc"
%include "bench/calls.inc"
%include "bench/registers.inc"
%include "bench/segments.inc"
%include "bench/returns.inc"
%include "bench/faults.inc"
%include "bench/entries.inc"
%include "bench/copies.inc"
%include "bench/interrupts.inc"
%include "bench/cold.inc"
%include "bench/nested.inc"
%include "bench/nested_nmi.inc"
%include "bench/stacked.inc"
%include "bench/loops.inc"
%include "bench/later.inc"
%include "bench/gates.inc"
%include "bench/cold_more.inc"
%include "bench/waits.inc"
%include "bench/wakes.inc"
%include "bench/cet.inc"
%include "bench/later_fred.inc"
%include "bench/compat.inc"

%macro HANDLER 2
%ifmacro hnd_%1 0
	hnd_%1
%elifdef trap_%1
	TRAP_HANDLER
%else
	FAULT_HANDLER %2
%endif
%endmacro

; What the CPU asks for as a handler's first instruction.
%macro FRONT 1
%ifmacro front_%1 0
	front_%1
%endif
%endmacro

; EMIT_ROW name, from, to, via: bodies and handlers of one row.
%macro EMIT_ROW 4
%define row %1
%assign nst_all 0
%assign nst_in 0
%ifmacro nst_%1 0
	IN_K
	align 64
%assign wc 0
o_%1:	nst_%1
ol_%1	equ $ - o_%1
%assign nst_all wc
%ifdef oist_%1
ov_%1	equ outer_%1 | oist_%1 << 16
%else
ov_%1	equ outer_%1
%endif
%else
o_%1	equ 0
ol_%1	equ 0
ov_%1	equ 0
%endif
%assign copy 0
%rep 4
	IN_%2
	align 64
b_%1_%[copy]:
	mov ebx, land_%1_%[copy]
%ifmacro pre_%1 0
	pre_%1
%elifdef arg_%1
	mov ecx, arg_%1
%endif
bp_%1_%[copy]:
	jmp go_%1_%[copy]
	align 64
	times 16*copy nop
go_%1_%[copy]:
%ifmacro open_%1 0
	open_%1
%else
	STAMP esi
%assign wc STAMP_TAIL
%endif
%ifdef trap_%1
	EV trap_%1
%elifdef fault_%1
	FAULTING fault_%1
%elifdef one_%1
	W one_%1
%else
	win_%1
%endif
%ifnidn %2,%3
we_%1_%[copy]:
	IN_%3
	align 64
	times 16*copy nop
%endif
land_%1_%[copy]:
%ifmacro close_%1 0
	close_%1
%else
	STAMP edi
%assign wc wc+STAMP_HEAD
%endif
%ifidn %2,%3
we_%1_%[copy]:
%endif
%ifidn %3,K
	jmp bench_leave
%else
	int VEC_LEAVE
%endif
%assign copy copy+1
%endrep
%if %4 == VIA_NONE
h_%1	equ 0
hs_%1	equ 0
n_rt_%1	equ wc
n_en_%1	equ 0
n_ex_%1	equ 0
ev_%1	equ 0
hl_%1	equ 0
%else
ev_%1	equ ev_%1_0 - go_%1_0
%assign body_all wc
%assign body_in wc_enter
	IN_K
	align 64
%assign wc 0
h_%1:	FRONT %1
%assign front_all wc
%assign wc 0
	HANDLER %1, %4
hl_%1	equ $ - h_%1
%assign hnd_all wc
	align 64
hs_%1:	FRONT %1
	STAMP ebp
	HANDLER %1, %4
%ifdef runs_%1
n_rt_%1	equ body_all + hnd_all * runs_%1
%else
n_rt_%1	equ body_all + nst_all + front_all + hnd_all
%endif
n_en_%1	equ body_in + nst_in + front_all + STAMP_HEAD
n_ex_%1	equ STAMP_TAIL + hnd_all + body_all - body_in + nst_all - nst_in
%endif
%ifmacro cold_%1 0
	IN_K
	align 64
c_%1:	cold_%1
	mfence
	jmp r8
cl_%1	equ $ - c_%1
%else
c_%1	equ 0
cl_%1	equ 0
%endif
%endmacro

%macro TABLE_ROW 3
section .table
	dd %1, b_%2_0, b_%2_1, b_%2_2, b_%2_3, h_%2, hs_%2
%if (%3) & (PREP_WAIT | PREP_REPEAT)
	dd 0, 0, 0 ; how long it waits is what it measures, or emulators count each repetition
%elif (%3) & PREP_LOOP
	dd n_rt_%2, 0, 0
%else
	dd n_rt_%2, n_en_%2, n_ex_%2
%endif
	dd c_%2, ev_%2, o_%2, ov_%2
	dd bp_%2_0 - b_%2_0, we_%2_0 - go_%2_0, hl_%2, cl_%2, ol_%2
%endmacro

%macro BENCH_ROW 6
	EMIT_ROW %2, %3, %4, %5
	TABLE_ROW %1, %2, %6
%endmacro
%define BENCH(id, path, name, from, to, via, needs, vendor, prep, ovh, words) \
	BENCH_ROW id, name, from, to, via, {prep}
%include "bench/bench.def"
BEHIND_ROWS

; --- the header ----------------------------------------------------------------------------------
section .ktext
ktext_end:
section .utext
utext_end:
section .table
table_end:

section .head
	dd 0x314d4954, 3
	dd W_BKTEXT, section..ktext.start, ktext_end - W_BKTEXT
	dd W_BUTEXT, section..utext.start, utext_end - W_BUTEXT
	dd 0, section..table.start, table_end
	times 5*3 dd 0
	dd bench_enter, bench_leave, stubs, STUB_STRIDE
