#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bench --seq: under -icount, and on Bochs where that is, every sample of a step is exactly the victim
# instructions that the model counts in its window, and those of the harness that docs/method.md names. QEMU
# gives a faulting instruction back, so a window may have one less for each event in it but those named.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
command -v dtc >/dev/null || skip "no dtc: apt install device-tree-compiler"

cat >"$tmp/own.seq" <<'END'
start ring=u
int3; ret.iret; syscall; ret.sysret ok; gs.read; go.c; int 0x80; ret.iret; go.k; int 0x40; ud2; ret.fixup; ret.iret; nop
END
cat >"$tmp/nmi.seq" <<'END'
pf.read np; nmi.self; ret.iret; ret.iret
END
cat >"$tmp/down.seq" <<'END'
gate.p 8 0; gate.p 13 0; gate.p 11 0; gp.nc
END

# where each run is as long as the one before, none has to be warmed up
printf '/dts-v1/;\n/ { compatible = "trainwreck,plan"; bench { samples = <8>; warmup = <0>; }; };\n' >"$tmp/cold.dts"

# engine, instructions a fault gives back, ticks an instruction
check() {
	$tw bench -q --engine "$1" --plan "$tmp/cold.dts" --json --seq "$tmp/own.seq" "$tmp/nmi.seq" "$tmp/down.seq" corpus/flags.seq \
		corpus/gate-dpl.seq corpus/gap-swapgs-pairs.seq corpus/int.seq corpus/into.seq corpus/nop.seq corpus/mov-gs.seq corpus/entry32-three-ways.seq corpus/ist-recursion.seq \
		>"$tmp/lines" || fail "bench --seq on $1 ended with $?: $(head -c 300 "$tmp/lines")"
	! grep -q '"verdict":"\(ERROR\|UNSTABLE\)"' "$tmp/lines" ||
		fail "$1: not OK: $(sed -n 's/.*"id":"\([^"]*\)".*"verdict":"\(ERROR\|UNSTABLE\)".*"reason":"\([^"]*\)".*/\1 \3/p' "$tmp/lines" | head -3)"
	head -n 1 "$tmp/lines" | grep -q '"plan":"cold.dts"' || fail "$1: the plan is not recorded: $(head -n 1 "$tmp/lines")"
	grep -q '"id":"seq.down.k.whole".*"verdict":"SKIP"' "$tmp/lines" || fail "$1: a shutdown was timed"
	grep -q '"id":"seq.own.u.whole".*"as_predicted":true' "$tmp/lines" || fail "$1: own.seq took another way than the model's"
	grep -q '"id":"seq.nmi.k.01".*"event":"#NMI"' "$tmp/lines" || fail "$1: no NMI in the page fault"
	sed -n 's/.*"id":"\(seq[^"]*\)".*"verdict":"OK".*"discards":\([0-9]*\),"min":\([0-9]*\)\.0,.*"max":\([0-9]*\)\.0,.*"instructions":\([0-9a-z]*\),.*"events":\([0-9]*\),"event":"\([^"]*\)".*/\1 \2 \3 \4 \5 \6 \7/p' \
		"$tmp/lines" >"$tmp/figures"
	awk -v less="$2" -v tick="$3" '
	$3 != $4 { print $1 ": samples from " $3 " to " $4 " ticks, must all be the same"; bad = 1 }
	$5 == "null" { next }
	{
		low = $5 - less * $6
		if ($6 <= 1 && $7 ~ /^(-|#BP|#OF|#UD|SYSCALL|SYSENTER|vector)/) low = $5
		if ($3 > $5 * tick || $3 < low * tick) {
			print $1 ": " $3 / tick " instructions, " $5 " counted"; bad = 1
		}
		counted++
		exact += $3 == $5 * tick
	}
	END {
		if (counted < 60 || exact < 50) { print counted + 0 " windows counted, " exact + 0 " exact: too few"; bad = 1 }
		print counted " windows counted, " exact " of them exact"
		exit bad
	}' "$tmp/figures" >"$tmp/said" || fail "$1: $(cat "$tmp/said")"
	note "$1: $(cat "$tmp/said")"
}
check qemu:icount=6 1 64
$tw bench -q --engine qemu:icount=6 -n 4 --seq 'int3; ret.iret' | grep -q '^seq\.x[0-9a-f]*\.k\.01  *ret\.iret ' ||
	fail "bench --seq of a text prints no line for its second step"
if $tw bench --seq 2>"$tmp/err"; then fail "bench --seq without a sequence succeeded"; fi
status=0
$tw bench --seq "$tmp/none.seq" 2>"$tmp/err" || status=$?
[ $status -eq 2 ] && grep -q 'cannot open .*none.seq: No such file' "$tmp/err" || fail "bench --seq of no file: status $status, $(cat "$tmp/err")"
# no option is passed over
status=0
$tw bench --only 'idt.*' --seq nop >"$tmp/out" 2>"$tmp/err" || status=$?
[ $status -eq 2 ] && grep -q -- '--only chooses rows.*: leave one of them out' "$tmp/err" && [ ! -s "$tmp/out" ] ||
	fail "bench --seq --only: status $status, $(cat "$tmp/err")"
if BOCHS=$(tests/bochs); then
	export BOCHS
	check bochs 0 1
else
	note "no Bochs: $BOCHS"
fi
