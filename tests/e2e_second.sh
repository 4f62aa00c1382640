#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A second processor that sends NMIs and interrupts: lent by the firmware, asked, given back. What it sends is the same three
# times; random sequences with it leave nothing behind; and nothing else changes because it is there.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
engine=qemu:smp=2

cross=$(grep -lE '(nmi|ipi)\.cross' corpus/*.seq)
status=0
$tw run -q --json --engine qemu $cross >"$tmp/one" || status=$?
[ "$status" -eq 4 ] || fail "exit status $status where each sequence is skipped"
[ "$(grep -c '"SKIP".*needs a second processor' "$tmp/one")" -eq "$(wc -l <"$tmp/one")" ] ||
	fail "without a second processor: $(head -n 1 "$tmp/one" | cut -c -200)"
for cpu in '' ,cpu=EPYC; do
	for run in 1 2 3; do
		$tw run -q --json --engine "$engine$cpu" $cross >"$tmp/$run" || fail "$engine$cpu: $(cut -c -300 "$tmp/$run")"
		grep -q '"SKIP"' "$tmp/$run" && fail "$engine$cpu: $(grep '"SKIP"' "$tmp/$run" | cut -c -300)"
		cmp "$tmp/1" "$tmp/$run"
	done
done
note "$(printf '%s\n' $cross | wc -l) sequences with a second processor, three times the same on both models"

# corpus/known has what one processor shows; in two windows an address is half of where the event came
all=$(find corpus -name '*.seq' ! -path 'corpus/known/*' ! -path 'corpus/guards/*' ! -name 'irq-window-in-*' | sort)
status=0
$tw run -q --json --engine $engine $all >"$tmp/out" || status=$?
[ "$status" -eq 0 ] || fail "exit status $status: $(grep -E '"(ERROR|CRASH|HANG)"|"DIVERGE".*"known": ?\[\]' "$tmp/out" | cut -c -300)"

# one step in three is one of these, so that they meet each other and what holds events off
mkdir "$tmp/mixed"
awk -v dir="$tmp/mixed" 'BEGIN {
	srand(7)
	n = split("nmi.cross;ipi.cross 0x40;ipi.cross 0x61;sti+nmi.cross;movss+ipi.cross 0x42;nmi.self;ipi.self 0x42;timer shot;" \
		"flags if;eoi;tpr 0x50;cr8 0;ret.iret;ret.iret;go.u;go.c;int3;int 2;pf.read np;syscall;ist 2 3;hlt", step, ";")
	for (i = 0; i < 300; i++) {
		file = dir "/" i ".seq"
		print "start flags=if" >file
		for (k = 0; k < 14; k++)
			print step[1 + int(rand() * n)] >file
		close(file)
	}
}'
status=0
$tw run -q --json --engine $engine "$tmp/mixed" >"$tmp/out" || status=$?
[ "$status" -eq 0 ] || fail "exit status $status: $(grep -E '"(ERROR|CRASH)"|"DIVERGE".*"known": ?\[\]' "$tmp/out" | cut -c -300)"
note "$(grep -c '"verdict": *"PASS"' "$tmp/out") of 300 mixed sequences pass, $(grep -c '"verdict": *"DIVERGE"' "$tmp/out") show known differences"
build/tests/random -n 100 $engine >"$tmp/said" || fail "$(tail -n 40 "$tmp/said")"
