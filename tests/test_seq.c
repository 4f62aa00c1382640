/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes, struct and text of a sequence convert into one another without loss; errors say what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/seq.h"
#include "tests/parsed.h"

enum { TEXT_MAX = 8192 };

static void text_round(const struct seq *seq)
{
	char text[TEXT_MAX], err[256] = "";
	struct seq back;
	int n = seq_print(seq, text, sizeof(text));

	assert_in_range(n, 0, sizeof(text) - 1);
	assert_int_equal(strlen(text), n);
	if (seq_parse(&back, text, (size_t)n, err, sizeof(err)))
		fail_msg("%s in:\n%s", err, text);
	if (memcmp(seq, &back, sizeof(back)))
		fail_msg("changed by:\n%s", text);
}

static void test_every_op(void **state)
{
	static const uint16_t more[] = { 0x0100, 0x0106, 0x0501, 0x0602, 0x0703, 0x0d03, 0x0e05,
					 0x0f05, 0x0301, 0x0080, 0x0180, 0x1234, 0xff00, 0xffff };
	unsigned op, prefix, i;

	(void)state;
	for (op = 0; op < 256; op++) {
		for (prefix = 0; prefix < 9; prefix++) {
			struct seq seq = { .n_steps = STEPS_MAX };

			for (i = 0; i < STEPS_MAX; i++) {
				seq.step[i].op = (uint8_t)op;
				seq.step[i].prefix = (uint8_t)(prefix == 8 ? 255 : prefix);
				seq.step[i].arg = i < 14 ? more[i] : (uint16_t)(i - 14);
			}
			text_round(&seq);
		}
	}
}

static void test_every_arg(void **state)
{
	unsigned op, arg;

	(void)state;
	for (op = 0; op < 256; op++) {
		for (arg = 0; arg < 65536; arg += STEPS_MAX) {
			struct seq seq = { .n_steps = STEPS_MAX };
			unsigned i;

			/* All args of the ops that are, a tenth of those of the rest. */
			if (!ops[op].text && arg % 640)
				continue;
			for (i = 0; i < STEPS_MAX; i++) {
				seq.step[i].op = (uint8_t)op;
				seq.step[i].arg = (uint16_t)(arg + i);
			}
			text_round(&seq);
		}
	}
}

static void test_every_header(void **state)
{
	unsigned at, value;

	(void)state;
	for (at = 0; at < SEQ_HEADER_LEN; at++) {
		for (value = 0; value < 256; value++) {
			uint8_t bytes[SEQ_HEADER_LEN] = { 1, 3, 2, 0 };
			struct seq seq;

			bytes[at] = (uint8_t)value;
			seq_decode(&seq, bytes, sizeof(bytes));
			text_round(&seq);
		}
	}
}

static uint32_t xorshift(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

static void test_random_bytes(void **state)
{
	uint32_t rnd = 0x7ea1u;
	unsigned round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		uint8_t bytes[SEQ_BYTES_MAX + 9], out[SEQ_BYTES_MAX];
		size_t i, n, len = xorshift(&rnd) % (sizeof(bytes) + 1);
		struct seq seq, again;

		for (i = 0; i < len; i++)
			bytes[i] = (uint8_t)(xorshift(&rnd) % (round % 2 ? 256 : 64));
		seq_decode(&seq, bytes, len);
		n = seq_encode(&seq, out);
		assert_int_equal(n, SEQ_HEADER_LEN + seq.n_steps * SEQ_STEP_LEN);
		for (i = 0; i < n; i++)
			assert_int_equal(out[i], i < len ? bytes[i] : 0);
		seq_decode(&again, out, n);
		assert_memory_equal(&seq, &again, sizeof(seq));
		text_round(&seq);
	}
}

static void test_short_bytes(void **state)
{
	static const uint8_t bytes[] = { 2, 1, 0, 0, 5, 0, 0, 0, 3, 1, 0x80 };
	struct seq seq;

	(void)state;
	seq_decode(&seq, NULL, 0);
	assert_int_equal(seq.n_steps, 0);
	assert_int_equal(seq.ring, 0);
	seq_decode(&seq, bytes, 2);
	assert_int_equal(seq.ring, 2);
	assert_int_equal(seq.flags, START_IF);
	seq_decode(&seq, bytes, sizeof(bytes));
	assert_int_equal(seq.n_steps, 1);
	assert_int_equal(seq.step[0].op, OP_UD2);
	assert_int_equal(seq.step[1].op, 0);
}

static void expect_print(const struct seq *seq, const char *want)
{
	char text[TEXT_MAX];

	assert_true(seq_print(seq, text, sizeof(text)) >= 0);
	assert_string_equal(text, want);
}

static void test_pretty(void **state)
{
	struct seq seq = {
		.ring = CTX_U,
		.flags = START_IF | START_DF,
		.layout = LAYOUT_LINUX,
		.n_steps = 11,
		.step = {
			{ OP_UD2, P_NONE, 0 },
			{ OP_INT, P_MOVSS, 0x80 },
			{ OP_IST, P_NONE, 0x0102 },
			{ OP_IRET, P_STI_MOVSS, 1 << 8 | DEFECT_RIP },
			{ OP_IRET, P_NONE, 0x0900 },
			{ OP_GATEP, P_NONE, 0x0103 },
			{ OP_GATEP, P_NONE, 0x0203 },
			{ OP_PFREAD, P_POPSS, 0 },
			{ OP_INT, 7, 0x180 },
			{ 0xfb, 1, 0x1234 },
			{ 0, 0, 0 },
		},
	};

	(void)state;
	expect_print(&seq, "start ring=u flags=if+df layout=linux\n"
			   "ud2\n"
			   "movss+int 0x80\n"
			   "ist 2 1\n"
			   "sti+movss+ret.iret rip=nc\n"
			   "ret.iret arg=0x0900\n"
			   "gate.p 3 1\n"
			   "gate.p arg=0x0203\n"
			   "popss+pf.read np\n"
			   "int prefix=0x07 arg=0x0180\n"
			   "sti+op.0xfb arg=0x1234\n"
			   "op.0x00\n");
	memset(&seq, 0, sizeof(seq));
	expect_print(&seq, "");
	seq.ring = 5;
	seq.flags = 0x21;
	seq.style = 7;
	expect_print(&seq, "start ring=0x05 flags=0x21 style=0x07\n");
}

static void test_hand_written(void **state)
{
	struct seq a = parsed("# a claim; with a separator\n"
			      "start  ring=c\tflags=if ;\r\n\n"
			      "ud2 ;int 128# tail\n"
			      " movss+ret.iret cs=null ; ist 0x02 1;;\n"
			      "op.5 prefix=1");
	struct seq b = parsed("start ring=2 flags=1; ud2; int 0x80; ret.iret prefix=2 arg=0x2\n"
			      "op.0x20 arg=258; sti+ud2\n");

	(void)state;
	assert_int_equal(a.n_steps, 5);
	assert_memory_equal(&a, &b, sizeof(a));
	a = parsed("start flags=0 ring=k layout=plain style=plain");
	memset(&b, 0, sizeof(b));
	assert_memory_equal(&a, &b, sizeof(a));
	a = parsed("");
	assert_memory_equal(&a, &b, sizeof(a));
}

static void expect_error(const char *text, const char *want)
{
	char err[1024] = "";
	struct seq seq, was;

	memset(&was, 0xa5, sizeof(was));
	seq = was;
	assert_int_equal(seq_parse(&seq, text, strlen(text), err, sizeof(err)), -1);
	assert_memory_equal(&seq, &was, sizeof(seq));
	if (strncmp(err, want, strlen(want)))
		fail_msg("\"%s\" gave: %s", text, err);
}

static void test_word_errors(void **state)
{
	(void)state;
	expect_error("ud2\nret.iert", "line 2: unknown op \"ret.iert\"; did you mean \"ret.iret\"?");
	expect_error("ud2 ;\n\n# x\nzzzzzzzz", "line 4: unknown op \"zzzzzzzz\"; write one of: nop int3");
	expect_error("a\x01\xff", "line 1: unknown op \"a??\"; write one of: ");
	expect_error("mvss+ud2", "line 1: unknown prefix \"mvss+\"; did you mean \"movss+\"?");
	expect_error("sti+popss+ud2", "line 1: unknown prefix \"sti+popss+\"; did you mean");
	expect_error("quux+ud2", "line 1: unknown prefix \"quux+\"; write one of: sti+ movss+");
	expect_error("pf.read sop", "line 1: unknown argument \"sop\"; did you mean \"sup\"?");
	expect_error("pf.read zzzz", "line 1: unknown argument \"zzzz\"; write one of: np sup ro");
	expect_error("ret.iret rop=nc", "line 1: unknown frame field \"rop\"; did you mean \"rip\"?");
	expect_error("ret.iret rip=qqqq", "line 1: unknown rip \"qqqq\"; write one of: ok nc edge");
	expect_error("ret.iret cs", "line 1: unknown cs \"\"; write one of: null kcs");
	expect_error("start rign=u", "line 1: unknown start setting \"rign=u\"; did you mean \"ring=\"?");
	expect_error("start ist=all", "line 1: unknown start setting \"ist=all\"; write one of: ring=");
	expect_error("start ring=x", "line 1: unknown ring \"x\"; write one of: k u c");
	expect_error("start flags=if+qq", "line 1: unknown flags \"qq\"; write one of: if ac df nt ts");
	expect_error("start layout=linx", "line 1: unknown layout \"linx\"; did you mean \"linux\"?");
}

static void test_form_errors(void **state)
{
	char many[STEPS_MAX * 4 + 8] = "";
	unsigned i;

	(void)state;
	expect_error("int 256", "line 1: \"256\" is no number for vector; write 0 to 255,");
	expect_error("int 0x", "line 1: \"0x\" is no number for vector; write 0 to 255,");
	expect_error("int ffff", "line 1: \"ffff\" is no number for vector");
	expect_error("ist 2 x", "line 1: \"x\" is no number for second number");
	expect_error("gate.sel 3 12", "line 1: \"12\" is no number for second number; write 0 to 11,");
	expect_error("op.0x100", "line 1: \"0x100\" is no number for op number");
	expect_error("ud2 arg=65536", "line 1: \"65536\" is no number for arg; write 0 to 65535,");
	expect_error("ud2 prefix=", "line 1: \"\" is no number for prefix; write 0 to 255,");
	expect_error("start ring=0x1ff", "line 1: \"0x1ff\" is no number for ring; write 0 to 255");
	expect_error("int", "line 1: argument missing: int takes one vector, as in: int 0x80");
	expect_error("ist 2", "line 1: argument missing: ist takes a vector and a number");
	expect_error("pf.read", "line 1: argument missing: pf.read takes one of: np sup");
	expect_error("ud2 ud2", "line 1: \"ud2\" is too much: ud2 takes no argument; separate steps");
	expect_error("op.0 1", "line 1: \"1\" is too much: an op by number takes only prefix= and arg=");
	expect_error("ret.iret a=b c=d", "line 1: \"c=d\" is too much: ret.iret takes nothing or one of");
	expect_error("pf.read np arg=1", "line 1: arg= stands for the whole argument");
	expect_error("ud2\nstart ring=u", "line 2: start comes once, before the first step");
	expect_error("start; start", "line 1: start comes once");
	expect_error("ud2 a b c d e f g h", "line 1: too many words; separate steps by");
	for (i = 0; i <= STEPS_MAX; i++)
		memcpy(many + i * 4, "ud2\n", 5);
	expect_error(many, "line 65: more than 64 steps; split the sequence");
}

static void test_small_buffers(void **state)
{
	struct seq seq = parsed("start ring=u; ret.iret rip=nc");
	const char want[] = "start ring=u\nret.iret rip=nc\n";
	char out[64], step[16];
	size_t cap;

	(void)state;
	for (cap = 0; cap < sizeof(want); cap++) {
		memset(out, 'x', sizeof(out));
		assert_int_equal(seq_print(&seq, out, cap), -1);
		assert_int_equal(out[cap], 'x');
	}
	assert_int_equal(seq_print(&seq, out, sizeof(want)), sizeof(want) - 1);
	assert_string_equal(out, want);
	assert_int_equal(step_print(&seq.step[0], step, 15), -1);
	assert_int_equal(step_print(&seq.step[0], step, 16), 15);
	assert_string_equal(step, "ret.iret rip=nc");

	memset(out, 'x', sizeof(out));
	assert_int_equal(seq_parse(&seq, "zz", 2, out, 10), -1);
	assert_string_equal(out, "line 1: u");
	assert_int_equal(seq_parse(&seq, "zz", 2, NULL, 0), -1);
}

static void test_lists(void **state)
{
	static const char *const name[N_ARG_KINDS] = { "NONE", "VECTOR", "GATE", "DEFECT" };
	unsigned kind, i;

	(void)state;
	assert_int_equal(list_len(ARG_PAGE), 9);
	assert_string_equal(list_item(ARG_SEL, 16), "uds16");
	assert_null(list_item(ARG_SEL, 17));
	assert_null(list_item(N_ARG_KINDS, 0));
	assert_null(list_words(ARG_PAGE, 4000));
	for (kind = 0; kind < N_ARG_KINDS; kind++) {
		assert_int_equal(list_len((enum arg_kind)kind) == 0, name[kind] != NULL);
		for (i = 0; i < list_len((enum arg_kind)kind); i++) {
			assert_non_null(list_item((enum arg_kind)kind, i));
			assert_non_null(list_words((enum arg_kind)kind, i));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_op),     cmocka_unit_test(test_every_arg),
		cmocka_unit_test(test_every_header), cmocka_unit_test(test_random_bytes),
		cmocka_unit_test(test_short_bytes),  cmocka_unit_test(test_pretty),
		cmocka_unit_test(test_hand_written), cmocka_unit_test(test_word_errors),
		cmocka_unit_test(test_form_errors),  cmocka_unit_test(test_small_buffers),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
