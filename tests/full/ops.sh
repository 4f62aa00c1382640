#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every step, with every item of its list, under every prefix, from every context, and what follows it:
# the engine does what the model says, or what is known.
set -eu
cd "$(dirname "$0")/../.."
. tests/e2e.inc

items() {
	sed -n "s/^ITEM($1, *[0-9]*, *\"\([^\"]*\)\".*/\1/p" fuzz/lists.def
}

# the arguments to try for an argument kind, a line each
arguments() {
	case $1 in
	NONE) echo ;;
	VECTOR) printf '0\n2\n3\n8\n13\n14\n0x80\n0xff\n' ;;
	GATE) printf '3 1\n6 2\n13 3\n0x80 7\n' ;;
	DEFECT)
		echo
		for pair in rip:RIP cs:CS fl:FLAGS rsp:RSP ss:CS; do
			items "${pair#*:}" | sed "s/^/${pair%:*}=/"
		done
		;;
	*) items "$1" ;;
	esac
}

# A step is tried in a handler, too, and twice: what it leaves behind shows in the next one. What may
# kill the CPU is in a file of its own, and so is every prefix.
mkdir "$tmp/seq"
sed -n 's/^OP(0x.., *[A-Z0-9]*, *"\([^"]*\)", *[KUC]*, *\([A-Z0-9]*\),.*/\1 \2/p' fuzz/ops.def >"$tmp/ops"
[ -s "$tmp/ops" ] || fail "no steps found in fuzz/ops.def"
while read -r op kind; do
	arguments "$kind" >"$tmp/arguments"
	i=0
	while read -r arg; do
		i=$((i + 1))
		for ring in k u c; do
			for prefix in '' sti+ movss+ sti+movss+ movss+sti+ popss+; do
				[ "$prefix" != popss+ ] || [ $ring = c ] || continue
				name=$op-$i-$ring-$(echo "$prefix" | tr -d +)
				echo "start ring=$ring
$prefix$op $arg
$prefix$op $arg
ret.iret
go.$ring
int3
$prefix$op $arg
ud2" >"$tmp/seq/$name.seq"
			done
		done
	done <"$tmp/arguments"
done <"$tmp/ops"
# go.k exists in ring 0 only, where a handler is left by it
n=$(find "$tmp/seq" -name '*.seq' | wc -l)

for engine in qemu qemu:cpu=EPYC; do
	$tw run -q --json --engine "$engine" "$tmp/seq" >"$tmp/lines" || status=$?
	grep -E '"verdict": *"(ERROR|CRASH|HANG|DIVERGE)"' "$tmp/lines" | grep -v '"known": *\["' |
		sed 's/.*"seq"/"seq"/; s/"engine".*//' | cut -c -400 >"$tmp/bad" || :
	if [ -s "$tmp/bad" ] || [ "${status:-0}" -ne 0 ]; then
		head -n 10 "$tmp/bad"
		fail "$engine: exit status ${status:-0}, $(wc -l <"$tmp/bad") of $n sequences are wrong"
	fi
	[ "$(wc -l <"$tmp/lines")" -eq "$n" ] || fail "$engine: $(wc -l <"$tmp/lines") results for $n sequences"
	note "$engine: $n sequences, $(grep -c '"verdict": *"PASS"' "$tmp/lines") pass, the others are known"
done
