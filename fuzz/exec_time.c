/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Time stamps of a run: a leg goes from where the recorder leaves off to where it takes up again, so the
 * recorder itself is in none of them. What is run does not know of it.
 */
#include "fuzz/exec_state.h"

static uint32_t word(unsigned off)
{
	return (uint32_t)*harn(off);
}

unsigned time_legs(const struct raw_record *raw, unsigned n, uint64_t end, struct exec_leg *ret_leg)
{
	uint32_t from = word(H_TSTART);
	unsigned legs = 0;

	for (; legs < n; legs++) {
		ret_leg[legs].ticks = raw[legs].tsc_in - from;
		ret_leg[legs].step = (uint8_t)(raw[legs].rsi / TAPE_ENTRY_LEN);
		from = raw[legs].tsc_out;
	}
	/* the recorder ends a run when an event comes at the tape's end, or is one too many */
	if (n && (raw[n - 1].rsi >= end || n >= RECORDS_MAX || *harn(H_FAULT)))
		return legs;
	ret_leg[legs].ticks = word(H_TEND) - from;
	ret_leg[legs].step = TIMED_AT_END;
	return legs + 1;
}
