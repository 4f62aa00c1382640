#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Two hosts, a campaign on each, and AFL++'s own synchronisation between them: the commands are those of
# docs/campaigns.md. The hosts are network namespaces with a link between; over it go the queues, from an rsync daemon
# on each. Each must take entries of the other, and the main one must go on after it was ended. All of it lives
# in namespaces of its own, processes too, so that nothing can be left when it ends.
set -eu
cd "$(dirname "$0")/../.."
TAKEN_SECONDS=${TAKEN_SECONDS:-240}
PORT=8730

if [ -z "${HOSTS_INSIDE:-}" ]; then
	skip() {
		echo "$1"
		exit 77
	}
	for tool in afl-fuzz rsync ip unshare; do
		command -v $tool >/dev/null || skip "no $tool: apt install afl++ rsync iproute2 util-linux"
	done
	# root has all that it takes; anybody else is root within a namespace of users, where the system allows it
	set -- --net --mount --ipc --pid --fork --kill-child --mount-proc
	[ "$(id -u)" -eq 0 ] || set -- --user --map-root-user "$@"
	why=$(unshare "$@" sh -c 'mount -t tmpfs tmpfs /run && ip netns add a && ip link add x type veth peer name y' 2>&1) ||
		skip "no network namespaces with a link between: $why"
	exec env HOSTS_INSIDE=1 unshare "$@" "$0"
fi
. tests/e2e.inc
mount -t tmpfs tmpfs /run
started=''
end() {
	for p in $started; do
		kill "$p" 2>/dev/null || :
	done
	wait
	# what a copy had begun may still be writing
	rm -rf "$tmp" 2>/dev/null || { sleep 1 && rm -rf "$tmp"; }
}
trap end EXIT

# the commands of the page for one host: $1 a or b, $2 how it begins
documented() {
	sed -n "s/^    $1\\$ \\($2 .*\\)/\\1/p" docs/campaigns.md
}
for host in a b; do
	for what in "trainwreck fuzz" while; do
		[ "$(documented $host "$what" | wc -l)" -eq 1 ] || fail "docs/campaigns.md has no command, or several: $host, $what"
	done
done

ip netns add a
ip netns add b
ip link add va netns a type veth peer name vb netns b
ip -n a addr add 10.99.0.1/24 dev va
ip -n b addr add 10.99.0.2/24 dev vb
ip -n a link set va up
ip -n b link set vb up

# $1 host, $2 address: it offers its own DIR/afl
serve() {
	mkdir -p "$tmp/$1/DIR/afl"
	printf 'use chroot = no\nuid = 0\ngid = 0\n[afl]\npath = %s\nread only = yes\n' "$tmp/$1/DIR/afl" >"$tmp/$1/rsyncd.conf"
	ip netns exec "$1" rsync --daemon --no-detach --address "$2" --port $PORT --config "$tmp/$1/rsyncd.conf" &
	started="$started $!"
}
serve a 10.99.0.1
serve b 10.99.0.2

# $1 host, $2 address of the other: its command of the page, run all the time but more often than there
copy() {
	command=$(documented "$1" while | sed "s,sleep 60,sleep 2,; s,[ab]:DIR/afl/,rsync://$2:$PORT/afl/,")
	case $command in
	"while sleep 2; do rsync "*"rsync://$2:$PORT/afl/ DIR/afl/; done") ;;
	*) fail "this is no command to copy a queue with: $command" ;;
	esac
	(cd "$tmp/$1" && exec ip netns exec "$1" sh -c "$command") >"$tmp/$1/copy.log" 2>&1 &
	started="$started $!"
}

# $1 host: its command of the page, with seeds and time of this test; sets $pid
export AFL_IMPORT_FIRST=1 AFL_SYNC_TIME=1
root=$PWD
fuzz() {
	command=$(documented "$1" "trainwreck fuzz" | sed "s,^trainwreck fuzz ,exec '$root/$tw' fuzz --plain --time 3600 --seeds '$tmp/seeds-$1' ,")
	(cd "$tmp/$1" && exec ip netns exec "$1" sh -c "$command") >"$tmp/$1/fuzz.log" 2>&1 &
	pid=$!
	started="$started $!"
}

# the entries of $1's queue, those alone that came from $2 if it is given
entries() {
	find "$tmp/$1/DIR/afl/$1/queue" -maxdepth 1 -name "id:*${2:+sync:$2,*}" 2>/dev/null | wc -l
}

# wait until the command $1... says so, and no campaign has ended
wait_until() {
	for _ in $(seq "$TAKEN_SECONDS"); do
		! "$@" || return 0
		for p in $a $b; do
			alive "$p" || fail "a campaign ended: $(tail -n 5 "$tmp"/?/fuzz.log)"
		done
		sleep 1
	done
	return 1
}
has_entries() {
	[ "$(entries "$@")" -gt 0 ]
}
copied_main() {
	[ -e "$tmp/b/DIR/afl/a/queue" ] && [ -n "$(ls "$tmp/b/DIR/afl/a/queue")" ]
}

# a begins with little and b with much, or what b has a would have found by itself until it looks; b takes what a has
# made of its own
mkdir "$tmp/seeds-a" "$tmp/seeds-b"
cp corpus/ret-iret.seq corpus/int3.seq "$tmp/seeds-a"
cp corpus/*.seq "$tmp/seeds-b"
rm "$tmp/seeds-b/ret-iret.seq" "$tmp/seeds-b/int3.seq"
a='' b=''
fuzz a
a=$pid
wait_until has_entries a || fail "a has no queue: $(tail -n 5 "$tmp/a/fuzz.log")"
copy a 10.99.0.2
copy b 10.99.0.1
wait_until copied_main || fail "a's queue does not come to b: $(cat "$tmp/b/copy.log")"
t0=$(now_ms)
fuzz b
b=$pid
wait_until has_entries b a ||
	fail "the queues do not meet: b took nothing from a in $TAKEN_SECONDS s; it has $(ls "$tmp/b/DIR/afl" "$tmp/b/DIR/afl/a")"
note "b has entries from a $((($(now_ms) - t0) / 1000)) s after it was started: $(entries b a) of $(entries b)"
copied_secondary() {
	[ -e "$tmp/a/DIR/afl/b/queue" ] && [ -n "$(ls "$tmp/a/DIR/afl/b/queue")" ]
}
wait_until copied_secondary || fail "the queues do not meet: b's does not come to a: $(cat "$tmp/a/copy.log")"

# a main one that runs may look after minutes only: what it does with one entry comes first. Ended and started again it
# looks at once, and goes on with what it had
stop() {
	status=0
	kill -INT "$1"
	wait "$1" || status=$?
	[ $status -le 1 ] || fail "a campaign ends with $status: $(tail -n 5 "$tmp"/?/fuzz.log)"
}
execs() {
	sed -n 's/.*"execs": *\([0-9]*\).*/\1/p' "$tmp/a/DIR/stats/a.json"
}
stop "$a"
kept=$(entries a) before=$(execs)
t0=$(now_ms)
fuzz a
a=$pid
goes_on() {
	[ "$(execs)" -gt "$before" ]
}
wait_until goes_on || fail "a does not go on: $(tail -n 5 "$tmp/a/fuzz.log")"
[ "$(entries a)" -ge "$kept" ] || fail "a had $kept entries and has $(entries a): it did not go on"
wait_until has_entries a b ||
	fail "the queues do not meet: a took nothing from b in $TAKEN_SECONDS s; it has $(ls "$tmp/a/DIR/afl" "$tmp/a/DIR/afl/b")"
note "a has entries from b $((($(now_ms) - t0) / 1000)) s after it was started again: $(entries a b) of $(entries a), $kept from before"
$tw status "$tmp/a/DIR" "$tmp/b/DIR"
stop "$b"
stop "$a"
