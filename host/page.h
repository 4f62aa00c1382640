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

/* The head of a machine's column: whose figures they are, and where all of it stands. */
void page_column(FILE *f, const char *head, const struct column *c);

/* What every page says of a label's figures. */
void page_label(FILE *f, const char *label);

/* The pages. 0, or -1 with errno. */
int page_index(const struct site *s, const char *dir);
int page_class(const struct site *s, const char *dir, const char *name);
/* Parts of the index. */
void page_machines(FILE *f, const struct site *s);
void page_fred(FILE *f, const struct site *s);
void page_groups(FILE *f, const struct site *s);
void page_method(FILE *f);

/* Names of plots: buf has 80 bytes. */
const char *plot_class_name(const char *label, const char *class_name, char *buf);
const char *plot_group_name(const struct column *c, unsigned group, char *buf);

/* All plots of the site, by gnuplot, into the folder. 0, or -1 with err. */
int plots_make(const struct site *s, const char *dir, char *err, size_t cap);

/* The classes of the rows, in their order: the i-th, or NULL behind the last. buf has 32 bytes. */
const char *site_class_at(const struct site *s, unsigned i, char *buf);

/* A member of a group on a machine. */
struct group_figures {
	double row, q1, q3; /* its median and quartiles */
	double over; /* the median of the row it stands on; 0 of the base */
	double low, high; /* of the differences between medians of one placement of one boot */
	unsigned pairs; /* how many of those there are */
};

/* 0, or -1: it, or what it stands on, is not OK. */
int group_figures(const struct column *c, unsigned adds, struct group_figures *ret);
/* What stands at its bar: no two of a group have the same. Returns buf. */
const char *group_words(unsigned adds, char *buf, size_t cap);
/* Whether a machine has two rows of a group. */
int group_is_there(const struct column *c, unsigned group);

#endif
