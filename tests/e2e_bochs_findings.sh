#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A finding on Bochs is one like any other: it is replayed, shortened, bundled, and compared with QEMU.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
BOCHS=$(tests/bochs) || skip "$BOCHS"
export BOCHS
command -v mcopy >/dev/null || skip "no mtools: apt install mtools"

$tw doctor | grep -q '^ok *bochs *Bochs [3-9]' || fail "doctor does not see $BOCHS: $($tw doctor | grep bochs)"
BOCHS=$tmp/none $tw doctor >"$tmp/log" || :
grep -q '^-- *bochs .*set BOCHS=' "$tmp/log" || fail "doctor sees a Bochs that is not there: $(grep bochs "$tmp/log")"

# known, but not to --strict; the steps before and after do not matter
$tw asm -e 'start layout=linux; nop; lgdt ro; ltr ist; nmi.self; nop' -o "$tmp/input"
status=0
$tw target --strict --engine bochs --out "$tmp/out" "$tmp/input" >"$tmp/log" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "target ends with status $status: $(tail -n 3 "$tmp/log")"
finding=$(find "$tmp/out/findings" -mindepth 1 -maxdepth 1 -type d | head -n 1)
[ -s "$finding/report.md" ] || fail "no finding in $tmp/out: $(cat "$tmp/log")"
id=$($tw triage "$tmp/out" | awk '{ print $2 }')
[ "$id" = ltr-loads-tss-before-it-faults,ltr-loads-selector-before-it-faults ] || fail "triage says $id"

status=0
$tw replay "$finding" >"$tmp/log" || status=$?
[ "$status" -eq 1 ] || fail "replay ends with status $status: $(tail -n 3 "$tmp/log")"

$tw minimize --engine bochs --known ltr-loads-selector-before-it-faults --json \
	-e 'start layout=linux; nop; lgdt ro; ltr ist; nmi.self; nop' >"$tmp/json"
steps=$(sed -n 's/.*"steps":\([0-9]*\).*/\1/p' "$tmp/json")
[ "${steps:-9}" -le 3 ] || fail "minimize leaves $steps of 5 steps: $(cat "$tmp/json")"

$tw bundle -o "$tmp/b.tar.gz" "$finding" >/dev/null
mkdir "$tmp/b"
tar -C "$tmp/b" -xzf "$tmp/b.tar.gz"
status=0
sh "$tmp"/b/*/run.sh >"$tmp/said" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "run.sh of the bundle ends with status $status: $(tail -c 600 "$tmp/said")"
grep -qaF "$(basename "$finding")" "$tmp/said" || fail "the bundle shows another difference: $(tail -c 900 "$tmp/said")"

status=0
$tw diff --engines qemu,bochs -e 'start layout=linux; lgdt ro; ltr ist; nmi.self' >"$tmp/diff" || status=$?
[ "$status" -eq 1 ] && grep -q '^   1  second   #TS(0xa1)' "$tmp/diff" || fail "diff, status $status: $(cat "$tmp/diff")"
