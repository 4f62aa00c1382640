#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Triple faults: one that the model predicts is no finding, one that it does not is a CRASH; either way
# the next sequence runs, and the way back to the snapshot costs less than 0.3 s.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
triple='gate.p 8 0; gate.p 13 0; gate.p 11 0; gp.nc'
N=20

verdicts() {
	sed -n 's/.*"verdict": *"\([A-Z]*\)".*/\1/p' "$1" | tr '\n' ' '
}

$tw run -q --json -e 'int3' -e "$triple" -e 'int3' >"$tmp/predicted" ||
	fail "a predicted triple fault: exit status $?, $(verdicts "$tmp/predicted")"
case $(verdicts "$tmp/predicted") in
'PASS PASS PASS ' | 'PASS DIVERGE PASS ') ;;
*) fail "a predicted triple fault: $(verdicts "$tmp/predicted")" ;;
esac

# A list that makes the model believe that absent gates work: now nobody expects the shutdown.
cat >"$tmp/wrong.known" <<END
id: planted
rule: GATE_NOT_PRESENT
vendor: any
versions: any
effect: never
manual: none, this is a lie
corpus: none
why: the model must be wrong for this test
END
status=0
TRAINWRECK_KNOWN=$tmp/wrong.known $tw run -q --json -e 'int3' -e "$triple" -e 'int3' >"$tmp/planted" || status=$?
[ "$status" -eq 1 ] || fail "an unpredicted triple fault: exit status $status, must be 1"
[ "$(verdicts "$tmp/planted")" = 'PASS CRASH PASS ' ] ||
	fail "an unpredicted triple fault: $(verdicts "$tmp/planted")"

# one boot against one boot and N deaths more; the smaller of two tries, for a busy machine
best=
for _ in 1 2; do
	t0=$(now_ms)
	$tw run -q -e "$triple" >/dev/null
	t1=$(now_ms)
	set --
	for _ in $(seq $((N + 1))); do
		set -- "$@" -e "$triple"
	done
	$tw run -q "$@" >"$tmp/many"
	t2=$(now_ms)
	cost=$((((t2 - t1) - (t1 - t0)) / N))
	[ -n "$best" ] && [ "$best" -le "$cost" ] || best=$cost
done
note "a recovery costs $best ms"
[ "$best" -lt 300 ] || fail "a recovery costs $best ms, must be less than 300"
