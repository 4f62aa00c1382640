#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The runs under results/ as pages, as a table for mail and as CSV. No page fetches anything from elsewhere; where there is a
# Chromium, it opens them and complains of nothing. SHOTS=DIR: what it saw, as PNG files, light and dark, wide and narrow.
set -eu
cd "$(dirname "$0")/.."
tw=build/trainwreck
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

fail() {
	printf '%s\n' "$1" >&2
	exit 1
}
[ -x $tw ] || fail "build/trainwreck is missing: run make"

# --- for mail, and for programs --------------------------------------------------------------------
$tw report --text results >"$tmp/text" || fail "report --text: status $?"
[ "$(awk 'length > 78' "$tmp/text" | wc -l)" -eq 0 ] || fail "longer than 78 columns: $(awk 'length > 78' "$tmp/text" | head -n 3)"
grep -q 'emulated: these figures describe the emulator' "$tmp/text" || fail "the text does not say that they are emulated"
for run in results/*/*.jsonl; do
	$tw report --text "$run" >"$tmp/one" || fail "report --text $run: status $?"
	[ "$(awk 'length > 78' "$tmp/one" | wc -l)" -eq 0 ] || fail "$run: longer than 78 columns"
done
$tw report --csv results >"$tmp/csv" || fail "report --csv: status $?"
rows=$(cat results/*/*.jsonl | grep -c '"schema":"trainwreck.bench.2"')
[ "$(wc -l <"$tmp/csv")" -eq $((rows + 1)) ] || fail "$(wc -l <"$tmp/csv") lines of CSV, not $((rows + 1))"

# one form at a time: none is passed over
for forms in '--text --csv' '--csv --text' '--text --out none' ''; do
	status=0
	# shellcheck disable=SC2086 # words
	$tw report $forms results >"$tmp/out" 2>"$tmp/said" || status=$?
	[ $status -eq 2 ] && grep -q '^usage: ' "$tmp/said" && [ ! -s "$tmp/out" ] || fail "report $forms: status $status, $(cat "$tmp/said")"
done

# --- a damaged file: said with its line, left out, the others are there ------------------------------
first=$(ls results/*/*.jsonl | head -n 1)
mkdir "$tmp/set"
cp "$first" "$tmp/set/2.jsonl"
head -c $(($(wc -c <"$first") - 700)) "$first" >"$tmp/set/1.jsonl"
sed '3s/"n":\([0-9]*\)/"n":1\1/' "$first" >"$tmp/set/3.jsonl"
status=0
$tw report --csv "$tmp/set" >"$tmp/part" 2>"$tmp/said" || status=$?
[ $status -eq 3 ] || fail "a damaged file: status $status"
grep -q 'set/1.jsonl:[0-9]*: the file ends inside this line' "$tmp/said" || fail "$(cat "$tmp/said")"
grep -q 'set/3.jsonl:3: this line was damaged or changed' "$tmp/said" || fail "$(cat "$tmp/said")"
[ "$(wc -l <"$tmp/part")" -eq "$(grep -c '"schema":"trainwreck.bench.2"' "$first" | awk '{ print $1 + 1 }')" ] ||
	fail "the sound file is not reported: $(wc -l <"$tmp/part") lines"
grep -q '2 of the files were left out, as said above: copy them again' "$tmp/said" || fail "$(cat "$tmp/said")"
rm "$tmp/set/3.jsonl"
! $tw report --csv "$tmp/set" >"$tmp/part" 2>"$tmp/said" || fail "one damaged file: status 0"
grep -q '1 of the files was left out, as said above: copy it again' "$tmp/said" || fail "$(cat "$tmp/said")"

# --- the pages -------------------------------------------------------------------------------------
command -v gnuplot >/dev/null || {
	echo "no gnuplot: apt install gnuplot-nox"
	exit 77
}
site=$tmp/site
$tw report -q results --out "$site" || fail "report --out: status $?"
[ -s "$site/index.html" ] && [ -s "$site/paths-idt.html" ] && [ -s "$site/style.css" ] || fail "pages are missing"
# each picture and page that is named is there, and is a file beside it
cat "$site"/*.html | grep -o '\(src\|href\)="[^"]*"' | sed 's/^[a-z]*="//; s/"$//; s/#.*//' | sort -u >"$tmp/links"
while read -r link; do
	case $link in
	"" | data:,) ;;
	*/* | *:*) fail "a link that leads elsewhere: $link" ;;
	*) [ -s "$site/$link" ] || fail "not there: $link" ;;
	esac
done <"$tmp/links"
! grep -l 'url(\|@import\|<script\|<iframe' "$site"/*.html "$site"/*.css || fail "a page fetches or runs something"
! grep -h -o '\(xlink:\)\{0,1\}href=.[^#"'"'"'][^ ]*' "$site"/*.svg || fail "a plot refers to something else"
for svg in "$site"/*.svg; do
	python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$svg" || fail "$svg is no XML"
	grep -q prefers-color-scheme "$svg" || fail "$svg is not for the dark"
	! grep -q 'rgb( *0, *0, *0)' "$svg" || fail "$svg: black in the dark, too"
done
grep -q 'Emulated.</strong>' "$site/paths-idt.html" || fail "emulated figures without their label"
grep -q '<h2 id="method">' "$site/index.html" || fail "no word on how the figures are made"
grep -q 'index.html#method' "$site/paths-idt.html" || fail "no way from a figure to how it is made"
grep -q 'IDT against FRED' "$site/index.html" || fail "no section on FRED"
grep -q 'Nothing to show: ' "$site/index.html" || fail "FRED: neither figures nor the reason"
echo "note: $(ls "$site"/*.html | wc -l) pages, $(ls "$site"/*.svg | wc -l) plots of $(ls results/*/*.jsonl | wc -l) runs"

chromium=$(command -v chromium || command -v chromium-browser || :)
[ -n "$chromium" ] || {
	echo "no chromium: apt install chromium; the pages were not opened, all else passed"
	exit 77
}
# What a net log asks for, less the hosts that Chromium asks by itself, for its updates and accounts.
foreign() {
	grep -o '"url":"\(https\{0,1\}\|wss\{0,1\}\|ftp\)://[^"]*"' "$1" |
		grep -v '//\(accounts\.google\.com\|clients2\.google\.com\|update\.googleapis\.com\|redirector\.gvt1\.com\|edgedl\.me\.gvt1\.com\)[:/"]'
}
# the filter itself: what a page would ask for is not Chromium's own
for url in https://fonts.googleapis.com/css2 https://fonts.gstatic.com/s/x https://www.google.com/logo.png \
	https://accounts.google.com.example.org/ https://example.org/accounts.google.com; do
	printf '{"params":{"url":"%s"}}\n' "$url" >"$tmp/net.json"
	foreign "$tmp/net.json" >/dev/null || fail "$url is taken for the browser's own"
done
# name, window, options
look() {
	page=$1 size=$2
	shift 2
	"$chromium" --headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update \
		--disable-sync --no-first-run --hide-scrollbars --user-data-dir="$tmp/profile" --enable-logging=stderr \
		--log-net-log="$tmp/net.json" --window-size="$size" "$@" "file://$site/$page" >"$tmp/chrome" 2>&1 ||
		fail "chromium: $(tail -n 3 "$tmp/chrome")"
	! grep 'CONSOLE' "$tmp/chrome" || fail "$page: the console is not empty"
	! foreign "$tmp/net.json" || fail "$page: an external request"
}
# page, theme (0 dark, 1 light), window
while read -r page theme size; do
	shot=${SHOTS:-$tmp}/${page%.html}-$theme-${size%,*}.png
	look "$page" "$size" "--blink-settings=preferredColorScheme=$theme" --screenshot="$shot"
	[ -s "$shot" ] || fail "no screenshot of $page"
done <<END
index.html 0 1200,1800
index.html 1 390,1800
paths-sys.html 1 1200,1800
paths-sys.html 0 390,1800
END
echo "note: opened in $("$chromium" --version 2>/dev/null | head -n 1): nothing on the console, nothing fetched"
