#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A finding is a folder that says all and shows itself again; replay exits 1 when it differs, and 0 when
# the CPU does what the manual says.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

# a true one: QEMU's differences are unknown to an empty list
: >"$tmp/empty.known"
$tw asm -e 'nop; ss.nc; nop' -o "$tmp/input"
status=0
TRAINWRECK_KNOWN=$tmp/empty.known $tw target --out "$tmp/c1" "$tmp/input" >"$tmp/log" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "target: exit status $status, must be 1: $(tail -n 3 "$tmp/log")"
finding=$(find "$tmp/c1/findings" -mindepth 1 -maxdepth 1 -type d | head -n 1)
[ -n "$finding" ] || fail "no folder in findings/"
for f in input.bin input.seq minimized.seq expected.json observed.json report.md engine.json replay.sh repro.log; do
	[ -s "$finding/$f" ] || fail "$finding has no $f"
done
head -n 20 "$finding/report.md" | grep -q . || fail "an empty report"
[ "$(grep -cE '^[a-z]' "$finding/minimized.seq")" -le 2 ] || fail "not minimized: $(cat "$finding/minimized.seq")"
status=0
$tw replay "$finding" >"$tmp/log" || status=$?
[ "$status" -eq 1 ] || fail "replay of a finding: exit status $status, must be 1: $(tail -n 3 "$tmp/log")"
status=0
"$finding/replay.sh" >"$tmp/log" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "replay.sh of a finding: exit status $status, must be 1: $(tail -n 3 "$tmp/log")"

# a false one: the model was lied to when it was found, and is not when it is replayed
cat >"$tmp/wrong.known" <<END
id: planted
rule: GATE_DPL
vector: BP
vendor: any
versions: any
effect: xor 1
manual: none, this is a lie
corpus: none
why: the model must be wrong for this test
END
$tw asm -e 'int3' -o "$tmp/input"
status=0
TRAINWRECK_KNOWN=$tmp/wrong.known $tw target --out "$tmp/c2" "$tmp/input" >"$tmp/log" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "a planted finding: exit status $status, must be 1"
finding=$(find "$tmp/c2/findings" -mindepth 1 -maxdepth 1 -type d | head -n 1)
status=0
$tw replay "$finding" >"$tmp/log" || status=$?
[ "$status" -eq 0 ] || fail "replay where the manual is kept: exit status $status, must be 0: $(tail -n 3 "$tmp/log")"
status=0
$tw replay "$tmp/none" >"$tmp/log" 2>&1 || status=$?
[ "$status" -eq 125 ] || fail "replay of nothing: exit status $status, must be 125"
$tw triage "$tmp/c1" "$tmp/c2" >"$tmp/log" || :
[ "$(grep -c . "$tmp/log")" -ge 2 ] || fail "triage shows $(grep -c . "$tmp/log") lines for two findings"
