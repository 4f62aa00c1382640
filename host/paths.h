/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TW_HOST_PATHS_H
#define TW_HOST_PATHS_H

#include <stddef.h>

/*
 * A file or folder that belongs to the program: `built` in the folder this program lies in or the one
 * above (a build folder and its source tree), else `installed` under the folder above that one
 * (PREFIX/bin/.., wherever it was copied to), else under the PREFIX it was built for. Either name may
 * be NULL. Whether there is one; out holds the last place looked at if not.
 */
int path_of_ours(const char *built, const char *installed, char *out, size_t cap);

#endif
