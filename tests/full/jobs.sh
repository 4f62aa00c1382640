#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# JOBS= fuzzers (16) with an engine each, TIME= seconds (60): more than there are cores. Every one of them executes
# something, the first one's end ends all, and nothing is left of them: no process, no shared-memory file, no SysV segment.
set -eu
cd "$(dirname "$0")/../.."
. tests/e2e.inc
command -v afl-fuzz >/dev/null || skip "no afl-fuzz: apt install afl++"
JOBS=${JOBS:-16}
TIME=${TIME:-60}

dir=$tmp/campaign
trap 'ours | xargs -r kill -KILL; rm -rf "$tmp"' EXIT

# SysV segments, an id and its maker's process each
segments() {
	ipcs -m -p | awk '$1 ~ /^[0-9]+$/ { print $1, $3 }' | sort
}
shared_files() {
	find /dev/shm -mindepth 1 2>/dev/null | sort
}
segments >"$tmp/segments"
shared_files >"$tmp/files"
: >"$tmp/seen"
t0=$(now_ms)
$tw fuzz --jobs "$JOBS" --time "$TIME" --out "$dir" >"$tmp/log" 2>&1 &
driver=$!
most=0
while alive $driver; do
	n=$(ours | wc -l)
	[ "$n" -le "$most" ] || most=$n
	segments | comm -13 "$tmp/segments" - >"$tmp/new"
	[ "$(wc -l <"$tmp/new")" -le "$(wc -l <"$tmp/seen")" ] || cp "$tmp/new" "$tmp/seen"
	sleep 1
done
status=0
wait $driver || status=$?
t1=$(now_ms)
[ $status -le 1 ] || fail "the campaign ended with $status: $(tail -n 5 "$tmp/log" "$dir"/afl.log*)"

# at once: whoever waits for them is gone
left=$(ours)
[ -z "$left" ] || fail "processes left behind: $(ps -o pid,args -p "$(echo "$left" | paste -sd ,)")"
# the maker of one of ours is gone, as all our processes are; another program's is there, or it was there before
segments | comm -13 "$tmp/segments" - >"$tmp/new"
while read -r id maker; do
	[ -d "/proc/$maker" ] || fail "SysV segment $id left behind by process $maker: $(ipcs -m -i "$id")"
done <"$tmp/new"
[ -s "$tmp/seen" ] || fail "no SysV segment was seen while it ran: this test would not see one that is left"
shared_files | comm -13 "$tmp/files" - >"$tmp/new"
[ ! -s "$tmp/new" ] || fail "files left behind: $(cat "$tmp/new")"

[ "$(find "$dir/stats" -name '*.json' | wc -l)" -eq "$JOBS" ] || fail "not $JOBS fuzzers: $(ls "$dir/stats")"
for f in "$dir"/stats/*.json; do
	n=$(sed -n 's/.*"execs": *\([0-9]*\).*/\1/p' "$f")
	[ "${n:-0}" -gt 0 ] || fail "$(basename "$f" .json) executed nothing: $(cat "$f" "$dir"/afl.log*)"
	echo "$n"
done | sort -n >"$tmp/execs"
[ "$(wc -l <"$tmp/execs")" -eq "$JOBS" ] || fail "not every fuzzer executed something: $(cat "$tmp/execs")"
note "$JOBS fuzzers, $most processes at the most, $(wc -l <"$tmp/seen") SysV segments; $(((t1 - t0) / 1000)) s from start to end"
note "executions of each: $(head -n 1 "$tmp/execs") to $(tail -n 1 "$tmp/execs"), $(awk '{ s += $1 } END { print s }' "$tmp/execs") in all"
note "nothing left: no process, no SysV segment, no file in /dev/shm"
grep '^first execution' "$tmp/log" | sed 's/^/note: /; s/  */ /g'
