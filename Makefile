# SPDX-License-Identifier: BSD-2-Clause
# `make demo` and `make check` do everything on a fresh Debian; `make` needs no network and no root.

VERSION := 0.1
PREFIX  ?= /usr/local
DESTDIR ?=
WERROR  ?= 1
B       := build
NASM    ?= nasm
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

WARN  := -Wall -Wextra -Wmissing-prototypes -Wshadow -Wvla $(if $(filter 1,$(WERROR)),-Werror)
CBASE := -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP -ffile-prefix-map=$(CURDIR)/= \
         -DTW_VERSION='"$(VERSION)"'

# --- what is built from what ---------------------------------------------------------------------
ABI      := $(filter-out efi/abi/consts.c,$(wildcard efi/abi/*.c))
PORTABLE := $(filter-out fuzz/exec.c,$(wildcard fuzz/*.c))
HOST     := $(wildcard host/*.c)
GUEST    := $(wildcard efi/*.c) $(ABI) $(wildcard fuzz/*.c) $(wildcard bench/*.c)
# portable code of the guest that the host's tests call too
SHARED   := efi/lib.c efi/paging.c efi/config.c

HOSTLIB  := $(patsubst %.c,$B/host/%.o,$(ABI) $(PORTABLE) $(filter-out host/main.c,$(HOST))) \
            $B/fuzz/image.o $B/bench/image.o
GUESTOBJ := $(patsubst %.c,$B/guest/%.o,$(GUEST)) $(patsubst %.asm,$B/%.o,$(wildcard efi/*.asm)) \
            $B/fuzz/image.o $B/bench/image.o
TESTS    := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/test_*.c))
FUZZERS  := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/fuzz_*.c))

all: $B/trainwreck $B/BOOTX64.EFI $B/trainwreck.img

# --- tables that C and NASM share ----------------------------------------------------------------
DEFS := $(wildcard efi/abi/*.def fuzz/*.def bench/*.def)

$B/consts.inc: efi/abi/consts.c $(wildcard efi/abi/*.h) $(DEFS)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -I. -S -o - $< | sed -n 's/^@@//p' >$@.new && mv $@.new $@

$B/victim.bin: fuzz/victim.asm $(wildcard fuzz/*.inc efi/*.inc efi/abi/*.inc) $(DEFS) $B/consts.inc
	$(NASM) -f bin -w+all -w+error -o $@ $<

$B/bench.bin: bench/bodies.asm $(wildcard bench/*.inc efi/abi/*.inc) $(DEFS) $B/consts.inc
	$(NASM) -f bin -w+all -w+error -o $@ $<

$B/fuzz/image.o: fuzz/image.asm $B/victim.bin
$B/bench/image.o: bench/image.asm $B/bench.bin
$B/fuzz/image.o $B/bench/image.o:
	@mkdir -p $(@D)
	$(NASM) -f elf64 -w+all -w+error -o $@ $<

# --- the host program ----------------------------------------------------------------------------
HOSTLIBS := -ljansson -lfdt -lm

$B/host/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CBASE) $(CFLAGS) -c -o $@ $<

$B/trainwreck: $B/host/host/main.o $(HOSTLIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(HOSTLIBS)

# --- the application -----------------------------------------------------------------------------
-include efi/guest.mk

# --- tests ---------------------------------------------------------------------------------------
$B/tests/test_%: tests/test_%.c $(HOSTLIB) $(SHARED:%.c=$B/host/%.o) $(wildcard tests/*.h) $B/host/tests/fakeguest.o
	@mkdir -p $(@D)
	$(CC) $(CBASE) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c %.o,$^) $(HOSTLIBS) -lcmocka

CLANG ?= clang
$B/tests/fuzz_%: tests/fuzz_%.c $(ABI) $(PORTABLE) $(filter-out host/main.c,$(HOST)) $B/fuzz/image.o $B/bench/image.o
	@mkdir -p $(@D)
	$(CLANG) $(filter-out -MMD -MP,$(CBASE)) -fsanitize=fuzzer,address,undefined -o $@ $^ $(HOSTLIBS)

tests: $(TESTS) $(FUZZERS)

unit: all $(TESTS) $(FUZZERS)
	tests/run unit

check: deps
	$(MAKE) all $(TESTS) $(FUZZERS)
	tests/run all

demo: deps
	$(MAKE) all
	tests/demo

deps:
	@host/deps

# --- the rest ------------------------------------------------------------------------------------
install: all
	install -D -m755 $B/trainwreck $(DESTDIR)$(PREFIX)/bin/trainwreck
	install -D -m644 $B/BOOTX64.EFI $(DESTDIR)$(PREFIX)/share/trainwreck/BOOTX64.EFI
	install -D -m644 $B/trainwreck.img $(DESTDIR)$(PREFIX)/share/trainwreck/trainwreck.img
	install -d $(DESTDIR)$(PREFIX)/share/trainwreck/known $(DESTDIR)$(PREFIX)/share/trainwreck/corpus
	install -m644 fuzz/known/* $(DESTDIR)$(PREFIX)/share/trainwreck/known/
	cp -R corpus/. $(DESTDIR)$(PREFIX)/share/trainwreck/corpus/
	install -D -m644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/trainwreck/LICENSE

clean:
	rm -rf $B

.PHONY: all tests unit check demo deps install clean
.SECONDARY:
-include $(shell find $B -name '*.d' 2>/dev/null)
