/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's end of the shared window (efi/abi/shm.h): memory of an ivshmem device on PCI bus 0. */
#ifndef TW_SHM_H
#define TW_SHM_H

#include "efi/abi/shm.h"

struct shm {
	struct shm_window *window; /* at SHM_AT; NULL: there is none */
	uint32_t seen, posted; /* turns */
};

/* Look for the device and let it answer. Its physical address, which is to be mapped at SHM_AT; 0: there is none. */
uint64_t shm_open(struct shm *s);

/* A sound frame that has just come; it stays good until it is answered. */
int shm_receive(struct shm *s, struct wire_msg *ret_msg);

#endif
