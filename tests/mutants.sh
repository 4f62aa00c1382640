#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A sample of the model's mutants against the model's tests, another one for each state of the model. `make
# mutants` tries all of them.
set -u
cd "$(dirname "$0")/.." || exit 3
seed=$(cat fuzz/model*.c fuzz/mask.c | cksum | cut -d' ' -f1)
build/mutants/mutants -n "${MUTANTS:-300}" -s "$((seed % 1000000))" || exit 1
