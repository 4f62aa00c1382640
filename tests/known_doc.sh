#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# docs/findings.md has a row for each entry of fuzz/known/*.known, and each entry its sequence.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# one engine's entries against the table below one heading
compare() {
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
		shown["3.1-"] = "3.1"
	}
	/^$/ { row() }
	/^(id|vendor|versions|why): / { v = $0; sub(/^[a-z]*: /, "", v) }
	/^id: / { id = v }
	/^vendor: / { vendor = v }
	/^versions: / { versions = v }
	/^why: / { why = v }
	END { row() }
' "fuzz/known/$1.known" >"$tmp/rows"
	test "$(grep -c '^id: ' "fuzz/known/$1.known")" = "$(grep -c . "$tmp/rows")"
	sed -n "/^### Those of $2/,/^##/p" docs/findings.md | grep '^| `[a-z]' | grep -v '^| `versions' >"$tmp/doc" || :
	diff -u "$tmp/doc" "$tmp/rows" || {
		echo "docs/findings.md and fuzz/known/$1.known differ; put the + lines into the table of $2's" >&2
		exit 1
	}
}

compare qemu QEMU
compare bochs Bochs
sed -n 's/^corpus: //p' fuzz/known/*.known | sort -u >"$tmp/named"
ls corpus/known/*.seq | sort >"$tmp/there"
diff -u "$tmp/there" "$tmp/named" || {
	echo "corpus/known and the entries of fuzz/known/*.known differ; each sequence belongs to one" >&2
	exit 1
}
