/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A flat image: text and constants assembled by NASM (-f bin) for the fixed addresses of the window,
 * carried in the application and in the host program as bytes. It opens with this header.
 */
#ifndef TW_ABI_IMAGE_H
#define TW_ABI_IMAGE_H

#include <stdint.h>

#define IMAGE_MAGIC 0x314d4954u /* "TIM1" */

enum { IMAGE_SECTIONS_MAX = 8 };

struct image_section {
	uint32_t va; /* where it goes; 0: it is not mapped (tables for C) */
	uint32_t off, len; /* where it is in the image */
};

struct image_head {
	uint32_t magic;
	uint32_t n_sections;
	struct image_section section[IMAGE_SECTIONS_MAX];
};

/* The victim image (fuzz/victim.asm) and the benchmarks' (bench/bodies.asm). */
extern const uint8_t victim_image[], victim_image_end[];
extern const uint8_t bench_image[], bench_image_end[];

#endif
