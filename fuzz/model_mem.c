/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The victim's memory: what is mapped, with which rights, and the bytes. The page rights are those of
 * window.def, as the guest's page tables give them. Outside the window the harness's own pages are mapped,
 * at addresses that only the firmware knows.
 */
#include <string.h>

#include "fuzz/cpu_state.h"

enum { PAGE_MAPPED = 1, PAGE_W = 2, PAGE_U = 4, PAGE_X = 8, PAGE_RSV = 16, PAGE_KEY = 32 };

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
		return r && !(r->flags & (R_NP | R_UC | R_M)) ? PAGE_MAPPED | PAGE_W : 0;
	}
	r = region_of(edge_in_window(addr));
	if (!r || r->flags & R_NP)
		return 0;
	pg = PAGE_MAPPED;
	pg |= r->flags & R_W ? PAGE_W : 0;
	pg |= r->flags & R_U ? PAGE_U : 0;
	pg |= r->flags & R_X ? PAGE_X : 0;
	pg |= r->flags & R_K ? PAGE_KEY : 0;
	pg |= r->flags & R_V ? PAGE_RSV : 0;
	return pg;
}

static int page_fault(struct cpu *c, uint64_t addr, unsigned err, enum rule_id id)
{
	fault(c, V_PF, rule(c, RULE_PF_ERROR_CODE, err), id);
	c->raise.cr2 = addr;
	return 1;
}

/* SDM 3A 4.6.2, APM 2 5.6.7: the key of a user page forbids the access to data, in every ring. */
static int key_forbids(const struct cpu *c, unsigned pg, unsigned access, int user)
{
	unsigned key = c->pkru >> 2 & 3; /* of key 1 */

	if (!(c->cr4 & CR4_PKE_BIT) || !(pg & PAGE_KEY) || access & ACC_FETCH)
		return 0;
	return key & 1 || (key & 2 && access & ACC_WRITE && (user || c->cr0 & CR0_WP_BIT));
}

/* What ring 0 may not do with a page of ring 3. */
static int smap_forbids(struct cpu *c, unsigned access)
{
	if (!(c->cr4 & CR4_SMAP_BIT))
		return 0;
	/* AC opens what ring 0 asks for, not what an engine reads for ring 3 with ring 0's rights */
	if (access & ACC_TABLE || (access & ACC_SUPER && c->cpl == 3) || !(c->rflags & FL_AC))
		return 1;
	/* whether the pushes of a delivery that leaves ring 3 are implicit accesses is not said */
	return access & ACC_SYSTEM && c->cpl == 3 && choose_once(c, RULE_SMAP_FRAME, 2);
}

/*
 * Where an emulator's firmware loads the harness: below the window, but not where 16-bit pointers reach. (On
 * a real machine it may lie above the window, where few sequences ever come.)
 */
static int may_be_harness(uint64_t addr)
{
	return addr >= 0x10000 && addr < WINDOW_BASE;
}

static int check(struct cpu *c, uint64_t addr, unsigned access)
{
	unsigned pg = rights(addr);
	int user = (c->cpl == 3 && !(access & (ACC_SYSTEM | ACC_SUPER))) || access & ACC_RING3;
	unsigned err = (access & ACC_WRITE ? PF_W : 0) | (user ? PF_U : 0) |
		       (access & ACC_FETCH ? PF_I : 0);
	int key = key_forbids(c, pg, access, user);

	if (may_be_harness(addr))
		unchecked(c);
	if (rule(c, RULE_PF_NOT_PRESENT, !(pg & PAGE_MAPPED)))
		return page_fault(c, addr, err, RULE_PF_NOT_PRESENT);
	err |= PF_P | (key ? PF_PK : 0);
	if (pg & PAGE_RSV && rule(c, RULE_PF_RESERVED, 1))
		return page_fault(c, addr, rule(c, RULE_PF_RESERVED_P, err | PF_RSV), RULE_PF_RESERVED);
	if (rule(c, RULE_PF_USER, user && !(pg & PAGE_U)))
		return page_fault(c, addr, err, RULE_PF_USER);
	if (rule(c, RULE_PF_WRITE,
		 (access & ACC_WRITE) && !(pg & PAGE_W) && (user || c->cr0 & CR0_WP_BIT)))
		return page_fault(c, addr, err, RULE_PF_WRITE);
	if (rule(c, RULE_PF_FETCH, (access & ACC_FETCH) && !(pg & PAGE_X)))
		return page_fault(c, addr, err, RULE_PF_FETCH);
	if (!user && (pg & PAGE_U)) {
		if (access & ACC_FETCH && rule(c, RULE_PF_SMEP, (c->cr4 & CR4_SMEP_BIT) != 0))
			return page_fault(c, addr, err, RULE_PF_SMEP);
		if (!(access & ACC_FETCH) && rule(c, RULE_PF_SMAP, smap_forbids(c, access)))
			return page_fault(c, addr, err, RULE_PF_SMAP);
	}
	if (rule(c, RULE_PF_KEY, key && (!c->pke_later || rule(c, RULE_PF_KEY_AT_ONCE, 1))))
		return page_fault(c, addr, err, RULE_PF_KEY);
	return 0;
}

int mem_fetch(struct cpu *c, uint64_t addr)
{
	if (rule(c, RULE_GP_FETCH_NONCANONICAL, c->mode64 && !canonical(c, addr)))
		return fault(c, V_GP, 0, RULE_GP_FETCH_NONCANONICAL);
	return check(c, c->mode64 ? addr : addr & 0xffffffff, ACC_FETCH);
}

/* The last page of text, which holds none: with CR0.WP clear what is written there can be read again. */
static uint8_t *text_data(uint8_t *page, uint64_t base, uint64_t addr)
{
	return addr >= base ? page + (addr - base) : NULL;
}

/* What is seen through the alias, or at the canonical boundary, is what lies in the window. */
static uint64_t in_window(uint64_t addr)
{
	if (addr >= ALIAS(WINDOW_BASE) && addr < ALIAS(WINDOW_END))
		return addr - ALIAS_DELTA;
	return edge_in_window(addr);
}

/* Where the bytes at addr are; NULL: what lies there is not the model's to say. */
static uint8_t *bytes(struct cpu *c, uint64_t addr, unsigned len)
{
	static const uint8_t stack_of[N_REGIONS] = {
		[REGION_MAIN] = 1, [REGION_RSP0] = 2, [REGION_IST1] = 3, [REGION_IST2] = 4,
		[REGION_IST3] = 5, [REGION_IST4] = 6, [REGION_IST5] = 7, [REGION_IST6] = 8,
		[REGION_IST7] = 9, [REGION_USTK] = 10, [REGION_CSTK] = 11,
	};
	const struct region *r;
	uint64_t off;

	addr = in_window(addr);
	r = region_of(addr);
	if (!r || addr + len > (uint64_t)r->base + r->len)
		return NULL;
	off = addr - r->base;
	if (stack_of[r - regions])
		return c->stack[stack_of[r - regions] - 1] + off;
	switch (r - regions) {
	case REGION_TAPE:
	case REGION_KTAPE:
		return c->tape + off;
	case REGION_HARN:
		return off + len <= sizeof(c->harn) ? c->harn + off : NULL;
	case REGION_IDT:
		return c->idt + off;
	case REGION_GDT:
	case REGION_GDTRO:
		return c->gdt + off;
	case REGION_TSS:
		return off + len <= sizeof(c->tss) ? c->tss + off : NULL;
	case REGION_KCONST:
		return c->kconst + off;
	case REGION_UCONST:
		return c->uconst + off;
	case REGION_KTEXT:
		return text_data(c->text_data[0], W_KTEXT_DATA, addr);
	case REGION_UTEXT:
		return text_data(c->text_data[1], W_UTEXT_DATA, addr);
	case REGION_DUSER:
		return c->data[DATA_USER] + off;
	case REGION_DSUP:
		return c->data[DATA_SUP] + off;
	case REGION_DRO:
		return c->data[DATA_RO] + off;
	case REGION_DKEY:
		return c->data[DATA_KEY] + off;
	default:
		return NULL;
	}
}

static int not_canonical(struct cpu *c, unsigned access)
{
	/* of the system's own accesses it is a frame whose pushes wrap out of the canonical half */
	if (!(access & ACC_SYSTEM) && rule(c, RULE_SS_NONCANONICAL, (access & ACC_STACK) != 0))
		return fault(c, V_SS, 0, RULE_SS_NONCANONICAL);
	return fault(c, V_GP, 0, RULE_GP_NONCANONICAL);
}

int mem_checks_alignment(const struct cpu *c)
{
	return c->cpl == 3 && c->cr0 & CR0_AM_BIT && c->rflags & FL_AC;
}

int mem_misaligned(struct cpu *c, uint64_t addr, unsigned len)
{
	if (rule(c, RULE_AC_MISALIGNED, (addr & (len - 1)) != 0 && mem_checks_alignment(c)))
		return fault(c, V_AC, 0, RULE_AC_MISALIGNED);
	return 0;
}

/* An access through a segment that cannot be used, or to an address that is none. */
static int segment_faults(struct cpu *c, uint64_t addr, unsigned access)
{
	if (c->mode64)
		return canonical(c, addr) ? 0 : not_canonical(c, access);
	return access & ACC_STACK && c->ss_unusable ? fault(c, V_SS, 0, RULE_SS_UNUSABLE) : 0;
}

/* Both pages of an access that straddles two; of one that leaves the canonical half that is the first. */
static int pages_fault(struct cpu *c, uint64_t addr, uint64_t last, unsigned access)
{
	if (check(c, addr, access))
		return 1;
	return addr >> 12 != last >> 12 && canonical(c, last) ? check(c, last & ~0xfffull, access) : 0;
}

/* Before any translation: canonical, aligned where it must be, and the segment usable. */
static int before(struct cpu *c, uint64_t addr, unsigned len, unsigned access)
{
	if (access & ACC_SYSTEM)
		return canonical(c, addr) ? 0 : not_canonical(c, access);
	if (!c->mode64 && (access & ACC_STACK) && c->ss_unusable == SS_NARROW) {
		unchecked(c);
		return 0;
	}
	if (segment_faults(c, addr, access)) {
		const struct event first = c->raise;
		return or_else(c, first, mem_misaligned(c, addr, len));
	}
	if (access & ACC_UNALIGNED || !mem_misaligned(c, addr, len))
		return 0;
	const struct event first = c->raise;
	return or_else(c, first, pages_fault(c, addr, addr + len - 1, access));
}

/* All of an access is checked before anything is transferred. */
int mem_faults(struct cpu *c, uint64_t addr, unsigned len, unsigned access)
{
	const uint64_t last = addr + len - 1;
	const int faults = before(c, addr, len, access) || pages_fault(c, addr, last, access);

	/* where its first part faults by itself, which of the two comes is not said */
	if (canonical(c, addr) && !canonical(c, last) && (!faults || !choose(c, RULE_NONCANONICAL_PART, 2)))
		return not_canonical(c, access);
	return faults;
}

int mem_read(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t *ret_value)
{
	const uint8_t *p;
	uint64_t v = 0;
	uint32_t left;

	access &= ~ACC_WRITE;
	if (mem_faults(c, addr, len, access))
		return 1;
	p = bytes(c, addr, len);
	if (!p) {
		p = victim_bytes(in_window(addr), &left);
		if (p && left < len)
			p = NULL;
	}
	if (!p)
		unchecked(c);
	for (unsigned i = 0; p && i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	*ret_value = v;
	if (access & ACC_TABLE)
		debug_table(c, addr, len, access);
	else
		debug_access(c, addr, len, access);
	return 0;
}

static int is_part_of_open(struct cpu *c, uint64_t addr)
{
	const uint8_t *p = bytes(c, addr & ~7ull, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return is_untold(v) || (c->window_rips && window_of((uint32_t)(v >> 8 * (addr & 4))));
}

int mem_cuts_open(struct cpu *c, uint64_t addr, unsigned len)
{
	return addr & (len - 1) && (is_part_of_open(c, addr) || is_part_of_open(c, addr + len - 1));
}

int mem_load(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t *ret_value)
{
	if (mem_read(c, addr, len, access, ret_value))
		return 1;
	if ((len <= 2 && is_part_of_open(c, addr)) || mem_cuts_open(c, addr, len))
		unchecked(c);
	return 0;
}

static int is_text(uint64_t addr)
{
	const struct region *r = region_of(edge_in_window(addr));

	return r && r->flags & R_X;
}

int mem_write(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t value)
{
	uint8_t *p;

	access |= ACC_WRITE;
	if (mem_faults(c, addr, len, access))
		return 1;
	p = bytes(c, addr, len);
	/* written over, and about to run */
	if (!p && is_text(addr))
		unchecked(c);
	if (p)
		dirtied(c, p);
	for (unsigned i = 0; p && i < len; i++)
		p[i] = (uint8_t)(value >> (8 * i));
	if (access & ACC_TABLE)
		debug_table(c, addr, len, access);
	else
		debug_access(c, addr, len, access);
	return 0;
}

void mem_clear(struct cpu *c, uint64_t addr, uint8_t bits)
{
	uint8_t *p = bytes(c, addr, 1);

	if (p)
		*p &= (uint8_t)~bits;
}

int push_words(struct cpu *c, uint64_t *rsp, unsigned access, const uint64_t *word, unsigned n)
{
	const uint64_t last = *rsp - 8 * n;

	for (unsigned i = 0; i < n; i++) {
		*rsp -= 8;
		if (word ? mem_write(c, *rsp, 8, access, word[i]) : mem_faults(c, *rsp, 8, access | ACC_WRITE)) {
			const struct event first = c->raise;

			if (!mem_faults(c, last, 8, access | ACC_WRITE) || !choose_once(c, RULE_PUSH_ORDER, 2))
				c->raise = first;
			return 1;
		}
	}
	return 0;
}

int mem_exchange(struct cpu *c, uint64_t addr, unsigned len, unsigned access, uint64_t *value)
{
	uint64_t was = 0;

	if (mem_faults(c, addr, len, access | ACC_WRITE)) {
		struct event as_write = c->raise;

		/* the access that caused the fault is reported, and both of them would */
		if (as_write.vec != V_PF || !mem_faults(c, addr, len, access) || !choose(c, RULE_PF_EXCHANGE, 2))
			c->raise = as_write;
		return 1;
	}
	if (mem_read(c, addr, len, access, &was) || mem_write(c, addr, len, access, *value))
		return 1;
	*value = was;
	return 0;
}
