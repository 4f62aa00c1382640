/* SPDX-License-Identifier: BSD-2-Clause */
/* A table for people (columns) and for programs (--json: an object a line). */
#ifndef TW_HOST_LIST_H
#define TW_HOST_LIST_H

enum { LIST_COLUMNS = 8 };

struct list_out {
	const char *schema;
	const char *names[LIST_COLUMNS + 1]; /* NULL after the last */
	int widths[LIST_COLUMNS]; /* 0: the last, as long as it is */
	int json;
};

/* One row; values in the order of names, "" for none. */
void list_row(const struct list_out *o, const char *const values[]);

/* Rules with what is known of them; what is not compared and what is left open; behaviours. */
void list_rules(int json);
void list_masks(int json);
void list_catalogue(int json);

#endif
