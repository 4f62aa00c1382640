#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Two fuzzers in one campaign: it runs, is killed, goes on with its figures, refuses another engine, and
# leaves no process behind.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
command -v afl-fuzz >/dev/null || skip "no afl-fuzz: apt install afl++"

dir=$tmp/campaign

execs() {
	$tw status --json "$dir" | sed -n 's/.*"execs": *\([0-9]*\).*/\1/p'
}

status=0
timeout 200 $tw fuzz --jobs 2 --time 10 --out "$dir" >"$tmp/log" 2>&1 || status=$?
[ $status -le 1 ] || { tail -n 20 "$tmp/log" "$dir"/afl.log*; fail "the campaign ended with $status"; }
first=$(execs)
[ "$first" -gt 0 ] || fail "no executions"
$tw status "$dir" | grep -q ': 2 fuzzers' || fail "status does not see two fuzzers"
[ -d "$dir/afl/main/queue" ] && [ -d "$dir/afl/s001/queue" ] || fail "a fuzzer has no queue"
[ -z "$(ours)" ] || fail "left behind: $(ours)"

status=0
$tw fuzz --engine qemu:cpu=EPYC --jobs 2 --time 5 --out "$dir" >"$tmp/log" 2>&1 || status=$?
[ $status -eq 2 ] || fail "a folder of another engine ended with $status, must be 2"

queued=$(find "$dir/afl/main/queue" -maxdepth 1 -name 'id:*' | wc -l)
$tw fuzz --jobs 2 --time 600 --out "$dir" >"$tmp/log" 2>&1 &
driver=$!
for _ in $(seq 600); do
	[ "$(execs)" -gt "$first" ] && break
	sleep 0.2
done
kill -KILL $driver
wait $driver 2>/dev/null || :
[ "$(execs)" -gt "$first" ] || fail "it did not go on from $first executions"
# a fuzzer that was still waiting for its engine to boot ends when it has
for _ in $(seq 600); do
	[ -z "$(ours)" ] && break
	sleep 0.1
done
[ -z "$(ours)" ] || fail "left behind by a killed driver: $(ours)"
now=$(find "$dir/afl/main/queue" -maxdepth 1 -name 'id:*' | wc -l)
[ "$now" -ge "$queued" ] || fail "the queue had $queued entries and has $now"
note "$(execs) executions, $now entries in the queue of the main fuzzer"
