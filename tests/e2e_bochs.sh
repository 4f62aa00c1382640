#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The engine bochs: what is known of it is all that it shows; a shutdown and a hang are seen and cost less than
# a boot; an emulator that is killed is replaced, and none outlives its driver.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
BOCHS=$(tests/bochs) || skip "$BOCHS"
export BOCHS

# the processes of emulators that $1 has started
emulators() {
	for pid in $(children "$1"); do
		if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q ' -f bochsrc'; then
			echo "$pid"
		fi
	done
}

status=0
# cells/syscall32-c-02 is what the model does not follow: not for silicon, and Bochs does not say that it is none
$tw run -q --engine bochs --json corpus/known corpus/cells/syscall32-c-02.seq corpus/gate-p.seq corpus/gd-*.seq corpus/nmi-*.seq corpus/ret-*.seq \
	>"$tmp/known" 2>"$tmp/err" || status=$?
note "$(wc -l <"$tmp/known") sequences, $(grep -c '"known": *\["' "$tmp/known") with known differences"
[ "$status" -eq 0 ] || fail "corpus: exit status $status: $(cat "$tmp/err") $(grep -E '"verdict": *"(DIVERGE|CRASH|HANG|ERROR)"' "$tmp/known" | grep -v '"known": *\["' | cut -c -200)"
[ "$(wc -l <"$tmp/known")" -gt 100 ] || fail "corpus: only $(wc -l <"$tmp/known") sequences"

# deaths that are predicted, and what follows is as if they had not been
set -- -e 'int3'
for _ in $(seq 8); do
	set -- "$@" -e "$triple" -e 'hlt'
done
$tw run -q --engine bochs --json "$@" -e 'int3' >"$tmp/deaths" &
driver=$!
wait_lines "$tmp/deaths" 1
t1=$(now_ms)
wait $driver || fail "deaths: exit status $?: $(verdicts "$tmp/deaths")"
ms=$((($(now_ms) - t1) / 16))
[ "$(grep -c '"observed_outcome": *"SHUTDOWN"' "$tmp/deaths")" -eq 8 ] || fail "no shutdown: $(verdicts "$tmp/deaths")"
[ "$(grep -c '"observed_outcome": *"HANG"' "$tmp/deaths")" -eq 8 ] || fail "no hang: $(verdicts "$tmp/deaths")"
note "a death costs $ms ms"
[ "$ms" -lt 2000 ] || fail "a death costs $ms ms, must be less than 2000"

# a shutdown that nobody expects is a CRASH, with the registers
write_lie "$tmp/wrong.known"
mkdir "$tmp/seq"
for i in $(seq -w 20000); do
	echo 'int3; int3; int3' >"$tmp/seq/$i.seq"
done
TRAINWRECK_KNOWN=$tmp/wrong.known $tw run -q --engine bochs --json -e "$triple" "$tmp/seq" >"$tmp/lines" 2>"$tmp/err" &
driver=$!
wait_lines "$tmp/lines" 200
[ "$(head -n 1 "$tmp/lines" | grep -c '"verdict": *"CRASH"')" -eq 1 ] ||
	fail "an unpredicted shutdown: $(head -n 1 "$tmp/lines" | cut -c -300)"

# the one that runs is killed: another goes on
pid=$(emulators $driver | tail -n 1)
[ -n "$pid" ] || fail "no emulator below $driver"
n=$(wc -l <"$tmp/lines")
kill -KILL "$pid"
wait_lines "$tmp/lines" $((n + 1000))
tail -n 1 "$tmp/lines" | grep -q '"verdict": *"PASS"' || fail "after a kill: $(tail -n 1 "$tmp/lines" | cut -c -300)"
grep -q '"verdict": *"\(CRASH\|ERROR\)"' "$tmp/lines" || fail "the kill was not seen"

# the driver is killed: nothing stays
left=$(emulators $driver)
kill -KILL $driver
wait $driver 2>/dev/null || :
for _ in $(seq 50); do
	stays=
	for pid in $left; do
		! alive "$pid" || stays=$pid
	done
	[ -n "$stays" ] || exit 0
	sleep 0.1
done
kill -KILL "$stays"
fail "the emulator $stays outlives its driver"
