#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A few wrong CPUs that a campaign must find, and the right one, in which it must find nothing. `make
# mutants-blind` tries 300. Some want longer than these seconds, and the sample is another one with each change of the
# model: of those without a reason in tests/mutants.unseen three of five must be found.
set -u
cd "$(dirname "$0")/.." || exit 3
build/mutants/blind -m 60 -n "${BLIND:-24}" -s 1 -t 3 || exit 1
