#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A bundle of a known difference boots by its own script and shows the same difference.
# BUNDLES=all: every known difference of this emulator.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
command -v mcopy >/dev/null || skip "no mtools: apt install mtools"

known="rsp-noncanonical-is-gp no-alignment-check"
[ "${BUNDLES:-}" != all ] || known=$(sed -n 's/^id: //p' fuzz/known/qemu.known)

done=0
for id in $known; do
	seq=corpus/known/$id.seq
	engine=qemu
	$tw run --json "$seq" | grep -q "\"$id\"" || engine=qemu:cpu=EPYC
	$tw run --engine $engine --json "$seq" | grep -q "\"$id\"" || continue # not of this version
	$tw asm "$seq" -o "$tmp/in.bin"
	rm -rf "$tmp/found" "$tmp/out"
	$tw target --strict --engine $engine --out "$tmp/found" "$tmp/in.bin" >"$tmp/log" 2>&1 || :
	folder=$(find "$tmp/found/findings" -mindepth 1 -maxdepth 1 | head -n 1)
	[ -n "$folder" ] || fail "$id: no finding: $(cat "$tmp/log")"
	$tw bundle -o "$tmp/b.tar.gz" "$folder" >/dev/null
	mkdir "$tmp/out"
	tar -C "$tmp/out" -xzf "$tmp/b.tar.gz"
	status=0
	sh "$tmp"/out/*/run.sh >"$tmp/said" 2>&1 || status=$?
	[ $status -eq 1 ] || fail "$id: run.sh exits with $status: $(tail -c 600 "$tmp/said")"
	grep -qaF "$(basename "$folder")" "$tmp/said" || fail "$id: another difference: $(tail -c 900 "$tmp/said")"
	done=$((done + 1))
done
[ $done -gt 0 ] || fail "none of these shows on this emulator: $known"
note "$done bundles boot and show their difference"
