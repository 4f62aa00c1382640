#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every sequence of the corpus on both vendors' CPU models: no errors, no unknown differences, nothing
# known that no longer shows; and three runs give the same lines byte for byte, over either link.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

n=$(find corpus -name '*.seq' | wc -l)
for engine in qemu qemu:cpu=EPYC; do
	$tw run -q --engine "$engine" --json corpus corpus/known >"$tmp/1" || {
		grep -E '"verdict": ?"(ERROR|CRASH|HANG)"|"known": ?\[\]|FIXED' "$tmp/1" | grep -vE '"verdict": ?"(PASS|SKIP)"' |
			cut -c -400
		fail "$engine: exit status $? on the corpus"
	}
	[ "$(wc -l <"$tmp/1")" -ge "$n" ] || fail "$engine: $(wc -l <"$tmp/1") results for $n sequences"
	note "$engine: $(grep -c '"verdict": *"PASS"' "$tmp/1") pass, $(grep -c '"verdict": *"DIVERGE"' "$tmp/1") known"
done
$tw run -q --json corpus >"$tmp/1" && $tw run -q --json corpus >"$tmp/2" && $tw run -q --link serial --json corpus >"$tmp/3"
cmp "$tmp/1" "$tmp/2" && cmp "$tmp/2" "$tmp/3"
