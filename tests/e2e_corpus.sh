#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every sequence of the corpus on both vendors' CPU models: no errors, no unknown differences, nothing
# known that no longer shows; and three runs give the same lines byte for byte, over either link.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

# as many lines as there are sequences, and exit status 0; else the lines that are not as they should be
run_corpus() {
	out=$1
	shift
	status=0
	$tw run -q --json "$@" $all >"$out" || status=$?
	[ "$status" -eq 0 ] || {
		grep -E '"verdict": ?"(ERROR|CRASH|HANG)"|"verdict": ?"DIVERGE".*"known": ?\[\]|FIXED' "$out" | cut -c -400 >&2
		fail "run $*: exit status $status on the corpus"
	}
	[ "$(wc -l <"$out")" -eq "$n" ] || fail "run $*: $(wc -l <"$out") results for $n sequences"
}

# what is in corpus/guards differs by purpose: e2e_guards.sh
all=$(find corpus -name '*.seq' ! -path 'corpus/guards/*' | sort)
n=$(printf '%s\n' "$all" | wc -l)
for engine in qemu qemu:cpu=EPYC; do
	run_corpus "$tmp/1" --engine "$engine"
	note "$engine: $(grep -c '"verdict": *"PASS"' "$tmp/1") pass, $(grep -c '"verdict": *"DIVERGE"' "$tmp/1") known"
done
run_corpus "$tmp/1"
run_corpus "$tmp/2"
run_corpus "$tmp/3" --link serial
# where in a window an event came, half of which these make an address of, is the machine's to say each time
for run in 1 2 3; do
	grep -v '"name": *"corpus/irq-window-in-' "$tmp/$run" >"$tmp/same.$run"
done
cmp "$tmp/same.1" "$tmp/same.2"
cmp "$tmp/same.2" "$tmp/same.3"
# what is written where an engine's mistake leads is gone before the next run
stray=corpus/stray-into-style-text.seq
$tw run -q "$stray" "$stray" >"$tmp/out" || fail "what $stray left behind was there in the next run"
