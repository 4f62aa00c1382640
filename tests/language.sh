#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# docs/language.md lists exactly the ops and list items that there are, and each op has its seed.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

sed -n 's/^OP(\(0x..\), [^"]*"\([^"]*\)".*"\([^"]*\)")$/\1 \2 \3/p' fuzz/ops.def >"$tmp/ops"
sed -n 's/^| \(0x..\) | `\([^`]*\)` | [^|]* | [^|]* | \(.*\) |$/\1 \2 \3/p' docs/language.md >"$tmp/doc-ops"
diff -u "$tmp/ops" "$tmp/doc-ops" || {
	echo "docs/language.md and fuzz/ops.def differ; mend the table of steps" >&2
	exit 1
}

sed -n 's/^ITEM([A-Z0-9]*, *\([0-9]*\), *"\([^"]*\)", *"\([^"]*\)")$/\1 \2 \3/p' fuzz/lists.def >"$tmp/items"
sed -n 's/^| \([0-9]*\) | `\([^`]*\)` | \(.*\) |$/\1 \2 \3/p' docs/language.md >"$tmp/doc-items"
diff -u "$tmp/items" "$tmp/doc-items" || {
	echo "docs/language.md and fuzz/lists.def differ; mend the tables of lists" >&2
	exit 1
}

# what the program prints is what the document says
{
	sed -n 's/^| \(0x..\) | `\([^`]*\)` | \([^|]*\) | \([^|]*\) | \(.*\) |$/\1 \2 \3 \4 \5/p' docs/language.md
	awk -F ' [|] ' '/^[*][*]/ { list = $0; gsub("[*]|:.*", "", list) }
		/^[|] [0-9]+ [|] `/ { gsub("`", "", $2); sub(" [|]$", "", $3); print list, $2, $3 }' docs/language.md
} | tr -s ' ' >"$tmp/told"
{
	build/trainwreck list ops
	build/trainwreck list args | grep -v '^VECTOR\|^GATE\|^DEFECT'
} | tr -s ' ' >"$tmp/printed"
diff -u "$tmp/told" "$tmp/printed" || {
	echo "docs/language.md and what trainwreck list ops and list args print differ" >&2
	exit 1
}

test -s "$tmp/ops" && test -s "$tmp/items"
while read -r _ op _; do
	seed=corpus/$(echo "$op" | tr . -).seq
	grep -qE "(^|\+)$op( |\$)" "$seed" || {
		echo "$seed: missing, or without the step $op; write it" >&2
		exit 1
	}
done <"$tmp/ops"
for seed in $(find corpus -name '*.seq'); do
	head -1 "$seed" | grep -q '^# ' && grep -q '^# Source: ' "$seed" || {
		echo "$seed: must open with its claim and a '# Source:' line" >&2
		exit 1
	}
done
# four ways through the choices, two traces
[ "$(build/trainwreck model -e 'bp.rw ss; movss+rep.stos 3' | grep -c ', choices ')" -eq 2 ] || {
	echo "model shows a trace more than once: build/trainwreck model -e 'bp.rw ss; movss+rep.stos 3'" >&2
	exit 1
}
