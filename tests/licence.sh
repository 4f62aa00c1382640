#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every source says its licence in its head, the text in LICENSES is that of LICENSE, and `reuse lint`,
# where it is installed, finds every file covered.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# in two parts, or reuse takes this file's own use of it for a licence
tag="SPDX-License""-Identifier:"
cmp LICENSE LICENSES/BSD-2-Clause.txt
git rev-parse --git-dir >/dev/null 2>&1 || {
	echo "not a git tree: which files belong to it cannot be asked"
	exit 77
}
git ls-files '*.c' '*.h' '*.asm' '*.inc' '*.sh' '*.dts' '*.S' Makefile host/deps tests/run tests/demo tests/mutate .ci/run |
	while read -r f; do
		[ ! -e "$f" ] || head -n 3 "$f" | grep -q "$tag BSD-2-Clause" || echo "$f"
	done >"$tmp/missing"
! [ -s "$tmp/missing" ] || {
	echo "no '$tag BSD-2-Clause' in the first lines of:" >&2
	cat "$tmp/missing" >&2
	exit 1
}
command -v reuse >/dev/null || {
	echo "note: no reuse: .reuse/dep5 is not checked; apt install reuse"
	exit 0
}
log=$(reuse lint 2>&1) || {
	echo "$log" >&2
	echo "give a new kind of file a line in .reuse/dep5" >&2
	exit 1
}
