/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second processor, which sends the first one NMIs and interrupts for steps that ask for them. It stays in the
 * firmware's page tables and on the firmware's stack, sleeps but for the runs that have such steps, and is given back.
 */
#ifndef TW_SECOND_H
#define TW_SECOND_H

#include <stdint.h>

/*
 * Borrow it from the firmware, while the machine is the firmware's. mail: where the memory of W_SECOND lies; own_id:
 * of the processor to send to. 0, or -1 where there is none.
 */
int second_start(volatile uint32_t *mail, uint32_t own_id);
/*
 * Give back what was borrowed, also where it began too late to be of use, after handback(). 0, or -1 when it does not
 * come: then this application must not be left.
 */
int second_end(void);

/* Between these two it watches what it is asked for. */
void second_wake(void);
/* Wait until it has sent all it was asked for. 0, or -1 when it does not answer. */
int second_rest(void);

#endif
