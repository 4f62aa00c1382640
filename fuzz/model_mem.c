/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The victim's memory: what is mapped, with which rights, and the bytes. The page rights are those of
 * window.def, as the guest's page tables give them; outside the window nothing is mapped that a step
 * could name.
 */
#include "fuzz/cpu_state.h"

enum { PAGE_MAPPED = 1, PAGE_W = 2, PAGE_U = 4, PAGE_X = 8 };

int canonical(const struct cpu *c, uint64_t addr)
{
	unsigned bits = c->profile->features & FEAT(LA57) ? 57 : 48;
	int64_t top = (int64_t)addr >> (bits - 1);

	return top == 0 || top == -1;
}

static unsigned rights(uint64_t addr)
{
	const struct region *r;
	unsigned pg;

	if (addr >= ALIAS(WINDOW_BASE) && addr < ALIAS(WINDOW_END)) {
		r = region_of(addr - ALIAS_DELTA);
		return r && !(r->flags & (R_NP | R_UC)) ? PAGE_MAPPED | PAGE_W : 0;
	}
	r = region_of(addr);
	if (!r || r->flags & R_NP)
		return 0;
	pg = PAGE_MAPPED;
	pg |= r->flags & R_W ? PAGE_W : 0;
	pg |= r->flags & R_U ? PAGE_U : 0;
	pg |= r->flags & R_X ? PAGE_X : 0;
	return pg;
}

static int page_fault(struct cpu *c, uint64_t addr, unsigned err, enum rule_id id)
{
	fault(c, V_PF, rule(c, RULE_PF_ERROR_CODE, err), id);
	c->raise.cr2 = addr;
	return 1;
}

static int check(struct cpu *c, uint64_t addr, unsigned access)
{
	unsigned pg = rights(addr);
	int user = c->cpl == 3 && !(access & (ACC_SYSTEM | ACC_SUPER));
	unsigned err = (access & ACC_WRITE ? PF_W : 0) | (user ? PF_U : 0) |
		       (access & ACC_FETCH ? PF_I : 0);

	if (rule(c, RULE_PF_NOT_PRESENT, !(pg & PAGE_MAPPED)))
		return page_fault(c, addr, err, RULE_PF_NOT_PRESENT);
	if (rule(c, RULE_PF_USER, user && !(pg & PAGE_U)))
		return page_fault(c, addr, err | PF_P, RULE_PF_USER);
	if (rule(c, RULE_PF_WRITE, (access & ACC_WRITE) && !(pg & PAGE_W)))
		return page_fault(c, addr, err | PF_P, RULE_PF_WRITE);
	if (rule(c, RULE_PF_FETCH, (access & ACC_FETCH) && !(pg & PAGE_X)))
		return page_fault(c, addr, err | PF_P, RULE_PF_FETCH);
	return 0;
}

int mem_fetch(struct cpu *c, uint64_t addr)
{
	if (rule(c, RULE_GP_FETCH_NONCANONICAL, c->mode64 && !canonical(c, addr)))
		return fault(c, V_GP, 0, RULE_GP_FETCH_NONCANONICAL);
	return check(c, c->mode64 ? addr : addr & 0xffffffff, ACC_FETCH);
}

/* Where the bytes at addr are; NULL: nobody ever looks at them again. */
static uint8_t *bytes(struct cpu *c, uint64_t addr, unsigned len)
{
	static const uint8_t stack_of[N_REGIONS] = {
		[REGION_MAIN] = 1, [REGION_RSP0] = 2, [REGION_IST1] = 3, [REGION_IST2] = 4,
		[REGION_IST3] = 5, [REGION_IST4] = 6, [REGION_IST5] = 7, [REGION_IST6] = 8,
		[REGION_IST7] = 9, [REGION_USTK] = 10, [REGION_CSTK] = 11,
	};
	const struct region *r;
	uint64_t off;

	if (addr >= ALIAS(WINDOW_BASE) && addr < ALIAS(WINDOW_END))
		addr -= ALIAS_DELTA;
	r = region_of(addr);
	if (!r || addr + len > (uint64_t)r->base + r->len)
		return NULL;
	off = addr - r->base;
	if (stack_of[r - regions])
		return c->stack[stack_of[r - regions] - 1] + off;
	switch (r - regions) {
	case REGION_TAPE:
		return c->tape + off;
	case REGION_HARN:
		return off + len <= sizeof(c->harn) ? c->harn + off : NULL;
	case REGION_IDT:
		return c->idt + off;
	case REGION_TSS:
		return off + len <= sizeof(c->tss) ? c->tss + off : NULL;
	case REGION_DUSER:
		return c->duser + off;
	case REGION_DSUP:
		return c->dsup + off;
	default:
		return NULL;
	}
}

/* Before any translation: canonical, aligned where it must be, and the segment usable. */
static int before(struct cpu *c, uint64_t addr, unsigned len, unsigned access)
{
	if (access & ACC_SYSTEM) {
		/* a frame whose pushes wrap out of the canonical half */
		if (!canonical(c, addr))
			return fault(c, V_GP, 0, RULE_GP_NONCANONICAL);
		return 0;
	}
	if (!c->mode64 && (access & ACC_STACK) && c->ss_unusable)
		return fault(c, V_SS, 0, RULE_SS_UNUSABLE);
	if (c->mode64 && !canonical(c, addr)) {
		if (rule(c, RULE_SS_NONCANONICAL, (access & ACC_STACK) != 0))
			return fault(c, V_SS, 0, RULE_SS_NONCANONICAL);
		return fault(c, V_GP, 0, RULE_GP_NONCANONICAL);
	}
	if (rule(c, RULE_AC_MISALIGNED,
		 c->cpl == 3 && (c->rflags & FL_AC) && (addr & (len - 1)) != 0))
		return fault(c, V_AC, 0, RULE_AC_MISALIGNED);
	return 0;
}

/* Both pages of an access that straddles two are checked before anything is transferred. */
static int translate(struct cpu *c, uint64_t addr, unsigned len, unsigned access)
{
	if (before(c, addr, len, access) || check(c, addr, access))
		return 1;
	if ((addr ^ (addr + len - 1)) & ~0xfffull)
		return check(c, (addr + len - 1) & ~0xfffull, access);
	return 0;
}

int mem_read(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t *ret_value)
{
	const uint8_t *p;
	uint64_t v = 0;
	uint32_t left;

	if (translate(c, addr, len, access & ~ACC_WRITE))
		return 1;
	p = bytes(c, addr, len);
	if (!p) {
		p = victim_bytes(addr, &left);
		if (p && left < len)
			p = NULL;
	}
	for (unsigned i = 0; p && i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	*ret_value = v;
	debug_access(c, addr, len, access);
	return 0;
}

int mem_write(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t value)
{
	uint8_t *p;

	if (translate(c, addr, len, access | ACC_WRITE))
		return 1;
	p = bytes(c, addr, len);
	for (unsigned i = 0; p && i < len; i++)
		p[i] = (uint8_t)(value >> (8 * i));
	debug_access(c, addr, len, access | ACC_WRITE);
	return 0;
}
