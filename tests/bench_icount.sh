#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Ground truth for the time stamps: under QEMU's -icount the TSC advances by 2^shift an instruction, so
# every sample of a row must be exactly the row's instruction count, as the assembler counted it. Both
# vendors' paths, so that each row which an emulator can run is run.
#
# QEMU's own bookkeeping is off in two places. A fault raised inside a helper gives the faulting
# instruction back (one less), and INTO does not give back the rest of its block (two more): those rows
# are named here, and must be exactly that. Rows whose window waits, or repeats one instruction, cannot be
# counted; they are named in tests/bench.inc.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
. tests/bench.inc
shift=6

for cpu in "" cpu=EPYC,; do
	build/trainwreck bench -q --engine "qemu:${cpu}icount=$shift" -n 16 --json >"$tmp/lines"
	figures "$tmp/lines" >"$tmp/figures"
	if grep -q '"verdict":"ERROR"' "$tmp/lines"; then
		fail "ERROR under qemu:$cpu, see $(sed -n 's/.*"id":"\([^"]*\)".*"verdict":"ERROR".*/\1/p' "$tmp/lines")"
	fi
	awk -v tick=$((1 << shift)) -v uncounted="$uncounted" '
	function quirk(id) {
		sub(/\.enter$/, "", id)
		if (id ~ /^idt\.(de|br|mf|ac|df)\./ || id ~ /^idt\.db\..\.code-bp$/ || id ~ /^idt\.np\..\.mov-es$/ ||
		    id ~ /^idt\.ss\..\.(mov-ss|noncanon)$/ || id ~ /^idt\.gp\..\.(noncanon|in|mov-es|iret-nt)$/ ||
		    id ~ /^cold\.pf\./ || id ~ /^idt\.pf\./ && id !~ /\.(smep|[a-z]*-fetch)$/ || id ~ /^nest\.(pf\..\.in-int2|int2\..\.in-pf)$/)
			return -1
		return id ~ /^idt\.into\./ ? 2 : id ~ /^nest\.pf\..\.in-gp$/ ? -2 : 0
	}
	$2 != "OK" { print $1 ": " $2; bad = 1; next }
	$1 !~ /\.(enter|exit)$/ { rows++ }
	$3 != 0 { print $1 ": " $3 " samples discarded"; bad = 1 }
	$4 != $6 || $5 != $6 { print $1 ": samples from " $4 " to " $6 " ticks, must all be the same"; bad = 1 }
	$7 == "null" {
		if ($1 !~ uncounted) {
			print $1 ": no count of instructions"; bad = 1
		}
		next
	}
	{ want = $7 * tick }
	# the way back holds no event
	{ off = $1 ~ /\.exit$/ ? 0 : quirk($1) }
	$4 != want + off * tick {
		print $1 ": " $4 / tick " instructions, must be " $7 + off ", the assembler counted " $7; bad = 1
	}
	END {
		if (rows < 400) { print "only " rows " rows are OK: see `trainwreck bench`"; bad = 1 }
		print rows " rows, " NR " figures"
		exit bad
	}' "$tmp/figures" >"$tmp/said" || fail "under qemu:${cpu}icount=$shift: $(cat "$tmp/said")"
	minimal "$tmp/figures" $((1 << shift))
	# AMD's LFENCE waits where CPUID says so, and of this one it does not
	waits=true
	[ -z "$cpu" ] || waits=null
	head -n 1 "$tmp/lines" | grep -q "\"lfence_waits\":$waits," || fail "qemu:$cpu: whether LFENCE waits is not $waits"
	note "qemu:${cpu}icount=$shift: $(cat "$tmp/said")"
done
