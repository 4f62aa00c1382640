#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# How fast a campaign is: AFL++'s own execs_per_sec over TIME seconds (60) from the shipped seeds, beside that of a client
# which does nothing, under the same AFL++ with the same mutator, and of the campaign's queue without AFL++ (build/tests/pump,
# over the window). ROUNDS of all by turns (3), since machines' speed wanders. Fails where fewer than 6 events are delivered
# in an execution; of the rates whoever reads them is the judge.
# ENGINE, LINK.
set -eu
cd "$(dirname "$0")/../.."
. tests/e2e.inc
command -v afl-fuzz >/dev/null || skip "no afl-fuzz: apt install afl++"
ENGINE=${ENGINE:-qemu}
LINK=${LINK:-shm}
TIME=${TIME:-60}

rate_of() {
	sed -n 's/^execs_per_sec *: *//p' "$1/default/fuzzer_stats"
}

for round in $(seq "${ROUNDS:-3}"); do
	dir=$tmp/$round
	$tw fuzz --plain --engine "$ENGINE" --link "$LINK" --time "$TIME" --out "$dir" >"$tmp/log" 2>&1 || [ $? = 1 ] ||
		fail "the campaign failed: $(tail -n 3 "$tmp/log")"
	ours=$(rate_of "$dir/afl") events=$(sed -n 's/events an execution *//p' "$tmp/log")
	# the options of host/cmd_fuzz.c
	AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_DISABLE_TRIM=1 AFL_FAST_CAL=1 \
		AFL_CUSTOM_MUTATOR_ONLY=1 AFL_CUSTOM_MUTATOR_LIBRARY=$PWD/build/trainwreck-mutator.so afl-fuzz -i "$dir/seeds" -o "$tmp/$round.nothing" \
		-t 20000 -m none -g 100 -G 260 -V "$TIME" -- build/tests/nothing >"$tmp/log" 2>&1 || fail "$(tail -n 5 "$tmp/log")"
	nothing=$(rate_of "$tmp/$round.nothing")
	{ [ -n "$ours" ] && [ -n "$nothing" ]; } || fail "no execs_per_sec in AFL++'s fuzzer_stats"
	note "$ENGINE, $LINK: $ours a second, $events events each; a client that does nothing: $nothing"
	if [ "$LINK" = shm ]; then
		alone=$(build/tests/pump "$ENGINE" "$dir/afl/default/queue") || fail "no rate without AFL++: $alone"
		note "without AFL++: $alone"
	fi
	echo "$ours $nothing $events" >>"$tmp/rates"
done
awk '{ a[NR] = $1; share[NR] = $1 / $2; if ($3 < 6) few = 1 }
	function median(v, n,  i, j, t) {
		for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] < v[j - 1]; j--) { t = v[j]; v[j] = v[j - 1]; v[j - 1] = t }
		return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	}
	END {
		printf "note: the median of %d: %.0f a second, %.0f %% of the client that does nothing\n", NR, median(a, NR), 100 * median(share, NR)
		exit few
	}' "$tmp/rates" || fail "fewer than 6 events an execution"
