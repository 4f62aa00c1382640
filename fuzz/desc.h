/* SPDX-License-Identifier: BSD-2-Clause */
/* Segment descriptors, and the loads of segment registers (model_seg.c). */
#ifndef TW_FUZZ_DESC_H
#define TW_FUZZ_DESC_H

#include "fuzz/cpu_state.h"

struct desc {
	uint8_t type, s, dpl, p, l, d; /* type: 4 bits */
	uint32_t limit;
	uint64_t base; /* of a system segment all 64 bits */
	uint64_t addr;
};
enum { DESC_OK, DESC_OUTSIDE, DESC_FAULT };
/*
 * Read the descriptor of a non-null selector. DESC_OUTSIDE: it lies beyond its table's limit.
 * DESC_FAULT: the table could not be read, c->raise is set.
 */
int desc_read(struct cpu *c, uint16_t sel, struct desc *ret_desc);
/* The same for an instruction that loads the selector: beyond the limit is #GP, by rule id. Returns as fault() does. */
int find_desc(struct cpu *c, uint16_t sel, enum rule_id id, struct desc *ret_desc);
/* Set a bit of a descriptor's second dword. Returns 1 with c->raise set on a fault. */
int desc_write(struct cpu *c, const struct desc *d, uint64_t bit);
/* The segment is loaded: its accessed bit is set if it is not. Returns 1 with c->raise set on a fault. */
int desc_accessed(struct cpu *c, const struct desc *d, enum rule_id id);
static inline int desc_code(const struct desc *d)
{
	return d->s && (d->type & 8);
}
static inline int desc_conforming(const struct desc *d)
{
	return (d->type & 4) != 0;
}
static inline int desc_wdata(const struct desc *d)
{
	return d->s && !(d->type & 8) && (d->type & 2);
}
static inline uint8_t ss_bits(const struct desc *d)
{
	return (uint8_t)((d->d ? 0 : SS_SP) | (d->l ? SS_L : 0));
}
int load_ss(struct cpu *c, uint16_t sel);
/* DS, ES, FS, GS: *ret_desc is left alone by a null selector. */
int load_data(struct cpu *c, uint16_t sel, struct desc *ret_desc);
/* Of a far JMP. */
int check_jump_cs(struct cpu *c, uint16_t sel, struct desc *ret_desc);
/* Checks of a return's CS and SS, SDM's order; opsize for error reporting only. */
int check_return_cs(struct cpu *c, uint16_t sel, struct desc *ret_desc);
int check_return_ss(struct cpu *c, uint16_t sel, unsigned new_cpl, int new_mode64, uint8_t *ret_bits);

#endif
