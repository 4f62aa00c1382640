/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What there is to measure, item by item, and the rows that do: catalogue.def has an item of each class of paths
 * for each thing that a CPU does there, whether it is measured yet or not.
 */
#ifndef TW_BENCH_CATALOGUE_H
#define TW_BENCH_CATALOGUE_H

#include <string.h>

#include "bench/bench.h"
#include "efi/abi/glob.h"

struct bench_item {
	const char *id, *class_name, *words;
	const char *paths; /* patterns of rows, separated by blanks */
};

static inline const struct bench_item *bench_items(unsigned *ret_n)
{
	static const struct bench_item items[] = {
#define CATB(id, class_name, words, paths) { #id, #class_name, words, paths },
#include "bench/catalogue.def"
#undef CATB
	};

	*ret_n = sizeof(items) / sizeof(items[0]);
	return items;
}

/* One pattern of the list, and what follows it; 0 behind the last, -1 where it is too long. */
static inline int bench_pattern(const char **list, char *ret_pattern, size_t cap)
{
	size_t len;

	*list += strspn(*list, " ");
	len = strcspn(*list, " ");
	if (len >= cap)
		return -1;
	memcpy(ret_pattern, *list, len);
	ret_pattern[len] = 0;
	*list += len;
	return len > 0;
}

static inline int bench_item_names(const struct bench_item *item, const struct bench_row *row)
{
	const char *list = item->paths;
	char pattern[64];

	while (bench_pattern(&list, pattern, sizeof(pattern)) > 0)
		if (glob_matches(pattern, row->path))
			return 1;
	return 0;
}

#endif
