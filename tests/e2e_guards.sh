#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every sequence of corpus/guards on both vendors' CPU models: with its guard off it breaks the promise
# that it names, and with every guard on none.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

mkdir "$tmp/whole"
for f in corpus/guards/*.seq; do
	sed '/^start/s/ off=[a-z-]*//' "$f" >"$tmp/whole/${f##*/}"
done
for engine in qemu qemu:cpu=EPYC; do
	$tw run -q --engine "$engine" "$tmp/whole" >"$tmp/out" || {
		grep -B1 PROMISE "$tmp/out" >&2 || tail -n 20 "$tmp/out" >&2
		fail "$engine: with every guard on a promise is broken, or the trace differs"
	}
	status=0
	$tw run -q --engine "$engine" --json corpus/guards >"$tmp/out" || status=$?
	[ "$status" = 1 ] || fail "$engine: corpus/guards ends with $status, not 1"
	n=0
	for f in corpus/guards/*.seq; do
		rule=$(sed -n 's/^# Breaks: //p' "$f")
		base=${f##*/}
		line=$(grep "\"name\": *\"$f\"" "$tmp/out")
		case $line in
		*'"verdict":"SKIP"'*) continue ;;
		*"\"signature\":\"$rule.${base%.seq}."*) n=$((n + 1)) ;;
		*) fail "$engine: $f does not break $rule" ;;
		esac
	done
	note "$engine: $n guards, each for something"
done
