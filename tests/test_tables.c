/* SPDX-License-Identifier: BSD-2-Clause */
/* Vectors, descriptor tables, window and image: what C, NASM and the model take for granted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "efi/abi/tables.h"
#include "efi/abi/victim.h"
#include "fuzz/insn.h"
#include "fuzz/seq.h"

static uint64_t get(const uint8_t *p, unsigned len)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

/* SDM 3A table 6-1, APM 2 table 8-1: which exceptions push an error code. */
static void error_codes_are_the_manuals(void **state)
{
	static const uint8_t pushes[] = { 8, 10, 11, 12, 13, 14, 17, 21, 29, 30 };
	static const struct {
		uint8_t num, has_ec;
	} rows[] = {
#define VEC(num, name, has_ec, class, kind, words) { num, has_ec },
#include "efi/abi/vectors.def"
#undef VEC
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(rows[i].has_ec, memchr(pushes, rows[i].num, sizeof(pushes)) != NULL);
		assert_true(!i || rows[i].num > rows[i - 1].num);
	}
	for (size_t i = 0; i < sizeof(pushes); i++) {
		int found = 0;

		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
			found |= rows[k].num == pushes[i];
		assert_true(found);
	}
}

/* Access byte and flags nibble of every segment descriptor, SDM 3A 3.4.5 and 3.4.5.1. */
static void descriptors_are_what_their_names_say(void **state)
{
	static const struct {
		uint8_t sel, access, flags;
	} rows[] = { { 0x08, 0x9b, 0xa }, { 0x10, 0x93, 0xc }, { 0x1b, 0xfb, 0xc }, { 0x23, 0xf3, 0xc },
		     { 0x2b, 0xfb, 0xa }, { 0x33, 0xf3, 0xc }, { 0x48, 0x1b, 0xa }, { 0x53, 0x7b, 0xa },
		     { 0x58, 0x13, 0xc }, { 0x63, 0x73, 0xc }, { 0x6b, 0xf1, 0xc }, { 0x73, 0xfb, 0xe } };
	uint8_t gdt[GDT_LEN];

	(void)state;
	memset(gdt, 0xcc, sizeof(gdt));
	gdt_build(gdt, 0x123456789abcdef0);
	assert_int_equal(get(gdt, 8), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const uint8_t *d = gdt + (rows[i].sel & ~7);

		assert_int_equal(get(d, 5), 0x000000ffff);
		assert_int_equal(d[5], rows[i].access);
		assert_int_equal(d[6], rows[i].flags << 4 | 0xf);
		assert_int_equal(d[7], 0);
	}
	/* SYSCALL, SYSRET, SYSENTER and SYSEXIT take these by addition */
	assert_int_equal(SEL_KDS, SEL_KCS + 8);
	assert_int_equal(SEL_UDS, SEL_UCS32 + 8);
	assert_int_equal(SEL_UCS, SEL_UCS32 + 16);
	assert_int_equal(SEL_UCS32, (SEL_KCS + 16) | 3);
	assert_int_equal(SEL_UCS, (SEL_KCS + 32) | 3);
	assert_int_equal(SEL_UDS2, SEL_UCS + 8);
}

static void the_tss_descriptor_has_its_base(void **state)
{
	uint8_t gdt[GDT_LEN];
	const uint8_t *d = gdt + 0x38;

	(void)state;
	gdt_build(gdt, 0x123456789abcdef0);
	assert_int_equal(get(d, 2), 0x67);
	assert_int_equal(get(d + 2, 3) | get(d + 7, 1) << 24 | get(d + 8, 4) << 32, 0x123456789abcdef0);
	assert_int_equal(d[5], 0x89);
	assert_int_equal(get(d + 12, 4), 0);
}

/* SDM 3A figure 8-11. */
static void the_tss_has_a_stack_for_each_index(void **state)
{
	static const uint32_t ist[7] = { 0x40329000, 0x40339000, 0x40349000, 0x40359000,
					 0x40369000, 0x40379000, 0x40389000 };
	uint8_t tss[TSS_LEN];

	(void)state;
	memset(tss, 0xcc, sizeof(tss));
	tss_build(tss);
	assert_int_equal(get(tss + 4, 8), 0x40319000);
	assert_int_equal(get(tss + 12, 8) | get(tss + 20, 8) | get(tss + 28, 8), 0);
	for (unsigned i = 0; i < 7; i++)
		assert_int_equal(get(tss + 36 + 8 * i, 8), ist[i]);
	assert_true(get(tss + 0x66, 2) > TSS_LIMIT);
}

/* SDM 3A figure 6-8. */
static void gates_lead_to_their_stubs(void **state)
{
	static const uint8_t ist[32] = { [2] = 3, [8] = 1, [18] = 7 };
	static uint8_t idt[IDT_LEN];
	const uint64_t stubs = 0x1234567890abcde0;

	(void)state;
	memset(idt, 0xcc, sizeof(idt));
	idt_build(idt, stubs, 0x20, ist);
	for (unsigned v = 0; v < 256; v++) {
		const uint8_t *g = idt + 16 * v;
		int user = v == 3 || v == 4 || v == 0x80;

		assert_int_equal(get(g, 2) | get(g + 6, 2) << 16 | get(g + 8, 4) << 32, stubs + 0x20 * v);
		assert_int_equal(get(g + 2, 2), 8);
		assert_int_equal(g[4], v == 2 ? 3 : v == 8 ? 1 : v == 18 ? 7 : 0);
		assert_int_equal(g[5], user ? 0xee : 0x8e);
		assert_int_equal(get(g + 12, 4), 0);
	}
}

static void regions_keep_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N_REGIONS; i++) {
		const struct region *r = &regions[i];
		uint64_t end = (uint64_t)r->base + r->len;

		assert_true(!(r->base & 0xfff) && !(r->len & 0xfff) && r->len);
		assert_true(r->base >= WINDOW_BASE && end <= WINDOW_END);
		assert_false((r->flags & R_W) && (r->flags & R_X));
		assert_true(!i || r->base >= regions[i - 1].base + (uint64_t)regions[i - 1].len);
		assert_ptr_equal(region_of(r->base), r);
		assert_ptr_equal(region_of(end - 1), r);
	}
	assert_null(region_of(WINDOW_END));
	assert_null(region_of(0));
}

/* An RSP cut to 16 bits lands in the low 64 KiB, and a stack has a block of 64 KiB to itself. */
static void stacks_stand_alone(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < N_REGIONS; i++) {
		if (!(regions[i].flags & R_S))
			continue;
		n++;
		for (unsigned k = 0; k < N_REGIONS; k++)
			assert_true(k == i || regions[k].base >> 16 != regions[i].base >> 16);
		assert_null(region_of(regions[i].base - 1));
		assert_null(region_of(regions[i].base + regions[i].len));
	}
	assert_int_equal(n, 11);
}

static void sections_fit_image_and_window(void **state)
{
	const struct image_head *h = (const struct image_head *)(const void *)victim_image;
	size_t size = (size_t)(victim_image_end - victim_image);

	(void)state;
	assert_int_equal(h->magic, IMAGE_MAGIC);
	assert_in_range(h->n_sections, 4, IMAGE_SECTIONS_MAX);
	for (unsigned i = 0; i < h->n_sections; i++) {
		const struct image_section *s = &h->section[i];
		const struct region *r = region_of(s->va);
		uint32_t left;

		assert_true(s->len && s->off + (size_t)s->len <= size);
		assert_non_null(r);
		assert_in_range(s->len, 1, r->len);
		/* the text at the boundary ends with its region */
		assert_int_equal(s->va, r == &regions[REGION_EDGE] ? r->base + r->len - s->len : r->base);
		assert_false(r->flags & R_W);
		assert_ptr_equal(victim_bytes(s->va + s->len - 1, &left), victim_image + s->off + s->len - 1);
		assert_int_equal(left, 1);
		for (unsigned k = 0; k < i; k++)
			assert_true(s->off >= h->section[k].off + h->section[k].len);
	}
}

static void check_insns(uint64_t off, uint64_t len, uint64_t base, uint64_t end)
{
	const struct insn *in = (const void *)(victim_image + off);

	assert_true(len && !(len % sizeof(*in)));
	for (size_t i = 0; i < len / sizeof(*in); i++) {
		assert_in_range(in[i].addr, base, end - 1);
		assert_in_range(in[i].len & INSN_LEN, 1, 15);
		assert_true(in[i].len & (INSN_MODE32 | INSN_MODE64));
		assert_in_range(in[i].kind, 0, N_INSN_KINDS - 1);
		assert_true(!i || in[i].kind == INSN_CUT ||
			    in[i].addr >= in[i - 1].addr + (in[i - 1].len & INSN_LEN));
		assert_ptr_equal(victim_insn(in[i].addr), &in[i]);
	}
}

static void instructions_are_in_order(void **state)
{
	const struct victim_labels *l = victim_labels();

	(void)state;
	check_insns(l->kinsn_off, l->kinsn_len, W_KTEXT, W_KTEXT + L_KTEXT);
	check_insns(l->uinsn_off, l->uinsn_len, W_UTEXT, W_EDGE + L_EDGE);
	assert_int_equal(victim_insn(EDGE_PAGE + 0xffe)->kind, INSN_SYSCALL);
	assert_int_equal(victim_insn(EDGE_PAGE + 0xfff)->kind, INSN_CUT);
	assert_null(victim_insn(EDGE_PAGE + 0x1000));
	assert_null(victim_insn(W_KTEXT + 0x1));
	assert_null(victim_insn(W_DUSER));
}

/* A body is LEA, its instructions without a gap, and the jump to the tape; all of its own mode. */
static unsigned check_body(uint32_t addr, unsigned op, unsigned ctx, unsigned prefix)
{
	unsigned mode = ctx == CTX_C ? INSN_MODE32 : INSN_MODE64, n = 0;
	const struct insn *in = victim_insn(addr);
	struct body_place place;

	assert_non_null(in);
	assert_int_equal(in->kind, INSN_LEARSI);
	for (;; n++, addr += in->len & INSN_LEN) {
		in = victim_insn(addr);
		if (!in)
			fail_msg("op %#x, context %u, prefix %u: a gap at %#x", op, ctx, prefix, addr);
		assert_int_equal(in->len & (INSN_MODE32 | INSN_MODE64), mode);
		assert_true(victim_place(addr, &place));
		assert_int_equal(place.op, op);
		assert_int_equal(place.ctx, ctx);
		assert_int_equal(place.prefix, prefix);
		if (in->kind == INSN_JMPTAPE)
			break;
	}
	assert_int_equal(in->a, 8 * ctx);
	return n;
}

static void bodies_are_whole(void **state)
{
	unsigned n = 0;

	(void)state;
	for (unsigned op = 0; op < 256; op++) {
		if (!ops[op].text) {
			assert_int_equal(victim_body(op, 0, 0, 1, 0), 0);
			continue;
		}
		for (unsigned i = 0; i < N_CTX * N_PREFIX * ops[op].variants; i++) {
			unsigned ctx = i / (N_PREFIX * ops[op].variants), v = i % ops[op].variants;
			unsigned prefix = i / ops[op].variants % N_PREFIX;
			uint32_t addr = victim_body(op, ctx, prefix, ops[op].variants, v);
			int has = (ops[op].ctx >> ctx & 1) && (prefix != P_POPSS || ctx == CTX_C);

			assert_int_equal(addr != 0, has);
			/* of hundreds of INT n the first and last will do */
			if (addr && (v < 6 || v + 1u == ops[op].variants))
				n += check_body(addr, op, ctx, prefix);
		}
	}
	assert_true(n > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_codes_are_the_manuals),
		cmocka_unit_test(descriptors_are_what_their_names_say),
		cmocka_unit_test(the_tss_descriptor_has_its_base),
		cmocka_unit_test(the_tss_has_a_stack_for_each_index),
		cmocka_unit_test(gates_lead_to_their_stubs),
		cmocka_unit_test(regions_keep_apart),
		cmocka_unit_test(stacks_stand_alone),
		cmocka_unit_test(sections_fit_image_and_window),
		cmocka_unit_test(instructions_are_in_order),
		cmocka_unit_test(bodies_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
