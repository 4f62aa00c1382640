/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_HOST_LISTED_H
#define TW_HOST_LISTED_H

/* Whether word, which is not empty, is one of those in list, a text with `between` between them. */
int listed(const char *list, char between, const char *word);

#endif
