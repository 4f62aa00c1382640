/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one run leaves on the stick: a folder of its own, never over an earlier one, and while it lasts a
 * journal that names what is under way, so that the next boot knows what the machine went away in.
 */
#ifndef TW_RUNS_H
#define TW_RUNS_H

#include <stddef.h>

/* The one file that is no text: frames, which a reader finds among any. */
#define RUNS_FRAMES "bench.tw"

enum { RUNS_NAME_MAX = 96, RUNS_COUNTS = 8, RUNS_LINE_MAX = 512 };

/* First of all: what the journal says. NULL, or what ran when the machine went away. */
const char *runs_look(void);

/* The plan that ran then; "" when the journal does not say. */
const char *runs_plan(void);

/* Another plan was chosen: what is in the journal does not matter any more. */
void runs_forget(void);

/*
 * Open the folder: of a run that was broken off the same one, with its counts; else a new one. `plan` is
 * the path of the plan. Returns what ran when the machine went away, or NULL for a new run.
 */
const char *runs_begin(const char *plan, unsigned count[RUNS_COUNTS]);

/* Into the journal, before it runs. */
void runs_mark(const char *what);

/*
 * Add to a file of the folder; to the UART where the volume takes nothing: `file|` before each line of a text. Returns 0, or
 * -1 when it could not be written.
 */
int runs_append(const char *file, const void *data, size_t len);

/* What a file of the folder holds so far, as boot_read_from() reads it. */
int runs_read(const char *file, size_t from, void *out, size_t cap, size_t *ret_len);

/* Text for people, on the console and in summary.txt, which is to be mailed: folded at 78 columns. */
void runs_tell(const char *text);

/* The journal goes. Returns 0, or -1 when something could not be written, which the console then says. */
int runs_end(void);

#endif
