#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The commands around a run: a known difference beside the manual, a damaged finding among sound ones,
# the tables of rules and of what is reached, and options that mean nothing.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

# a known difference shows what the manual demands, in text and in JSON
$tw run -e ud2 >"$tmp/run" || fail "a known difference ends with status $?"
grep -q '^DIVERGE.*known: rf-not-set-by-faults$' "$tmp/run" || fail "no known difference: $(cat "$tmp/run")"
grep -q 'rflags: expected 0x10002 RF, observed 0x2' "$tmp/run" || fail "no first difference: $(cat "$tmp/run")"
grep -q '^    manual: SDM ' "$tmp/run" || fail "no section of the manual: $(cat "$tmp/run")"
$tw run --json -e ud2 >"$tmp/json"
grep -q '"known":\["rf-not-set-by-faults"\]' "$tmp/json" || fail "JSON names no known difference"
grep -q '"expected":\[{[^]]*"rflags":"0x10002"' "$tmp/json" || fail "JSON: expected is not the manual's trace"
grep -q '"observed":\[{[^]]*"rflags":"0x2"' "$tmp/json" || fail "JSON: observed is not what was seen"
grep -q '"first_difference":{"rule":"RF_FAULT"' "$tmp/json" || fail "JSON: no first difference"

# no time is no campaign
for t in 0 -1 x 1x; do
	status=0
	$tw fuzz --time "$t" --out "$tmp/none" >"$tmp/log" 2>&1 || status=$?
	[ "$status" -eq 2 ] && [ ! -e "$tmp/none" ] || fail "fuzz --time $t ends with status $status"
done

# what is named wrongly is wrong use, before anything is started or made
for words in 'run --engine nosuch -e ud2' 'run --link nosuch -e ud2' "fuzz --engine nosuch --out $tmp/none" 'bench --engine nosuch' \
	'run --engine qemu:bar=1 -e ud2' 'run --engine bochs:bar=1 -e ud2' "triage $tmp/none" \
	'diff --engines nosuch,qemu -e ud2' 'minimize --engine nosuch -e ud2' "replay --engine nosuch $tmp/none"; do
	status=0
	$tw $words >"$tmp/log" 2>&1 || status=$?
	[ "$status" -eq 2 ] && grep -Eq 'no [a-z]* `nosuch`|cannot read `bar=1`|no folder ' "$tmp/log" && [ ! -e "$tmp/none" ] ||
		fail "$words ends with status $status: $(cat "$tmp/log")"
done

# of three findings one is damaged: it is named, the others are listed
: >"$tmp/empty.known"
for e in ud2 int1 'wrmsr.nc'; do
	$tw asm -e "$e" -o "$tmp/input"
	TRAINWRECK_KNOWN=$tmp/empty.known $tw target --out "$tmp/out" "$tmp/input" >"$tmp/log" 2>&1 || :
done
[ "$(find "$tmp/out/findings" -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 3 ] || fail "not three findings"
status=0
$tw triage "$tmp/out" >"$tmp/log" || status=$?
[ "$status" -eq 0 ] && [ "$(wc -l <"$tmp/log")" -eq 3 ] || fail "triage, all known by now: status $status"
damaged=$(find "$tmp/out/findings" -mindepth 1 -maxdepth 1 -name 'INT1*')
echo '{' >"$damaged/observed.json"
status=0
$tw triage "$tmp/out" >"$tmp/log" 2>"$tmp/err" || status=$?
[ "$status" -eq 3 ] && [ "$(wc -l <"$tmp/log")" -eq 2 ] || fail "triage with a damaged one: status $status"
grep -qF "$damaged" "$tmp/err" || fail "triage does not name the damaged one: $(cat "$tmp/err")"
rm "$damaged/finding.json"
$tw triage "$tmp/out" >"$tmp/log" 2>"$tmp/err" && fail "triage does not miss finding.json"
grep -qF "$damaged" "$tmp/err" || fail "triage does not name the one without finding.json"

# the report names registers and the gate at the failing step
report=$(find "$tmp/out/findings" -name report.md -path '*RF_FAULT*')
grep -q '^## At the failing step' "$report" || fail "no machine state in the report"
grep -q 'RFLAGS 0x' "$report" || fail "no registers in the report"
grep -q 'gate 6 ' "$report" || fail "no gate in the report"

# tables
$tw list rules --json >"$tmp/rules"
grep '"rule":"RF_FAULT"' "$tmp/rules" | grep -q '"corpus":"[^"]*known/rf-not-set-by-faults' ||
	fail "list rules: RF_FAULT without its sequence"
grep '"rule":"RF_FAULT"' "$tmp/rules" | grep -q '"catalogue":"[^"]*D5' || fail "list rules: RF_FAULT without D5"
$tw list rules --masks >"$tmp/masks"
[ "$(grep -c ' mask ' "$tmp/masks")" -eq "$(grep -c '^MASK' fuzz/masks.def)" ] || fail "list rules --masks: masks"
grep -oh 'choose\(_once\)*(c, RULE_[A-Z0-9_]*' fuzz/model*.c | sed 's/.*RULE_//' | sort -u >"$tmp/asked"
sed -n 's/^\([A-Z0-9_]*\)  *choice .*/\1/p' "$tmp/masks" | sort | diff "$tmp/asked" - >"$tmp/differ" ||
	fail "list rules --masks does not have the choices that the model asks: $(cat "$tmp/differ")"
$tw cover -e 'int3; ret.iret' >"$tmp/cover"
grep -A 1 '^#BP' "$tmp/cover" >"$tmp/rows"
sed -n 1p "$tmp/rows" | grep -q '^#BP  *k  *1  *##  *\.\. ' && sed -n 2p "$tmp/rows" | grep -q '^  *2  *\.\.  *\.\. ' ||
	fail "cover: $(cat "$tmp/rows")"

# two engines beside the manual
$tw diff --engines qemu,qemu:cpu=EPYC -e 'int3; ret.iret' >"$tmp/diff" || fail "diff of the same: $(cat "$tmp/diff")"
grep -q '^   0  all ' "$tmp/diff" || fail "diff: no record that all agree on"
status=0
$tw diff --engines qemu,qemu:cpu=EPYC -e 'start ring=c; sysenter' >"$tmp/diff" || status=$?
[ "$status" -eq 1 ] && grep -q 'manual 2 #UD' "$tmp/diff" || fail "diff of two makers: status $status, $(cat "$tmp/diff")"
status=0
$tw diff --engines qemu -e ud2 >"$tmp/diff" 2>&1 || status=$?
[ "$status" -eq 2 ] || fail "diff with one engine ends with status $status"

# versions: a program that says it is another, for which alone the list has a lie
write_lie "$tmp/version.known"
sed -i 's/^versions: .*/versions: 98-/' "$tmp/version.known"
cat >"$tmp/later" <<END
#!/bin/sh
case "\$*" in
*-version*) echo 'QEMU emulator version 99.0' ;;
*) exec $QEMU "\$@" ;;
esac
END
chmod +x "$tmp/later"
$tw diff --qemu "$QEMU,$QEMU" -e 'gate.p 3 0; int3' >"$tmp/diff" || fail "diff of one version: $(cat "$tmp/diff")"
status=0
TRAINWRECK_KNOWN=$tmp/version.known $tw diff --qemu "$QEMU,$tmp/later" -e 'gate.p 3 0; int3' -e int3 >"$tmp/diff" || status=$?
[ "$status" -eq 1 ] && grep -q '^B: QEMU emulator version 99.0 .* 2 sequences, 0 skipped, 0 errors' "$tmp/diff" &&
	grep -q '^ *\. *1 *unknown *INT3' "$tmp/diff" || fail "diff of versions, status $status: $(cat "$tmp/diff")"

# figures whose table nobody can take are in their folder all the same, and what could not be written is said as it was
for what in '--only ovh.nop.k.ten' '--seq nop'; do
	for json in '' --json; do
		status=0
		# shellcheck disable=SC2086 # words
		$tw bench -q -n 4 --out "$tmp/bench" $json $what >/dev/full 2>"$tmp/err" || status=$?
		[ $status -eq 3 ] || fail "bench $json $what to a full disk: status $status"
		grep -q 'output cannot be written' "$tmp/err" || fail "bench $json $what to a full disk: $(cat "$tmp/err")"
		! grep -v 'written; \|No space left on device' "$tmp/err" || fail "bench $json $what: the disk was full, no more"
	done
done
$tw report --csv "$tmp/bench" >"$tmp/csv" || fail "the figures are not whole"
[ "$(find "$tmp/bench" -name '*.jsonl' | wc -l)" -eq 4 ] || fail "$(ls "$tmp/bench"), not four runs"
