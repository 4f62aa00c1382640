#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Where the time of one execution goes: a campaign from the shipped seeds, and perf on AFL++, the target and the
# emulator for some seconds of it. Prints microseconds of processor time an execution. ENGINE, LINK, SECONDS_ANY.
set -eu
cd "$(dirname "$0")/../.."
. tests/e2e.inc
command -v perf >/dev/null || skip "no perf: apt install linux-perf"
command -v afl-fuzz >/dev/null || skip "no afl-fuzz: apt install afl++"
ENGINE=${ENGINE:-qemu}
LINK=${LINK:-shm}
FOR=${FOR:-6}
HZ=999

dir=$tmp/campaign
execs() {
	sed -n 's/.*"execs": *\([0-9]*\).*/\1/p' "$dir/stats/default.json" 2>/dev/null || :
}
$tw fuzz --plain --engine "$ENGINE" --link "$LINK" --time 3600 --out "$dir" >"$tmp/log" 2>&1 &
driver=$!
# the seeds are tried first, which is another matter
for _ in $(seq 600); do
	[ ! -e "$dir/afl/default/fuzzer_stats" ] || break
	sleep 0.1
done
sleep 1
afl=$(children $driver | cut -d ' ' -f 1)
target=$(children "$afl" | cut -d ' ' -f 1)
engine=$(engine_of "$target")
n0=$(execs) t0=$(now_ms)
perf record -q -o "$tmp/perf" -F $HZ -p "$afl,$target,$engine" -- sleep "$FOR" >/dev/null 2>&1 || :
n1=$(execs) t1=$(now_ms)
kill -INT $driver
wait $driver || :
n=$((n1 - n0))
[ $n -gt 0 ] || fail "no executions: $(tail -n 3 "$tmp/log")"
echo "$ENGINE, $LINK: $n executions in $((t1 - t0)) ms, $((n * 1000 / (t1 - t0))) a second, $(sed -n 's/events an execution *//p' "$tmp/log") events each"
perf script -i "$tmp/perf" -F comm,ip,sym,dso 2>/dev/null | awk -v n=$n -v hz=$HZ '
	NF < 3 { next }
	{
		who = $1 ~ /^qemu|^CPU/ ? "emulator" : $1 ~ /^afl/ ? "AFL++" : "target"
		dso = $NF
		where = dso ~ /kernel|unknown/ && who != "emulator" ? "kernel" : dso ~ /kernel/ ? "kernel" : \
			who == "emulator" ? (dso ~ /qemu-system/ ? "QEMU: memory, delivery of events" : "translated code of the guest") : \
			dso ~ /mutator/ ? "our mutator" : who == "target" ? "trainwreck: model, comparison, coverage" : "afl-fuzz"
		if (who == "target" && $0 ~ /link_receive|window_frame|sched_yield/)
			where = "looking for the answer"
		at[who ": " where]++
		all++
	}
	END {
		for (w in at)
			printf "%8.2f us  %4.1f %%  %s\n", at[w] / hz / n * 1e6, 100 * at[w] / all, w
		printf "%8.2f us         in all\n", all / hz / n * 1e6
	}' | sort -rn
