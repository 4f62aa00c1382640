#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The image of `make usb` on a USB stick, in a machine with no serial port: it measures by itself, and by
# the press of a key it tests, and what it leaves agrees with what a host says of the same machine.
# USB=all: with the sequences that are known to kill or hang emulators, and those that the manual ends in a
# shutdown, too; each of them costs a boot, and some of them half a minute of silence. SHOTS=DIR: the screen, once a second, as PNG files.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
command -v mcopy >/dev/null || skip "no mtools: apt install mtools"
command -v dtc >/dev/null || skip "no dtc: apt install device-tree-compiler"
command -v python3 >/dev/null || skip "no python3: apt install python3"
PATH=$PATH:/usr/sbin:/sbin
command -v sfdisk >/dev/null || skip "no sfdisk: apt install fdisk"
# with the plan that is asked for, also after another one; the last is the one of below
for p in quick full; do
	${MAKE:-make} -s build/trainwreck-usb.img USBPLAN=$p >"$tmp/make" 2>&1 || fail "$(cat "$tmp/make")"
	mtype -i build/trainwreck-usb.img@@1M ::/trainwreck/plan.dtb | cmp - build/$p.dtb || fail "USBPLAN=$p gave another plan"
done
! ${MAKE:-make} -s usb USBPLAN=nosuch >"$tmp/make" 2>&1 || fail "USBPLAN=nosuch made a stick"
stick=$tmp/stick
drive=$stick@@1M
shots=0

# $1: seconds without progress on the stick after which the plug is pulled; $2: a key for the countdown
boot() {
	"$QEMU" -machine pc -m 128 -accel tcg -cpu max,vendor=GenuineIntel -nodefaults -no-user-config \
		-display none -net none -bios "$OVMF" -device VGA -device qemu-xhci \
		-drive "if=none,id=stick,format=raw,file=$stick${readonly:-}" -device usb-storage,drive=stick,bootindex=0 \
		-serial "${serial:-none}" -qmp "unix:$tmp/qmp,server=on,wait=off" >"$tmp/qemu.log" 2>&1 &
	qemu=$!
	trap 'kill -KILL $qemu 2>/dev/null || :; rm -rf "$tmp"' EXIT
	still=0 key=${2:-} seen=
	while alive "$qemu" 2>/dev/null; do
		sleep 1
		now=$(mtype -i "$drive" ::/trainwreck/running.txt 2>/dev/null | head -n 1) || :
		still=$((still + 1))
		[ "$now" = "$seen" ] || still=0
		seen=$now
		[ -z "${SHOTS:-}" ] || shot
		# typed again and again: until the countdown shows, keys are thrown away
		[ -z "$key" ] || [ -n "$seen" ] || tests/qmp "$tmp/qmp" key "$key" 2>/dev/null || :
		[ $still -lt "$1" ] || kill -KILL "$qemu" 2>/dev/null || :
	done
	wait "$qemu" 2>/dev/null || :
}

shot() {
	shots=$((shots + 1))
	tests/qmp "$tmp/qmp" shot "$SHOTS/$(printf %03d $shots).png" 2>/dev/null || :
}

running() {
	mdir -b -i "$drive" ::/trainwreck/running.txt >/dev/null 2>&1
}

# number of the run, file; to $tmp/file
get() {
	mcopy -n -i "$drive" "::/trainwreck/runs/intel-*-000$1/$2" "$tmp/$2" || fail "no $2 of run $1"
}

check_summary() {
	[ "$(awk 'length > 78' "$1" | wc -l)" -eq 0 ] || fail "lines longer than 78 columns"
}

# a plan of the stick, changed by a sed script
plan() {
	sed "$2" "efi/plan/$1.dts" >"$tmp/$1.dts"
	dtc -q -I dts -O dtb -o "$tmp/$1.dtb" "$tmp/$1.dts"
}

sfdisk --verify -q build/trainwreck-usb.img >"$tmp/verify" 2>&1 || fail "$(cat "$tmp/verify")"
cp build/trainwreck-usb.img "$stick"

# by itself: the plan that needs no key, here with few samples and a short wait
plan quick 's/samples = .*/samples = <20>;/; s/on-finish/countdown = <3>; linger = <2>; &/'
mcopy -o -i "$drive" "$tmp/quick.dtb" ::/trainwreck/plan.dtb
for _ in 1 2 3; do
	boot 90
	running || break
done
get 1 summary.txt
get 1 bench.tw
check_summary "$tmp/summary.txt"
tail -n 4 "$tmp/summary.txt" | grep -q 'rows measured' || fail "no totals: $(tail -n 4 "$tmp/summary.txt")"
$tw bench --from "$tmp/bench.tw" --json >"$tmp/rows" || fail "bench --from: status $?"
[ "$($tw bench --from "$tmp/bench.tw" --json | grep -c '"verdict":"ERROR"')" -eq 0 ] || fail "rows with ERROR"
rows=$(grep -c '"kind":"round-trip"' "$tmp/rows")
[ "$rows" -eq "$($tw list paths | wc -l)" ] || fail "$rows rows of $($tw list paths | wc -l)"
grep -q '"label":"emulated"' "$tmp/rows" || fail "not labelled emulated"
# and what it measured is a report, with where it was measured
$tw bench -q --from "$tmp/bench.tw" --out "$tmp/results/stick" >/dev/null || fail "bench --from --out: status $?"
$tw report --text "$tmp/results" >"$tmp/mail" || fail "report --text: status $?"
grep -q 'system *QEMU, Standard PC' "$tmp/mail" || fail "the report does not say on which board: $(head -n 20 "$tmp/mail")"
# one row may be UNSTABLE on a busy machine
grep -q '^idt\.int3\.[a-z.]*  *[0-9]' "$tmp/mail" || fail "no figures in the report: $(grep '^idt.int3' "$tmp/mail")"
if command -v gnuplot >/dev/null; then
	$tw report -q "$tmp/results" --out "$tmp/site" || fail "report --out: status $?"
	grep -q 'idt.int3.k.gate' "$tmp/site/paths-idt.html" || fail "no page of the stick's figures"
fi
head -c "$(($(wc -c <"$tmp/bench.tw") * 2 / 3))" "$tmp/bench.tw" >"$tmp/cut.tw"
! $tw bench --from "$tmp/cut.tw" >/dev/null 2>"$tmp/said" || fail "a transcript cut short passes"
grep -q damaged "$tmp/said" || fail "$(cat "$tmp/said")"

# a volume that takes no file: everything goes to the UART, among what firmware and stick say there, and a reader finds each file's
# lines, and the transcript. And from the firmware's shell, whose load options choose a plan, for three sequences; or name one
# that is not there: that is said, with those that are, and none of the options counts
plan quick 's/samples = .*/samples = <20>;/; s/only = .*/only = "idt.int3.?.gate";/; s/on-finish/countdown = <1>; linger = <1>; &/'
mcopy -o -i "$drive" "$tmp/quick.dtb" ::/trainwreck/plan.dtb
mren -i "$drive" ::/EFI/BOOT/BOOTX64.EFI ::/EFI/BOOT/TW.EFI
printf 'fs0:\\EFI\\BOOT\\TW.EFI %s\r\n' 'plan=test run.on-finish=return run.linger=0' 'plan=nosuch bench.samples=7' >"$tmp/startup.nsh"
mcopy -i "$drive" "$tmp/startup.nsh" ::/startup.nsh
mmove -i "$drive" ::/trainwreck/seq ::/trainwreck/all
mmd -i "$drive" ::/trainwreck/seq
mcopy -i "$drive" build/seq/int3.bin build/seq/known-compat-return-keeps-upper-rip.bin build/seq/ud2.bin ::/trainwreck/seq/
readonly=,readonly=on serial=file:$tmp/uart
boot 60
readonly='' serial=none
mren -i "$drive" ::/EFI/BOOT/TW.EFI ::/EFI/BOOT/BOOTX64.EFI
mdel -i "$drive" ::/startup.nsh
mdeltree -i "$drive" ::/trainwreck/seq
mmove -i "$drive" ::/trainwreck/all ::/trainwreck/seq
for file in results.ktap results.jsonl summary.txt; do
	LC_ALL=C sed -n "s/^$file|//p" "$tmp/uart" >"$tmp/line.$file"
done
[ "$(sed 's/^\(not ok\|ok\|#\) .*/\1/' "$tmp/line.results.ktap" | tr '\n' ' ')" = 'KTAP version 1 1..3 not ok # # not ok # # not ok # # ' ] ||
	fail "KTAP of the line: $(cat "$tmp/line.results.ktap")"
python3 -c 'import json, sys; print(*[json.loads(l)["name"] for l in sys.stdin])' <"$tmp/line.results.jsonl" >"$tmp/names" || fail "JSON of the line"
[ "$(cat "$tmp/names")" = 'int3.bin known-compat-return-keeps-upper-rip.bin ud2.bin' ] || fail "JSON of the line names $(cat "$tmp/names")"
check_summary "$tmp/line.summary.txt"
grep -q '^0 pass, 3 differ' "$tmp/line.summary.txt" && grep -q '^6 rows measured' "$tmp/line.summary.txt" || fail "summary of the line: $(cat "$tmp/line.summary.txt")"
grep -aq 'no plan nosuch on this volume: none of them counts; there are: full quick test' "$tmp/uart" ||
	fail "no word of a plan that is not there: $(strings "$tmp/uart" | grep 'trainwreck:')"
grep -aq 'Results go to the UART at 0x3f8' "$tmp/uart" || fail "no word that results go to the UART: $(strings "$tmp/uart" | tail -n 5)"
$tw bench --from "$tmp/uart" --json >"$tmp/line" 2>"$tmp/said" || fail "bench --from of a line: status $?, $(cat "$tmp/said")"
grep -q '"samples_per_placement":20' "$tmp/line" || fail "options beside a plan that is not there counted"
[ "$(grep -c '"id":"idt.int3.*"verdict":"\(OK\|UNSTABLE\)"' "$tmp/line")" -eq 9 ] || fail "rows of the line: $(grep -c '"id"' "$tmp/line")"

# by a key: the plan of the stick, full, quick, test is the list. What kills or hangs this emulator is met again after the next boot.
plan quick 's/on-finish/countdown = <60>; &/'
mcopy -o -i "$drive" "$tmp/quick.dtb" ::/trainwreck/plan.dtb
deaths=
[ "${USB:-}" != all ] || deaths='s/^};/	test { deaths = "run"; };\n};/'
plan test "s/on-finish/countdown = <0>; linger = <2>; &/; $deaths"
mcopy -o -i "$drive" "$tmp/test.dtb" ::/trainwreck/plans/test.dtb
seqs=corpus
if [ "${USB:-}" != all ]; then
	mdel -i "$drive" "::/trainwreck/seq/known-*" "::/trainwreck/seq/cve-*" "::/trainwreck/seq/cells-*" "::/trainwreck/seq/edges-*"
	seqs="$(echo corpus/*.seq) corpus/guards"
fi
boots=0
while [ $boots -lt 60 ]; do
	boot 30 4
	boots=$((boots + 1))
	running || break
done
! running || fail "still not done after $boots boots: $(mtype -i "$drive" ::/trainwreck/running.txt)"
get 2 results.ktap
get 2 summary.txt
check_summary "$tmp/summary.txt"
# shellcheck disable=SC2086 # a list of files
$tw run --ktap $seqs >"$tmp/host.ktap" 2>"$tmp/log" || [ $? -eq 1 ] || fail "run --ktap: $(cat "$tmp/log")"

# "name verdict" of KTAP; what is not run without a host has its own word
ktap_verdicts() {
	sed -n 's,corpus/,,; s,^\(not ok\|ok\) [0-9]* \([^ ]*\)\(.*\),\2|\1|\3,p' "$1" | tr / - |
		sed 's/\.\(seq\|bin\)|/|/; s/|not ok|.*/ bad/; s/|ok|.*\(not run without a host\|only a host\|not predicted\).*/ -/
			s/|ok| # SKIP.*/ SKIP/; s/|ok|.*/ ok/' | LC_ALL=C sort
}
ktap_verdicts "$tmp/results.ktap" >"$tmp/a"
ktap_verdicts "$tmp/host.ktap" >"$tmp/b"
# shellcheck disable=SC2086
[ "$(wc -l <"$tmp/a")" -eq "$(find $seqs -name '*.seq' | wc -l)" ] || fail "$(wc -l <"$tmp/a") verdicts"
LC_ALL=C join "$tmp/a" "$tmp/b" >"$tmp/both"
[ "$(wc -l <"$tmp/both")" -eq "$(wc -l <"$tmp/b")" ] || fail "not the same sequences"
awk '$2 != "-" && $2 != $3' "$tmp/both" >"$tmp/diff"
[ ! -s "$tmp/diff" ] || fail "sequence, stick, host: $(cat "$tmp/diff")"
note "$rows rows; $(awk '$2 != "-"' "$tmp/both" | wc -l) verdicts as the host's, $(grep -c ' - ' "$tmp/both") only with a host; $boots boots"
