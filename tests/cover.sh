#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The corpus leaves no cell of `trainwreck cover` empty but those that fuzz/never.def calls impossible,
# and reaches none of those; every rule has a sequence; and what is taken away the search finds again.
set -eu
cd "$(dirname "$0")/.."
tw=build/trainwreck
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# the last line: "N cells reached, N not, N impossible"
empty() {
	$tw cover "$@" >"$tmp/table" || exit 1
	tail -n 1 "$tmp/table" | sed -n 's/^[1-9][0-9]* cells reached, \([0-9]*\) not, [1-9][0-9]* impossible$/\1/p'
}

[ "$(empty corpus)" = 0 ] || {
	grep -E '(#|\.|-)\.|\.(#|-)' "$tmp/table" >&2
	tail -n 1 "$tmp/table" >&2
	echo "cells are empty: run \`$tw cover --fill corpus/cells corpus\`" >&2
	exit 1
}
# and no rule without a sequence that it decides something in
$tw list rules --json | sed -n 's/.*"rule": *"\([A-Z0-9_]*\)".*"corpus": *"".*/\1/p' >"$tmp/rules"
[ ! -s "$tmp/rules" ] || {
	echo "nothing in the corpus needs these rules: $(tr '\n' ' ' <"$tmp/rules")" >&2
	exit 1
}
# all sequences that know of machine checks are gone: the row is empty, and filled again
mkdir "$tmp/corpus" "$tmp/cells"
find corpus -name '*.seq' | while read -r seq; do
	grep -qE '^((ext|gap)\.mc|mc\.wait)' "$seq" || cp "$seq" "$tmp/corpus/$(echo "$seq" | tr / -)"
done
[ "$(empty "$tmp/corpus")" -gt 100 ] || {
	echo "without machine checks nothing is missing" >&2
	exit 1
}
$tw cover --fill "$tmp/cells" "$tmp/corpus" >"$tmp/said"
[ "$(empty "$tmp/corpus" "$tmp/cells")" = 0 ] || {
	cat "$tmp/said" >&2
	echo "cover --fill has left cells empty that the corpus reaches" >&2
	exit 1
}
echo "note: $(cat "$tmp/said" | sed "s,$tmp/,,")"
