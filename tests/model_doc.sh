#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# docs/model.md has a row for each rule and for each choice, in the words of the code.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# a row of rules.def as a row of the page
sed -n 's/^RULE(\([A-Z0-9_]*\), *\([A-Z_]*\), *"\([^"]*\)", "\([^"]*\)", "\([^"]*\)")$/| `\1` | \2 | \3 | \4 | \5 |/p' \
	fuzz/rules.def >"$tmp/rules"
test "$(grep -c . fuzz/rules.def)" = "$(grep -c . "$tmp/rules")" || {
	echo "fuzz/rules.def: a row that is not RULE(NAME, BASIS, \"..\", \"..\", \"..\"); write it so" >&2
	exit 1
}
grep -E '^\| `[A-Z0-9_]+` \| (EXPLICIT|INFERRED|CHOICE|SOFTWARE|BY_MAKER) \|' docs/model.md >"$tmp/doc-rules" || :
diff -u "$tmp/doc-rules" "$tmp/rules" || {
	echo "docs/model.md and fuzz/rules.def differ; put the + lines into the tables of rules" >&2
	exit 1
}

# what is asked through choose() stands in the table of choices, and nothing else does
grep -oh 'choose\(_once\)*(c, RULE_[A-Z0-9_]*' fuzz/model*.c | sed 's/.*RULE_//' | sort -u >"$tmp/choices"
sed -n '/^## Choices/,/^## Masks/s/^| `\([A-Z0-9_]*\)` |.*/\1/p' docs/model.md | sort >"$tmp/doc-choices"
test -s "$tmp/choices"
diff -u "$tmp/doc-choices" "$tmp/choices" || {
	echo "docs/model.md and the calls of choose() in fuzz/model*.c differ; mend the table of choices" >&2
	exit 1
}

# a row of masks.def as a row of the page
sed -n 's/^MASK(\([a-z0-9_]*\), *"\([^"]*\)", *"\([^"]*\)", *"\([^"]*\)", *"\([^"]*\)", "\([^"]*\)")$/| `\1` | \2 | \3 | \4 | \5 | \6 |/p' \
	fuzz/masks.def >"$tmp/masks"
test "$(grep -c . fuzz/masks.def)" = "$(grep -c . "$tmp/masks")" || {
	echo "fuzz/masks.def: a row that is not MASK(name, \"..\", \"..\", \"..\", \"..\", \"..\"); write it so" >&2
	exit 1
}
sed -n '/^## Masks/,/^## Not modelled/p' docs/model.md | grep '^| `[a-z0-9_]*` |' >"$tmp/doc-masks" || :
diff -u "$tmp/doc-masks" "$tmp/masks" || {
	echo "docs/model.md and fuzz/masks.def differ; put the + lines into the table of masks" >&2
	exit 1
}
