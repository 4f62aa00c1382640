#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Triple faults: one that the model predicts is no finding, one that it does not is a CRASH; either way
# the next sequence runs, and the way back to the snapshot costs less than 0.3 s; from HLT less than 1.5 s.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
N=20

$tw run -q --json -e 'int3' -e "$triple" -e 'int3' >"$tmp/predicted" ||
	fail "a predicted triple fault: exit status $?, $(verdicts "$tmp/predicted")"
case $(verdicts "$tmp/predicted") in
'PASS PASS PASS ' | 'PASS DIVERGE PASS ') ;;
*) fail "a predicted triple fault: $(verdicts "$tmp/predicted")" ;;
esac
[ "$(sed -n 2p "$tmp/predicted" | grep -c '"observed_outcome": *"SHUTDOWN"')" -eq 1 ] ||
	fail "a predicted triple fault: it did not end in a shutdown: $(sed -n 2p "$tmp/predicted" | cut -c -300)"

write_lie "$tmp/wrong.known"
status=0
TRAINWRECK_KNOWN=$tmp/wrong.known $tw run -q --json -e 'int3' -e "$triple" -e 'int3' >"$tmp/planted" || status=$?
[ "$status" -eq 1 ] || fail "an unpredicted triple fault: exit status $status, must be 1"
[ "$(verdicts "$tmp/planted")" = 'PASS CRASH PASS ' ] ||
	fail "an unpredicted triple fault: $(verdicts "$tmp/planted")"

# what one of these costs: one boot against one boot and N of them more; the smaller of two tries, for a busy machine
cost() {
	best=
	for _ in 1 2; do
		t0=$(now_ms)
		$tw run -q -e "$1" >/dev/null
		t1=$(now_ms)
		set -- "$1"
		for _ in $(seq $N); do
			set -- "$@" -e "$1"
		done
		seq=$1
		shift
		$tw run -q -e "$seq" "$@" >"$tmp/many"
		t2=$(now_ms)
		ms=$((((t2 - t1) - (t1 - t0)) / N))
		[ -n "$best" ] && [ "$best" -le "$ms" ] || best=$ms
		set -- "$seq"
	done
	echo "$best"
}

ms=$(cost "$triple")
note "a recovery costs $ms ms"
[ "$ms" -lt 300 ] || fail "a recovery costs $ms ms, must be less than 300"

# a CPU that sleeps for ever is seen to, long before the deadline of 4 s
N=5
ms=$(cost 'hlt')
note "a hang in HLT costs $ms ms"
[ "$ms" -lt 1500 ] || fail "a hang in HLT costs $ms ms, must be less than 1500"

# and by a QEMU that reads its snapshot in the slow way, since its build has no io_uring
cat >"$tmp/old-qemu" <<EOF
#!/bin/sh
case "\$*" in
*aio=io_uring*)
	echo "qemu: aio=io_uring was specified, but is not supported in this build." >&2
	exit 1
	;;
esac
exec "${QEMU:-qemu-system-x86_64}" "\$@"
EOF
chmod +x "$tmp/old-qemu"
QEMU=$tmp/old-qemu $tw run -q --json -e 'int3' -e "$triple" -e 'int3' >"$tmp/slow" ||
	fail "without io_uring: exit status $?, $(verdicts "$tmp/slow")"
[ "$(verdicts "$tmp/slow")" = "$(verdicts "$tmp/predicted")" ] || fail "without io_uring: $(verdicts "$tmp/slow")"
