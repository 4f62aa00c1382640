#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Nothing that a run does reaches another one: a sample of `make random`.
set -eu
cd "$(dirname "$0")/.."
. tests/e2e.inc

build/tests/random -n 150 qemu >"$tmp/said" || fail "$(tail -n 40 "$tmp/said")"
note "$(cat "$tmp/said")"
