# SPDX-License-Identifier: BSD-2-Clause
# `make demo` and `make check` do everything on a fresh Debian; `make` needs no network and no root.

VERSION := 0.1
PREFIX  ?= /usr/local
DESTDIR ?=
WERROR  ?= 1
B       := build

HOSTCC  ?= $(CC)
NASM    ?= nasm
ARCHLIB := $(shell $(CC) -print-multiarch 2>/dev/null)

WARN := -Wall -Wextra -Wmissing-prototypes -Wshadow -Wvla $(if $(filter 1,$(WERROR)),-Werror)
BASE := -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP -ffile-prefix-map=$(CURDIR)/=

# --- what is built from what ---------------------------------------------------------------------
ABI      := $(wildcard efi/abi/*.c)
PORTABLE := $(filter-out fuzz/exec.c,$(wildcard fuzz/*.c))
GUEST    := $(wildcard efi/*.c) $(ABI) $(wildcard fuzz/*.c) $(wildcard bench/*.c)
GUESTASM := $(wildcard efi/*.asm) $(wildcard bench/*.asm) fuzz/image.asm
HOST     := $(wildcard host/*.c)

HOSTLIB  := $(ABI:%.c=$B/host/%.o) $(PORTABLE:%.c=$B/host/%.o) \
            $(filter-out $B/host/host/main.o,$(HOST:%.c=$B/host/%.o)) $B/host/fuzz/image.o
GUESTOBJ := $(GUEST:%.c=$B/guest/%.o) $(GUESTASM:%.asm=$B/guest/%.o)

all: $B/trainwreck $B/BOOTX64.EFI $B/trainwreck.img

include build.mk
