#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A serial line that damages 1 % of all bytes, and loses and doubles frames: every verdict and trace is what it is on
# a good line, and none waits longer than a second more. NOISE=all: the whole corpus, on both CPU models
# (`make noise`).
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
[ -x build/tests/noisy ] || fail "build/tests/noisy is missing: run make tests"
export NOISY_QEMU="$QEMU" NOISY_LOG="$tmp/noise"

# what ends in a death, or in text that nobody predicted and so with a return to the snapshot, costs its time on any line
kills=$(awk '/^id: / { id = $2 } /^effect: .*kills/ { print id }' fuzz/known/qemu.known)
engines=qemu
list="corpus/known corpus/cve corpus/ret-*.seq corpus/nmi-*.seq corpus/gate-*.seq"
[ "${NOISE:-}" != all ] || engines="qemu qemu:cpu=EPYC" list=corpus

# $1 engine, $2 files; a line each: milliseconds since the one before, the object
run() {
	status=0
	# shellcheck disable=SC2086 # a list
	$tw run -q --link serial --engine "$1" --json $2 2>"$tmp/err" | {
		t0=
		while IFS= read -r line; do
			t1=$(now_ms)
			printf '%s %s\n' "$((t1 - ${t0:-$t1}))" "$line"
			t0=$t1
		done
	}
}

# name, verdict, signature, known and both traces, without what is of one run alone
plain() {
	sed 's/^[0-9]* //; s/"reason": *"[^"]*"//; s/"engine": *"[^"]*"//' "$1"
}

longest() {
	awk 'NR > 1 && $1 > n { n = $1 } END { print n + 0 }' "$1"
}

# those of $1 that took a second longer than the longest on a good line
waits() {
	awk -v max=$((1000 + $(longest "$tmp/good"))) 'NR > 1 && $1 > max' "$1" | sed 's/.*"name": *"\([^"]*\)".*/\1/' | tr '\n' ' '
}

for engine in $engines; do
	run $engine "$list" >"$tmp/all"
	grep -v -e '"observed_outcome": *"\(HANG\|SHUTDOWN\)"' -e '"verdict": *"\(HANG\|CRASH\|SKIP\)"' "$tmp/all" |
		grep -vF -e "$kills" | grep -v 'fl=[a-z0-9+]*vm' |
		sed 's/.*"name": *"\([^"]*\)".*/\1/' >"$tmp/files"
	run $engine "$(cat "$tmp/files")" >"$tmp/good"
	QEMU=build/tests/noisy run $engine "$(cat "$tmp/files")" >"$tmp/bad"
	[ "$(wc -l <"$tmp/bad")" -eq "$(wc -l <"$tmp/files")" ] || fail "only $(wc -l <"$tmp/bad") of $(wc -l <"$tmp/files"): $(cat "$tmp/err")"
	plain "$tmp/good" >"$tmp/good.plain"
	plain "$tmp/bad" >"$tmp/bad.plain"
	diff "$tmp/good.plain" "$tmp/bad.plain" >"$tmp/diff" || fail "another verdict or trace: $(cut -c -600 "$tmp/diff")"
	note "$engine: $(wc -l <"$tmp/bad") sequences, the longest wait $(longest "$tmp/bad") ms, on a good line $(longest "$tmp/good")"
	# a machine that others keep busy is slow on any line, but not three times at the same sequence
	slow=$(waits "$tmp/bad")
	for _ in 1 2 3; do
		[ -n "$slow" ] || break
		QEMU=build/tests/noisy run $engine "corpus/int3.seq $slow" >"$tmp/bad"
		slow=$(waits "$tmp/bad")
	done
	[ -z "$slow" ] || fail "a wait of $(longest "$tmp/bad") ms: $slow"
done
# it is said when the emulator has ended, which nobody waits for
for _ in $(seq 50); do
	[ ! -s "$tmp/noise" ] || break
	sleep 0.2
done
[ -s "$tmp/noise" ] || fail "nobody said what the line was like"
note "the line: $(tail -n 1 "$tmp/noise")"
awk '{ bytes += $1; damaged += $3; lost += $7; twice += $9 } END { exit !(damaged * 150 > bytes && lost && twice) }' "$tmp/noise" ||
	fail "the line was not that bad: $(cat "$tmp/noise")"
