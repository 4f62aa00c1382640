#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# fuzz/catalogue.def: every id once; what a row names exists and is tested; docs/catalogue.md has the
# same rows, and behind them those of bench/catalogue.def (what these name, tests/test_bench_catalogue.c asks);
# sequences cite ids that there are; corpus/cve and its page agree. Rows with uses in small
# letters are reported as open, or as of the later feature that their words say they come with.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0
open=
later=

say() {
	echo "$1" >&2
	bad=1
}

# whether word $1 is a line of file $2
has() {
	grep -qxF -- "$1" "$tmp/$2"
}

# id|uses|rules|steps|benches|words
sed -n 's/^CAT(\([A-Z][0-9]*\), *"\([-TBFtbf]*\)", *"\([A-Z0-9_ ]*\)", "\([^"]*\)", "\([^"]*\)", "\([^"|]*\)")$/\1|\2|\3|\4|\5|\6/p' \
	fuzz/catalogue.def >"$tmp/rows"
test "$(grep -c . fuzz/catalogue.def)" = "$(grep -c . "$tmp/rows")" || {
	say "fuzz/catalogue.def: a row that is not CAT(ID, \"uses\", \"rules\", \"steps\", \"benches\", \"words\"); write it so:"
	sed 's/^CAT(\([A-Z0-9]*\),.*/\1/' fuzz/catalogue.def >"$tmp/all"
	cut -d '|' -f 1 "$tmp/rows" | grep -vxFf - "$tmp/all" >&2
}
for range in D:16 N:10 E:12 S:21 M:9 C:12; do
	seq -f "${range%:*}%g" "${range#*:}"
done >"$tmp/ids"
cut -d '|' -f 1 "$tmp/rows" | diff -u "$tmp/ids" - >&2 || say "fuzz/catalogue.def: each id once, in this order"

sed -n 's/^RULE(\([A-Z0-9_]*\),.*/\1/p' fuzz/rules.def >"$tmp/rules"
sed -n 's/^OP([^"]*"\([^"]*\)".*/\1/p' fuzz/ops.def >"$tmp/steps"
printf '%s\n' sti+ movss+ popss+ >>"$tmp/steps"
sed -n 's/^BENCH([0-9]*, *"\([^"]*\)".*/\1/p' bench/bench.def >"$tmp/benches"
cat tests/model_*.def | sed -n 's/^CASE(\([A-Z0-9_]*\),.*/\1/p' | sort -u >"$tmp/cases"

while IFS='|' read -r id uses rules steps benches words; do
	tested=
	for rule in $rules; do
		has "$rule" rules || say "$id: no rule $rule in fuzz/rules.def"
		! has "$rule" cases || tested=y
	done
	for step in $steps; do
		has "$step" steps || say "$id: no step $step in fuzz/ops.def"
	done
	for bench in $benches; do
		has "$bench" benches || say "$id: no path $bench in bench/bench.def"
	done
	case $uses in
	"") say "$id: says no use; T, B, F, or - with the reason in its words" ;;
	*-*) [ "$uses$rules$steps$benches" = - ] || say "$id: '-' stands alone, and such a row names nothing" ;;
	esac
	case $uses in *T*) [ "$tested" ] || say "$id: T needs a rule with a case in tests/model_*.def" ;; esac
	case $uses in *F*) [ "$steps" ] || say "$id: F needs a step" ;; esac
	case $uses in
	*B*)
		case $benches$words in
		*.*.* | *"with the latency catalogue"*) ;;
		*) say "$id: B needs a path, or words that say what brings it" ;;
		esac
		;;
	esac
	case $uses in
	*[tbf]*)
		case $words in
		*": comes with "*) later="$later $id:$uses" ;;
		*) open="$open $id:$uses" ;;
		esac
		;;
	esac
done <"$tmp/rows"
[ -z "$open" ] || echo "note: open:$open"
[ -z "$later" ] || echo "note: with later features:$later"

# the page has the same rows
sed 's/^\([^|]*\)|\([^|]*\)|\([^|]*\)|\([^|]*\)|\([^|]*\)|\(.*\)/| \1 | \2 | \6 | \3 | \4 | \5 |/; s/  */ /g' \
	"$tmp/rows" >"$tmp/table"
sed -n 's/^CATB(\(P[0-9]*\), \([a-z]*\), "\([^"|]*\)", "\([^"|]*\)")$/| \1 | \2 | \3 | \4 |/p' bench/catalogue.def >"$tmp/items"
n=$(grep -c . bench/catalogue.def)
[ "$n" = "$(grep -c . "$tmp/items")" ] ||
	say 'bench/catalogue.def: a row that is not CATB(ID, class, "words", "paths"); write it so'
seq -f 'P%g' "$n" >"$tmp/numbers"
sed 's/^| \(P[0-9]*\) |.*/\1/' "$tmp/items" | diff -u "$tmp/numbers" - >&2 || say "bench/catalogue.def: ids in order, none left out"
cat "$tmp/items" >>"$tmp/table"
grep -E '^\| [A-Z][0-9]+ \|' docs/catalogue.md >"$tmp/doc" || :
diff -u "$tmp/doc" "$tmp/table" >&2 || say "docs/catalogue.md differs from fuzz/catalogue.def and bench/catalogue.def; put the + lines into the page"

# sequences that cite the page cite what it has; ids of what is not built yet are with what needs it
for seq in $(find corpus -name '*.seq'); do
	sed -n '/^# *$/d; s/^# *//p' "$seq" | tr '\n' ' ' | grep -o 'docs/catalogue.md \([A-Z][0-9]*,* *\)*' |
		grep -o '\b[A-Z][0-9][0-9]*\b' >"$tmp/cites" || continue
	cat "$tmp/cites" >>"$tmp/cited"
	while read -r id; do
		has "$id" ids || grep -q '^# needs: \(fred\|uintr\)' "$seq" || say "$seq: docs/catalogue.md has no $id"
	done <"$tmp/cites"
done
for id in $(cut -d '|' -f 1,2 "$tmp/rows" | sed -n 's/|.*[TF].*//p'); do
	has "$id" cited || say "$id: no sequence in corpus cites it; write one, with docs/catalogue.md $id in its Source"
done

# a sequence of a published flaw is named after it, cites it, and stands in the page; and the other way round
for seq in corpus/cve/*.seq; do
	name=$(basename "$seq" .seq)
	cve=$(echo "$name" | sed -n 's/^cve-\([0-9]*-[0-9]*\)-[a-z].*/CVE-\1/p')
	[ "$cve" ] || say "$seq: the name is not cve-YEAR-NUMBER-words.seq"
	sed -n '/^# Source:/,$p' "$seq" | grep -q "^#.*$cve" || say "$seq: its '# Source:' does not name $cve"
	for cited in $(sed -n '/^# Source:/,$s/^# *//p' "$seq" | grep -o 'CVE-[0-9]*-[0-9]*'); do
		grep "^| $cited |" corpus/cve/README.md | grep -qF "\`$name\`" ||
			say "corpus/cve/README.md: no row of $cited for $name"
	done
done
for name in $(grep -o '\`cve-[a-z0-9-]*\`' corpus/cve/README.md | tr -d '\`'); do
	[ -e "corpus/cve/$name.seq" ] || say "corpus/cve/README.md: there is no $name.seq"
done
exit $bad
