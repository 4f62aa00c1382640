/* SPDX-License-Identifier: BSD-2-Clause */
/* The mutator: what each operation does to steps, that results are valid, and the face AFL++ sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fuzz/model.h"
#include "fuzz/mutate.h"
#include "fuzz/text.h"
#include "host/mutator.h"
#include "tests/parsed.h"

static int is_valid(const struct seq *s, uint32_t max)
{
	if (s->n_steps > max)
		return 0;
	for (uint32_t i = 0; i < STEPS_MAX; i++) {
		const struct step *p = &s->step[i];
		if (i < s->n_steps ? !ops[p->op].text : p->op || p->prefix || p->arg)
			return 0;
	}
	return 1;
}

static const char start[] = "start ring=u flags=if layout=linux\n"
			    "int3; nmi.self; sti+syscall; ret.iret; int 0x80; ret.sysret ok; pf.read np";
static const char other[] = "go.c; go.c; go.c; go.c";

static void every_operation_gives_a_valid_sequence(void **state)
{
	(void)state;
	for (unsigned which = 0; which < N_MUTATIONS; which++) {
		struct mutator m;
		unsigned changed = 0;

		mutate_seed(&m, which);
		m.max_steps = 9;
		for (unsigned i = 0; i < 2000; i++) {
			struct seq s = parsed(i % 5 ? start : ""), add = parsed(i % 3 ? other : "");
			changed += (unsigned)mutate_one(&m, (enum mutation)which, &s, i % 7 ? &add : NULL);
			if (!is_valid(&s, 9))
				fail_msg("%s makes no valid sequence", mutation_name[which]);
		}
		if (changed < 500)
			fail_msg("%s changes %u of 2000", mutation_name[which], changed);
	}
}

/* Whether within 3000 tries the operation makes `want` of `from`. */
static int reaches(enum mutation which, const char *from, const char *add, const char *want)
{
	struct seq w = parsed(want), a = parsed(add);
	struct mutator m;

	mutate_seed(&m, 1);
	for (unsigned i = 0; i < 3000; i++) {
		struct seq s = parsed(from);
		mutate_one(&m, which, &s, &a);
		if (!memcmp(&s, &w, sizeof(s)))
			return 1;
	}
	return 0;
}

static void operations_do_what_they_are_for(void **state)
{
	static const struct {
		enum mutation which;
		const char *from, *add, *want;
	} cases[] = {
		{ MUT_INSERT, "int3; ud2", "", "int3; ret.iret; ud2" },
		{ MUT_DELETE, "int3; ud2; de; nop", "", "int3; nop" },
		{ MUT_DUPLICATE, "int3; ud2", "", "int3; ud2; int3" },
		{ MUT_SPLICE, "int3; ud2; nop", "de; clts; swapgs", "int3; clts; swapgs" },
		{ MUT_GRAFT, "int3; ud2", "de; clts; swapgs", "int3; clts; ud2" },
		{ MUT_NEST, "ud2; de", "", "syscall; ud2; ret.sysret ok; de" },
		{ MUT_NEST, "ud2; de", "", "ud2; int3; de; ret.iret" },
		{ MUT_NEST, "int 0x93; nop", "", "int 0x93; int 0x93; ret.iret; nop" },
		{ MUT_CONTEXT, "ud2; de", "", "ud2; go.c; de" },
		{ MUT_WALK, "pf.read ro", "", "pf.read user" },
		{ MUT_WALK, "pf.read ro", "", "pf.read sup" },
		{ MUT_WALK, "pf.read ro", "", "pf.read np" },
		{ MUT_WALK, "ret.iret rip=nc", "", "ret.iret rip=edge" },
		{ MUT_WALK, "ist 2 1", "", "ist 2 2" },
		{ MUT_WALK, "int 0x80", "", "int 0x81" },
		{ MUT_SHADOW, "nop; int3", "", "nop; movss+int3" },
		{ MUT_BREAK, "int3; ret.iret", "", "int3; ret.iret cs=null" },
		{ MUT_HEADER, "int3", "", "start ring=c\nint3" },
		{ MUT_HEADER, "int3", "", "start flags=df\nint3" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!reaches(cases[i].which, cases[i].from, cases[i].add, cases[i].want))
			fail_msg("%s never makes `%s` of `%s`", mutation_name[cases[i].which], cases[i].want,
				 cases[i].from);
	}
}

static void a_full_sequence_stays_within_its_steps(void **state)
{
	struct mutator m;
	struct seq s = { .n_steps = STEPS_MAX };

	(void)state;
	mutate_seed(&m, 5);
	for (unsigned i = 0; i < STEPS_MAX; i++)
		s.step[i].op = OP_INT3;
	for (unsigned i = 0; i < 5000; i++) {
		struct seq add = s;
		mutate(&m, &s, &add);
		assert_true(is_valid(&s, STEPS_MAX));
	}
}

static void a_long_sequence_gives_a_part_of_it_mostly(void **state)
{
	struct mutator m;
	unsigned n_short = 0, n_long = 0;

	(void)state;
	mutate_seed(&m, 1);
	for (unsigned i = 0; i < 1000; i++) {
		struct seq s = parsed("int3");

		for (s.n_steps = 1; s.n_steps < 40; s.n_steps++)
			s.step[s.n_steps] = s.step[0];
		mutate(&m, &s, NULL);
		n_short += s.n_steps < 20;
		n_long += s.n_steps > 30;
	}
	assert_in_range(n_short, 800, 950);
	assert_in_range(n_long, 50, 150);
}

static void arguments_stay_in_their_lists(void **state)
{
	struct mutator m;

	(void)state;
	mutate_seed(&m, 9);
	for (unsigned op = 0; op < 256; op++) {
		unsigned len = ops[op].text ? list_len((enum arg_kind)ops[op].arg) : 0;
		for (unsigned i = 0; len && i < 200; i++) {
			uint16_t arg = mutate_arg(&m, (uint8_t)op);
			assert_in_range(arg, 0, len - 1);
			assert_in_range(mutate_walk(&m, (uint8_t)op, arg), 0, len - 1);
		}
	}
}

/* A run of the mutator as AFL++ calls it; a sum of all it made. */
static uint64_t afl_sum(unsigned seed, unsigned n, size_t max_len)
{
	uint8_t bytes[SEQ_BYTES_MAX], add[SEQ_BYTES_MAX], *out;
	struct seq s = parsed(start), a = parsed(other);
	size_t len = seq_encode(&s, bytes), add_len = seq_encode(&a, add);
	void *data = afl_custom_init(NULL, seed);
	uint64_t sum = 0;

	assert_non_null(data);
	for (unsigned i = 0; i < n; i++) {
		size_t got = i % 4 ? afl_custom_fuzz(data, bytes, len, &out, i % 3 ? add : NULL, add_len, max_len) :
				     afl_custom_havoc_mutation(data, bytes, len, &out, max_len);
		assert_in_range(got, SEQ_HEADER_LEN, max_len);
		assert_non_null(afl_custom_describe(data, 64));
		for (size_t k = 0; k < got; k++)
			sum = sum * 31 + out[k];
	}
	assert_in_range(afl_custom_havoc_mutation_probability(data), 1, 100);
	/* AFL++ doubles a turn for all that is found in it, so that few entries would ever have one */
	assert_in_range(afl_custom_fuzz_count(data, bytes, len), 16, 4096);
	afl_custom_deinit(data);
	return sum;
}

static void same_seed_same_results(void **state)
{
	(void)state;
	assert_true(afl_sum(7, 300, 260) == afl_sum(7, 300, 260));
	assert_true(afl_sum(7, 300, 260) != afl_sum(8, 300, 260));
	afl_sum(1, 300, 20);
}

static void trim_drops_what_the_model_does_not_miss(void **state)
{
	struct seq s = parsed("nop; int3; nop; nop; movss+ret.iret; nop; nop; nop; nop"),
		   plain = parsed("int3"), got;
	uint8_t bytes[SEQ_BYTES_MAX], *out;
	size_t len = seq_encode(&s, bytes);
	void *data = afl_custom_init(NULL, 1);

	(void)state;
	assert_non_null(data);
	int32_t n = afl_custom_init_trim(data, bytes, len);
	assert_in_range(n, 1, 2);
	len = afl_custom_trim(data, &out);
	seq_decode(&got, out, len);
	assert_in_range(got.n_steps, 1, 3);
	assert_int_equal(afl_custom_post_trim(data, 1), n);
	/* a failure leads to the next try, and there is an end */
	assert_int_equal(afl_custom_init_trim(data, bytes, seq_encode(&s, bytes)), n);
	for (int32_t i = 0; i < n; i++)
		assert_int_equal(afl_custom_post_trim(data, 0), i + 1);
	assert_int_equal(afl_custom_init_trim(data, bytes, seq_encode(&plain, bytes)), 0);
	afl_custom_deinit(data);
}

static void trim_keeps_the_coverage(void **state)
{
	static struct trace t;
	static uint8_t before[1 << 16], after[1 << 16];
	const struct profile *amd = profile_named("amd");
	struct mutator m;

	(void)state;
	mutate_seed(&m, 3);
	for (unsigned i = 0; i < 50; i++) {
		struct seq s = parsed(start);
		mutate(&m, &s, NULL);
		model_predict(&s, amd, NULL, NULL, &t);
		cover_trace(&s, &t, before, sizeof(before));
		trim_seq(&s, amd);
		assert_true(is_valid(&s, STEPS_MAX));
		model_predict(&s, amd, NULL, NULL, &t);
		cover_trace(&s, &t, after, sizeof(after));
		assert_memory_equal(before, after, sizeof(before));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_gives_a_valid_sequence),
		cmocka_unit_test(operations_do_what_they_are_for),
		cmocka_unit_test(a_full_sequence_stays_within_its_steps),
		cmocka_unit_test(a_long_sequence_gives_a_part_of_it_mostly),
		cmocka_unit_test(arguments_stay_in_their_lists),
		cmocka_unit_test(same_seed_same_results),
		cmocka_unit_test(trim_drops_what_the_model_does_not_miss),
		cmocka_unit_test(trim_keeps_the_coverage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
