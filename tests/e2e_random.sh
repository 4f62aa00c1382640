#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Nothing that a run does reaches another one: a sample of `make random`.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

build/tests/random -n 150 qemu >"$tmp/said" || fail "$(tail -n 40 "$tmp/said")"
note "$(cat "$tmp/said")"

# a body left halfway finds a set of registers that it never pushed: none of the run before, either
$tw run -q -e 'go.us; pf.write np; ret.iret32; frame.rip ktext; ret.iret; ret.iretd' \
	-e 'go.us; ret.jmp; ret.iret32; frame.rip ktext; ret.iret; ret.iretd' >"$tmp/sets" ||
	fail "the second of two is not as it is alone: $(cat "$tmp/sets")"

# a data breakpoint that a jump met before it faulted: QEMU would take the delivery of the next run's event for it, and abort
$tw run -q --engine qemu:cpu=EPYC -e 'popss+bp.b gdt; jmp.far prefix=0x89 conf3' -e 'bp.b idt-ud; go.us' >"$tmp/met" ||
	fail "a breakpoint of one run is met in the next: $(cat "$tmp/met")"

# a stack that ring 3 has pointed to and nothing has landed on: what was pushed there lies in no later run's way
$tw run -q -e 'start ring=c flags=ac layout=linux; int1 prefix=0x19; ret.lret64 cs=kcs2; rsp ist2; ret.lret64 cs=kcs2' \
	-e 'ret.lret64 cs=kcs2; rsp ist2; ret.lret64 cs=kcs2' >"$tmp/pushed" ||
	fail "the second of two is not as it is alone: $(cat "$tmp/pushed")"

# a page with a protection key is as writable as the others, and what was written there can be read
$tw run -q -e 'pf.write key' -e 'ipi.before pf; pf.read key; syscall; ret.iret' >"$tmp/key" ||
	fail "the second of two is not as it is alone: $(cat "$tmp/key")"
