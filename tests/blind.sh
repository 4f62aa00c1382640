#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A few wrong CPUs that a campaign must find, and the right one, in which it must find nothing. `make
# mutants-blind` tries 300. A few want longer than these seconds: of those that are another CPU three of four must be found.
set -u
cd "$(dirname "$0")/.." || exit 3
build/mutants/blind -m 75 -n "${BLIND:-8}" -s 1 -t 5 || exit 1
