/* SPDX-License-Identifier: BSD-2-Clause */
/* Answering a host. */
#ifndef TW_SERVE_H
#define TW_SERVE_H

#include "efi/abi/wire.h"

/* Serve until the host says QUIT; returns the head of that request, to be answered with BYE. */
struct wire_head serve(void);

/* Answer QUIT, when the machine is the firmware's again. */
void serve_bye(struct wire_head quit, const char *words);

/* What this guest says of itself. */
void serve_hello(struct msg_hello *ret_hello);

#endif
