#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What `make install` leaves works where it is moved to, far from the source tree and from its PREFIX.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc
make install DESTDIR="$tmp/root" PREFIX=/opt/trainwreck >"$tmp/log" 2>&1 || fail "make install: $(tail -n 5 "$tmp/log")"
mv "$tmp/root/opt/trainwreck" "$tmp/elsewhere"
tw=$tmp/elsewhere/bin/trainwreck
cd "$tmp"
"$tw" run -e ud2 >"$tmp/run" || fail "run ends with status $?: $(cat "$tmp/run")"
grep -q 'known: rf-not-set-by-faults' "$tmp/run" || fail "the known differences are not found"
"$tw" list rules --json | grep '"rule":"RF_FAULT"' | grep -q known/rf-not-set-by-faults || fail "the corpus is not found"
command -v afl-fuzz >/dev/null || skip "no afl-fuzz: apt install afl++"
status=0
AFL_NO_UI=1 "$tw" -q fuzz --time 5 --out "$tmp/out" >"$tmp/log" 2>&1 || status=$?
[ "$status" -le 1 ] || fail "fuzz ends with status $status: $(tail -n 5 "$tmp/log")"
grep -rqF "$tmp/elsewhere/lib/trainwreck/trainwreck-mutator.so" "$tmp/out" || fail "afl-fuzz runs without the mutator"
