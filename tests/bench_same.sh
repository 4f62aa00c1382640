#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A machine compared with itself: `trainwreck compare` may report a change in 5 of 100 rows at most, over all
# pairs of runs together. PAIRS= and ONLY= say how many and which rows; `make same` takes ten pairs of all, and before
# them the full plan, which may last five minutes. SAME=DIR: keep the runs there.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
pairs=${PAIRS:-1} only=${ONLY:-sys.*}
runs=${SAME:-$tmp}

# A table's rows that are UNSTABLE each print the figures that made them so.
explained() {
	sed -n 's/.* UNSTABLE: //p' "$1" >"$tmp/reasons"
	[ "$(grep -c ' UNSTABLE' "$1")" -eq "$(wc -l <"$tmp/reasons")" ] || fail "an UNSTABLE row without a reason: $(grep ' UNSTABLE$' "$1")"
	! grep -v 'samples lie [0-9]* ticks apart, more than [0-9]\|is [0-9]*, the round trip [0-9]*: not within [0-9]' "$tmp/reasons" ||
		fail "UNSTABLE, and not by which figures"
}

if [ "$only" = '*' ]; then
	begun=$(date +%s)
	$tw bench -q --plan efi/plan/full.dts >"$tmp/table" 2>"$tmp/log" || fail "the full plan: $(cat "$tmp/log")"
	took=$(($(date +%s) - begun))
	explained "$tmp/table"
	note "the full plan took $took s; $(grep -c ' OK$' "$tmp/table") figures OK, $(wc -l <"$tmp/reasons") UNSTABLE, each with its figures"
	[ $took -le 300 ] || fail "the full plan took $took s, five minutes at most: is the machine busy?"
fi

compared=0 changed=0
for i in $(seq "$pairs"); do
	for side in a b; do
		$tw bench -q --only "$only" --out "$runs/$i-$side" >"$tmp/table" 2>"$tmp/log" ||
			fail "bench: $(cat "$tmp/log")"
		explained "$tmp/table"
	done
	# a change is status 1
	$tw compare --json "$runs/$i-a" "$runs/$i-b" >"$tmp/lines" 2>"$tmp/log" || [ $? -eq 1 ] ||
		fail "compare: $(cat "$tmp/log")"
	n=$(grep -c '"verdict": *"\(same\|CHANGED\)"' "$tmp/lines") || :
	c=$(grep -c '"verdict": *"CHANGED"' "$tmp/lines") || :
	[ "$n" -gt 0 ] || fail "pair $i: no row is OK in both runs"
	! grep -q '"verdict": *"REFUSED"' "$tmp/lines" || fail "pair $i: a row of the same build is refused"
	[ "$pairs" -eq 1 ] || note "pair $i: $n rows compared, $c changed"
	compared=$((compared + n)) changed=$((changed + c))
done
[ $((changed * 100)) -le $((compared * 5)) ] || fail "$changed of $compared rows of one machine are reported as changed"
note "$pairs pairs, $compared rows compared, $changed reported as changed"

# a run that was cut short is no run, and what is left out is said
run=$runs/1-a/1.jsonl
head -c "$(($(wc -c <"$run") / 2))" "$run" >"$tmp/cut.jsonl"
status=0
$tw compare "$tmp/cut.jsonl" "$run" >"$tmp/said" 2>&1 || status=$?
[ $status -eq 3 ] && grep -q "cut.jsonl:[0-9]*: the file ends inside this line" "$tmp/said" ||
	fail "a run cut short: status $status, $(cat "$tmp/said")"
