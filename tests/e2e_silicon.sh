#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Where CPUID names no emulator and no hypervisor the guest runs what the model can follow to its end, and
# nothing else: here on one that hides that it is none. Bodies are led to where they would execute INVD, or
# write to CR0 or an MSR what no step has.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
bare='max,vendor=GenuineIntel,-hypervisor'

status=0
$tw run -q --json --engine "qemu:cpu=$bare" -e 'int3' \
	-e 'int3; ret.iret cs=kcs; priv invd; ud2' \
	-e 'flags tf; cr0.ts 0; ret.iret; nop; ret.iret; gs.base edge; syscall; ret.iret; fpu; ud2' \
	-e 'flags tf; efer.sce 1; ret.iret; nop; ret.iret; ret.iret; ret.iret; kgs.base np; syscall; ret.iret; syscall; ud2' \
	-e 'go.u; int3' >"$tmp/lines" || status=$?
verdicts=$(sed -n 's/.*"verdict": *"\([A-Z]*\)".*/\1/p' "$tmp/lines" | tr '\n' ' ')
[ "$verdicts" = 'PASS ERROR ERROR ERROR PASS ' ] || fail "verdicts: $verdicts"
[ "$(grep -c 'not run on silicon' "$tmp/lines")" -eq 3 ] || fail "three refusals that say why: $(cat "$tmp/lines")"
[ "$status" -eq 3 ] || fail "exit status $status, must be 3"
