#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A bundle of a known difference boots by its own script and shows the same difference; one after which the
# machine is gone says that. BUNDLES=all: every known difference of this emulator (half an hour: make bundles).
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
command -v mcopy >/dev/null || skip "no mtools: apt install mtools"

known="rsp-noncanonical-is-gp data-breakpoint-on-frame-kills"
[ "${BUNDLES:-}" != all ] || known=$(sed -n 's/^id: //p' fuzz/known/qemu.known)

# which of them this version shows, and on which CPU model
for engine in qemu qemu:cpu=EPYC; do
	# shellcheck disable=SC2046 # a list of files
	$tw run -q --engine $engine --json $(sed -n 's/^corpus: //p' fuzz/known/qemu.known | sort -u) >"$tmp/$engine"
done

# $1 id, $2 its sequence, $3 engine: whether it is shown, the same in the bundle as here
shows() {
	$tw asm "$2" -o "$tmp/in.bin"
	rm -rf "$tmp/found" "$tmp/out"
	$tw target --strict --engine "$3" --out "$tmp/found" "$tmp/in.bin" >"$tmp/log" 2>&1 || :
	folder=$(find "$tmp/found/findings" -mindepth 1 -maxdepth 1 -name '[A-Za-z]*' | head -n 1)
	[ -n "$folder" ] || { why="no finding: $(cat "$tmp/log")" && return 1; }
	$tw bundle -o "$tmp/b.tar.gz" "$folder" >/dev/null
	mkdir "$tmp/out"
	tar -C "$tmp/out" -xzf "$tmp/b.tar.gz"
	status=0
	sh "$tmp"/out/*/run.sh >"$tmp/said" 2>&1 || status=$?
	[ $status -eq 1 ] || { why="run.sh exits with $status: $(tail -c 600 "$tmp/said")" && return 1; }
	grep -qaF "$(basename "$folder")" "$tmp/said" || { why="another difference: $(tail -c 900 "$tmp/said")" && return 1; }
}

done=0 bad=0
for id in $known; do
	seq=$(awk -v id="$id" '/^id: / { on = $2 == id } on && /^corpus: / { print $2 }' fuzz/known/qemu.known)
	engine=
	for e in qemu:cpu=EPYC qemu; do
		! grep -F "\"$seq\"" "$tmp/$e" | grep -qF "\"$id\"" || engine=$e
	done
	[ -n "$engine" ] || continue # not of this version
	if shows "$id" "$seq" $engine; then
		done=$((done + 1))
		[ "${BUNDLES:-}" != all ] || echo "$id: $(basename "$folder")"
	else
		printf '%s: %s\n' "$id" "$why"
		bad=$((bad + 1))
	fi
done
[ $bad -eq 0 ] || fail "$bad of $((done + bad)) bundles do not show what they are about"
[ $done -gt 0 ] || fail "none of these shows on this emulator: $known"
note "$done bundles boot and show their difference"
