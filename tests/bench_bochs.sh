#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Ground truth for the time stamps, a second time: Bochs counts a tick an instruction, so all samples of a row
# must be exactly the row's instruction count, as the assembler counted it.
#
# Bochs counts an attempt to fetch that faults as an instruction, one that is no ENDBR where there has to be one,
# and a #DB that is a trap, too: one more.
# Its RDTSC tells when its trace began: of the ways to read the time only the one with a jump before it is
# exact, and the others are named here, as are the rows whose window waits or repeats one instruction.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
. tests/bench.inc
BOCHS=$(tests/bochs) || skip "$BOCHS"
export BOCHS

$tw bench -q --engine bochs -n 4 --json >"$tmp/lines"
figures "$tmp/lines" >"$tmp/figures"
if grep -q '"verdict":"\(ERROR\|UNSTABLE\)"' "$tmp/lines"; then
	fail "not OK: $(sed -n 's/.*"id":"\([^"]*\)".*"verdict":"\(ERROR\|UNSTABLE\)".*/\1/p' "$tmp/lines" | tr '\n' ' ')"
fi
# it promises performance counters and has none: what they would have said is not known, in every row (that they are tried once
# and found to stand still is tests/test_quiet.c's)
head -n 1 "$tmp/lines" | grep -q '"counters":{"version":[1-9]' || note "bochs promises no performance counters"
blank=$(grep -c '"discarded_for":{[^}]*"retired":0[,}].*"retired_instructions":null,"core_cycles":null' "$tmp/lines") || :
[ "$blank" -eq "$(grep -c '"schema":"trainwreck.bench.2"' "$tmp/lines")" ] || fail "counters that are not there counted in some rows, or these say nothing: $blank are blank"
awk -v uncounted="$uncounted" '
$2 != "OK" { print $1 ": " $2; bad = 1; next }
$1 !~ /\.(enter|exit)$/ { rows++ }
$3 != 0 { print $1 ": " $3 " samples discarded"; bad = 1 }
$4 != $6 || $5 != $6 { print $1 ": samples from " $4 " to " $6 " ticks, must all be the same"; bad = 1 }
$7 == "null" {
	if ($1 !~ uncounted) {
		print $1 ": no count of instructions"; bad = 1
	}
	next
}
$1 ~ /^ovh\.window\.k\.(rdtsc|rdtscp|lfence|mfence|cpuid|serialize)$/ { next }
{ want = $7; counted++ }
$1 ~ /^idt\.db\..\.(tf|data-bp)(\.enter)?$/ || $1 ~ /^idt\.pf\..\.([a-z]*-fetch|smep)(\.enter)?$/ ||
	$1 ~ /^idt\.cp\..\.endbr(\.enter)?$/ || $1 ~ /^nest\.db\..\.sys[a-z]*-gap(\.enter)?$/ { want++ }
$4 != want { print $1 ": " $4 " ticks, must be " want; bad = 1 }
END {
	if (rows < 400) { print "only " rows " rows are OK: see `trainwreck bench`"; bad = 1 }
	print rows " rows, " NR " figures, " counted " of them equal to their count"
	exit bad
}' "$tmp/figures" >"$tmp/said" || fail "$(cat "$tmp/said")"
minimal "$tmp/figures" 1
note "bochs: $(cat "$tmp/said")"
