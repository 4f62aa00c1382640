/* SPDX-License-Identifier: BSD-2-Clause */
/* HTML and plots of the report. */
#ifndef TW_HOST_PAGE_H
#define TW_HOST_PAGE_H

#include "host/site.h"

/* Text as HTML. */
void html(FILE *f, const char *text);

/* A page of the site, up to its first heading, and its end. NULL: it cannot be made (errno). */
FILE *page_open(const char *dir, const char *file, const char *title);
int page_close(FILE *f);

/* The figure NAME.svg with words under it, and whose n machines' figures it shows. */
void page_figure(FILE *f, const struct column *c, unsigned n, const char *name, const char *words);

/* What every page says of a label's figures. */
void page_label(FILE *f, const char *label);

/* The pages. 0, or -1 with errno. */
int page_index(const struct site *s, const char *dir);
int page_class(const struct site *s, const char *dir, const char *name);
/* Parts of the index. */
void page_machines(FILE *f, const struct site *s);
void page_fred(FILE *f, const struct site *s);
void page_groups(FILE *f, const struct site *s);

/* Names of plots: buf has 80 bytes. */
const char *plot_class_name(const char *label, const char *class_name, char *buf);
const char *plot_group_name(const struct column *c, unsigned group, char *buf);

/* All plots of the site, by gnuplot, into the folder. 0, or -1 with err. */
int plots_make(const struct site *s, const char *dir, char *err, size_t cap);

/* The classes of the rows, in their order: the i-th, or NULL behind the last. buf has 32 bytes. */
const char *site_class_at(const struct site *s, unsigned i, char *buf);

/* A member of a group on a machine: its median, and that of the row it stands on. 0, or -1: one is not OK. */
int group_figures(const struct column *c, unsigned adds, double *ret_over, double *ret_row);
/* Whether a machine has two rows of a group. */
int group_is_there(const struct column *c, unsigned group);

#endif
