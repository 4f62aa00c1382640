#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Ground truth for the time stamps: under QEMU's -icount the TSC advances by 2^shift an instruction, so
# every sample of a row must be exactly the row's instruction count, as the assembler counted it.
#
# QEMU's own bookkeeping is off in two places. A fault raised inside a helper gives the faulting
# instruction back (one less), and INTO does not give back the rest of its block (two more).
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
shift=6

build/trainwreck bench -q --engine "qemu:icount=$shift" -n 16 --json >"$tmp/lines"
sed -n 's/.*"id":"\([^"]*\)".*"verdict":"OK".*"min":\([0-9]*\)\.0,.*"max":\([0-9]*\)\.0,.*"instructions":\([0-9a-z]*\),.*/\1 \2 \3 \4/p' \
	"$tmp/lines" >"$tmp/figures"

awk -v tick=$((1 << shift)) '
{ n++ }
$2 != $3 { print $1 ": samples from " $2 " to " $3 " ticks, must all be the same"; bad = 1 }
$4 == "null" { next }
{ want = $4 * tick; less = want; more = want }
$1 ~ /^idt\.(de|pf|gp|np|ss|ac)\./ && $1 !~ /\.exit$/ { less = want - tick }
$1 ~ /^idt\.into\./ && $1 !~ /\.exit$/ { more = want + 2 * tick }
$2 != want && $2 != less && $2 != more {
	print $1 ": " $2 / tick " instructions, the assembler counted " $4; bad = 1
}
END {
	if (n < 80) { print "only " n " figures are OK: see `trainwreck bench`"; bad = 1 }
	exit bad
}' "$tmp/figures"
