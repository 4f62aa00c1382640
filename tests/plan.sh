#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The plans that are shipped are in the binding, and what is not in it is refused with its place and what to write:
# by the same code that reads the plan on the stick (tests/test_config.c).
set -eu
cd "$(dirname "$0")/.."
tw=build/trainwreck
[ -x $tw ] || {
	echo "build/trainwreck is missing: run make" >&2
	exit 1
}
command -v dtc >/dev/null || {
	echo "no dtc: apt install device-tree-compiler"
	exit 77
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

fail() {
	printf '%s\n' "$1" >&2
	exit 1
}

$tw plan efi/plan/*.dts >"$tmp/said" 2>&1 || fail "$(cat "$tmp/said")"
[ "$(grep -c ': good; ' "$tmp/said")" -eq "$(ls efi/plan/*.dts | wc -l)" ] || fail "$(cat "$tmp/said")"
dtc -q -I dts -O dtb -o "$tmp/cold.dtb" efi/plan/cold.dts
$tw plan "$tmp/cold.dtb" | grep -q 'measures cold\.\*, 1000 samples behind 16 runs' || fail "cold.dtb"

# a sed script over full.dts, and what is to be said of the result
refused() {
	sed "$1" efi/plan/full.dts >"$tmp/bad.dts"
	status=0
	$tw plan "$tmp/bad.dts" >"$tmp/said" 2>&1 || status=$?
	[ $status -eq 2 ] || fail "'$1': status $status"
	grep -q "bad.dts.*$2" "$tmp/said" || fail "'$1': $(cat "$tmp/said")"
}
refused 's/samples = .*/samples = <0>;/' "/bench: property 'samples' must be one cell from 1 to 4096"
refused 's/samples = .*/samples = <1 2>;/' "/bench: property 'samples' must be one cell"
refused 's/samples = .*/sample = <1>;/' "/bench: property 'sample' is not in the binding"
refused 's/mode = .*/mode = "fast";/' "/run: property 'mode' must be \"serve\", \"bench\" or \"test\""
refused 's/only = .*/only = "";/' "/bench: property 'only' must be one string"
refused 's/only = .*/only = "nothing*";/' "/bench: property 'only' names no path: nothing\*"
refused 's/only = .*/only = "idt.[bd]*";/' "/bench: property 'only' names no path: idt.\[bd\]\*"
refused 's/^	bench {/	benches {/' "/benches: no such node in the binding"
refused 's/trainwreck,plan/a,plan/' "property 'compatible' must be \"trainwreck,plan\""
refused 's/^	run {/	run /' "is no plan"
refused 's/^	title = .*/	title = "größe";/' "/: property 'title' must be one string of 1 to 60 characters, printable ASCII"
refused 's/^	bench {/	bench { samples = <1>;/' 'Duplicate property name.*docs/plan.md'
refused 's/^	bench {/	console { deep { }; };\n&/' '/console/deep: no such node in the binding'

# files that hold no plan: what is said, and that it says what to do
no_plan() {
	status=0
	$tw plan "$1" >"$tmp/said" 2>&1 || status=$?
	[ $status -eq 2 ] || fail "$1: status $status"
	grep -q "$2" "$tmp/said" || fail "$1: $(cat "$tmp/said")"
	[ "$(wc -l <"$tmp/said")" -eq 1 ] || fail "more than a line: $(cat "$tmp/said")"
}
: >"$tmp/empty.dts"
no_plan "$tmp/empty.dts" 'empty.dts is no plan: dtc says: .*: write it as docs/plan.md says'
no_plan "$tmp/none.dts" 'cannot read .*none.dts: No such file or directory: name a plan'
no_plan /dev/null 'is no file that can be read: name a plan'
no_plan "$tmp" 'is no file that can be read: name a plan'
{
	printf '/dts-v1/;\n/ { compatible = "trainwreck,plan"; title = "'
	head -c 65536 /dev/zero | tr '\0' x
	printf '"; };\n'
} >"$tmp/giant.dts"
no_plan "$tmp/giant.dts" 'longer than the 65536 bytes'
dtc -q -I dts -O dtb -o "$tmp/giant.dtb" "$tmp/giant.dts"
no_plan "$tmp/giant.dtb" 'longer than the 65536 bytes'
# much of a source is no more than words
{
	cat efi/plan/cold.dts
	printf '/* '
	head -c 65536 /dev/zero | tr '\0' x
	printf ' */\n'
} >"$tmp/words.dts"
$tw plan "$tmp/words.dts" | grep -q 'measures cold\.\*' || fail "a source with many words"
for n in 4 39 40 100 $(($(wc -c <"$tmp/cold.dtb") - 1)); do
	head -c "$n" "$tmp/cold.dtb" >"$tmp/cut.dtb"
	no_plan "$tmp/cut.dtb" 'cut.dtb: /: not a device tree (.*): compile the plan with dtc'
done
head -c 3 "$tmp/cold.dtb" >"$tmp/cut.dtb"
no_plan "$tmp/cut.dtb" 'cut.dtb is no plan: dtc says'
# no dtc is the surroundings' fault, not the plan's
mkdir "$tmp/bin"
status=0
PATH=$tmp/bin $tw plan efi/plan/full.dts >"$tmp/said" 2>&1 || status=$?
[ $status -eq 3 ] && grep -q 'install device-tree-compiler' "$tmp/said" || fail "no dtc: status $status: $(cat "$tmp/said")"

# the host goes by it, too
sed 's/^	run {/	run /' efi/plan/full.dts >"$tmp/bad.dts"
! $tw bench --plan "$tmp/bad.dts" >"$tmp/said" 2>&1 || fail "bench --plan takes a plan that is none"
grep -q 'is no plan' "$tmp/said" || fail "$(cat "$tmp/said")"

# what would be ignored, or cut, is refused before anything is read or started
wrong() {
	want=$1
	shift
	status=0
	$tw bench "$@" >"$tmp/said" 2>&1 || status=$?
	[ $status -eq 2 ] || fail "bench $*: status $status"
	grep -q -e "$want" "$tmp/said" || fail "bench $*: $(cat "$tmp/said")"
}
wrong 'leave --tables out' --from "$tmp/none.tw" --tables fred
wrong 'leave --tables out' --from "$tmp/none.tw" --tables idt
wrong 'leave --only out' --from "$tmp/none.tw" --only 'idt.*'
wrong 'leave --engine out' --from "$tmp/none.tw" --engine bochs
wrong 'leave --plan out' --from "$tmp/none.tw" --plan efi/plan/quick.dts
wrong 'leave -n out' --from "$tmp/none.tw" -n 4
wrong 'leave --seq out' --from "$tmp/none.tw" --seq nop
wrong '63 characters at most, these are 64' --only "$(printf %063d 0)*"
wrong 'no path is called 0' --only "$(printf %062d 0)*"
refused "s/only = .*/only = \"$(printf %063d 0)*\";/" "must be one string of 1 to 63 characters"
