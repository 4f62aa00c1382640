/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can be measured: the rows of bench.def, and the image that bodies.asm makes of them.
 * Portable: the guest measures by it, the host publishes by it.
 */
#ifndef TW_BENCH_H
#define TW_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "efi/abi/image.h"
#include "efi/abi/profile.h"
#include "efi/abi/window.h"
#include "efi/abi/wire.h"

/* msg_bench.kind: what of the path is timed. */
enum bench_kind {
	BENCH_RT,    /* both stamps around the whole path, a plain handler */
	BENCH_ENTER, /* up to the handler's own stamp */
	BENCH_EXIT,  /* from there on */
	BENCH_KINDS,
};

enum { BENCH_ALIGNS = 4, BENCH_SAMPLES_MAX = 4096 };

/*
 * Values of bench_row.via above the 256 vectors, and bits of bench_row.prep. A LATER_* is PREP_LATER and a bit
 * of its own that tells why; its words are the reason why the row is a SKIP.
 */
enum bench_flag {
#define BFLAG(name, value, words) name = value,
#include "bench/flags.def"
#undef BFLAG
};

enum bench_id {
#define BENCH(id, path, name, from, to, via, needs, vendor, prep, ovh, words) B_##name = id,
#include "bench/bench.def"
#undef BENCH
};

/* Where a window opens and closes; the value is what bench_enter takes. */
enum bench_ring { BENCH_K, BENCH_U, BENCH_C };

enum { BENCH_ANY = VENDOR_OTHER, BENCH_INTEL = VENDOR_INTEL, BENCH_AMD = VENDOR_AMD };

struct bench_row {
	uint16_t id;	   /* permanent */
	uint8_t from, to;  /* enum bench_ring */
	uint16_t via;	   /* the vector its handler stands at, or VIA_* */
	uint8_t vendor;	   /* the only one that has this path, or BENCH_ANY */
	uint16_t overhead; /* id of the row that measures this one's empty window */
	uint64_t prep;	   /* PREP_* and LATER_* bits */
	uint64_t needs;	   /* FEAT() bits */
	const char *path, *words;
};

static inline const struct bench_row *bench_rows(unsigned *ret_n)
{
	static const struct bench_row rows[] = {
#define BENCH(id, path, name, from, to, via, needs, vendor, prep, ovh, words)                      \
	{ id, BENCH_##from, BENCH_##to, via, BENCH_##vendor, B_##ovh, prep, needs, path, words },
#include "bench/bench.def"
#undef BENCH
	};

	*ret_n = sizeof(rows) / sizeof(rows[0]);
	return rows;
}

static inline const struct bench_row *bench_row(unsigned id)
{
	unsigned n;
	const struct bench_row *rows = bench_rows(&n);

	for (unsigned i = 0; i < n; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

/* How many kinds a row has: without a handler, or with many events, there is only the round trip. */
static inline unsigned bench_kinds(const struct bench_row *row)
{
	return row->via == VIA_NONE || row->prep & PREP_LOOP ? 1 : BENCH_KINDS;
}

/* The image opens with this; its third section holds a struct bench_body for each row, in order. */
struct bench_head {
	struct image_head image;
	uint32_t enter, leave, stubs, stride;
};

/* The image's CRC-32: runs of the same one measured the same code. */
static inline uint32_t bench_build(void)
{
	return crc32_ieee(0, bench_image, (size_t)(bench_image_end - bench_image));
}

/* The parts of a row in the image; two rows may share some, never all. */
enum bench_part { BENCH_PRE, BENCH_WINDOW, BENCH_HANDLER, BENCH_COLD, BENCH_OUTER, BENCH_PARTS };

enum { BENCH_SECTION_TABLE = 2, BENCH_VEC_LEAVE = 0x81, BENCH_VEC_MISSED = 0x82 };

struct bench_body {
	uint32_t id;
	uint32_t addr[BENCH_ALIGNS];
	uint32_t handler, split;     /* split: with a time stamp as its first act */
	uint32_t insns[BENCH_KINDS]; /* 0: cannot be counted */
	uint32_t cold;		     /* what is run last of all before the body, or 0 */
	uint32_t event; /* behind the opening stamp's first byte: what raises the event */
	uint32_t outer, outer_via;   /* of a nested row: the other handler, its vector or VIA_*, and its IST << 16 */
	uint32_t len[BENCH_PARTS]; /* of the first copy, in bytes */
};

static inline const struct bench_head *bench_head(void)
{
	return (const struct bench_head *)(const void *)bench_image;
}

static inline const struct bench_body *bench_body(unsigned id)
{
	const struct image_section *s = &bench_head()->image.section[BENCH_SECTION_TABLE];
	const struct bench_body *b = (const void *)(bench_image + s->off);

	for (unsigned i = 0; i < s->len / sizeof(*b); i++)
		if (b[i].id == id)
			return &b[i];
	return NULL;
}

/* Where the window of a copy begins: its opening stamp. */
static inline uint32_t bench_window(const struct bench_body *b, unsigned align)
{
	return b->addr[align] + 64 + 16 * align;
}

enum bench_data {
#define BDATA(name, off, words) BD_##name = off,
#include "bench/bdata.def"
#undef BDATA
};

#endif
