#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A sample of the model's mutants against the model's tests, another one for each state of the model. `make
# mutants` tries all of them. The share that must be dead or excused here is what has been reached, less
# what chance does to 60; it only rises.
set -u
cd "$(dirname "$0")/.." || exit 3
seed=$(cat fuzz/model*.c fuzz/mask.c | cksum | cut -d' ' -f1)
build/mutants/mutants -m "${DEAD:-95}" -n "${MUTANTS:-60}" -s "$((seed % 1000000))" || exit 1
