/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What surrounds the model's decisions: known differences that replace them, choices and their paths,
 * and the rule that is named behind each field of a record.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/model_case.h"

static struct trace t;

static void predict(const char *text, enum case_profile which, struct overlay *o, const struct path *path)
{
	const struct model_case c = { .seq = text };
	struct seq seq;

	assert_int_equal(parse_case(&c, &seq), 0);
	model_predict(&seq, case_profile(which), o, path, &t);
}

/* RF in the image that UD2 or DE saves, on Intel, with these lines of known differences. */
static int saved_rf(const char *text, struct overlay_line *line, unsigned n)
{
	struct overlay o = { .n = n, .line = line };

	predict(text, INTEL, &o, NULL);
	return t.rec[0].rflags >> 16 & 1;
}

static void a_known_difference_holds_where_it_says(void **state)
{
	/* RF_FAULT, and whether RF is lost */
	static const struct {
		const char *seq;
		uint8_t vendor;
		int vector, lost;
	} cases[] = {
		{ "ud2", VENDOR_OTHER, -1, 1 },	   { "ud2", VENDOR_INTEL, -1, 1 }, { "ud2", VENDOR_AMD, -1, 0 },
		{ "ud2", VENDOR_OTHER, 6, 1 },	   { "ud2", VENDOR_OTHER, 13, 0 }, { "ud2", VENDOR_OTHER, 0, 0 },
		{ "de", VENDOR_OTHER, 0, 1 },	   { "de", VENDOR_INTEL, 0, 1 },   { "ud2", VENDOR_AMD, 6, 0 },
		{ "ud2", VENDOR_INTEL, 13, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct overlay_line line[2] = {
			{ .rule = RULE_RIP_FAULT, .vector = -1, .and = UINT64_MAX },
			{ .rule = RULE_RF_FAULT, .vendor = cases[i].vendor, .vector = (int16_t)cases[i].vector },
		};

		assert_int_equal(saved_rf(cases[i].seq, line, 2), !cases[i].lost);
		assert_int_equal(line[1].uses, cases[i].lost);
		assert_int_equal(line[0].uses, 0);
	}
}

/* Between two instructions no event is under way, so what one vector's entry is about is not meant. */
static void between_events_there_is_no_vector(void **state)
{
	struct overlay_line line = { .rule = RULE_STI_SHADOW, .vector = 3 };
	struct overlay o = { .n = 1, .line = &line };

	(void)state;
	predict("int3; sti", INTEL, &o, NULL);
	assert_int_equal(line.uses, 0);
	line.vector = 0;
	predict("int3; sti", INTEL, &o, NULL);
	assert_int_equal(line.uses, 1);
}

static void several_known_differences_add_up(void **state)
{
	struct overlay_line line[3] = {
		{ .rule = RULE_RF_FAULT, .vector = -1, .and = UINT64_MAX, .xor = 1 },
		{ .rule = RULE_RF_FAULT, .vector = -1, .and = 0, .xor = 1 },
		{ .rule = RULE_RF_FAULT, .vector = -1, .and = UINT64_MAX, .xor = 1 },
	};

	(void)state;
	assert_int_equal(saved_rf("ud2", line, 1), 0);
	assert_int_equal(saved_rf("ud2", line, 2), 1);
	assert_int_equal(line[0].uses, 1);
	assert_int_equal(line[1].uses, 0); /* the result is what the model says */
	assert_int_equal(saved_rf("ud2", line, 3), 0);
	assert_int_equal(line[2].uses, 1);
	/* counted anew in each prediction */
	assert_int_equal(saved_rf("ud2; ud2; ud2", line, 1), 0);
	assert_int_equal(line[0].uses, 3);
}

static void a_habit_is_the_branch_taken_first(void **state)
{
	struct overlay o = { 0 };
	struct path path = { 0 };

	(void)state;
	for (unsigned habit = 0; habit < 2; habit++) {
		o.habit[RULE_SS_WITH_IST] = (uint8_t)habit;
		memset(&path, 0, sizeof(path));
		for (unsigned branch = 0; branch < 2; branch++) {
			predict("start layout=linux; nmi.self", INTEL, &o, &path);
			assert_int_equal(t.path.n, 1);
			assert_int_equal(t.path.rule[0], RULE_SS_WITH_IST);
			assert_int_equal(t.path.of[0], 2);
			assert_int_equal(t.path.branch[0], branch);
			assert_int_equal(t.path.taken[0], habit ^ branch);
			assert_int_equal(t.rec[0].live_ss, habit ^ branch ? 0 : 0x10);
			path = t.path;
			assert_int_equal(path_next(&path), branch == 0);
		}
		assert_int_equal(path.n, 0);
	}
	/* a branch that there is not is the first one; what lies behind the path's end is not looked at */
	path = (struct path){ .n = 1, .branch = { 2 } };
	predict("start layout=linux; nmi.self", INTEL, NULL, &path);
	assert_int_equal(t.path.branch[0], 0);
	path = (struct path){ .n = 0, .branch = { 1 } };
	predict("start layout=linux; nmi.self", INTEL, NULL, &path);
	assert_int_equal(t.path.branch[0], 0);
}

/* Where it is known what the machine does at this very instruction, what it did last elsewhere does not count. */
static void a_habit_may_be_that_of_one_instruction(void **state)
{
	static const char text[] = "nmi.before hlt; ret.iret; nmi.before int3";
	struct overlay o = { .habit[RULE_ASYNC_ARRIVAL] = 1 };
	struct path path = { 0 };
	unsigned first, second;

	(void)state;
	predict(text, INTEL, &o, &path);
	assert_int_equal(t.path.n, 2);
	assert_int_equal(t.path.rule[0], RULE_ASYNC_ARRIVAL);
	assert_int_equal(t.path.rule[1], RULE_ASYNC_ARRIVAL);
	first = t.path.at[0];
	second = t.path.at[1];
	assert_int_not_equal(first, second);
	for (unsigned here = 0; here < 2; here++) {
		o.habit_at[second] = (uint8_t)(1 + here);
		predict(text, INTEL, &o, &path);
		assert_int_equal(t.path.taken[0], 1);
		assert_int_equal(t.path.taken[1], here);
	}
	memset(&o, 0, sizeof(o));
	o.habit_at[first] = 2;
	predict(text, INTEL, &o, &path);
	assert_int_equal(t.path.taken[0], 1);
	assert_int_equal(t.path.taken[1], 0);
}

/* Only so many choices are followed; the ones behind them take the habit. */
static void choices_have_an_end(void **state)
{
	static char text[2048];
	struct path path = { 0 };

	(void)state;
	strcpy(text, "gate.p 1 0");
	for (unsigned i = 0; i < 46; i++)
		strcat(text, i % 2 ? "; movss+sti+int1" : "; sti+movss+int1");
	predict(text, INTEL, NULL, &path);
	assert_int_equal(t.path.n, CHOICES_MAX);
	assert_int_equal(t.unchecked, 1);
}

static const char *name_of(const struct trace *tr, unsigned i, enum record_field f)
{
	return rule_info[tr->why[i][f]].name;
}

static void names_of_a_gate(const struct trace *tr, unsigned i)
{
	const struct record *r = &tr->rec[i];
	const char *event = name_of(tr, i, F_vector);
	int soft = !strcmp(event, "INT3") || !strcmp(event, "INTN") || !strcmp(event, "INTO") ||
		   !strcmp(event, "INT1");
	int of_gate = r->err & 2 && r->flags & REC_ERR && (r->vector == 13 || r->vector == 11);

	/* a fault saves its own instruction's address, and RF */
	if (!strcmp(name_of(tr, i, F_rflags), "RF_FAULT"))
		assert_string_equal(name_of(tr, i, F_rip), event);
	if (soft)
		assert_string_equal(name_of(tr, i, F_rflags), "RF_SOFT");
	assert_string_equal(name_of(tr, i, F_err), of_gate ? "IDT_ERROR_CODE" : event);
	/* which stack that is a step may have changed, and a return may have changed CS's RPL */
	assert_non_null(strstr("STACK_SAME STACK_RSP0 STACK_IST", name_of(tr, i, F_landed)));
	assert_string_equal(name_of(tr, i, F_rsp), name_of(tr, i, F_landed));
	assert_string_equal(name_of(tr, i, F_live_rflags), "DELIVERY_FLAGS");
	assert_string_equal(name_of(tr, i, F_live_ss), strcmp(name_of(tr, i, F_landed), "STACK_IST") ?
			    "SS_NULL_ON_CPL_CHANGE" : "SS_WITH_IST");
}

static void names_of_a_call(const struct trace *tr, unsigned i)
{
	const char *event = name_of(tr, i, F_vector);
	int sysenter = tr->rec[i].entry == ENTRY_SYSENTER;

	assert_string_equal(name_of(tr, i, F_live_rflags), sysenter ? "SYSENTER_FLAGS" : "SYSCALL_FMASK");
	if (sysenter) {
		assert_string_equal(name_of(tr, i, F_landed), "SYSENTER_RSP");
		return;
	}
	assert_string_equal(name_of(tr, i, F_live_ss), "SYSCALL_SELECTORS");
	assert_string_equal(name_of(tr, i, F_r11), "SYSCALL_R11");
	assert_string_equal(name_of(tr, i, F_rcx), "SYSCALL_RCX");
	assert_string_equal(name_of(tr, i, F_err), event);
}

/* What every record is, whatever happened. */
static int is_sane(const struct record *r)
{
	static const uint64_t fixed = 0x8028, loaded = 0x3f7fd7; /* SDM 1 3.4.3, figure 3-8 */
	int call = r->entry == ENTRY_SYSCALL || r->entry == ENTRY_SYSCALL32;

	if (r->entry == ENTRY_LATE)
		return !r->vector && !r->flags && !r->live_rflags && !r->landed;
	if ((r->flags & REC_ERR) == 0 && r->err)
		return 0;
	if (r->entry != ENTRY_IDT && (r->vector || r->flags || r->rip || r->rflags))
		return 0;
	return !(r->live_rflags & (fixed | ~loaded)) && r->live_rflags & 2 && !r->live_cpl &&
	       (call || (!r->rcx && !r->r11)) && r->step <= STEPS_MAX + 1;
}

static void every_field_names_its_rule(void **state)
{
	unsigned n[ENTRY_LATE + 1] = { 0 };
	int harness;

	(void)state;
	for (unsigned k = 0; k < 2 * N_MODEL_CASES; k++) {
		const struct model_case *c = &model_cases[k / 2];

		/* a style has pushed more and switched more before the record is made */
		if (!(c->profile & (k % 2 ? AMD : INTEL)) || strstr(c->seq, "style="))
			continue;
		harness = 0;
		predict(c->seq, k % 2 ? AMD : INTEL, NULL, NULL);
		for (unsigned i = 0; i < t.n; i++) {
			n[t.rec[i].entry]++;
			harness |= t.rec[i].flags & REC_HARNESS;
			if (!is_sane(&t.rec[i]))
				fail_msg("%s: record %u", c->seq, i);
			if (t.rec[i].entry == ENTRY_LATE) {
				for (unsigned f = 0; f < F_COUNT; f++)
					assert_string_equal(name_of(&t, i, (enum record_field)f),
							    f == F_err ? "NMI_LATCH" :
							    f == F_cs ? "IRQ" : f == F_ss ? "APIC_TPR" :
							    f == F_rsp ? "MC_STATUS" : "LATE_IRQ");
				continue;
			}
			if (t.rec[i].entry == ENTRY_IDT)
				names_of_a_gate(&t, i);
			else
				names_of_a_call(&t, i);
			if (t.rec[i].vector == 1 && t.rec[i].entry == ENTRY_IDT)
				assert_true(t.why[i][F_dr6] > 0 && t.why[i][F_dr6] < N_RULES);
			assert_string_equal(name_of(&t, i, F_gs_base), "SWAPGS");
			assert_string_equal(name_of(&t, i, F_cs), name_of(&t, i, F_vector));
		}
		assert_int_equal(t.harness, harness != 0);
	}
	for (unsigned e = 0; e <= ENTRY_LATE; e++)
		assert_true(n[e] > 1);
}

/* The rule behind an event, which a finding is named after. */
static void an_event_names_its_rule(void **state)
{
	static const struct {
		const char *seq;
		enum rule_id rule;
		uint8_t vector;
	} events[] = {
		{ "ud2", RULE_UD2, 6 }, { "int3", RULE_INT3, 3 }, { "int 0x55", RULE_INTN, 0x55 },
		{ "int1", RULE_INT1, 1 }, { "start ring=c; into", RULE_INTO, 4 }, { "nmi.self", RULE_NMI, 2 },
		{ "start flags=if; ipi.self 0x40", RULE_IRQ, 0x40 }, { "flags tf; nop", RULE_SINGLE_STEP, 1 },
		{ "start ring=u; flags tf; go.u", RULE_SINGLE_STEP, 1 },
		{ "lock.nop", RULE_UD_LOCK, 6 }, { "de", RULE_DE, 0 }, { "gate.p 3 0; int3", RULE_GATE_NOT_PRESENT, 11 },
		{ "gate.p 13 0; gp.nc", RULE_DOUBLE_FAULT, 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		predict(events[i].seq, INTEL, NULL, NULL);
		assert_int_equal(t.rec[0].vector, events[i].vector);
		assert_string_equal(name_of(&t, 0, F_vector), rule_info[events[i].rule].name);
		const char *image = name_of(&t, 0, F_rflags);
		assert_string_equal(name_of(&t, 0, F_rip), strcmp(image, "RF_FAULT") && strcmp(image, "RF_DF") ?
				    "RIP_TRAP" : name_of(&t, 0, F_vector));
		if (t.rec[0].vector != 8) /* an abort's RF is masked */
			assert_int_equal(!strcmp(name_of(&t, 0, F_rflags), "RF_FAULT"), t.rec[0].rflags >> 16 & 1);
	}
	/* a fault that an interrupt meets between two iterations is a fault all the same */
	predict("gate.p 64 0; ipi.self 0x40; sti+rep.stos 3", INTEL, NULL, NULL);
	assert_int_equal(t.rec[0].vector, 11);
	assert_true(addr_matches(t.rec[0].rip, "rep.stos[k]:REPSTOSB"));
	assert_string_equal(name_of(&t, 0, F_rflags), "RF_FAULT");
	predict("gate.p 8 0; gate.p 13 0; gate.p 11 0; gp.nc", INTEL, NULL, NULL);
	assert_int_equal(t.death, RULE_TRIPLE_FAULT);
}

static unsigned first_vector(const char *text, const struct profile *profile)
{
	const struct model_case c = { .seq = text };
	struct seq seq;

	assert_int_equal(parse_case(&c, &seq), 0);
	model_predict(&seq, profile, NULL, NULL, &t);
	return t.rec[0].entry == ENTRY_IDT ? t.rec[0].vector : 0;
}

/* SDM 1 3.3.7.1: how many bits an address has; 3A 4.5: which bits of an entry are reserved. */
static void addresses_are_as_wide_as_the_cpu_says(void **state)
{
	struct profile p = *profile_named("intel");
	struct seq seq;

	(void)state;
	assert_int_equal(first_vector("gs.base edge; gs.read; nop", &p), 13);
	p.features |= FEAT(LA57);
	assert_int_equal(first_vector("gs.base edge; gs.read; nop", &p), 14);
	assert_int_equal(first_vector("gp.nc; nop", &p), 13);
	p.features = profile_named("intel")->features;
	assert_int_equal(first_vector("pf.read rsv; nop", &p), 14);
	/* bit 51 of an entry is reserved no more, and what it leads to is nobody's */
	assert_int_equal(parse_case(&(struct model_case){ .seq = "nop; pf.write rsv" }, &seq), 0);
	p.phys_bits = 51;
	assert_null(model_lacks(&seq, &p));
	p.phys_bits = 52;
	assert_non_null(strstr(model_lacks(&seq, &p), "reserved"));
}

/* SDM 2B STAC: #UD without SMAP, whatever else there is; 3A 6.15 Interrupt 18: CR4.MCE alone lets it in. */
static void one_feature_is_not_another(void **state)
{
	const struct model_case c = { .seq = "cr4.mce 0; ext.mc restart; nop" };
	struct profile p = *profile_named("intel");
	struct seq seq;

	(void)state;
	assert_int_equal(first_vector("stac; nop", &p), 0);
	p.features = ~FEAT(SMAP);
	assert_int_equal(first_vector("stac; nop", &p), 6);
	assert_int_equal(first_vector("clac; nop", &p), 6);
	p = *profile_named("intel");
	p.cr4 |= 0x80;
	assert_int_equal(parse_case(&c, &seq), 0);
	model_predict(&seq, &p, NULL, NULL, &t);
	assert_int_equal(t.outcome, OUTCOME_SHUTDOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_difference_holds_where_it_says),
		cmocka_unit_test(between_events_there_is_no_vector),
		cmocka_unit_test(several_known_differences_add_up),
		cmocka_unit_test(a_habit_is_the_branch_taken_first),
		cmocka_unit_test(a_habit_may_be_that_of_one_instruction),
		cmocka_unit_test(choices_have_an_end),
		cmocka_unit_test(every_field_names_its_rule),
		cmocka_unit_test(an_event_names_its_rule),
		cmocka_unit_test(one_feature_is_not_another),
		cmocka_unit_test(addresses_are_as_wide_as_the_cpu_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
