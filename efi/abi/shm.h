/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared window: two rings of boxes, one for each direction, that carry the frames of wire.h without the
 * byte stuffing, since nothing is lost on the way and a box says how long its frame is.
 *
 * The n-th frame of a direction goes into box n % SHM_BOXES: its sender fills the box and then writes n, its
 * turn, there. The receiver has something to read when the next box has the next turn. Every request has one
 * answer and they come in order, so a host that never has more than SHM_BOXES requests open reuses no box that
 * is still wanted; what is read stays until it is answered, and is used where it lies. Turns begin with 1: a
 * fresh window has nothing to read. A host that takes the guest back to a snapshot makes the window fresh as
 * well, while the guest stands still.
 */
#ifndef TW_ABI_SHM_H
#define TW_ABI_SHM_H

#include "efi/abi/wire.h"

enum { SHM_LEN = 0x20000, SHM_BOXES = 32, SHM_VENDOR = 0x1af4, SHM_DEVICE = 0x1110, SHM_BAR = 2 };

struct shm_box {
	uint32_t turn;
	uint32_t len;
	uint8_t frame[WIRE_RAW_MAX];
};

struct shm_window {
	struct shm_box request[SHM_BOXES] __attribute__((aligned(4096))); /* host to guest */
	struct shm_box answer[SHM_BOXES] __attribute__((aligned(4096)));
};
_Static_assert(sizeof(struct shm_window) <= SHM_LEN, "the boxes fit the window");

/* Put a frame of wire_pack() into a ring; *turn is the sender's own, of its last one. */
static inline void shm_post(struct shm_box *ring, uint32_t *turn, const uint8_t *frame, size_t len)
{
	struct shm_box *box = &ring[++*turn % SHM_BOXES];

	for (size_t i = 0; i < len; i++)
		box->frame[i] = frame[i];
	box->len = (uint32_t)len;
	__atomic_store_n(&box->turn, *turn, __ATOMIC_RELEASE);
}

/* The next box of a ring, NULL when nothing is in it yet; *turn is the receiver's own, of its last one. */
static inline const struct shm_box *shm_look(const struct shm_box *ring, uint32_t *turn)
{
	const struct shm_box *box = &ring[(*turn + 1) % SHM_BOXES];

	if (__atomic_load_n(&box->turn, __ATOMIC_ACQUIRE) != *turn + 1)
		return NULL;
	++*turn;
	return box;
}

#endif
