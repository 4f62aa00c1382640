/* SPDX-License-Identifier: BSD-2-Clause */
/* A sequence laid out: the right body for each context, arguments from the lists, and its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/model.h"
#include "fuzz/insn.h"
#include "fuzz/tape.h"

static uint8_t mem[L_TAPE];
static struct tape tape;

static uint64_t word(unsigned step, unsigned i)
{
	uint64_t v;

	memcpy(&v, mem + TAPE_ENTRY_LEN * step + 8 * i, 8);
	return v;
}

static void lay_out(const char *text)
{
	struct seq seq;
	char err[128];

	if (seq_parse(&seq, text, strlen(text), err, sizeof(err)))
		fail_msg("%s: %s", text, err);
	memset(mem, 0xcc, sizeof(mem));
	tape_lay_out(&seq, NULL, profile_named("intel"), mem, &tape);
}

static uint64_t nop(unsigned ctx)
{
	return victim_body(OP_NOP, ctx, P_NONE, 1, 0);
}

static void each_context_has_its_body(void **state)
{
	(void)state;
	lay_out("ud2; movss+int3; popss+int3");
	for (unsigned ctx = 0; ctx < N_CTX; ctx++) {
		assert_int_equal(word(0, ctx), victim_body(OP_UD2, ctx, P_NONE, 1, 0));
		assert_int_equal(word(1, ctx), victim_body(OP_INT3, ctx, P_MOVSS, 1, 0));
		/* POP SS is no instruction of 64-bit mode */
		assert_int_equal(word(2, ctx),
				 victim_body(OP_INT3, ctx, ctx == CTX_C ? P_POPSS : P_NONE, 1, 0));
	}
}

static void what_a_context_lacks_does_nothing(void **state)
{
	(void)state;
	lay_out("cr0.ts 1; op.0xee; gp.nc");
	assert_int_equal(word(0, CTX_K), victim_body(OP_TS, CTX_K, P_NONE, 2, 1));
	assert_int_equal(word(0, CTX_U), nop(CTX_U));
	assert_int_equal(word(2, CTX_C), nop(CTX_C));
	for (unsigned ctx = 0; ctx < N_CTX; ctx++)
		assert_int_equal(word(1, ctx), nop(ctx));
}

static void the_tape_ends_where_it_ends(void **state)
{
	const struct victim_labels *l = victim_labels();

	(void)state;
	lay_out("nop; nop; nop");
	assert_int_equal(tape.end, 3 * TAPE_ENTRY_LEN);
	assert_int_equal(word(3, CTX_K), l->end_k);
	assert_int_equal(word(3, CTX_U), l->end_u);
	assert_int_equal(word(3, CTX_C), l->end_c);
	/* and nothing of a longer one is left behind it */
	for (unsigned i = 4; i <= STEPS_MAX; i++) {
		assert_int_equal(word(i, CTX_K), l->end_k);
		assert_int_equal(word(i, CTX_U), l->end_u);
		assert_int_equal(word(i, CTX_C), l->end_c);
		assert_int_equal(word(i, TAPE_ARG0 / 8), 0);
		assert_int_equal(word(i, TAPE_ARG0 / 8 + 1), 0);
	}
}

/* The longest tape and its end fit the page-aligned region. */
static void the_longest_tape_fits(void **state)
{
	static struct seq seq = { .n_steps = STEPS_MAX };

	(void)state;
	memset(mem, 0xcc, sizeof(mem));
	tape_lay_out(&seq, NULL, profile_named("amd"), mem, &tape);
	assert_int_equal(tape.end, STEPS_MAX * TAPE_ENTRY_LEN);
	assert_true(tape.end + 24 <= L_TAPE);
}

static void arguments_are_the_lists(void **state)
{
	static const struct {
		const char *text;
		uint64_t arg;
	} rows[] = {
		{ "mov.ss uds", 0x23 },
		{ "mov.ss out", 0x150 },		   { "mov.es ldt", 0x0c },
		{ "lss kds", 0x1000001000 },	   { "flags tf+if", 0x302 },
		{ "flags res", 0xffc08028 },	   { "fmask none", 0 },
		{ "fmask max", 0xffffffff },
		{ "frame.rip nc", 0x8000000000000000 }, { "frame.rip edge", 0x7fffffffffff },
		{ "frame.rsp np", 0x4040c800 },	   { "frame.rsp ist2", 0x40339000 },
		{ "frame.cs ucs32", 0x1b },	   { "frame.ss npds", 0x63 },
		{ "frame.fl vm", 0x20002 },	   { "ret.sysret np", 0x4040c200 },
		{ "ret.iret fl=nt", 0x4002 },	   { "ret.iret ss=kds", 0x10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lay_out(rows[i].text);
		if (word(0, 3) != rows[i].arg)
			fail_msg("%s: %#llx", rows[i].text, (unsigned long long)word(0, 3));
	}
}

/* The n-th immediate that a body loads. */
static uint64_t immediate(uint64_t addr, unsigned n)
{
	for (const struct insn *in; (in = victim_insn(addr)); addr += in->len & INSN_LEN)
		if (in->kind == INSN_MOVRI && !n--)
			return in->imm;
	return ~0ull;
}

/* What a body stores to the command register of the local APIC. */
static uint64_t command(uint64_t addr)
{
	for (const struct insn *in; (in = victim_insn(addr)); addr += in->len & INSN_LEN)
		if (in->kind == INSN_ST32I && (in->imm & 0xffffffff) == W_LAPIC + 0x300)
			return in->imm >> 32;
	return ~0ull;
}

/*
 * A jump may lead ring 0 into the middle of any body, with any value in its registers: the local APIC
 * is sent nothing but immediates, or it might be an INIT or an SMI.
 */
static void no_register_goes_to_the_local_apic(void **state)
{
	unsigned n = 0;

	(void)state;
	for (uint64_t addr = W_KTEXT; addr < W_UTEXT + L_UTEXT; addr++) {
		const struct insn *in = victim_insn(addr);
		uint64_t to = in && in->kind == INSN_ST32I ? in->imm & 0xffffffff : in ? in->imm : 0;

		if (to < W_LAPIC || to >= W_LAPIC + L_LAPIC)
			continue;
		n++;
		if (in->kind != INSN_ST32I && in->kind != INSN_STIMM && in->kind != INSN_TIMERRD)
			fail_msg("%#llx: kind %u", (unsigned long long)addr, in->kind);
	}
	assert_true(n > 100);
}

/*
 * What could harm the harness comes from the body itself, in every context: a body entered again after
 * an event reads another step's argument from the tape.
 */
static void dangerous_values_are_no_arguments(void **state)
{
	const struct {
		const char *text;
		uint64_t value;
	} rows[] = {
		{ "pf.read np", 0x4040c100 },  { "pf.write ro", 0x40408100 }, { "pf.read low", 0x2000 },
		{ "cr0.ts 1", 0x8005003b },    { "cr0.ts 0", 0x80050033 },    { "efer.sce 0", 0xd00 },
		{ "efer.sce 1", 0xd01 },       { "pf.exec ktext", victim_labels()->land_k },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lay_out(rows[i].text);
		for (unsigned ctx = 0; ctx < N_CTX; ctx++)
			if (word(0, ctx) != nop(ctx))
				assert_int_equal(immediate(word(0, ctx), 0), rows[i].value);
		assert_int_equal(word(0, 3), 0);
	}
	lay_out("ipi.self 0x40; ipi.self 0x42; ipi.self 0x61");
	for (unsigned ctx = 0; ctx < N_CTX; ctx++) {
		assert_int_equal(command(word(0, ctx)), 0x44040);
		assert_int_equal(command(word(1, ctx)), 0x44042);
		assert_int_equal(command(word(2, ctx)), 0x44061);
	}
}

static void a_gate_is_written_through_the_alias(void **state)
{
	const struct victim_labels *l = victim_labels();

	(void)state;
	lay_out("ist 14 5; gate.type 3 2; gate.dpl 0x80 3; gate.p 8 1");
	for (unsigned i = 0; i < 4; i++) {
		static const uint64_t vector[4] = { 14, 3, 0x80, 8 };

		assert_int_equal(word(i, 3), vector[i]);
		assert_int_equal(immediate(word(i, CTX_K), 0), ALIAS_DELTA);
	}
	assert_int_equal(immediate(word(0, CTX_K), 1), 5);
	assert_int_equal(immediate(word(1, CTX_K), 1), l->gate_tables + 2 * 256);
	assert_int_equal(immediate(word(2, CTX_K), 1), l->gate_tables + (8 + 3) * 256);
	assert_int_equal(immediate(word(3, CTX_K), 1), l->gate_tables + (12 + 1) * 256);
}

static void variants_follow_the_argument(void **state)
{
	(void)state;
	lay_out("int 0xfe; ret.iret; ret.iret ss=out; ret.sysret ok; ret.sysret nc");
	assert_int_equal(word(0, CTX_U), victim_body(OP_INT, CTX_U, P_NONE, 256, 0xfe));
	assert_int_equal(word(1, CTX_K), victim_body(OP_IRET, CTX_K, P_NONE, 6, DEFECT_NONE));
	assert_int_equal(word(2, CTX_K), victim_body(OP_IRET, CTX_K, P_NONE, 6, DEFECT_SS));
	assert_int_equal(word(3, CTX_K), victim_body(OP_SYSRET, CTX_K, P_NONE, 2, 0));
	assert_int_equal(word(4, CTX_K), victim_body(OP_SYSRET, CTX_K, P_NONE, 2, 1));
}

static void what_is_to_be_restored_follows_from_the_steps(void **state)
{
	(void)state;
	lay_out("nop; ud2");
	assert_int_equal(tape.needs, 0);
	assert_int_equal(tape.swapgs, 0);
	lay_out("ist 2 1");
	assert_int_equal(tape.needs, TABLES);
	lay_out("fmask none; nmi.self; swapgs");
	assert_int_equal(tape.needs, MSRS | ASYNC);
	assert_true(tape.swapgs);
}

static void flags_at_the_start(void **state)
{
	static const struct {
		const char *text;
		uint64_t rflags;
	} rows[] = { { "nop", 2 },		   { "start flags=if; nop", 0x202 },
		     { "start flags=ac; nop", 0x40002 }, { "start flags=df; nop", 0x402 },
		     { "start flags=nt; nop", 0x4002 },	 { "start flags=if+df+ts; nop", 0x602 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		lay_out(rows[i].text);
		assert_int_equal(tape.rflags, rows[i].rflags);
	}
}

/* Values out of range are reduced when laid out: every byte string is a tape of whole bodies. */
static void any_bytes_are_a_tape(void **state)
{
	uint8_t bytes[SEQ_BYTES_MAX];
	uint32_t random = 1;
	struct seq seq;

	(void)state;
	for (unsigned round = 0; round < 2000; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(random >> 24);
		}
		seq_decode(&seq, bytes, sizeof(bytes));
		tape_lay_out(&seq, NULL, profile_named(round % 2 ? "amd" : "intel"), mem, &tape);
		for (unsigned i = 0; i < seq.n_steps; i++) {
			for (unsigned ctx = 0; ctx < N_CTX; ctx++) {
				const struct insn *in = victim_insn(word(i, ctx));

				assert_non_null(in);
				assert_true(in->len & (ctx == CTX_C ? INSN_MODE32 : INSN_MODE64));
			}
		}
	}
}

/* What is kept of the tape before is what would have been written. */
static void a_tape_over_another_is_the_same_tape(void **state)
{
	static uint8_t over[L_TAPE];
	uint32_t random = 7;
	struct seq seq, old;
	struct tape t;

	(void)state;
	memset(over, 0xff, sizeof(over));
	for (unsigned round = 0; round < 3000; round++) {
		uint8_t bytes[SEQ_BYTES_MAX];
		unsigned steps;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(random >> 24);
		}
		/* mostly the one before with a step or two changed, sometimes in another style or of another length */
		steps = bytes[8] % 4 ? 0 : bytes[9] % (STEPS_MAX + 1);
		if (round && bytes[10] % 16) {
			uint8_t was[SEQ_BYTES_MAX];
			size_t len = seq_encode(&old, was);

			for (unsigned i = 0; i < bytes[11] % 3 && len; i++)
				was[bytes[12 + i] % len] = bytes[16 + i];
			memcpy(bytes, was, len);
			seq_decode(&seq, bytes, steps ? SEQ_HEADER_LEN + steps * SEQ_STEP_LEN : len);
		} else {
			seq_decode(&seq, bytes, sizeof(bytes));
		}
		memset(mem, 0xff, sizeof(mem));
		tape_lay_out(&seq, NULL, profile_named("intel"), mem, &tape);
		tape_lay_out(&seq, round ? &old : NULL, profile_named("intel"), over, &t);
		assert_memory_equal(over, mem, sizeof(mem));
		assert_int_equal(t.needs, tape.needs);
		assert_int_equal(t.swapgs, tape.swapgs);
		assert_int_equal(t.end, tape.end);
		old = seq;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tape_over_another_is_the_same_tape),
		cmocka_unit_test(each_context_has_its_body),
		cmocka_unit_test(what_a_context_lacks_does_nothing),
		cmocka_unit_test(the_tape_ends_where_it_ends),
		cmocka_unit_test(the_longest_tape_fits),
		cmocka_unit_test(arguments_are_the_lists),
		cmocka_unit_test(dangerous_values_are_no_arguments),
		cmocka_unit_test(no_register_goes_to_the_local_apic),
		cmocka_unit_test(a_gate_is_written_through_the_alias),
		cmocka_unit_test(variants_follow_the_argument),
		cmocka_unit_test(what_is_to_be_restored_follows_from_the_steps),
		cmocka_unit_test(flags_at_the_start),
		cmocka_unit_test(any_bytes_are_a_tape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
