/* SPDX-License-Identifier: BSD-2-Clause */
/* What is not compared, row by row, and that a mask changes nothing else and nothing twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "efi/abi/record.h"
#include "efi/abi/tables.h"
#include "efi/abi/victim.h"
#include "fuzz/insn.h"
#include "fuzz/model.h"
#include "fuzz/seq.h"
#include "tests/parsed.h"

/* A record with something in every field. */
static struct record full(enum entry entry, unsigned vector)
{
	return (struct record){ .vector = (uint8_t)vector,
				.entry = (uint8_t)entry,
				.depth = 1,
				.step = 2,
				.live_ss = 0x10,
				.err = 3,
				.rip = W_KTEXT + 0x1234,
				.cs = SEL_KCS,
				.rflags = 0x10202,
				.rsp = 0x1122334455667788,
				.ss = 0x10,
				.landed = 7,
				.live_rflags = 2,
				.cr2 = 0xc2,
				.dr6 = 0xd6,
				.dr7 = 0x455,
				.gs_base = 0x65,
				.rcx = 0xcc,
				.r11 = 0x11 };
}

/* The fields that masking changed, as a set. */
static uint32_t masked(struct record *r)
{
	struct record before = *r, again;
	uint32_t set = 0;

	record_mask(r);
	again = *r;
	record_mask(&again);
	assert_memory_equal(r, &again, sizeof(again));
#define FIELD(type, name, words) set |= before.name != r->name ? 1u << F_##name : 0;
	RECORD_FIELDS(FIELD)
#undef FIELD
	return set;
}

#define BIT(f) (1u << F_##f)

static void fields_of_other_events_go(void **state)
{
	static const struct {
		enum entry entry;
		unsigned vector;
		uint32_t gone;
	} rows[] = {
		{ ENTRY_IDT, 6, BIT(cr2) | BIT(dr6) | BIT(dr7) | BIT(rcx) | BIT(r11) },
		{ ENTRY_IDT, 14, BIT(dr6) | BIT(dr7) | BIT(rcx) | BIT(r11) },
		{ ENTRY_IDT, 1, BIT(cr2) | BIT(rcx) | BIT(r11) },
		{ ENTRY_IDT, 2, BIT(cr2) | BIT(dr6) | BIT(dr7) | BIT(rcx) | BIT(r11) },
		/* INT 8 is no #DF: it pushes no error code */
		{ ENTRY_IDT, 8, BIT(cr2) | BIT(dr6) | BIT(dr7) | BIT(rcx) | BIT(r11) },
		/* #MC: the saved RIP is undefined, SDM 3A 6.15 Interrupt 18 */
		{ ENTRY_IDT, 18, BIT(cr2) | BIT(dr6) | BIT(dr7) | BIT(rcx) | BIT(r11) | BIT(rip) | BIT(rflags) },
		{ ENTRY_SYSCALL, 0, BIT(cr2) | BIT(dr6) | BIT(dr7) },
		{ ENTRY_SYSCALL32, 0, BIT(cr2) | BIT(dr6) | BIT(dr7) },
		{ ENTRY_SYSENTER, 0, BIT(cr2) | BIT(dr6) | BIT(dr7) | BIT(rcx) | BIT(r11) },
		{ ENTRY_LATE, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r = full(rows[i].entry, rows[i].vector);

		if (masked(&r) != rows[i].gone)
			fail_msg("row %zu: vector %u, entry %d", i, rows[i].vector, (int)rows[i].entry);
	}
}

static void a_double_fault_loses_only_rf(void **state)
{
	struct record r = full(ENTRY_IDT, 8);

	(void)state;
	r.flags = REC_HARNESS;
	record_mask(&r);
	assert_int_equal(r.rflags, 0x10202);
	r.flags = REC_ERR;
	record_mask(&r);
	assert_int_equal(r.rflags, 0x202);
	assert_int_equal(r.rip, 0);
}

/* What the model expects behind `int N` in ring 0, masked as #MC. */
static struct record behind_int(const char *text)
{
	static struct trace t;
	struct seq seq = parsed(text);
	struct record r = full(ENTRY_IDT, 18);

	model_predict(&seq, profile_named("intel"), NULL, NULL, &t);
	r.rip = t.rec[0].rip;
	record_mask(&r);
	return r;
}

/* INT 18 is a trap like any INT n; a machine check right behind another one has no RIP to be compared. */
static void int_18_keeps_its_rip(void **state)
{
	struct record r = behind_int("int 18");

	(void)state;
	assert_int_not_equal(r.rip, 0);
	assert_int_equal(r.rflags & 0x10000, 0x10000);
	r = behind_int("int 31");
	assert_int_equal(r.rip, 0);
	assert_int_equal(r.rflags & 0x10000, 0);
}

/* The upper half of RSP is undefined after compatibility mode, SDM 1 3.4.1.1. */
static void compatibility_mode_has_half_an_rsp(void **state)
{
	struct record r = full(ENTRY_IDT, 6);

	(void)state;
	r.cs = SEL_UCS32;
	record_mask(&r);
	assert_int_equal(r.rsp, 0x55667788);
	r = full(ENTRY_IDT, 6);
	r.cs = SEL_UCS;
	record_mask(&r);
	assert_int_equal(r.rsp, 0x1122334455667788);
}

/* What a styled entry's own tests left: of its own flags, and of those of an event that came in the style's text. */
static void a_styled_entry_has_used_its_flags(void **state)
{
	enum { NOT_ARITH = 0xfffff72a };
	struct record r = full(ENTRY_IDT, 6);

	(void)state;
	r.rflags = r.live_rflags = 0xffffffff;
	for (unsigned flags = 0; flags < 256; flags++) {
		const int styled = (flags & REC_STYLE) != 0;
		struct record in_text = r, elsewhere = r;

		in_text.flags = elsewhere.flags = (uint8_t)flags;
		in_text.rip = 0;
		record_mask(&in_text);
		record_mask(&elsewhere);
		assert_int_equal(in_text.live_rflags, styled ? NOT_ARITH : 0xffffffff);
		assert_int_equal(in_text.rflags, styled ? NOT_ARITH : 0xffffffff);
		assert_int_equal(elsewhere.live_rflags, styled ? NOT_ARITH : 0xffffffff);
		assert_int_equal(elsewhere.rflags, 0xffffffff);
	}
}

static void check_window(uint64_t first, uint64_t end)
{
	/* what was sent, a single step, and a fault on the way to a handler */
	static const uint8_t events[] = { 2, 1, 0x40, 0x42, 0x61, 11, 13, 14 };

	for (uint64_t addr = first; addr < end; addr++) {
		for (size_t i = 0; i < sizeof(events); i++) {
			struct record r = full(ENTRY_IDT, events[i]);

			r.rip = addr;
			record_mask(&r);
			assert_int_equal(r.rip, first);
			assert_int_equal(r.flags, REC_WINDOW);
		}
		/* fetched from where an event in a window came: ring 3 from ring 0's text */
		struct record pf = full(ENTRY_IDT, 14);

		pf.cr2 = addr;
		record_mask(&pf);
		assert_int_equal(pf.cr2, first);
		/* a system call saves no RIP in memory */
		struct record r = full(ENTRY_SYSENTER, 0);
		r.rip = addr;
		record_mask(&r);
		assert_int_equal(r.rip, addr);
		assert_int_equal(r.flags, 0);
	}
}

static void a_window_is_one_place(void **state)
{
	const struct victim_labels *l = victim_labels();
	struct record r = full(ENTRY_IDT, 2);

	(void)state;
	check_window(l->sled_k, l->sled_k_end);
	check_window(l->sled_u, l->sled_u_end);
	check_window(l->sled_c, l->sled_c_end);
	r.rip = l->sled_k - 1;
	record_mask(&r);
	assert_int_equal(r.rip, l->sled_k - 1);
	r.rip = l->sled_c_end;
	record_mask(&r);
	assert_int_equal(r.rip, l->sled_c_end);
}

/* The jump into the window is part of it, in every context and under every prefix. */
static void the_jump_belongs_to_its_window(void **state)
{
	const struct victim_labels *l = victim_labels();
	const uint64_t window[N_CTX] = { l->sled_k, l->sled_u, l->sled_c };
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < N_CTX * N_PREFIX; i++) {
		uint32_t addr = victim_body(OP_NMI, i / N_PREFIX, i % N_PREFIX, 1, 0);
		const struct insn *in = addr ? victim_insn(addr) : NULL;

		while (in && in->kind != INSN_JSLED)
			in = victim_insn(in->addr + (in->len & INSN_LEN));
		if (!in)
			continue;
		struct record r = full(ENTRY_IDT, 2);
		r.rip = in->addr;
		record_mask(&r);
		assert_int_equal(r.rip, window[i / N_PREFIX]);
		n++;
	}
	assert_int_equal(n, 2 * 5 + 6);
}

static void order_matters_to_the_hash(void **state)
{
	struct record r[2] = { full(ENTRY_IDT, 6), full(ENTRY_IDT, 13) };
	uint64_t one = record_hash(r, 2);

	(void)state;
	assert_int_equal(record_hash(r, 2), one);
	assert_true(record_hash(r, 1) != one);
	for (size_t i = 0; i < sizeof(r); i++) {
		((uint8_t *)r)[i] ^= 1;
		assert_true(record_hash(r, 2) != one);
		((uint8_t *)r)[i] ^= 1;
	}
	struct record swapped[2] = { r[1], r[0] };
	assert_true(record_hash(swapped, 2) != one);
}

/* SDM 3B 17.2.3: the bits of breakpoints that are not enabled may or may not be set. */
static void only_enabled_breakpoints_show(void **state)
{
	static const struct {
		uint64_t dr7, left;
	} rows[] = { { 0x400, 0 }, { 0x401, 1 }, { 0x402, 1 }, { 0x404, 2 }, { 0x420, 4 }, { 0x440, 8 }, { 0x4aa, 15 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct record r = full(ENTRY_IDT, 1);

		r.dr6 = 0xffffeff0 | 15;
		r.dr7 = rows[i].dr7;
		record_mask(&r);
		assert_int_equal(r.dr6, 0xffffeff0 | rows[i].left);
		assert_int_equal(r.dr7, rows[i].dr7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_other_events_go),
		cmocka_unit_test(only_enabled_breakpoints_show),
		cmocka_unit_test(a_double_fault_loses_only_rf),
		cmocka_unit_test(int_18_keeps_its_rip),
		cmocka_unit_test(compatibility_mode_has_half_an_rsp),
		cmocka_unit_test(a_styled_entry_has_used_its_flags),
		cmocka_unit_test(a_window_is_one_place),
		cmocka_unit_test(the_jump_belongs_to_its_window),
		cmocka_unit_test(order_matters_to_the_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
