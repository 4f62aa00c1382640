#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# `trainwreck minimize`: each known difference, buried in steps that do not matter, comes out of it still
# showing its own id, four in five at least with at most 6 steps; and a finding gets the shorter reproducer.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

mkdir -p "$tmp/corpus/known"
for f in corpus/known/*.seq; do
	$tw asm "$f" -o "$tmp/bytes"
	{
		grep '^# needs:' "$f" || :
		$tw disasm "$tmp/bytes" | awk '!begun && !/^start/ { begun = 1; print "nop\nnop\nnop" } { print }'
		printf 'nop\nud2\nret.iret\nint3\nnop\n'
	} >"$tmp/corpus/known/$(basename "$f")"
done

# $1 engine, $2 output: an object a line
minimize() {
	status=0
	$tw minimize --json --engine "$1" "$tmp/corpus/known" >"$2" || status=$?
	[ "$status" -eq 0 ] || fail "minimize on $1 ends with status $status: $(tail -n 3 "$2")"
}
minimize qemu "$tmp/intel"
minimize qemu:cpu=EPYC "$tmp/amd"

total=0 longest=0 long=
for f in corpus/known/*.seq; do
	id=$(awk -v c="$f" '/^id: / { id = $2 } $1 == "corpus:" && $2 == c { print id; exit }' fuzz/known/qemu.known)
	# of another engine: tests/known_doc.sh sees to it that some file names each
	[ -n "$id" ] || continue
	steps=$(cat "$tmp/intel" "$tmp/amd" | grep -F "\"keeps\":\"$id\"" | grep -F "/$(basename "$f")\"" |
		sed -n 's/.*"steps":\([0-9]*\).*/\1/p' | sort -n | tail -n 1)
	if [ -z "$steps" ]; then
		# not in this engine's versions: then the sequence itself does not show it either
		! $tw run --json "$f" | grep -qF "\"$id\"" || fail "$id is seen in $f, and minimize loses it"
		continue
	fi
	total=$((total + 1))
	[ "$steps" -le "$longest" ] || longest=$steps
	[ "$steps" -le 6 ] || long="$long $id ($steps)"
done
[ -z "$long" ] || fail "more than 6 steps left:$long"
# and `run`, which knows nothing of what was tried before, sees the same in what is left
for engine in qemu qemu:cpu=EPYC; do
	out=$tmp/intel
	[ $engine = qemu ] || out=$tmp/amd
	rm -rf "$tmp/left"
	mkdir "$tmp/left"
	sed -n 's/.*"keeps":"\([^"]*\)".*"seq":"\([^"]*\)".*/\1 \2/p' "$out" | sort -u | awk -v dir="$tmp/left" '{
		file = dir "/" $1 "." ++n ".seq"
		sub(/^[^ ]* /, "")
		gsub(/\\n/, "\n")
		printf "%s", $0 >file
		close(file)
	}'
	$tw run -q --json --engine $engine "$tmp/left" >"$tmp/run" || :
	lost=$(sed -n 's/.*"name":"[^"]*\/\([^"\/]*\)\.[0-9]*\.seq".*"known":\[\([^]]*\)\].*/\1 \2/p' "$tmp/run" |
		awk '{ id = $1; if (!index($0, "\"" id "\"")) print id }')
	[ -z "$lost" ] || fail "on $engine run does not see what minimize kept: $lost"
	[ "$(grep -c . "$tmp/run")" -eq "$(ls "$tmp/left" | wc -l)" ] || fail "not all of what is left was run on $engine"
done
note "$total known differences of this engine, none longer than $longest steps"
[ "$total" -ge 20 ] || fail "only $total known differences were seen"

: >"$tmp/empty.known"
export TRAINWRECK_KNOWN=$tmp/empty.known
$tw asm -e 'nop; int3; nop; ret.iret; nop; int1; nop; int1' -o "$tmp/input"
$tw target --out "$tmp/out" "$tmp/input" >"$tmp/log" 2>&1 || :
folder=$(find "$tmp/out/findings" -mindepth 1 -maxdepth 1 -type d | head -n 1)
[ -n "$folder" ] || fail "no finding to minimize: $(tail -n 3 "$tmp/log")"
status=0
$tw minimize "$folder" >"$tmp/log" || status=$?
[ "$status" -eq 1 ] || fail "an unknown finding ends with status $status: $(cat "$tmp/log")"
grep -q 'which keep' "$tmp/log" || fail "no result: $(cat "$tmp/log")"
status=0
$tw minimize -e 'int3; ret.iret' >"$tmp/log" || status=$?
[ "$status" -eq 0 ] && grep -q 'nothing to minimize' "$tmp/log" || fail "int3 is minimized: $(cat "$tmp/log")"
