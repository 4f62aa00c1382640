#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A stick that tests the machine by itself: results on the stick, a new folder each time, and after a
# machine that went away in the middle the next boot counts that sequence as CRASH and goes on behind it.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
command -v mcopy >/dev/null || skip "no mtools: apt install mtools"
command -v dtc >/dev/null || skip "no dtc: apt install device-tree-compiler"

stick() {
	cp build/trainwreck.img "$tmp/stick"
	dtc -q -I dts -O dtb -o "$tmp/plan.dtb" efi/plan/test.dts
	mcopy -o -i "$tmp/stick" "$tmp/plan.dtb" ::/trainwreck/plan.dtb
	mdeltree -i "$tmp/stick" ::/trainwreck/seq
	mmd -i "$tmp/stick" ::/trainwreck/seq
	cat >"$tmp/a.seq" <<-'END'
		int3
	END
	printf 'start ring=u\nint3\n' >"$tmp/b.seq"
	printf 'int1\n' >"$tmp/c.seq"
	printf 'ud2; ret.iret; int3\n' >"$tmp/d.seq"
	printf 'ud2\n' >"$tmp/e.seq"
	for s in a b c d e; do
		$tw asm "$tmp/$s.seq" -o "$tmp/$s.bin"
		mcopy -i "$tmp/stick" "$tmp/$s.bin" ::/trainwreck/seq/
	done
	# as long as it may be
	{
		echo 'e.bin nx fred'
		head -c 16369 /dev/zero | tr '\0' '\n'
	} >"$tmp/needs.txt"
	mcopy -o -i "$tmp/stick" "$tmp/needs.txt" ::/trainwreck/needs.txt
}

boot() {
	timeout 200 "$QEMU" -machine pc -m 64 -accel tcg -cpu max,vendor=GenuineIntel -nodefaults -no-user-config \
		-display none -net none -bios "$OVMF" -no-reboot -drive "if=none,id=boot,format=raw,file=$tmp/stick" \
		-device virtio-blk-pci,drive=boot,bootindex=0 -serial "file:$tmp/console" >"$tmp/qemu.log" 2>&1 ||
		fail "it did not power off: $(tail -c 500 "$tmp/console")"
}

# $1: number of the run, $2: file; what the stick has of it
result() {
	mcopy -n -i "$tmp/stick" "::/trainwreck/runs/intel-*-000$1/$2" "$tmp/$2" || fail "no $2 of run $1"
	cat "$tmp/$2"
}

stick
boot
result 1 results.ktap >/dev/null
head -2 "$tmp/results.ktap" | tail -1 | grep -q '^1\.\.5' || fail "$(cat "$tmp/results.ktap")"
# what this emulator does not follow the manual in differs here too: the model is in the application
for s in a.seq b.seq c.seq d.seq; do
	want=PASS
	$tw run --strict --json "$tmp/$s" | grep -q '"verdict": *"PASS"' || want=DIVERGE
	result 1 results.jsonl | grep "\"${s%.seq}.bin\"" | grep -q "\"$want\"" ||
		fail "$s must be $want: $(cat "$tmp/results.jsonl")"
done
result 1 results.jsonl | grep '"e.bin"' | grep -q 'needs fred, which this CPU lacks' || fail "e.bin: $(cat "$tmp/results.jsonl")"
[ "$(result 1 summary.txt | awk 'length > 78' | wc -l)" -eq 0 ] || fail "lines longer than 78 columns"
grep -q 'pass, .* differ' "$tmp/summary.txt" || fail "no totals: $(cat "$tmp/summary.txt")"
[ "$(mdir -b -i "$tmp/stick" ::/trainwreck/running.txt 2>/dev/null | wc -l)" -eq 0 ] || fail "running.txt stays"

# a second run has a folder of its own
boot
result 2 results.ktap | grep -q 'ok 5' || fail "the second run is not whole"
result 1 results.ktap | grep -q 'ok 5' || fail "the first run was written over"

# as if the power had gone while b.bin ran
stick
printf b.bin >"$tmp/running.txt"
mcopy -i "$tmp/stick" "$tmp/running.txt" ::/trainwreck/running.txt
boot
result 1 results.jsonl >/dev/null
grep '"b.bin"' "$tmp/results.jsonl" | grep -q CRASH || fail "$(cat "$tmp/results.jsonl")"
grep -q '"d.bin"' "$tmp/results.jsonl" || fail "it did not go on: $(cat "$tmp/results.jsonl")"
! grep -q '"a.bin"' "$tmp/results.jsonl" || fail "it began anew: $(cat "$tmp/results.jsonl")"

# the same of a long run: what differed before is named with what differs now, from however long a file
stick
mmd -i "$tmp/stick" ::/trainwreck/runs ::/trainwreck/runs/intel-00000000-0001
printf '%s\n' b.bin '\trainwreck\runs\intel-00000000-0001' '\trainwreck\plan.dtb' '0 300' >"$tmp/running.txt"
mcopy -i "$tmp/stick" "$tmp/running.txt" ::/trainwreck/running.txt
seq 5 | sed 's/.*/not ok & early-&.bin/' >"$tmp/long.ktap"
seq 100000 | sed 's/^/# line /' >>"$tmp/long.ktap"
seq 400 | sed 's/.*/not ok & l&.bin/' >>"$tmp/long.ktap"
mcopy -i "$tmp/stick" "$tmp/long.ktap" ::/trainwreck/runs/intel-00000000-0001/results.ktap
boot
result 1 summary.txt | sed '1,/^Not as the manual says/d; /^$/,$d' | tr -s ' \n' '\n\n' | grep . >"$tmp/differ"
{
	seq 5 | sed 's/.*/early-&.bin/'
	seq 400 | sed 's/.*/l&.bin/'
	result 1 results.jsonl | sed -n 's/.*"name": "\([^"]*\)", "verdict": "\(DIVERGE\|CRASH\)".*/\1/p'
} | diff - "$tmp/differ" >&2 || fail "the summary does not name what differed before the machine went away"
grep -q '^c.bin$' "$tmp/differ" || fail "it did not go on: $(cat "$tmp/differ")"

# more names than the summary has room for: how many are left out is said, and none is cut
stick
mmd -i "$tmp/stick" ::/trainwreck/runs ::/trainwreck/runs/intel-00000000-0001
mcopy -i "$tmp/stick" "$tmp/running.txt" ::/trainwreck/running.txt
seq 200 | sed 's/.*/not ok & a-name-of-some-length-&.bin/' >"$tmp/long.ktap"
mcopy -i "$tmp/stick" "$tmp/long.ktap" ::/trainwreck/runs/intel-00000000-0001/results.ktap
boot
result 1 summary.txt | sed '1,/^Not as the manual says/d; /^$/,$d' | tr -s ' \n' '\n\n' | grep '\.bin$' >"$tmp/differ"
more=$(sed -n 's/^\([0-9]*\) more: results.ktap has all$/\1/p' "$tmp/summary.txt")
result 1 results.jsonl >/dev/null
[ $(($(wc -l <"$tmp/differ") + more)) -eq $((200 + $(grep -c 'DIVERGE\|CRASH' "$tmp/results.jsonl"))) ] ||
	fail "$(wc -l <"$tmp/differ") names and $more more: $(tail -n 8 "$tmp/summary.txt")"
[ "$(result 1 summary.txt | awk 'length > 78' | wc -l)" -eq 0 ] || fail "lines longer than 78 columns"

# what the sequences need cannot be read whole: none runs, and the console says why
printf x >>"$tmp/needs.txt"
mcopy -o -i "$tmp/stick" "$tmp/needs.txt" ::/trainwreck/needs.txt
boot
grep -aq 'needs.txt is longer than 16383 bytes.*shorten it' "$tmp/console" || fail "too long: $(strings "$tmp/console" | tail -n 5)"
[ "$(mdir -b -i "$tmp/stick" ::/trainwreck/runs | wc -l)" -eq 1 ] || fail "a list that is too long, and it ran all the same"
