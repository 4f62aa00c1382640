/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shared window: two boxes, one for each direction, that carry the frames of wire.h without the
 * byte stuffing, since nothing is lost on the way and a box says how long its frame is.
 *
 * A sender fills its box and then writes a turn that the box did not have. The receiver has something
 * to read when the turn is not the one it saw last. A box may be filled anew only when the other side
 * has answered, or is held to be gone; so what is read stays until then and is used where it lies.
 * Turn 0 is the empty box of a fresh window; a host that takes the guest back to a snapshot makes the
 * window fresh as well, while the guest stands still.
 */
#ifndef TW_ABI_SHM_H
#define TW_ABI_SHM_H

#include "efi/abi/wire.h"

enum { SHM_LEN = 0x10000, SHM_VENDOR = 0x1af4, SHM_DEVICE = 0x1110, SHM_BAR = 2 };

struct shm_box {
	uint32_t turn;
	uint32_t len;
	uint8_t frame[WIRE_RAW_MAX];
};

struct shm_window {
	struct shm_box request __attribute__((aligned(4096))); /* host to guest */
	struct shm_box answer __attribute__((aligned(4096)));
};
_Static_assert(sizeof(struct shm_window) <= SHM_LEN, "the boxes fit the window");

/* Put a frame of wire_pack() into a box. */
static inline void shm_post(struct shm_box *box, const uint8_t *frame, size_t len)
{
	uint32_t turn = box->turn + 1;

	for (size_t i = 0; i < len; i++)
		box->frame[i] = frame[i];
	box->len = (uint32_t)len;
	__atomic_store_n(&box->turn, turn ? turn : 1, __ATOMIC_RELEASE);
}

/* Whether there is something new; *seen is the receiver's own. */
static inline int shm_look(const struct shm_box *box, uint32_t *seen)
{
	uint32_t turn = __atomic_load_n(&box->turn, __ATOMIC_ACQUIRE);

	if (turn == *seen)
		return 0;
	*seen = turn;
	return 1;
}

#endif
