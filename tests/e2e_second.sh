#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A second processor that sends NMIs and interrupts: lent by the firmware, asked, given back. What it sends is the same
# three times; random sequences with it leave nothing behind; and nothing else changes because it is there.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
engine=qemu:smp=2

# $1: JSON lines; those that say ERROR, CRASH, or what nobody knows
wrong() {
	grep -E '"verdict": ?"(ERROR|CRASH)"|"verdict": ?"(DIVERGE|HANG)".*"known": ?\[\]' "$1" | cut -c -300
}

cross=$(grep -lE '(nmi|ipi)\.cross' corpus/*.seq)
status=0
$tw run -q --json --engine qemu $cross >"$tmp/one" || status=$?
[ "$status" -eq 4 ] || fail "exit status $status where each sequence is skipped"
[ "$(grep -c '"SKIP".*needs a second processor' "$tmp/one")" -eq "$(wc -l <"$tmp/one")" ] ||
	fail "without a second processor: $(head -n 1 "$tmp/one" | cut -c -200)"
for cpu in '' ,cpu=EPYC; do
	for run in 1 2 3; do
		$tw run -q --json --engine "$engine$cpu" $cross >"$tmp/$run" ||
			fail "$engine$cpu: $(cut -c -300 "$tmp/$run")"
		! grep -q '"SKIP"' "$tmp/$run" || fail "$engine$cpu: $(grep '"SKIP"' "$tmp/$run" | cut -c -300)"
		cmp "$tmp/1" "$tmp/$run"
	done
done
note "$(echo "$cross" | wc -l) sequences with a second processor, three times the same on both models"

# corpus/known has what one processor shows; in two windows an address is half of where the event came
all=$(find corpus -name '*.seq' ! -path 'corpus/known/*' ! -path 'corpus/guards/*' ! -name 'irq-window-in-*' | sort)
$tw run -q --json --engine $engine $all >"$tmp/out" || fail "the corpus on $engine: exit status $?: $(wrong "$tmp/out")"

# one step in three is one of these, so that they meet each other and what holds events off
mkdir "$tmp/mixed"
awk -v dir="$tmp/mixed" 'BEGIN {
	srand(7)
	n = split("nmi.cross;ipi.cross 0x40;ipi.cross 0x61;sti+nmi.cross;movss+ipi.cross 0x42;nmi.self;" \
		"ipi.self 0x42;timer shot;flags if;eoi;tpr 0x50;cr8 0;ret.iret;ret.iret;go.u;go.c;int3;int 2;" \
		"pf.read np;syscall;ist 2 3;cr4 smap;flags tf", step, ";")
	for (i = 0; i < 300; i++) {
		file = dir "/" i ".seq"
		print "start flags=if" >file
		for (k = 0; k < 14; k++)
			print step[1 + int(rand() * n)] >file
		close(file)
	}
}'
# as many as there is room for, of a host that need not have time for both processors at once
{
	echo 'start flags=if'
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		printf 'nmi.cross\nret.iret\nipi.cross 0x61\nret.iret\neoi\n'
	done
} >"$tmp/many"
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	cp "$tmp/many" "$tmp/mixed/many$i.seq"
done
$tw run -q --json --engine $engine "$tmp/mixed" >"$tmp/out" || fail "mixed: exit status $?: $(wrong "$tmp/out")"
note "$(grep -c '"PASS"' "$tmp/out") of 320 mixed sequences pass, $(grep -c '"DIVERGE"' "$tmp/out") show known differences"
build/tests/random -n 100 $engine >"$tmp/said" || fail "$(tail -n 40 "$tmp/said")"

# a bundle starts its emulator as the finding's was
$tw asm corpus/ipi-cross.seq -o "$tmp/in.bin"
$tw target --strict --engine $engine --out "$tmp/found" "$tmp/in.bin" >"$tmp/log" 2>&1 || :
folder=$(find "$tmp/found/findings" -mindepth 1 -maxdepth 1 -name '[A-Za-z]*' | head -n 1)
if [ -n "$folder" ]; then
	$tw bundle -o "$tmp/b.tar.gz" "$folder" >/dev/null
	tar -C "$tmp" -xzf "$tmp/b.tar.gz"
	grep -q -- "-accel tcg -cpu 'max,vendor=GenuineIntel' -smp 2 -nodefaults" "$tmp"/*/run.sh ||
		fail "run.sh has no -smp 2: $(grep -- -cpu "$tmp"/*/run.sh)"
else
	note "no finding to bundle: this emulator does as the manual says there"
fi

# from a stick, with no host; then the firmware works with all its processors again
command -v mcopy >/dev/null || skip "no mtools: apt install mtools"
command -v dtc >/dev/null || skip "no dtc: apt install device-tree-compiler"
cp build/trainwreck.img "$tmp/stick"
dtc -q -I dts -O dtb -o "$tmp/plan.dtb" efi/plan/test.dts
mcopy -o -i "$tmp/stick" "$tmp/plan.dtb" ::/trainwreck/plan.dtb
mdeltree -i "$tmp/stick" ::/trainwreck/seq
mmd -i "$tmp/stick" ::/trainwreck/seq
printf 'nmi.cross; ret.iret; ipi.cross 0x40; flags if\n' >"$tmp/s.seq"
$tw asm "$tmp/s.seq" -o "$tmp/s.bin"
mcopy -i "$tmp/stick" "$tmp/s.bin" ::/trainwreck/seq/
timeout 200 "$QEMU" -machine pc -m 64 -smp 2 -accel tcg -cpu max,vendor=GenuineIntel -nodefaults -no-user-config \
	-display none -net none -bios "$OVMF" -no-reboot -drive "if=none,id=boot,format=raw,file=$tmp/stick" \
	-device virtio-blk-pci,drive=boot,bootindex=0 -serial "file:$tmp/console" >"$tmp/qemu.log" 2>&1 ||
	fail "it did not power off: $(tail -c 500 "$tmp/console")"
grep -qa ', 0 skipped, 0 ended the machine' "$tmp/console" || fail "$(tail -c 900 "$tmp/console")"
! grep -qa 'second processor still runs' "$tmp/console" || fail "$(tail -c 300 "$tmp/console")"
grep -qa 'the machine is handed back' "$tmp/console" || fail "$(tail -c 300 "$tmp/console")"
