/* SPDX-License-Identifier: BSD-2-Clause */
/* run.sh of a bundle: boots its image in the engine that the finding was seen on. */
#ifndef TW_HOST_BUNDLE_SCRIPT_H
#define TW_HOST_BUNDLE_SCRIPT_H

#include <stddef.h>

#include "host/finding_load.h"

/* Whether findings on that engine can be bundled at all. */
int bundle_script_known(const char *engine);

/* The script's text. Its length, or -1 when it does not fit. */
int bundle_script(const struct finding *finding, char *buf, size_t cap);

#endif
