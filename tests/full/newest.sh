#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# AFL++'s tools on `trainwreck target`, in the newest Debian there is, with its QEMU and its AFL++: a root of its own in
# build/newest, made with mmdebstrap; SUITE= names another. What this system has compiled runs there. Wants root.
set -eu
cd "$(dirname "$0")/../.."
SUITE=${SUITE:-sid}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
root=${ROOT:-$PWD/build/newest}
skip() {
	echo "skipped: $1"
	exit 77
}
[ "$(id -u)" -eq 0 ] || skip "only root can make a root: sudo make newest"
command -v mmdebstrap >/dev/null || skip "no mmdebstrap: apt install mmdebstrap"

if [ ! -x "$root/usr/bin/afl-fuzz" ]; then
	rm -rf --one-file-system "$root"
	# a mirror that is a copy of some day may be out of date by its own word
	mmdebstrap --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
		--include=afl++,qemu-system-x86,qemu-utils,ovmf,mtools,procps,gnuplot-nox,libjansson4,libfdt1,bsdutils \
		"$SUITE" "$root" "$MIRROR"
fi
end() {
	for m in proc dev; do
		! mountpoint -q "$root/$m" || umount -l "$root/$m"
	done
}
trap end EXIT
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mountpoint -q "$root/dev" || { mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"; }
rm -rf "$root/trainwreck"
mkdir "$root/trainwreck"
tar -c --exclude=build/newest --exclude=build/bochs --exclude=build/mutants --exclude=.git . | tar -x -C "$root/trainwreck"
# AFL++'s tools, for long enough that afl-plot has something to draw; two fuzzers; killed and gone on
chroot "$root" sh -c 'qemu-system-x86_64 --version | head -n 1; dpkg-query -W afl++; cd /trainwreck || exit
	for t in e2e_afl e2e_jobs e2e_kills; do
		echo "$t:"
		LATE_SECONDS=150 tests/$t.sh || { echo "$t.sh ends with status $?"; exit 1; }
	done'
