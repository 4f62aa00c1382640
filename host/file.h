/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of ours: written whole under another name and renamed into place, so that nobody ever reads half
 * of one, and a full disk leaves what was there.
 */
#ifndef TW_HOST_FILE_H
#define TW_HOST_FILE_H

#include <jansson.h>
#include <stddef.h>

/* 0, or -1 with errno set. path: of a regular file, or of none yet. */
int file_write(const char *path, const void *data, size_t len);

/* The same of JSON, indented by one. Takes the reference to o. */
int file_write_json(const char *path, json_t *o);

#endif
