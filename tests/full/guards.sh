#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Campaigns on handlers of each style from the shipped seeds, which leave out corpus/guards. With all its guards on WHOLE
# seconds (600) break no promise; with each guard off in turn one finds a sequence that breaks one within OFF seconds (300).
# ENGINE; STYLES: those alone.
set -eu
cd "$(dirname "$0")/../.."
. tests/e2e.inc
command -v afl-fuzz >/dev/null || skip "no afl-fuzz: apt install afl++"
ENGINE=${ENGINE:-qemu}
WHOLE=${WHOLE:-600}
OFF=${OFF:-300}

driver=
trap 'kill -INT $driver 2>/dev/null || :; wait; rm -rf "$tmp"' EXIT
# a style's name, or a guard's with that of its style before it
names() {
	awk -F '"' '/^STYLE/ { print style = $2 } /^GUARD/ { print style "," $2 }' fuzz/styles.def
}

campaign() {
	rm -rf "$tmp/campaign"
	$tw fuzz --plain --engine "$ENGINE" --style "$1" --time "$2" --out "$tmp/campaign" >"$tmp/log" 2>&1 &
	driver=$!
}

ended() {
	wait $driver || [ $? = 1 ] || fail "$1: $(tail -n 3 "$tmp/log")"
	driver=
}

broken() {
	find "$tmp/campaign/findings" -maxdepth 1 -name 'PROMISE_*' 2>/dev/null | sed 's,.*/,,'
}

bad=
for style in ${STYLES:-$(names | grep -v ,)}; do
	campaign "$style" "$WHOLE"
	ended "$style"
	execs=$(sed -n 's/^executions  *\([0-9]*\)$/\1/p' "$tmp/log")
	found=$(find "$tmp/campaign/findings" -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l)
	note "$style, all guards on: $execs executions, $found findings, broken: $(broken | wc -l)"
	if [ "$found" != 0 ]; then
		# which says by its exit status that there is something unknown
		$tw triage "$tmp/campaign" || bad="$bad $style:unknown"
		cat "$tmp"/campaign/findings/*/minimized.seq
	fi
	for name in $(broken); do
		bad="$bad $style:$name"
	done
	for name in $(names | grep "^$style,"); do
		campaign "${name%,*},off=${name#*,}" "$OFF"
		t0=$(now_ms)
		while alive $driver && [ -z "$(broken)" ]; do
			sleep 0.2
		done
		ms=$(($(now_ms) - t0)) found=$(broken | tr '\n' ' ')
		kill -INT $driver 2>/dev/null || :
		ended "$name"
		note "${name%,*} without ${name#*,}: ${found:-nothing} after $((ms / 1000)) s"
		[ -n "$found" ] || bad="$bad $name"
	done
done
[ -z "$bad" ] || fail "broken with all guards on, or a guard whose loss nothing shows:$bad"
