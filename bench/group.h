/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which rows stand on which: a group is one event, and each member says what it adds to another one.
 * One member of each group is its base, which adds to none; the others make a tree above it.
 */
#ifndef TW_BENCH_GROUP_H
#define TW_BENCH_GROUP_H

#include "bench/bench.h"

enum bench_group_id {
#define BGROUP(id, name, words) BG_##id,
#include "bench/groups.def"
#undef BGROUP
	BENCH_GROUPS,
};

struct bench_group {
	const char *name, *words;
};

struct bench_adds {
	enum bench_group_id group;
	uint16_t row, over; /* ids of rows; over: the row that this one is compared with, 0 for the base */
	const char *adds; /* what this row has that `over` has not */
};

/* A group by its id. */
static inline const struct bench_group *bench_group(enum bench_group_id id)
{
	static const struct bench_group groups[BENCH_GROUPS] = {
#define BGROUP(id, name, words) { name, words },
#include "bench/groups.def"
#undef BGROUP
	};

	return &groups[id];
}

/* Every member of every group: in the order of groups, a row behind the one that it stands on. */
static inline const struct bench_adds *bench_adds(unsigned *ret_n)
{
	enum { B_NONE };
	static const struct bench_adds adds[] = {
#define ADDS(group, row, over, words) { BG_##group, B_##row, B_##over, words },
#include "bench/adds.def"
#undef ADDS
	};

	*ret_n = sizeof(adds) / sizeof(adds[0]);
	return adds;
}

#endif
