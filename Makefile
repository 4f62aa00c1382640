# SPDX-License-Identifier: BSD-2-Clause
# `make demo` and `make check` do everything on a fresh Debian; `make` needs no network and no root.

VERSION := 0.1
PREFIX  ?= /usr/local
DESTDIR ?=
WERROR  ?= 1
B       := build
V       ?=
Q       := $(if $V,,@)
SAY      = $(if $V,@:,@echo '  $(1)	$@')
NASM    ?= nasm
# NASM 2.16.03 warns of every absolute address in a flat binary, older ones do not know that warning.
NASMWARN := -w+all -w+error -w-unknown-warning -w-reloc-abs
# Not asked of the compiler: clang 19 no longer has the option that would answer.
ARCHLIB := x86_64-linux-gnu
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

# Looked for before anything is built, so that what is missing is named at once and not one by one.
BUILDS := $(filter-out clean deps demo check,$(or $(MAKECMDGOALS),all))
LACKS  := $(if $(BUILDS),$(shell host/deps --missing $(if $(filter usb,$(BUILDS)),usb,build)))
ifneq ($(strip $(LACKS)),)
$(info missing: $(LACKS))
$(error install it: sudo apt-get install --no-install-recommends $(LACKS)   (`make deps` installs what tests and demo need, too))
endif

WARN  := -Wall -Wextra -Wmissing-prototypes -Wshadow -Wvla $(if $(filter 1,$(WERROR)),-Werror)
CBASE := -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP -ffile-prefix-map=$(CURDIR)/= \
         -DTW_VERSION='"$(VERSION)"'

# --- what is built from what ---------------------------------------------------------------------
ABI      := $(filter-out efi/abi/consts.c,$(wildcard efi/abi/*.c))
PORTABLE := $(filter-out fuzz/exec%.c,$(wildcard fuzz/*.c))
# what AFL++ and Bochs load: not part of the program
LOADED   := host/mutator.c host/bochs_fork.c
# efi/config.c: the binding of plans is one, for guest and host
HOST     := $(filter-out $(LOADED),$(wildcard host/*.c)) efi/config.c
GUEST    := $(wildcard efi/*.c) $(ABI) $(wildcard fuzz/*.c) $(wildcard bench/*.c)
# portable code of the guest that the host's tests call too
SHARED   := efi/lib.c efi/paging.c bench/quiet.c bench/lacks.c

HOSTLIB  := $(patsubst %.c,$B/host/%.o,$(ABI) $(PORTABLE) $(filter-out host/main.c,$(HOST))) \
            $B/fuzz/image.o $B/bench/image.o
GUESTOBJ := $(patsubst %.c,$B/guest/%.o,$(GUEST)) $(patsubst %.asm,$B/%.o,$(wildcard efi/*.asm)) \
            $B/fuzz/image.o $B/bench/image.o
TESTS    := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/test_*.c))
FUZZERS  := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/fuzz_*.c))

.DELETE_ON_ERROR:

all: $B/trainwreck $B/trainwreck-mutator.so $B/trainwreck-bochs.so $B/BOOTX64.EFI $B/trainwreck.img

# --- tables that C and NASM share ----------------------------------------------------------------
DEFS := $(wildcard efi/abi/*.def fuzz/*.def bench/*.def)

$B/consts.inc: efi/abi/consts.c $(wildcard efi/abi/*.h) $(DEFS)
	@mkdir -p $(@D)
	$(call SAY,CONST)
	$(Q)$(CC) -std=gnu11 -I. -S -o $@.s $<
	$(Q)sed -n 's/.*"@@\(.*\)".*/\1/p' $@.s >$@

$B/victim.bin: fuzz/victim.asm $(wildcard fuzz/*.inc efi/*.inc efi/abi/*.inc) $(DEFS) $B/consts.inc
	$(call SAY,NASM)
	$(Q)$(NASM) -f bin $(NASMWARN) -o $@ $<

$B/bench.bin: bench/bodies.asm $(wildcard bench/*.inc efi/abi/*.inc) $(DEFS) $B/consts.inc
	$(call SAY,NASM)
	$(Q)$(NASM) -f bin $(NASMWARN) -o $@ $<

$B/fuzz/image.o: fuzz/image.asm $B/victim.bin
$B/bench/image.o: bench/image.asm $B/bench.bin
$B/fuzz/image.o $B/bench/image.o:
	@mkdir -p $(@D)
	$(call SAY,NASM)
	$(Q)$(NASM) -f elf64 $(NASMWARN) -o $@ $<

# --- the host program ----------------------------------------------------------------------------
HOSTLIBS := -ljansson -lfdt -lm

$B/host/%.o: %.c
	@mkdir -p $(@D)
	$(call SAY,CC)
	$(Q)$(CC) $(CBASE) -DPREFIX='"$(PREFIX)"' $(CFLAGS) -c -o $@ $<

$B/trainwreck: $B/host/host/main.o $(HOSTLIB)
	$(call SAY,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(HOSTLIBS)

# --- what AFL++ loads ----------------------------------------------------------------------------
# Its own objects: position-independent, and no name of ours visible inside afl-fuzz.
MUTATOROBJ := $(patsubst %.c,$B/pic/%.o,$(ABI) $(PORTABLE) host/mutator.c host/again.c) $B/fuzz/image.o

$B/pic/%.o: %.c
	@mkdir -p $(@D)
	$(call SAY,PIC)
	$(Q)$(CC) $(CBASE) -fPIC -fvisibility=hidden $(CFLAGS) -c -o $@ $<

$B/trainwreck-mutator.so: $(MUTATOROBJ)
	$(call SAY,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-z,defs -o $@ $^

# What Bochs loads.
$B/trainwreck-bochs.so: $B/pic/host/bochs_fork.o
	$(call SAY,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-z,defs -o $@ $^

# --- the application -----------------------------------------------------------------------------
# gnu-efi's start file and linker script: Debian 12 has them in /usr/lib, later ones under the triplet.
EFIDIRS  := /usr/lib /usr/lib/$(ARCHLIB) /usr/lib/gnuefi /usr/lib/$(ARCHLIB)/gnuefi \
            /usr/lib/$(ARCHLIB)/gnuefi/x86_64
EFICRT0  := $(firstword $(wildcard $(addsuffix /crt0-efi-x86_64.o,$(EFIDIRS))))
EFILDS   := $(firstword $(wildcard $(addsuffix /elf_x86_64_efi.lds,$(EFIDIRS))))
EFILIB   := $(firstword $(wildcard $(addsuffix /libgnuefi.a,$(EFIDIRS))))
FDTLIB   := $(firstword $(wildcard /usr/lib/$(ARCHLIB)/libfdt.a /usr/lib/libfdt.a))

GUESTFLAGS := $(CBASE) -ffreestanding -fno-stack-protector -mno-red-zone -mgeneral-regs-only -fpic \
              -fshort-wchar -fno-strict-aliasing -fcf-protection=none -fno-asynchronous-unwind-tables \
              -DGNU_EFI_USE_MS_ABI -isystem /usr/include/efi -isystem /usr/include/efi/x86_64

$B/guest/%.o: %.c
	@mkdir -p $(@D)
	$(call SAY,GUEST)
	$(Q)$(CC) $(GUESTFLAGS) $(GUESTCFLAGS) -c $< -o $@

# libfdt was built with a stack protector; its failure handler is ours (efi/lib.c).
$B/trainwreck.so: $(GUESTOBJ)
	$(if $(and $(EFICRT0),$(EFILDS),$(EFILIB)),,$(error gnu-efi is missing: apt install gnu-efi))
	$(if $(FDTLIB),,$(error libfdt.a is missing: apt install libfdt-dev))
	$(call SAY,EFI)
	$(Q)ld -nostdlib -znocombreloc -znoexecstack -shared -Bsymbolic --no-undefined -T $(EFILDS) \
		$(EFICRT0) $(GUESTOBJ) $(FDTLIB) $(EFILIB) -o $@

$B/nxcompat: efi/tools/nxcompat.c efi/abi/little.h
	@mkdir -p $(@D)
	$(call SAY,LINK)
	$(Q)$(CC) $(CBASE) $< -o $@

$B/BOOTX64.EFI: $B/trainwreck.so $B/nxcompat
	$(call SAY,EFI)
	$(Q)objcopy -j .text -j .sdata -j .data -j .rodata -j .dynamic -j .dynsym -j .dynstr -j .rel -j .rela -j .rel.* \
		-j .rela.* -j .reloc --target efi-app-x86_64 $< $@.tmp
	$(Q)$B/nxcompat $@.tmp
	$(Q)mv $@.tmp $@

# --- the stick -----------------------------------------------------------------------------------
# Made without root, and the same bytes every time: fixed ids, file times from SOURCE_DATE_EPOCH.
IMGEPOCH := $(or $(SOURCE_DATE_EPOCH),315532800)
IMGPLAN  ?=
MT       := SOURCE_DATE_EPOCH=$(IMGEPOCH) TZ=UTC

$B/%.dtb: efi/plan/%.dts
	@mkdir -p $(@D)
	$(call SAY,DTC)
	$(Q)dtc -q -I dts -O dtb -o $@ $<

$B/seq: $B/trainwreck $(wildcard corpus/*.seq corpus/*/*.seq)
	$(call SAY,ASM)
	$(Q)rm -rf $@ $@.tmp
	$(Q)$B/trainwreck asm -o $@.tmp corpus
	$(Q)find $@.tmp -exec touch -d @$(IMGEPOCH) {} +
	$(Q)mv $@.tmp $@

# what a sequence's text says of the CPU it is for, since its bytes do not
$B/needs.txt: $(wildcard corpus/*.seq corpus/*/*.seq)
	@mkdir -p $(@D)
	$(call SAY,NEEDS)
	$(Q)(cd corpus && grep -r --include='*.seq' '^# needs:' . || :) | LC_ALL=C sort | \
		sed 's,^\./,,; s/^\(.*\)\.seq:# needs: */\1.bin /; :a; s,^\([^ /]*\)/,\1-,; ta' >$@

# What is on a stick, below the mtools drive $1; $2: its plan, or nothing.
define FILL
$(Q)cp $B/BOOTX64.EFI $@.efi
$(Q)touch -d @$(IMGEPOCH) $@.efi
$(Q)$(MT) mmd -i $1 ::/EFI ::/EFI/BOOT ::/trainwreck
$(Q)$(MT) mcopy -m -i $1 $@.efi ::/EFI/BOOT/BOOTX64.EFI
$(Q)$(MT) mcopy -m -s -i $1 $B/seq ::/trainwreck/
$(Q)$(MT) mcopy -i $1 $B/needs.txt ::/trainwreck/
$(if $2,$(Q)$(MT) mcopy -i $1 $2 ::/trainwreck/plan.dtb)
$(Q)rm -f $@.efi
endef

# Which plan an image was made with: written when that changes, so that the image with another one is made anew.
$B/trainwreck.img.plan: PLAN = $(IMGPLAN)
$B/trainwreck-usb.img.plan: PLAN = $(USBPLAN)
$B/trainwreck.img.plan $B/trainwreck-usb.img.plan: again
	@mkdir -p $(@D)
	@echo '$(PLAN)' | cmp -s - $@ || echo '$(PLAN)' >$@
again:

# For the emulators: a FAT volume without partitions, and without a plan it waits for a host.
$B/trainwreck.img: $B/BOOTX64.EFI $B/seq $B/needs.txt $B/trainwreck.img.plan $(IMGPLAN)
	$(call SAY,IMAGE)
	$(Q)rm -f $@.tmp
	$(Q)truncate -s 16M $@.tmp
	$(Q)$(MT) mformat -i $@.tmp -v TRAINWRECK -N 54574b31 ::
	$(call FILL,$@.tmp,$(IMGPLAN))
	$(Q)mv $@.tmp $@

# For a real machine: an EFI system partition in a GPT, to be written with dd. USBPLAN is the plan that
# runs when nobody presses a key.
USBPLAN  ?= full
USBPLANS := full quick test
$(if $(wildcard efi/plan/$(USBPLAN).dts),,$(error no efi/plan/$(USBPLAN).dts: USBPLAN= one of $(basename $(notdir $(wildcard efi/plan/*.dts)))))
USBGUID  := c12a7328-f81f-11d2-ba4b-00c93ec93b3b
USBSTART := 2048
USBLEN   := 520192
SFDISK   := PATH="$$PATH:/usr/sbin:/sbin" sfdisk

$B/trainwreck-usb.img: $B/BOOTX64.EFI $B/seq $B/needs.txt efi/plan/README.txt $B/trainwreck-usb.img.plan $(USBPLANS:%=$B/%.dtb) $B/$(USBPLAN).dtb
	$(call SAY,IMAGE)
	$(Q)rm -f $@.tmp
	$(Q)truncate -s 256M $@.tmp
	$(Q)printf '%s\n' 'label: gpt' 'label-id: 54574b32-0000-4000-8000-000000000000' \
		'start=$(USBSTART), size=$(USBLEN), type=$(USBGUID), name=Trainwreck, uuid=54574b32-0000-4000-8000-000000000001' | \
		$(SFDISK) -q $@.tmp
	$(Q)$(MT) mformat -i $@.tmp@@1M -F -c 2 -T $(USBLEN) -H $(USBSTART) -v TRAINWRECK -N 54574b32 ::
	$(call FILL,$@.tmp@@1M,$B/$(USBPLAN).dtb)
	$(Q)$(MT) mcopy -i $@.tmp@@1M efi/plan/README.txt ::/
	$(Q)$(MT) mmd -i $@.tmp@@1M ::/trainwreck/plans
	$(Q)$(MT) mcopy -i $@.tmp@@1M $(USBPLANS:%=$B/%.dtb) ::/trainwreck/plans/
	$(Q)mv $@.tmp $@

usb: $B/trainwreck-usb.img
	@echo 'Find the stick with `lsblk`, then, as root (all that is on it goes):'
	@echo '  dd if=$< of=/dev/sdX bs=4M conv=fsync status=progress'
	@echo 'What it does to a machine: docs/safety.md. What it leaves on the stick: docs/plan.md.'

# --- tests ---------------------------------------------------------------------------------------
$B/tests/test_%: tests/test_%.c $(HOSTLIB) $(SHARED:%.c=$B/host/%.o) $(wildcard tests/*.h tests/*.def) $B/host/tests/fakeguest.o
	@mkdir -p $(@D)
	$(call SAY,LINK)
	$(Q)$(CC) $(CBASE) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(HOSTLIBS) -lcmocka

CLANG ?= clang
$B/tests/fuzz_%: tests/fuzz_%.c $(ABI) $(PORTABLE) $(filter-out host/main.c,$(HOST)) $B/fuzz/image.o $B/bench/image.o
	@mkdir -p $(@D)
	$(call SAY,FUZZER)
	$(Q)$(CLANG) $(filter-out -MMD -MP,$(CBASE)) -fsanitize=fuzzer,address,undefined -o $@ $^ $(HOSTLIBS)

$B/tests/test_mutate: $B/host/host/mutator.o
$B/tests/fuzz_mutate: host/mutator.c
# The model again, with every mistake in it that tests/mutate can make; which one is made is set at run time.
MUTATED   := $(wildcard fuzz/model*.c) fuzz/mask.c
MUTOBJ    := $(MUTATED:%.c=$B/mutants/%.o) $B/host/tests/mutant.o
MUTLIB    := $(filter-out $(MUTATED:%.c=$B/host/%.o),$(HOSTLIB)) $(MUTOBJ)
MUTTESTS  := $(addprefix $B/mutants/,test_model_paths test_model_rules test_model_known \
                test_model_state test_mask test_styles)
MUTANTS   := $B/mutants/mutants $(MUTTESTS)

$B/mutants/list.inc: tests/mutate $(MUTATED) $(wildcard fuzz/*.h efi/abi/*.h) $(DEFS)
	$(call SAY,MUTATE)
	$(Q)CLANG=$(CLANG) tests/mutate $(@D) $(MUTATED)

# with a recipe, or make takes the sources for what they were before they were mutated anew
$(MUTATED:%.c=$B/mutants/%.c): $B/mutants/list.inc
	@touch $@
$B/mutants/%.o: $B/mutants/%.c tests/mutant.h
	$(call SAY,CC)
	$(Q)$(CC) $(CBASE) -w -iquote $B/mutants $(CFLAGS) -c -o $@ $<

$B/mutants/mutants: tests/mutants.c tests/mutant_items.c $(MUTLIB) $(wildcard tests/*.h tests/*.def)
	$(call SAY,LINK)
	$(Q)$(CC) $(CBASE) -iquote $B/mutants $(CFLAGS) $(LDFLAGS) -o $@ $< tests/mutant_items.c $(MUTLIB) $(HOSTLIBS)

$B/mutants/test_%: tests/test_%.c $(MUTLIB) $(wildcard tests/*.h tests/*.def)
	$(call SAY,LINK)
	$(Q)$(CC) $(CBASE) $(CFLAGS) $(LDFLAGS) -o $@ $< $(MUTLIB) $(HOSTLIBS) -lcmocka

# The same beside the model itself, under other names: a CPU that is wrong.
$B/mutants/cpu.o: $(MUTOBJ)
	$(call SAY,LINK)
	$(Q)nm -g --defined-only $(MUTATED:%.c=$B/mutants/%.o) | awk 'NF == 3 { print $$3, "wrong_" $$3 }' >$@.names
	$(Q)ld -r -o $@.tmp $^
	$(Q)objcopy --redefine-syms=$@.names $@.tmp $@

$B/tests/noisy: tests/noisy.c
	@mkdir -p $(@D)
	$(call SAY,LINK)
	$(Q)$(CC) $(CBASE) $(CFLAGS) $(LDFLAGS) -o $@ $<

$B/mutants/blind: tests/blind.c $B/mutants/cpu.o $(HOSTLIB) $B/host/tests/fakeguest.o $(wildcard tests/*.h)
	$(call SAY,LINK)
	$(Q)$(CC) $(CBASE) -iquote $B/mutants $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(HOSTLIBS)

$B/tests/record $B/tests/random $B/tests/nothing $B/tests/pump: $B/tests/%: tests/full/%.c $(HOSTLIB) $(wildcard tests/*.h)
	@mkdir -p $(@D)
	$(call SAY,LINK)
	$(Q)$(CC) $(CBASE) $(CFLAGS) $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(HOSTLIBS)

# Sequences for mutants that the corpus does not tell yet: make edges POOL='a campaign/afl/default/queue ...'
POOL  ?= corpus
EDGES ?=
$B/mutants/edges: tests/full/edges.c tests/full/edges_write.c $(MUTLIB) $(wildcard tests/*.h tests/full/*.h tests/*.def)
	$(call SAY,LINK)
	$(Q)$(CC) $(CBASE) -iquote $B/mutants $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.c,$(wordlist 1,2,$^)) $(MUTLIB) $(HOSTLIBS)

edges: $B/mutants/edges
	@mkdir -p corpus/edges
	$B/mutants/edges $(EDGES) $(POOL)

# what engines deliver for the corpus, for tests that ask no engine
recorded: all $B/tests/record
	$B/tests/record qemu qemu:cpu=EPYC >$B/recorded.def
	cp $B/recorded.def tests/recorded.def

mutants: $(MUTANTS)
	$B/mutants/mutants

# random sequences, from a fresh state each and then behind one another: SEQUENCES=100000 if nothing is said
random: all $B/tests/random
	$B/tests/random -n $${SEQUENCES:-100000} -s $${SEED:-1} $${ENGINE:-qemu}

# every step with every argument under every prefix in every context: an hour and more
ops: all
	tests/full/ops.sh

# campaigns on each style, whole and with each guard off: WHOLE= seconds of a style, OFF= at most of a guard
guards: all
	tests/full/guards.sh

# a campaign's rate beside that of a client that does nothing: TIME= seconds of each, ROUNDS= times
rate: all $B/tests/nothing $B/tests/pump
	tests/full/rate.sh

# a thousand triple faults: how fast, and what is left of them
recoveries: all
	tests/full/recoveries.sh

# a campaign of an hour that is killed five times, or of TIME seconds and KILLS times
kills: all
	TIME=$${TIME:-3600} KILLS=$${KILLS:-5} tests/e2e_kills.sh

# sixteen fuzzers on however few cores, or JOBS= of them for TIME= seconds: what is left of them
jobs: all
	tests/full/jobs.sh

# two hosts that exchange their queues, as docs/campaigns.md says
hosts: all
	tests/full/hosts.sh

# AFL++'s tools in a root of the newest Debian
newest: all
	tests/full/newest.sh

# the whole corpus over a serial line that damages 1 % of its bytes
noise: all $B/tests/noisy
	NOISE=all tests/e2e_noise.sh

# the bundle of every known difference, booted
bundles: all
	BUNDLES=all tests/e2e_bundle.sh

# the stick with the whole corpus: its verdicts are those of the host
stick: all
	USB=all tests/e2e_usb.sh

# pages and plots from the runs that are published
site: $B/trainwreck
	$B/trainwreck report results --out site

# ten pairs of runs of one machine: rows that are reported as changed are chance
same: all
	PAIRS=10 ONLY='*' tests/bench_same.sh

mutants-blind: $B/mutants/blind
	nice $B/mutants/blind

tests: $(TESTS) $(FUZZERS) $(MUTANTS) $B/mutants/blind $B/tests/noisy $B/tests/random

unit: all tests
	tests/run unit

check: deps
	$(MAKE) all tests
	tests/run all

demo: deps
	$(MAKE) all
	tests/demo

deps:
	@host/deps

# --- the rest ------------------------------------------------------------------------------------
install: all
	install -D -m755 $B/trainwreck $(DESTDIR)$(PREFIX)/bin/trainwreck
	install -D -m644 $B/trainwreck-mutator.so $(DESTDIR)$(PREFIX)/lib/trainwreck/trainwreck-mutator.so
	install -D -m644 $B/trainwreck-bochs.so $(DESTDIR)$(PREFIX)/lib/trainwreck/trainwreck-bochs.so
	install -D -m644 $B/BOOTX64.EFI $(DESTDIR)$(PREFIX)/share/trainwreck/BOOTX64.EFI
	install -D -m644 $B/trainwreck.img $(DESTDIR)$(PREFIX)/share/trainwreck/trainwreck.img
	install -d $(DESTDIR)$(PREFIX)/share/trainwreck/known $(DESTDIR)$(PREFIX)/share/trainwreck/corpus
	install -m644 fuzz/known/* $(DESTDIR)$(PREFIX)/share/trainwreck/known/
	cp -R corpus/. $(DESTDIR)$(PREFIX)/share/trainwreck/corpus/
	install -D -m644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/trainwreck/LICENSE

clean:
	rm -rf $B

.PHONY: all again usb tests ops random guards rate recoveries kills jobs hosts newest noise bundles site same stick edges recorded mutants mutants-blind unit check demo deps install
.PHONY: clean
.SECONDARY:
-include $(shell find $B -type f -name '*.d' 2>/dev/null)
