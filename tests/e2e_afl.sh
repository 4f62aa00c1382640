#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# `trainwreck target` under AFL++'s own tools: a map, the same each time; a smaller set of seeds with
# the same coverage; a smaller crash that is still the same finding; figures and curves of a campaign.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
for tool in afl-fuzz afl-showmap afl-cmin afl-tmin afl-whatsup; do
	command -v $tool >/dev/null || skip "no $tool: apt install afl++"
done
export AFL_SKIP_BIN_CHECK=1 AFL_FORKSRV_INIT_TMOUT=120000 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
export AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_ALLOW_TMP=1

mkdir "$tmp/in" "$tmp/out"
for seq in ud2 syscall nmi-self ret-iret; do
	$tw asm "corpus/$seq.seq" -o "$tmp/in/$seq"
	cp "$tmp/in/$seq" "$tmp/in/$seq-again"
done

for i in 1 2; do
	afl-showmap -t 20000 -o "$tmp/map$i" -- $tw target --out "$tmp/out" "$tmp/in/nmi-self" >"$tmp/log" 2>&1 ||
		fail "afl-showmap: $(tail -n 5 "$tmp/log")"
done
cmp "$tmp/map1" "$tmp/map2"
[ "$(wc -l <"$tmp/map1")" -ge 5 ] || fail "afl-showmap: $(wc -l <"$tmp/map1") edges only"
note "afl-showmap: $(wc -l <"$tmp/map1") edges"

afl-cmin -t 20000 -i "$tmp/in" -o "$tmp/min" -- $tw target --out "$tmp/out" >"$tmp/log" 2>&1 ||
	fail "afl-cmin: $(tail -n 5 "$tmp/log")"
n=$(find "$tmp/min" -type f | wc -l)
note "afl-cmin: $n of 8 seeds kept"
[ "$n" -ge 1 ] && [ "$n" -le 4 ] || fail "afl-cmin keeps $n of 8 seeds, of which 4 are doubles"

# a difference that nobody knows, since the list is empty: a crash to AFL++
: >"$tmp/empty.known"
export TRAINWRECK_KNOWN=$tmp/empty.known
$tw asm -e 'nop; nop; int3; nop; nop; ret.iret; nop; wrmsr.nc; nop; nop' -o "$tmp/crash"
afl-tmin -e -t 20000 -i "$tmp/crash" -o "$tmp/small" -- $tw target --out "$tmp/out" >"$tmp/log" 2>&1 ||
	afl-tmin -t 20000 -i "$tmp/crash" -o "$tmp/small" -- $tw target --out "$tmp/out" >"$tmp/log" 2>&1 ||
	fail "afl-tmin: $(tail -n 5 "$tmp/log")"
before=$(wc -c <"$tmp/crash") after=$(wc -c <"$tmp/small")
note "afl-tmin: $before bytes to $after"
[ "$after" -lt "$before" ] || fail "afl-tmin left $after of $before bytes"
status=0
$tw target --out "$tmp/out2" "$tmp/small" >"$tmp/log" 2>&1 || status=$?
[ "$status" -eq 1 ] || fail "what afl-tmin left is no finding: exit status $status"

# a target is started before the one before it is gone, as AFL++ 5.02c does it: both have one folder for the engine
mkfifo "$tmp/fifo"
__AFL_OUT_DIR=$tmp/afl/one $tw target --out "$tmp/out4" <"$tmp/fifo" >"$tmp/log" 2>&1 &
first=$!
exec 3>"$tmp/fifo"
engine_of $first >/dev/null
status=0
__AFL_OUT_DIR=$tmp/afl/one $tw target --out "$tmp/out4" "$tmp/in/syscall" >"$tmp/run" 2>&1 || status=$?
[ "$status" -le 1 ] || fail "a second target in one folder ends with $status: $(cat "$tmp/run")"
exec 3>&-
wait $first || :

# in a campaign answers come early; what AFL++ keeps as a crash differs all the same, when it is run alone.
# On a terminal, and with plain lines on it
mkdir "$tmp/one"
echo nop >"$tmp/one/nop.seq"
script -qec "$tw fuzz --plain --time ${LATE_SECONDS:-20} --seeds $tmp/one --out $tmp/late" /dev/null >"$tmp/log" 2>&1 </dev/null || :
grep -q '^executions' "$tmp/log" || fail "fuzz --plain: $(tail -n 5 "$tmp/log")"
! grep -q "$(printf '\033')" "$tmp/log" || fail "fuzz --plain draws a screen"
n=0
for crash in "$tmp"/late/afl/default/crashes/id:*; do
	[ -e "$crash" ] || fail "differences in $tmp/late, and AFL++ has no crash: $(cat "$tmp/log")"
	status=0
	$tw target --out "$tmp/out3" "$crash" >"$tmp/run" 2>&1 || status=$?
	[ "$status" -eq 1 ] || fail "AFL++ keeps $crash as a crash, which alone ends with status $status: $(cat "$tmp/run")"
	n=$((n + 1))
	[ "$n" -lt 3 ] || break
done
# on a machine with nothing else to do under 6 s, of which most is firmware; this one may have
first=$($tw status --json "$tmp/late" | sed -n 's/.*"first_exec_ms": *\([0-9]*\).*/\1/p')
[ "${first:-0}" -gt 0 ] || fail "nobody knows when the first execution was: $($tw status --json "$tmp/late")"
note "first execution $first ms after the start of fuzz"
[ "$first" -le 30000 ] || fail "the first execution came only after $first ms"
afl-whatsup -s "$tmp/late/afl" >"$tmp/whatsup" 2>&1 || :
grep -q 'Total execs' "$tmp/whatsup" || fail "afl-whatsup: $(cat "$tmp/whatsup")"
# AFL++ writes its first rows after some time, and draws nothing of fewer than two
if [ "$(wc -l <"$tmp/late/afl/default/plot_data")" -lt 3 ]; then
	note "a campaign too short for afl-plot"
elif command -v afl-plot >/dev/null && command -v gnuplot >/dev/null; then
	afl-plot "$tmp/late/afl/default" "$tmp/plot" >"$tmp/log" 2>&1 || fail "afl-plot: $(tail -n 5 "$tmp/log")"
	[ -s "$tmp/plot/index.html" ] && [ "$(find "$tmp/plot" -name '*.png' -size +0 | wc -l)" -ge 3 ] ||
		fail "afl-plot draws nothing: $(ls "$tmp/plot")"
else
	note "no gnuplot: afl-plot is not looked at"
fi
note "AFL++ $(afl-fuzz -h 2>&1 | sed -n 's/.*afl-fuzz++\([0-9.a-z]*\).*/\1/p' | head -n 1), all of showmap, cmin, tmin, fuzz and whatsup work"
note "AFL++ keeps $(find "$tmp/late/afl/default/crashes" -name 'id:*' | wc -l) crashes, $n of them run alone"
