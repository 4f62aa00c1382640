/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_HOST_QEMU_INJECT_H
#define TW_HOST_QEMU_INJECT_H

#include <stdint.h>

#include "host/qmp.h"

/*
 * Give the guest the event that it waits for, if it does. Returns whether. *served tells the last wait that got
 * one: 0 before a run.
 */
int qemu_inject(struct qmp *q, uint64_t *served);

#endif
