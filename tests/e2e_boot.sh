#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The application boots, is asked to quit, and gives back a machine whose firmware still works: it
# writes a file on the stick. And the same with no host at all, measuring by a plan.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
command -v mcopy >/dev/null || skip "no mtools: apt install mtools"
command -v dtc >/dev/null || skip "no dtc: apt install device-tree-compiler"
"${CC:-cc}" -std=gnu11 -Wall -Wextra -I. -o "$tmp/quit" tests/quit.c efi/abi/wire.c

# OVMF's TR is null, which no instruction can load again: it alone may be another one
check_back() {
	grep -qE 'handed back(, all as it was found|; not as it was found: TR)$' "$1" || fail "$(cat "$1")"
}

# "$@": further arguments, for the serial line
boot() {
	"$QEMU" -machine pc -m 64 -accel tcg -cpu max -nodefaults -no-user-config -display none -net none \
		-bios "$OVMF" -no-reboot -drive "if=none,id=boot,format=raw,file=$tmp/stick" \
		-device virtio-blk-pci,drive=boot,bootindex=0 "$@" >"$tmp/qemu.log" 2>&1 &
	qemu=$!
	trap 'kill -KILL $qemu 2>/dev/null || :; rm -rf "$tmp"' EXIT
}

stop() {
	kill -KILL "$qemu" 2>/dev/null || :
	wait "$qemu" 2>/dev/null || :
}

cp build/trainwreck.img "$tmp/stick"
# a plan that is too long is refused, not overlooked, and the built-in one answers
head -c 65537 /dev/zero >"$tmp/plan.dtb"
mcopy -o -i "$tmp/stick" "$tmp/plan.dtb" ::/trainwreck/plan.dtb
boot -serial "unix:$tmp/line,server=on,wait=off"
"$tmp/quit" "$tmp/line" >"$tmp/said" || fail "no HELLO or no BYE: $(cat "$tmp/said" "$tmp/qemu.log")"
grep -q '^HELLO plan refused' "$tmp/said" || fail "HELLO says nothing of the plan: $(cat "$tmp/said")"
grep -q '^BYE the machine is handed back' "$tmp/said" || fail "BYE says: $(cat "$tmp/said")"
check_back "$tmp/said"
grep -q 'the firmware wrote' "$tmp/said" || fail "BYE says: $(cat "$tmp/said")"
alive "$qemu" || fail "the machine is gone after the hand-back: $(cat "$tmp/qemu.log")"
stop
mcopy -n -i "$tmp/stick" ::/trainwreck/last-run.txt "$tmp/last-run" || fail "no last-run.txt on the stick"
check_back "$tmp/last-run"

# with a plan, and nobody at the line:
cp build/trainwreck.img "$tmp/stick"
# every row, so that what any of them fails to put back is noticed
sed 's/samples = .*/samples = <20>;/' efi/plan/quick.dts >"$tmp/plan.dts"
dtc -q -I dts -O dtb -o "$tmp/plan.dtb" "$tmp/plan.dts"
mcopy -o -i "$tmp/stick" "$tmp/plan.dtb" ::/trainwreck/plan.dtb
boot
for _ in $(seq 300); do
	mcopy -n -i "$tmp/stick" ::/trainwreck/last-run.txt "$tmp/alone" 2>/dev/null && break
	sleep 0.2
done
sleep 1
stop
[ -s "$tmp/alone" ] || fail "with a plan and no host, no last-run.txt on the stick"
check_back "$tmp/alone"

# a stick that is full before all rows are on it: the transcript has no end, and its reader says so
cp build/trainwreck.img "$tmp/stick"
sed 's/samples = .*/samples = <20>;/; s/only = .*/only = "idt.*";/' efi/plan/quick.dts >"$tmp/plan.dts"
dtc -q -I dts -O dtb -o "$tmp/plan.dtb" "$tmp/plan.dts"
mcopy -o -i "$tmp/stick" "$tmp/plan.dtb" ::/trainwreck/plan.dtb
room=$(mdir -i "$tmp/stick" ::/ | sed -n 's/ bytes free//p' | tr -d ' \n')
head -c $((room - 60000)) /dev/zero >"$tmp/fill"
mcopy -i "$tmp/stick" "$tmp/fill" ::/fill
boot
for _ in $(seq 300); do
	alive "$qemu" || break
	sleep 0.2
done
stop
mcopy -n -i "$tmp/stick" "::/trainwreck/runs/*/bench.tw" "$tmp/bench.tw" || fail "nothing of what there was room for is on a full stick"
status=0
$tw bench --from "$tmp/bench.tw" >"$tmp/table" 2>"$tmp/said" || status=$?
[ $status -eq 3 ] && grep -q 'damaged in 1 place, or cut short' "$tmp/said" && grep -q '^idt.*OK$' "$tmp/table" ||
	fail "the transcript of a full stick: status $status, $(cat "$tmp/said")"
