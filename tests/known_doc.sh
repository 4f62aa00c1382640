#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# docs/findings.md has a row for each entry of fuzz/known/qemu.known, and each entry its sequence.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

awk -F ': ' '
	function row() {
		if (id)
			printf "| `%s` | %s | %s | %s |\n", id, vendor, shown[versions] ? shown[versions] : versions, why
		id = ""
	}
	BEGIN {
		shown["-7.2"] = "7.2.22"
		shown["10.0-"] = "10.0.13"
		shown["0-"] = "7.2.22, 10.0.13"
	}
	/^$/ { row() }
	/^(id|vendor|versions|why): / { v = $0; sub(/^[a-z]*: /, "", v) }
	/^id: / { id = v }
	/^vendor: / { vendor = v }
	/^versions: / { versions = v }
	/^why: / { why = v }
	END { row() }
' fuzz/known/qemu.known >"$tmp/rows"
test "$(grep -c '^id: ' fuzz/known/qemu.known)" = "$(grep -c . "$tmp/rows")"
sed -n '/^### Those of QEMU/,/^## /p' docs/findings.md | grep '^| `[a-z]' | grep -v '^| `versions' >"$tmp/doc" || :
diff -u "$tmp/doc" "$tmp/rows" || {
	echo "docs/findings.md and fuzz/known/qemu.known differ; put the + lines into the table of QEMU's" >&2
	exit 1
}
sed -n 's/^corpus: //p' fuzz/known/qemu.known | sort >"$tmp/named"
ls corpus/known/*.seq | sort >"$tmp/there"
diff -u "$tmp/there" "$tmp/named" || {
	echo "corpus/known and the entries of fuzz/known/qemu.known differ; each entry has one sequence" >&2
	exit 1
}
