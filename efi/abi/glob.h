/* SPDX-License-Identifier: BSD-2-Clause */
/* Which rows a pattern names: one rule, for the stick, the host and the check of a plan. */
#ifndef TW_ABI_GLOB_H
#define TW_ABI_GLOB_H

/* `*` is any text, also none, `?` any one character; every other character is itself. */
int glob_matches(const char *glob, const char *text);

/* Whether it names a row of so many kinds: the row, or one of its parts, PATH.enter and PATH.exit. */
int glob_names(const char *glob, const char *path, unsigned kinds);

#endif
