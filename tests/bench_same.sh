#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A machine compared with itself: `trainwreck compare` may report a change in 5 of 100 rows at most, over all
# pairs of runs together. PAIRS= and ONLY= say how many and which rows; `make same` takes ten pairs of all.
# SAME=DIR: keep the runs there.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
pairs=${PAIRS:-1} only=${ONLY:-sys.*}
runs=${SAME:-$tmp}

compared=0 changed=0
for i in $(seq "$pairs"); do
	for side in a b; do
		$tw bench -q --only "$only" --out "$runs/$i-$side" >"$tmp/table" 2>"$tmp/log" ||
			fail "bench: $(cat "$tmp/log")"
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
