#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A campaign of two fuzzers is killed with SIGKILL at random moments, driver, AFL++, targets and emulators at
# once, and goes on each time: no finding, no count and no queue entry is lost, and nothing stays in the
# system. The list of known differences is empty, so that there is always something to find.
# TIME: seconds in all, KILLS: how often. `make kills` is an hour and five.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
command -v afl-fuzz >/dev/null || skip "no afl-fuzz: apt install afl++"
TIME=${TIME:-20}
KILLS=${KILLS:-1}

: >"$tmp/empty.known"
export TRAINWRECK_KNOWN=$tmp/empty.known
dir=$tmp/campaign
trap 'ours | xargs -r kill -KILL; rm -rf "$tmp"' EXIT

# a random number below $1
random() {
	od -An -N4 -tu4 /dev/urandom | awk -v n="$1" '{ print $1 % n }'
}

# what there is now: a line each, `queue FUZZER SUM`, `finding NAME COUNT`
look() {
	for f in main s001; do
		for q in "$dir/afl/$f/queue" "$dir/afl/$f/_resume"; do
			[ ! -d "$q" ] || find "$q" -maxdepth 1 -name 'id:*' -size +0 -exec sha256sum {} + | sed "s/ .*//; s/^/queue $f /"
		done
	done | sort -u
	for d in "$dir"/findings/*/; do
		[ ! -d "$d" ] || echo "finding $(basename "$d") $(sed -n 's/.*"count": *\([0-9]*\).*/\1/p' "$d/finding.json")"
	done
}

# whether all of $1 is in $2, a count being at least what it was
is_kept() {
	awk 'NR == FNR { if ($1 == "queue") q[$2 " " $3] = 1; else { f[$2] = 1; n[$2] = $3 } next }
		$1 == "queue" && !q[$2 " " $3] { print "lost: " $0; bad = 1 }
		$1 == "finding" && (!f[$2] || n[$2] + 0 < $3 + 0) { print "lost: " $0 ", now " n[$2]; bad = 1 }
		END { exit bad }' "$2" "$1"
}

# executions of the fuzzer $1 in this sitting and before
execs() {
	sed -n 's/.*"execs": *\([0-9]*\).*/\1/p' "$dir/stats/$1.json" 2>/dev/null || :
}

# until both fuzzers have run something, which is after AFL++ has taken its queue over
wait_for_both() {
	for f in main s001; do
		n=$(execs $f)
		for _ in $(seq 900); do
			now=$(execs $f)
			[ "${now:-0}" -le "${n:-0}" ] || break
			kill -0 "$driver" 2>/dev/null || fail "the campaign ended: $(tail -n 5 "$tmp/log" "$dir"/afl.log*)"
			sleep 0.2
		done
		[ "${now:-0}" -gt "${n:-0}" ] || fail "$f does not run: $(tail -n 5 "$dir"/afl.log*)"
	done
}

: >"$tmp/was"
round=0
while :; do
	[ ! -d "$dir/memory" ] || cat "$dir"/memory/* >"$tmp/memory"
	$tw fuzz --jobs 2 --time 100000 --out "$dir" -- -p explore >"$tmp/log" 2>&1 &
	driver=$!
	wait_for_both
	if [ -e "$tmp/memory" ]; then
		while read -r id pid _; do
			! ipcs -m -p | grep -q "^$id  *[^ ]*  *$pid " || fail "memory $id of the killed $pid is still there"
		done <"$tmp/memory"
	fi
	sleep $((1 + $(random $((2 * TIME / (KILLS + 1))))))
	[ $round -lt "$KILLS" ] || break
	# shellcheck disable=SC2046 # a list
	kill -KILL $(ours)
	wait $driver 2>/dev/null || :
	for _ in $(seq 100); do
		[ -n "$(ours)" ] || break
		sleep 0.1
	done
	[ -z "$(ours)" ] || fail "left behind: $(ours)"
	look >"$tmp/now"
	is_kept "$tmp/was" "$tmp/now" || fail "kill $round lost something"
	mv "$tmp/now" "$tmp/was"
	round=$((round + 1))
	[ ! -d "$dir/open" ] || note "kill $round: $(ls "$dir/open" | wc -l) findings were not settled yet"
done
kill -INT $driver
status=0
wait $driver || status=$?
[ $status -eq 1 ] || fail "the campaign ends with $status: $(tail -n 5 "$tmp/log")"
[ -z "$(ours)" ] || fail "left behind: $(ours)"
look >"$tmp/now"
is_kept "$tmp/was" "$tmp/now" || fail "the last kill lost something"
status=0
$tw triage "$dir" >"$tmp/triage" 2>"$tmp/err" || status=$?
[ $status -eq 1 ] && [ ! -s "$tmp/err" ] || fail "triage ends with $status: $(cat "$tmp/err")"
while read -r id pid _; do
	! ipcs -m -p | grep -q "^$id  *[^ ]*  *$pid " || fail "memory $id of $pid is still there"
done <<END
$(cat "$dir"/memory/*)
END
grep -q -e '-p explore' "$dir/afl/main/fuzzer_stats" || fail "what follows -- does not reach afl-fuzz"
for d in "$dir"/inputs/*/; do
	[ "$(ls "$d" | wc -l)" -le 20 ] || fail "$d has more than 20 inputs"
done
note "$round kills: $(grep -c ^finding "$tmp/now") findings and $(grep -c ^queue "$tmp/now") queue entries kept, none lost"
