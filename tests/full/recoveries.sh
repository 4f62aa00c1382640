#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A thousand triple faults, each one run: how many a second, and what is left of them: descriptors,
# processes, files, and memory of the emulator and of this program.
set -eu
cd "$(dirname "$0")/../.."
. tests/e2e.inc
N=${RECOVERIES:-1000}

# descriptors, children, files of its run folder, KiB of its own and of the emulator
look() {
	qemu=$(children "$1" | cut -d ' ' -f 1)
	printf '%s %s %s %s %s\n' "$(find "/proc/$1/fd" "/proc/$qemu/fd" -mindepth 1 | wc -l)" "$(children "$1" | wc -w)" \
		"$(find "$tmp" -type f | wc -l)" "$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$1/status")" \
		"$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$qemu/status")"
}

: >"$tmp/lines"
# the lines come as the runs end, so the count of lines is the count of recoveries
set --
for _ in $(seq "$N"); do
	set -- "$@" -e "$triple"
done
TMPDIR=$tmp $tw run -q --json "$@" >"$tmp/lines" &
pid=$!
wait_for() {
	until [ "$(wc -l <"$tmp/lines")" -ge "$1" ]; do
		kill -0 "$pid" 2>/dev/null || fail "it ended after $(wc -l <"$tmp/lines") of $N"
		sleep 0.2
	done
}
wait_for $((N / 10))
t0=$(now_ms) n0=$(wc -l <"$tmp/lines") early=$(look "$pid")
wait_for $((N * 9 / 10))
t1=$(now_ms) n1=$(wc -l <"$tmp/lines") late=$(look "$pid")
wait "$pid" || fail "exit status $?"
[ "$(grep -c '"observed_outcome": *"SHUTDOWN"' "$tmp/lines")" -eq "$N" ] || fail "not every one was a shutdown"
rate=$(((n1 - n0) * 10000 / (t1 - t0)))
note "$N triple faults, $((rate / 10)).$((rate % 10)) recoveries a second"
note "descriptors, processes, files, KiB of trainwreck and of the emulator: $early early, $late late"
echo "$early $late" | awk '{ for (i = 1; i <= 3; i++) if ($i != $(i + 5)) exit 1
	for (i = 4; i <= 5; i++) if ($(i + 5) > $i * 1.1) exit 1 }' || fail "something is left of each recovery"
[ "$rate" -ge 100 ] || fail "fewer than 10 recoveries a second"
