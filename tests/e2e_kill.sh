#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Whatever becomes of the emulator, the run goes on; whatever becomes of the driver, no emulator stays.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

# Enough sequences to be hit in the middle, fast as they are; each has an answer of its own in the output.
N=40000
mkdir "$tmp/seq"
for i in $(seq -w $N); do
	echo 'int3; int3; int3' >"$tmp/seq/$i.seq"
done

# $1: signal to send to the emulator in the middle of a run; the last line must be sound again
disturb() {
	$tw run -q --json "$tmp/seq" >"$tmp/lines" 2>"$tmp/err" &
	driver=$!
	engine=$(engine_of $driver)
	wait_lines "$tmp/lines" 100
	t0=$(now_ms)
	kill -"$1" "$engine"
	status=0
	wait $driver || status=$?
	ms=$(($(now_ms) - t0))
	n=$(wc -l <"$tmp/lines")
	pass=$(grep -c '"verdict": *"PASS"' "$tmp/lines") || :
	note "SIG$1: $pass of $n sequences pass, exit status $status, $ms ms after it"
	[ "$n" -eq "$N" ] || fail "SIG$1: only $n of $N sequences have a result"
	[ "$pass" -lt "$N" ] || fail "SIG$1 came too late: nothing was disturbed"
	[ "$pass" -ge $((N - 10)) ] || fail "SIG$1: only $pass of $N sequences pass"
	tail -n 1 "$tmp/lines" | grep -q '"verdict": *"PASS"' || fail "SIG$1: the last sequence does not pass"
	grep -v '"verdict": *"PASS"' "$tmp/lines" | grep -qE '"verdict": *"(ERROR|HANG|CRASH)"' ||
		fail "SIG$1: what was disturbed is no ERROR, HANG or CRASH"
	case $status in
	1 | 3) ;;
	*) fail "SIG$1: exit status $status, must be 1 or 3" ;;
	esac
	! alive "$engine" || fail "SIG$1: the emulator $engine is left behind"
}

disturb KILL
# a machine that stands still: the deadline is 3 s, then comes another one
disturb STOP
[ "$ms" -lt 60000 ] || fail "SIGSTOP: the run took $ms ms to end"

$tw run -q --json "$tmp/seq" >"$tmp/lines" &
driver=$!
engine=$(engine_of $driver)
wait_lines "$tmp/lines" 10
kill -KILL $driver
wait $driver 2>/dev/null || :
for _ in $(seq 50); do
	alive "$engine" || exit 0
	sleep 0.1
done
kill -KILL "$engine"
fail "the emulator outlives its driver"
